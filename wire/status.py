"""Colours of people: status list tokens (draft-ietf-oauth-status-list-20) and signed changes to them."""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from wire import cbor, cose, schema
from wire.errors import Flaw, WireError
from wire.keys import PublicKey, Signer

LIST_TYPE: Final = "application/statuslist+cwt"
DELTA_TYPE: Final = "application/jx-delta+cbor"
MAX_TOKEN_BYTES: Final = 700_000  # an incompressible list of 2^20 people, with room for its claims
MAX_PEOPLE: Final = 2**20
MAX_LIST_BYTES: Final = MAX_PEOPLE // 2
MAX_CHANGES: Final = 65_536
BITS: Final = 4
HASH_BYTES: Final = 32
_WIDTHS: Final = (1, 2, 4, 8)

# Claim keys: RFC 8392 and the draft; `seq` is ours (private use, below -65536).
SUB, EXP, IAT, TTL, STATUS_LIST, SEQ = 2, 4, 6, 65534, 65533, -70003


@dataclass(frozen=True, slots=True)
class StatusList:
    """Packed status values, least significant bits first, `bits` each. `packed` is the inflated form."""

    packed: bytes
    bits: int = BITS

    @property
    def size(self) -> int:
        """How many indices the list has."""
        return len(self.packed) * 8 // self.bits

    def __getitem__(self, index: int) -> int:
        """The value at `index`; WireError(INDEX) outside the list."""
        packed, bits = self.packed, self.bits
        at = index * bits
        byte = at >> 3
        if not 0 <= byte < len(packed):
            raise WireError(Flaw.INDEX, "the index is outside the status list")
        return packed[byte] >> (at & 7) & (1 << bits) - 1

    def changed(self, changes: Mapping[int, int]) -> Self:
        """A list with the values at some indices replaced; WireError(INDEX) outside the list."""
        packed = bytearray(self.packed)
        mask = (1 << self.bits) - 1
        for index, value in changes.items():
            if not 0 <= index < self.size or not 0 <= value <= mask:
                raise WireError(Flaw.INDEX, "a change outside the status list")
            byte, part = divmod(index * self.bits, 8)
            packed[byte] = packed[byte] & ~(mask << part) | value << part
        return type(self)(bytes(packed), self.bits)

    @classmethod
    def inflate(cls, compressed: bytes, bits: int) -> Self:
        """Read the zlib form, never producing more than MAX_LIST_BYTES; WireError(INFLATE)."""
        stream = zlib.decompressobj()
        try:
            packed = stream.decompress(compressed, MAX_LIST_BYTES + 1)
        except zlib.error as error:
            raise WireError(Flaw.INFLATE, "the list is not zlib data") from error
        if len(packed) > MAX_LIST_BYTES or not stream.eof or stream.unused_data:
            raise WireError(Flaw.INFLATE, "the list is larger than allowed, cut short, or followed by more")
        return cls(packed, bits)

    def deflate(self) -> bytes:
        """The zlib form at the best compression."""
        return zlib.compress(self.packed, 9)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the packed values: what a delta names as its result."""
        return hashlib.sha256(self.packed).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A status list with its claims; times in unix seconds, `seq` rises with every issue."""

    uri: str
    issued: int
    expires: int
    seq: int
    statuses: StatusList
    ttl_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """Colour changes from `base_seq` to `seq` of one list; `result` is the digest of the list afterwards."""

    uri: str = schema.field(1, schema.text(128))
    base_seq: int = schema.field(2, schema.uint())
    seq: int = schema.field(3, schema.uint())
    issued: int = schema.field(4, schema.uint())
    expires: int = schema.field(5, schema.uint())
    result: bytes = schema.field(6, schema.bstr(HASH_BYTES))
    packed: bytes = schema.field(7, schema.bstr(0, MAX_CHANGES * 5))

    def __post_init__(self) -> None:
        if self.seq <= self.base_seq:
            raise ValueError("a delta leads to a later sequence than its base")


_DELTA: Final = schema.record(Delta)
_TIME: Final = schema.uint()


def peek(data: bytes) -> cose.Signed:
    """Take a token or a delta apart to learn which key it names. Raises WireError; verifies nothing."""
    return cose.parse_sign1(data, max_bytes=MAX_TOKEN_BYTES)


def verify_token(data: bytes, key: PublicKey) -> Token:
    """A status list token signed by `key`, or WireError."""
    signed = peek(data)
    if signed.header.typ != LIST_TYPE:
        raise WireError(Flaw.COSE, f"the header's typ is not {LIST_TYPE}")
    return read_claims(signed.verify(key))


