"""How a gate becomes known: one-use tokens, the certificate authority, enrolment over EST (RFC 7030)."""
