"""How values stand in the words of a signing request, so that no text can pass for words around it."""

import json
import re
from datetime import UTC, datetime
from typing import Final

# What stands in words as it is. Anything else is quoted.
_PLAIN: Final = re.compile(r"[0-9A-Za-z:/.?=&#~_%+-]*")


def quoted(text: str) -> str:
    """A text between quotation marks, with its own ones escaped."""
    return json.dumps(text, ensure_ascii=False)


def named(text: str) -> str:
    """An id or an address: as it is when it holds nothing but letters, digits and marks of addresses."""
    return text if _PLAIN.fullmatch(text) else quoted(text)


def line(zh: str, en: str) -> str:
    """One line in both languages."""
    return f"{zh} / {en}"


def loud(zh: str, en: str) -> str:
    """One line that nobody should read over."""
    return line(f"【注意】{zh}", f"ATTENTION: {en}")


def moment(seconds: int) -> str:
    """A unix time in UTC, to the second: a changed date never reads the same."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"@{seconds}"