def read_claims(payload: bytes) -> Token:
    """The claims of a token whose signature was checked. Raises WireError."""
    raw = cbor.decode(payload, max_bytes=MAX_TOKEN_BYTES)
    match raw:
        case {65533: {"bits": bits, "lst": bytes(compressed)}} if type(bits) is int and bits in _WIDTHS:
            pass
        case _:
            raise WireError(Flaw.SCHEMA, "the status list claim is missing or of another shape")
    return Token(
        uri=schema.text(128).load(raw.get(SUB)),
        issued=_TIME.load(raw.get(IAT)),
        expires=_TIME.load(raw.get(EXP)),
        seq=_TIME.load(raw.get(SEQ)),
        statuses=StatusList.inflate(compressed, bits),
        ttl_s=_TIME.load(raw[TTL]) if TTL in raw else None,
    )


def issue_token(token: Token, signer: Signer) -> bytes:
    """Sign a status list token; WireError for one that `verify_token` would refuse."""
    claims: dict[int, object] = {
        SUB: token.uri,
        EXP: token.expires,
        IAT: token.issued,
        SEQ: token.seq,
        STATUS_LIST: {"bits": token.statuses.bits, "lst": token.statuses.deflate()},
    }
    if token.ttl_s is not None:
        claims[TTL] = token.ttl_s
    payload = cbor.encode(claims)
    read_claims(payload)
    return cose.sign1(payload, cose.Header(kid=signer.public.kid, typ=LIST_TYPE), signer)


def verify_delta(data: bytes, key: PublicKey) -> Delta:
    """A delta signed by `key`, or WireError."""
    signed = peek(data)
    if signed.header.content_type != DELTA_TYPE:
        raise WireError(Flaw.COSE, f"the content type is not {DELTA_TYPE}")
    return schema.read(_DELTA, signed.verify(key), max_bytes=MAX_TOKEN_BYTES)


def issue_delta(base: Token, after: Token, changes: Mapping[int, int], signer: Signer) -> bytes:
    """Sign the step from `base` to `after`, which differ by exactly `changes` (index -> value).

    WireError for a step that does not lead from one to the other.
    """
    delta = Delta(
        uri=base.uri,
        base_seq=base.seq,
        seq=after.seq,
        issued=after.issued,
        expires=after.expires,
        result=after.statuses.digest,
        packed=pack_changes(changes),
    )
    apply(base, delta)
    header = cose.Header(kid=signer.public.kid, content_type=DELTA_TYPE)
    return cose.sign1(schema.write(_DELTA, delta), header, signer)


def apply(token: Token, *deltas: Delta) -> Token:
    """The list after deltas in order; the result that the last one names proves them all.

    WireError(BASE) if one does not belong on the list before it.
    """
    seq, statuses = token.seq, token.statuses
    for delta in deltas:
        if delta.uri != token.uri or delta.base_seq != seq or token.statuses.bits != BITS:
            raise WireError(Flaw.BASE, "the delta belongs on another list or sequence")
        seq, statuses = delta.seq, statuses.changed(unpack_changes(delta.packed))
    last = deltas[-1]
    if statuses.digest != last.result:
        raise WireError(Flaw.BASE, "the list after the delta is not the one the issuer signed")
    return Token(
        uri=token.uri,
        issued=last.issued,
        expires=last.expires,
        seq=last.seq,
        statuses=statuses,
        ttl_s=token.ttl_s,
    )


def pack_changes(changes: Mapping[int, int]) -> bytes:
    """Changes in index order, each the varint (LEB128) of `gap to the last index * 16 + value`.

    WireError(INDEX) for an index or a value that no list has.
    """
    if any(not 0 <= index < MAX_PEOPLE or not 0 <= value < 1 << BITS for index, value in changes.items()):
        raise WireError(Flaw.INDEX, "a change outside any status list")
    out = bytearray()
    last = 0
    for index in sorted(changes):
        number = index - last << BITS | changes[index]
        last = index
        while number > 0x7F:  # noqa: PLR2004 - LEB128: seven bits a byte, the eighth says "more"
            out.append(number & 0x7F | 0x80)
            number >>= 7
        out.append(number)
    return bytes(out)


def unpack_changes(packed: bytes) -> dict[int, int]:
    """The inverse of `pack_changes`; WireError(SCHEMA) for anything it would not have written."""
    changes: dict[int, int] = {}
    index = 0
    for number in _varints(packed):
        gap, value = number >> BITS, number & 0xF
        index += gap
        if index >= MAX_PEOPLE or (gap == 0 and changes) or len(changes) >= MAX_CHANGES:
            raise WireError(Flaw.SCHEMA, "the changes are out of order, too many or outside any list")
        changes[index] = value
    return changes


def _varints(packed: bytes) -> Iterable[int]:
    number = shift = 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - LEB128: the last byte of a number
            if byte == 0 and shift > 7:  # noqa: PLR2004 - LEB128: a needless last byte
                raise WireError(Flaw.SCHEMA, "a number of a delta is not in its shortest form")
            yield number
            number = shift = 0
        elif shift > 28:  # noqa: PLR2004 - five bytes hold every index and colour
            raise WireError(Flaw.SCHEMA, "a number of a delta is too long")
    if shift:
        raise WireError(Flaw.SCHEMA, "the changes end in the middle of a number")
