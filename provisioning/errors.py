"""The one error root of this room."""


class FieldError(Exception):
    """A step in the field that failed; the text names what was wrong, what was kept and what to do."""


class UsageError(FieldError):
    """What was typed cannot be meant: nothing was tried."""
