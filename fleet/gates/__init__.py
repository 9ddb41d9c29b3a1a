"""Gates: known, enrolled, assigned, revoked."""
