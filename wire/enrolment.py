"""The enrolment ticket: what a person carries, as text or QR code, from the console to a gate that is new."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from wire import schema, topics
from wire.errors import Flaw, WireError

PREFIX: Final = "JXE1:"
SECRET_BYTES: Final = 16
CHECK_BYTES: Final = 3  # finds a slip of the typing hand: 1 in 16 million passes
MAX_CHARACTERS: Final = 1024  # a QR code of 4,296 characters would be none that a camera reads
_SEPARATORS: Final = str.maketrans("", "", " -\t\r\n")


@dataclass(frozen=True, slots=True, repr=False)
class Ticket:
    """Where to enrol, whom to trust there, as whom, and by which one-use secret; its text is the secret."""

    url: str = schema.field(1, schema.text(256))  # https://host:port, no trailing slash
    ca: bytes = schema.field(2, schema.bstr(32))  # SHA-256 over the authority's DER certificate
    gate: bytes = schema.field(3, schema.bstr(6))
    secret: bytes = schema.field(4, schema.bstr(SECRET_BYTES))
    expires: int = schema.field(5, schema.uint())  # unix seconds UTC
    wifi_name: str | None = schema.field(6, schema.text(32), optional=True)
    wifi_password: str | None = schema.field(7, schema.text(63), optional=True)

    def __post_init__(self) -> None:
        """Refuse any address but HTTPS: the secret would go there."""
        if not self.url.startswith("https://") or self.url.endswith("/"):
            raise ValueError("the address begins with https:// and ends without a slash")

    @property
    def gate_id(self) -> str:
        """The gate's id as 12 lower-case hex digits."""
        return self.gate.hex()

    @property
    def password(self) -> str:
        """The secret as it stands in HTTP Basic: 32 lower-case hex digits; the user is the gate id."""
        return self.secret.hex()


_CODEC: Final = schema.record(Ticket)


def ticket(url: str, ca: bytes, gate: str, secret: bytes, expires: int) -> Ticket:
    """A ticket for the gate with this id; WireError if the id is none."""
    return Ticket(url, ca, bytes.fromhex(topics.check_gate(gate)), secret, expires)


def encode(value: Ticket) -> str:
    """A ticket as text that fits a QR code's alphanumeric mode: `JXE1:` and base32 without padding."""
    body = schema.write(_CODEC, value)
    return PREFIX + base64.b32encode(body + _check(body)).decode().rstrip("=")


def decode(text: str) -> Ticket:
    """Read a scanned or typed ticket; case, blanks and hyphens do not matter.

    Raises WireError: PREFIX for another kind of text, SIZE, SCHEMA or CBOR for slips and wrong fields.
    """
    if len(text) > MAX_CHARACTERS:
        raise WireError(Flaw.SIZE, f"an enrolment ticket has at most {MAX_CHARACTERS} characters")
    bare = text.translate(_SEPARATORS).upper()
    if not bare.startswith(PREFIX):
        raise WireError(Flaw.PREFIX, f"an enrolment ticket begins with {PREFIX}")
    digits = bare.removeprefix(PREFIX)
    try:
        data = base64.b32decode(digits + "=" * (-len(digits) % 8))
    except ValueError as error:
        raise WireError(
            Flaw.SCHEMA, "the ticket has characters that base32 has not: type it again"
        ) from error
    body, check = data[:-CHECK_BYTES], data[-CHECK_BYTES:]
    if check != _check(body):
        raise WireError(Flaw.SCHEMA, "the ticket's check does not match: a character is wrong or missing")
    return schema.read(_CODEC, body, max_bytes=MAX_CHARACTERS)


def _check(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:CHECK_BYTES]
