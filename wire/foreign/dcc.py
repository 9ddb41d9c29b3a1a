"""What an EU Digital COVID Certificate states (schema 1.0 to 1.3): its groups, checked and taken over."""

import functools
import re
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final

from wire.foreign.loose_claims import DAY_S, LAST_SECOND, date_of, day, moment, text, wrong
from wire.foreign.passes import Kind, Statement

MAX_STATEMENTS: Final = 16
"""Schema 1.3 allows one; before, some countries wrote every dose."""
MAX_TEXT: Final = 80
MAX_CENTRE: Final = 128
"""The schema says 80 of a test centre too; some countries' are longer."""
MAX_DOSES: Final = 99
_ONE_STATEMENT_FROM: Final = 3
"""Schema 1.3."""
# SNOMED CT, in the value sets of the eHealth Network: COVID-19; detected, not detected.
_COVID_19: Final = "840539006"
_RESULTS: Final = {"260373001": True, "260415000": False}
_VERSION: Final = re.compile(r"1\.([0-9]{1,3})\.[0-9]{1,3}")
_BIRTH: Final = re.compile(r"(?:((?:19|20)[0-9]{2}(?:-[0-9]{2}){0,2})(?:T[0-9:.]{5,16}Z?)?)?")
_STANDARDISED: Final = re.compile(r"[A-Z<]*")
# ISO 3166-1 leaves these to its users, so they name no country; XK is Kosovo by agreement. Longer codes are
# international organisations, an empty one is a country that is not told.
_COUNTRY: Final = re.compile(r"(?!(?:AA|Q[M-Z]|X(?!K)[A-Z]|ZZ)$)[A-Z]{0,10}")
# The European Medicines Agency numbers organisations from 100000000 on. Whether one is in the value set is
# not asked: the sets grow, and real certificates have misprints.
_NO_ORGANISATION: Final = re.compile(r"ORG-(?!10[0-9]{7,8}$)")

_Fields = Mapping[Any, Any]
# Taken and looked at together: every certificate at a gate comes through here.
_COMMON: Final = ("tg", "co", "ci", "is")
_OF_VACCINATION: Final = itemgetter(*_COMMON, "dt", "ma", "mp", "vp")
_OF_TEST: Final = itemgetter(*_COMMON, "sc", "tr", "tt")
_OF_RECOVERY: Final = itemgetter(*_COMMON, "fr", "df", "du")


def _texts(entry: _Fields, of_group: Callable[[_Fields], tuple[Any, ...]]) -> list[str]:
    """The texts that an entry of a group has to have, but for those of every group."""
    try:
        texts = of_group(entry)
        "".join(texts)  # all of them texts
        longest = max(map(len, texts))
    except (KeyError, TypeError) as error:
        raise wrong("an entry lacks one of its texts") from error
    if longest > MAX_TEXT:
        raise wrong(f"a text of an entry has more than {MAX_TEXT} characters")
    disease, country, number, _, *own = texts
    if disease != _COVID_19:
        raise wrong("tg is another disease")
    if not _COUNTRY.fullmatch(country):
        raise wrong("co is no country")
    if not number:
        raise wrong("ci is empty")
    return own


def _doses(value: object, name: str) -> int:
    if type(value) is not int or not 1 <= value <= MAX_DOSES:
        raise wrong(f"{name} is no number of doses")
    return value


def _vaccination(entry: _Fields) -> Statement:
    given, maker, *_ = _texts(entry, _OF_VACCINATION)
    if _NO_ORGANISATION.match(maker):
        raise wrong("ma is no organisation")
    return Statement(
        kind=Kind.VACCINATION,
        at=day(given, "dt"),
        doses=_doses(entry.get("dn"), "dn"),
        doses_needed=_doses(entry.get("sd"), "sd"),
    )


def _test(entry: _Fields) -> Statement:
    sampled, result, _ = _texts(entry, _OF_TEST)
    for name in ("nm", "ma", "tc"):
        if entry.get(name) is not None:
            text(entry[name], name, MAX_CENTRE)
    return Statement(kind=Kind.TEST, at=moment(sampled, "sc"), positive=_RESULTS.get(result))


def _recovery(entry: _Fields) -> Statement:
    found, begins, ends = _texts(entry, _OF_RECOVERY)
    return Statement(
        kind=Kind.RECOVERY,
        at=day(found, "fr"),
        begins=day(begins, "df"),
        ends=day(ends, "du") + DAY_S - 1,  # the whole last day
    )


_GROUPS: Final[Mapping[str, Callable[[_Fields], Statement]]] = {
    "v": _vaccination,
    "t": _test,
    "r": _recovery,
}


def _name(name: object) -> None:
    """A person's name has a standardised form of whatever it has in its own script (ICAO 9303, 3)."""
    if not isinstance(name, dict):
        raise wrong("nam is no name")
    if name.get("fnt") is None and name.get("gnt") is None:
        raise wrong("nam has no standardised form")
    for own, standardised in (("fn", "fnt"), ("gn", "gnt")):
        has = text(name.get(own) or "", own, MAX_TEXT)
        if name.get(standardised) is not None:
            form = text(name[standardised], standardised, MAX_TEXT)
            if not _STANDARDISED.fullmatch(form) or (has and not form):
                raise wrong(f"{standardised} is not the standardised form of a name")


def _born(value: object, issued: int | None) -> None:
    """The day may be unknown, or the month, or all of it; nobody is born after the certificate was made."""
    found = _BIRTH.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise wrong("dob is no date of birth")
    if found[1] and issued is not None:
        tomorrow = date_of(min(issued + DAY_S, LAST_SECOND))  # somewhere it may be the next day already
        if found[1] > tomorrow.isoformat():
            raise wrong("dob is later than the certificate")


@functools.lru_cache(maxsize=64)
def _most_entries(version: str) -> int:
    """How many entries a certificate of this version may have."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise wrong("ver is no version 1")
    return 1 if int(found[1]) >= _ONE_STATEMENT_FROM else MAX_STATEMENTS


def read(dcc: object, issued: int | None) -> tuple[tuple[Statement, ...], bytes]:
    """Statements, and all their identifiers, of a certificate made at `issued`; WireError(SCHEMA)."""
    if not isinstance(dcc, dict):
        raise wrong("the certificate is not a map")
    most = _most_entries(text(dcc.get("ver"), "ver", MAX_TEXT))
    _name(dcc.get("nam"))
    _born(dcc.get("dob"), issued)
    # Some issuers write the groups that they do not use as null.
    present = [name for name in _GROUPS if dcc.get(name) is not None]
    if len(present) != 1:
        raise wrong("a certificate is about vaccinations, tests or recoveries: one of them")
    entries = dcc[present[0]]
    if not isinstance(entries, list) or not 1 <= len(entries) <= most:
        raise wrong(f"a group of this version has 1 to {most} entries")
    statements, numbers = [], []
    for entry in entries:
        if not isinstance(entry, dict):
            raise wrong("an entry is not a map")
        statements.append(_GROUPS[present[0]](entry))
        numbers.append(entry["ci"])
    return tuple(statements), "\n".join(numbers).encode()
