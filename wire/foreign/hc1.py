"""EU Digital COVID Certificates: text of a QR code to an unverified pass (eHealth Network HCERT 1.0)."""

import zlib
from typing import Any, Final

from wire import base45
from wire.errors import Flaw, WireError
from wire.foreign import dcc, loose_claims, loose_cose
from wire.foreign.loose_claims import EXP, IAT, ISS, NBF
from wire.foreign.passes import MAX_TEXT, Format, Pass, Unverified

PREFIX: Final = "HC1:"
MAX_BYTES: Final = 16_384
"""Of the inflated certificate; real ones have up to a thousand. Nothing beyond it is ever allocated."""
MAX_ISSUER: Final = 80
_HCERT, _EU_DCC_V1 = -260, 1  # HCERT 1.0, 3.3.1


def _inflate(data: bytes) -> bytes:
    """The zlib form inflated. What is not compressed is refused: the standard and its test set do."""
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(data, MAX_BYTES + 1)
    except zlib.error as error:
        raise WireError(Flaw.INFLATE, "the certificate is not zlib data") from error
    if len(inflated) > MAX_BYTES or not stream.eof or stream.unused_data:
        raise WireError(
            Flaw.INFLATE, "the certificate is larger than allowed, cut short, or followed by more"
        )
    return inflated


def _certificate(claims: dict[Any, Any]) -> object:
    container = claims.get(_HCERT)
    return container.get(_EU_DCC_V1) if isinstance(container, dict) else None


def parse(content: str) -> Unverified:
    """What the text of a QR code says, its signature not verified; WireError with the layer that is wrong."""
    if not content.startswith(PREFIX):
        raise WireError(Flaw.PREFIX, f"the text does not begin with {PREFIX}")
    if len(content) > MAX_TEXT:
        raise WireError(Flaw.SIZE, f"a QR code holds {MAX_TEXT} characters")
    signed = loose_cose.parse(_inflate(base45.decode(content[len(PREFIX) :])), max_bytes=MAX_BYTES)
    claims = loose_claims.claims_of(signed.payload, max_bytes=MAX_BYTES)
    issuer = loose_claims.text(claims.get(ISS) or "", "iss", MAX_ISSUER)
    issued = loose_claims.maybe_seconds(claims.get(IAT), "iat")
    not_before = loose_claims.maybe_seconds(claims.get(NBF), "nbf")
    expires = loose_claims.seconds(claims.get(EXP), "exp")
    certificate = _certificate(claims)
    statements, number = dcc.read(certificate, issued)
    body = Pass(
        format=Format.HC1,
        issuer=issuer,
        issued=issued,
        not_before=not_before,
        expires=expires,
        number=number,
        statements=statements,
    )
    told = {
        "iss": issuer,
        "iat": issued,
        "nbf": not_before,
        "exp": expires,
        "hcert": {"eu_dcc_v1": loose_claims.as_json(certificate)},
    }
    return signed.of(body, told)
