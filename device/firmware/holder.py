"""Whose a pass of another system is, for those who ask: name and date of birth, as its issuer wrote them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from wire.foreign.passes import Format, Unverified

MAX_SHOWN: Final = 120
"""Characters of what others wrote."""


def holder(parsed: Unverified) -> str:
    """Name and date of birth; empty where the pass has them not where they belong."""
    return " ".join(filter(None, map(_text, _HOLDERS[parsed.body.format](parsed.claims))))


def visible(text: str) -> str:
    """Without what would move a cursor or turn the direction of writing, and not endless."""
    shown = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in shown
    )


def _of_hc1(claims: Mapping[str, Any]) -> list[object]:
    certificate = claims["hcert"]["eu_dcc_v1"]
    name = certificate["nam"]
    family, given = (name.get(each) or name.get(f"{each}t") for each in ("fn", "gn"))
    return [family, given, certificate.get("dob")]


def _of_shc(claims: Mapping[str, Any]) -> list[object]:
    for entry in claims["vc"]["credentialSubject"]["fhirBundle"]["entry"]:
        match entry["resource"]:
            case {"resourceType": "Patient", "name": [{**name}, *_], **more}:
                given = name.get("given")
                parts = [name.get("family"), *(given if isinstance(given, list) else ())]
                return [*(parts if any(map(_text, parts)) else [name.get("text")]), more.get("birthDate")]
    return []


def _of_nzcp(claims: Mapping[str, Any]) -> list[object]:
    subject = claims["vc"]["credentialSubject"]
    return [subject.get("familyName"), subject.get("givenName"), subject.get("dob")]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


_HOLDERS: Final[Mapping[Format, Callable[[Mapping[str, Any]], list[object]]]] = {
    Format.HC1: _of_hc1,
    Format.SHC: _of_shc,
    Format.NZCP: _of_nzcp,
}
