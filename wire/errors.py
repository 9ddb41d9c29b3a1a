"""The one error of this room, and the closed list of what can be wrong with bytes."""

from enum import StrEnum


class Flaw(StrEnum):
    """What a reader found wrong; stable words that reports and other programs may rely on."""

    PREFIX = "prefix"
    BASE45 = "base45"
    BASE32 = "base32"
    SIZE = "size"
    CBOR = "cbor"
    COSE = "cose"
    ALG = "alg"
    KID = "kid"
    SIGNATURE = "signature"
    CERTIFICATE = "certificate"
    SCHEMA = "schema"
    INFLATE = "inflate"
    JSON = "json"
    JWS = "jws"
    NUMERIC = "numeric"
    CHUNKS = "chunks"
    INDEX = "index"
    BASE = "base"
    TOPIC = "topic"


class WireError(Exception):
    """Bytes or values that are not what they claim to be.

    `flaw` is for programs; the text is for people and carries no personal data.
    """

    def __init__(self, flaw: Flaw, detail: str) -> None:
        super().__init__(f"{flaw.value}: {detail}")
        self.flaw = flaw
        self.detail = detail
