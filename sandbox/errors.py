"""What the town itself can get wrong; the message is for whoever sits at the terminal."""


class SandboxError(Exception):
    """Something of the sandbox failed; says what, what was kept and what to do."""
