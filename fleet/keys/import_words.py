"""What an import found and what it would change, as the person who gave the command reads it."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.markup import escape

from fleet.console import out, say, show
from fleet.keys.importing import Change, Gathered
from fleet.keys.published import Published

MOST_LINES: Final = 40
"""Of keys that cannot be used, on a terminal; --json has them all."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file that was read."""

    name: str
    data: bytes
    published: Published

    @property
    def digest(self) -> str:
        """What two people compare who have the file from two places."""
        return hashlib.sha256(self.data).hexdigest()


def tell(sources: Sequence[Source], found: Gathered, changes: Sequence[Change]) -> None:
    """Print it for a person."""
    for source in sources:
        count = len(source.published.rows)
        say(f"{source.name}: {source.published.form.name}, {count} key{'' if count == 1 else 's'}")
        say(f"  SHA-256 {source.digest}")
        if source.published.signed:
            say("  Its publisher's signature around it was not checked: compare the SHA-256 another way.")
    show("Issuers of passes", [_line(change) for change in changes], as_json=False, empty="none of its keys")
    for change in changes:
        if change.issuer.iss:
            say(f"{change.issuer.id} calls itself {change.issuer.iss} in its passes.")
    for what, count in sorted(found.counts.items()):
        if what != "rows" and count:
            say(f"{_COUNTED[what]}: {count}")
    _list("Odd, but taken", found.odd)
    _list("Left out", found.left_out)


def as_json(sources: Sequence[Source], found: Gathered, changes: Sequence[Change]) -> Mapping[str, Any]:
    """The same as plain values, nothing shortened."""
    return {
        "files": [
            {
                "name": source.name,
                "form": source.published.form.name,
                "keys": len(source.published.rows),
                "sha256": source.digest,
                "signed": source.published.signed,
            }
            for source in sources
        ],
        "issuers": [_row(change) for change in changes],
        "counts": {what: count for what, count in found.counts.items() if count},
        "odd": [{"key": where, "words": words} for where, words in found.odd],
        "left_out": [{"key": where, "reason": reason} for where, reason in found.left_out],
    }


_COUNTED: Final[Mapping[str, str]] = {
    "undated": "Keys whose publisher gives no dates; new ones count as --days says",
    "over": "Keys without dates that have ended here and stay so, unless --days gives new dates",
    "expired": "Keys that have ended, left out as asked",
    "of others": "Keys of other countries or issuers, left out as asked",
    "twice": "Keys that stood there twice, taken once",
}


def _row(change: Change) -> Mapping[str, Any]:
    return {
        "id": change.issuer.id,
        "zh": change.issuer.name_zh,
        "en": change.issuer.name_en,
        "system": change.issuer.format.name,
        "iss": change.issuer.iss,
        "keys": len(change.issuer.keys),
        "added": change.added,
        "changed": change.changed,
        "removed": change.removed,
        "unchanged": change.unchanged,
        "ended": change.ended,
    }


def _line(change: Change) -> Mapping[str, Any]:
    """As `_row`, in a width that terminals have."""
    issuer, row = change.issuer, _row(change)
    names = dict.fromkeys((issuer.name_zh, issuer.name_en))  # a host is its name in both languages
    done = [f"{row[what]} {what}" for what in ("added", "changed", "removed", "unchanged") if row[what]]
    return {
        "id": issuer.id,
        "name": " ".join(names),
        "system": issuer.format.name,
        "keys": len(issuer.keys),
        "of them": ", ".join(done),
        "ended": change.ended or None,
    }


def _list(title: str, rows: Sequence[tuple[str, str]]) -> None:
    if not rows:
        return
    for words, count in Counter(words for _, words in rows).most_common():
        out.print(f"[bold]{escape(title)}[/bold], {count}: {escape(words)}", soft_wrap=True)
    for where, words in rows[:MOST_LINES]:
        say(f"  {where}: {words}")
    if len(rows) > MOST_LINES:
        say(f"  … and {len(rows) - MOST_LINES} more; --json names them all")
