"""Overview: today's figures, what needs attention, and every gate's readiness, worst first."""
