"""An issuer of SMART Health Cards, for visitors from elsewhere: cards as QR texts, whole and in parts."""

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from wire.foreign import jwk, notation, shc
from wire.keys import PrivateKey

ISSUER: Final = "https://health.harbour.example/cards"
MOST_CHARACTERS: Final = 1_191
"""Of one part (the standard, "Chunking Larger SHCs")."""
POSITIVE, NEGATIVE = "260373001", "260415000"
"""SNOMED CT: detected, not detected."""
PCR: Final = "94500-6"
"""LOINC: RNA of the virus in a respiratory specimen."""
_PATIENT: Final = "resource:0"

Resource = dict[str, Any]


def immunization(day: str, cvx: str = "208", **changes: object) -> Resource:
    """One dose; `day` like 2026-11-01."""
    coding = [{"system": "http://hl7.org/fhir/sid/cvx", "code": cvx}]
    return {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": {"coding": coding},
        "patient": {"reference": _PATIENT},
        "occurrenceDateTime": day,
        "performer": [{"actor": {"display": "Harbour Clinic"}}],
    } | changes


def laboratory(when: str, result: str = NEGATIVE, loinc: str = PCR, **changes: object) -> Resource:
    """One test; `when` like 2026-11-21T08:00:00Z, `result` a SNOMED CT code."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": loinc}]},
        "subject": {"reference": _PATIENT},
        "effectiveDateTime": when,
        "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": result}]},
        "performer": [{"display": "Harbour Laboratory"}],
    } | changes


def bundle(resources: Sequence[Resource], family: str = "Anyperson", born: str = "1951-01-20") -> Resource:
    """Resources about one person."""
    person = {"resourceType": "Patient", "name": [{"family": family, "given": ["Robin"]}], "birthDate": born}
    entries = [
        {"fullUrl": f"resource:{n}", "resource": resource} for n, resource in enumerate([person, *resources])
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def claims(of: Resource, not_before: float, issuer: str = ISSUER, **more: object) -> Resource:
    """The payload of a card; `not_before` in unix seconds, which is also when it was issued."""
    credential = {"type": [shc.CARD], "credentialSubject": {"fhirVersion": "4.0.1", "fhirBundle": of}}
    return {"iss": issuer, "nbf": not_before, "vc": credential} | more


def sign(payload: Mapping[str, Any] | bytes, signer: PrivateKey, **header: object) -> str:
    """The compact JWS of a payload (already deflated when it is bytes); header fields may be replaced."""
    deflated = payload if isinstance(payload, bytes) else deflate(_json(payload))
    fields = {"zip": "DEF", "alg": "ES256", "kid": jwk.thumbprint(signer.public)} | header
    covered = f"{notation.to_base64url(_json(fields))}.{notation.to_base64url(deflated)}"
    return f"{covered}.{notation.to_base64url(signer.sign(covered.encode()))}"


def deflate(data: bytes) -> bytes:
    """Raw DEFLATE."""
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(data) + packer.flush()


def text(jws: str) -> str:
    """A card as one QR text, whatever its length."""
    return shc.PREFIX + _numerals(jws)


def texts(jws: str, most: int = MOST_CHARACTERS) -> list[str]:
    """A card as one QR text, or as several of about the same length when it is longer than `most`."""
    if len(jws) <= most:
        return [text(jws)]
    of = math.ceil(len(jws) / most)
    length = math.ceil(len(jws) / of)
    parts = [jws[at : at + length] for at in range(0, len(jws), length)]
    return [f"{shc.PREFIX}{n}/{len(parts)}/{_numerals(part)}" for n, part in enumerate(parts, 1)]


def key_set(*signers: PrivateKey) -> bytes:
    """What the issuer publishes at /.well-known/jwks.json."""
    return json.dumps({"keys": [jwk.write(signer.public) for signer in signers]}).encode()


def _numerals(jws: str) -> str:
    return "".join(f"{ord(c) - 45:02d}" for c in jws)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
