"""One self-test a file: what it proves, its limit, and how to fix what does not pass."""
