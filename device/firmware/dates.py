"""Dates as people read them, whatever number a document holds."""

from datetime import UTC, datetime


def date(seconds: int) -> str:
    """Unix seconds as a date and time in UTC; seconds as they are when no calendar goes that far."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s"
