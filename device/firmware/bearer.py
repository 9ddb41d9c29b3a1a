"""Whose pass it is, as an attendant compares it with a document: the name and day of birth that it states.

Only for a screen, for seconds, and of a pass whose signature was checked: nothing here keeps or tells it.
"""

from typing import Final

from wire.foreign.passes import Format, Unverified

MOST: Final = 40
"""Characters of a line: more than a passport has room for (ICAO Doc 9303-4: 39), and what a screen shows."""


def bearer(verified: Unverified) -> tuple[str, ...]:
    """Family and given name, and the day of birth; what the pass does not state is left out.

    An EU certificate tells the name as the machine-readable zone of a passport has it: every screen can
    show that, and every document holds it.
    """
    match verified.body.format, verified.claims:
        case Format.HC1, {"hcert": {"eu_dcc_v1": {"nam": {**name}, **more}}}:
            return _lines(name.get("fnt"), name.get("gnt"), more.get("dob"))
        case Format.NZCP, {"vc": {"credentialSubject": {**person}}}:
            return _lines(person.get("familyName"), person.get("givenName"), person.get("dob"))
        case Format.SHC, {"vc": {"credentialSubject": {"fhirBundle": {"entry": [*entries]}}}}:
            return next(filter(None, map(_patient, entries)), ())
    return ()


def _patient(entry: object) -> tuple[str, ...]:
    match entry:
        case {"resource": {"resourceType": "Patient", "name": [{**name}, *_], **more}}:
            given = name.get("given")
            first = given[0] if isinstance(given, list) and given else None
            return _lines(name.get("family"), first, more.get("birthDate"))
    return ()


def _lines(family: object, given: object, born: object) -> tuple[str, ...]:
    names = [part.replace("<", " ") for part in (family, given) if isinstance(part, str) and part]
    told = (" ".join(names), born if isinstance(born, str) else "")
    return tuple(line[:MOST] for line in told if line)
