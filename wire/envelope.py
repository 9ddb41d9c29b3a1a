"""Who signs which document, and the way from signed bytes to a verified document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from wire import cose, schema
from wire.documents import Assignment, Command, Document, Receipt, Role, Root, Time, Trust, VenueState
from wire.errors import Flaw, WireError
from wire.keys import PublicKey, Signer


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table of documents."""

    name: str
    role: Role
    codec: schema.Codec[Any]
    max_bytes: int

    @property
    def content_type(self) -> str:
        """What stands in the protected header."""
        return f"application/jx-{self.name}+cbor"

    @property
    def many_signers(self) -> bool:
        """Whether a threshold of offline keys signs (COSE_Sign), or one online key (COSE_Sign1)."""
        return self.role in {Role.ROOT, Role.TRUST}


KINDS: Final[Mapping[type[Document], Kind]] = {
    Root: Kind("root", Role.ROOT, schema.record(Root), 16_384),
    Trust: Kind("trust", Role.TRUST, schema.record(Trust), 262_144),
    Assignment: Kind("assignment", Role.DIRECTOR, schema.record(Assignment), 131_072),
    Command: Kind("command", Role.DIRECTOR, schema.record(Command), 1_024),
    Receipt: Kind("receipt", Role.RECORDER, schema.record(Receipt), 32_768),
    VenueState: Kind("venue", Role.RECORDER, schema.record(VenueState), 131_072),
    Time: Kind("time", Role.TIMEKEEPER, schema.record(Time), 524_288),
}

D = TypeVar("D", bound=Document)


def parse(kind: type[Document], data: bytes) -> cose.Signed:
    """Take the envelope apart and check that it is one of `kind`. Raises WireError; verifies nothing."""
    row = KINDS[kind]
    read = cose.parse_sign if row.many_signers else cose.parse_sign1
    signed = read(data, max_bytes=row.max_bytes)
    if signed.header.content_type != row.content_type:
        raise WireError(Flaw.COSE, f"the content type is not {row.content_type}")
    return signed


def verify(kind: type[D], data: bytes, keys: Mapping[bytes, PublicKey], threshold: int = 1) -> D:
    """A document of `kind` that at least `threshold` different keys of `keys` signed; else WireError.

    Times, versions and audience are for the caller to compare: this says who signed what.
    """
    signed = parse(kind, data)
    good = _good(signed, keys)
    if not any(s.header.kid in keys for s in signed.signatures):
        raise WireError(Flaw.KID, "no key of the role has signed")
    if len(good) < max(threshold, 1):
        raise WireError(Flaw.SIGNATURE, f"{len(good)} valid signatures where {threshold} are needed")
    return read_body(kind, signed.payload)


def signers(kind: type[Document], data: bytes, keys: Mapping[bytes, PublicKey]) -> frozenset[bytes]:
    """Which of `keys`, by kid, have signed a document of `kind`; WireError when it is none."""
    return _good(parse(kind, data), keys)


def _good(signed: cose.Signed, keys: Mapping[bytes, PublicKey]) -> frozenset[bytes]:
    kids = (signature.header.kid or b"" for signature in signed.signatures if _holds(signature, keys))
    return frozenset(kids)


def _holds(signature: cose.Signature, keys: Mapping[bytes, PublicKey]) -> bool:
    key = keys.get(signature.header.kid or b"")
    if key is None:
        return False
    try:
        signature.verify(key)
    except WireError:
        return False
    return True


def read_body(kind: type[D], payload: bytes) -> D:
    """The body of a document, unverified: for looking at a signing request, never for believing it."""
    row = KINDS[kind]
    body: D = schema.read(row.codec, payload, max_bytes=row.max_bytes)
    return body


def write_body(document: Document) -> bytes:
    """The deterministic bytes of a body, as they are signed."""
    row = KINDS[type(document)]
    return schema.write(row.codec, document, max_bytes=row.max_bytes)


def sign(document: Document, signers: Sequence[Signer]) -> bytes:
    """Sign a document: many signers for root and trust, exactly one for every other kind.

    WireError for a document that its own reader would refuse, the size with signatures included.
    """
    row = KINDS[type(document)]
    body = write_body(document)
    if row.many_signers:
        data = cose.sign(body, cose.Header(content_type=row.content_type), signers)
    else:
        (signer,) = signers
        header = cose.Header(kid=signer.public.kid, content_type=row.content_type)
        data = cose.sign1(body, header, signer)
    parse(type(document), data)
    return data
