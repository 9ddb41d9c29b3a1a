"""What the signed documents say: one frozen dataclass a kind, with its field table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from wire import cose, schema
from wire import policy as policies
from wire.foreign import keys as pass_keys
from wire.foreign.keys import PassKey
from wire.foreign.passes import EVERY_KIND, Format, Kind
from wire.keys import KID_BYTES, PublicKey

EVERYBODY: Final = "*"


class Role(StrEnum):
    """Who may sign. The keys and the threshold of each role stand in the root document."""

    ROOT = "root"
    TRUST = "trust"
    DIRECTOR = "director"
    RECORDER = "recorder"
    TIMEKEEPER = "timekeeper"


class KeyUse(IntEnum):
    """What an issuer's key signs."""

    CODES = 1
    LISTS = 2


class Direction(IntEnum):
    """Which way a lane leads."""

    ENTRY = 1
    EXIT = 2


class Action(IntEnum):
    """What a command may ask of a gate."""

    OPEN_ONCE = 1
    OUT_OF_SERVICE = 2
    IN_SERVICE = 3
    SEND_STATE = 4
    MEASURE_REGISTERED = 5


_SECONDS: Final = schema.uint()
_ID: Final = schema.text(64)
_NAME: Final = schema.text(80)
_URI: Final = schema.text(128)
_DIGEST: Final = schema.bstr(16)
_KID: Final = schema.bstr(KID_BYTES)
_MASK: Final = schema.integer(1, EVERY_KIND)
_KEY: Final = schema.Codec(PublicKey.from_cose, lambda key: key.cose())
_PASS_KEY: Final = schema.Codec(pass_keys.from_cose, lambda key: key.cose())
_KINDS: Final = schema.Codec(lambda value: Kind(_MASK.load(value)), int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What every document says: monotonic version, validity in unix seconds, and for whom it is."""

    version: int = schema.field(1, schema.uint())
    issued: int = schema.field(2, _SECONDS)
    expires: int = schema.field(3, _SECONDS)
    audience: str = schema.field(4, _ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleKeys:
    """How many of which keys must sign for a role."""

    threshold: int = schema.field(1, schema.integer(1, cose.MAX_SIGNATURES))
    kids: tuple[bytes, ...] = schema.field(2, schema.array(_KID, cose.MAX_SIGNATURES))

    def __post_init__(self) -> None:
        if not self.threshold <= len(set(self.kids)) == len(self.kids):
            raise ValueError("a threshold needs as many different keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Root(Document):
    """The keys and thresholds of all roles."""

    keys: tuple[PublicKey, ...] = schema.field(10, schema.array(_KEY, 32))
    roles: Mapping[Role, RoleKeys] = schema.field(
        11, schema.mapping(schema.one_of(Role), schema.record(RoleKeys), len(Role))
    )

    def __post_init__(self) -> None:
        known = {key.kid for key in self.keys}
        if set(self.roles) != set(Role) or not all(known.issuperset(r.kids) for r in self.roles.values()):
            raise ValueError("every role needs keys that stand in the document")

    def keys_of(self, role: Role) -> dict[bytes, PublicKey]:
        """The keys of `role` by kid."""
        kids = self.roles[role].kids
        return {key.kid: key for key in self.keys if key.kid in kids}


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerKey:
    """One key of an issuer, what it signs, and when."""

    key: PublicKey = schema.field(1, _KEY)
    use: KeyUse = schema.field(2, schema.one_of(KeyUse))
    not_before: int = schema.field(3, _SECONDS)
    not_after: int = schema.field(4, _SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRef:
    """One status list of an issuer; gates whose id begins with one of `carried_by` hold it ("" = all)."""

    uri: str = schema.field(1, _URI)
    shard: int = schema.field(2, schema.uint(4095))
    carried_by: tuple[str, ...] = schema.field(3, schema.array(schema.text(12), 64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """An authority whose codes are recognised."""

    id: str = schema.field(1, schema.text(16))
    name_zh: str = schema.field(2, _NAME)
    name_en: str = schema.field(3, _NAME)
    keys: tuple[IssuerKey, ...] = schema.field(4, schema.array(schema.record(IssuerKey), 32))
    lists: tuple[ListRef, ...] = schema.field(5, schema.array(schema.record(ListRef), 256))


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """One key that signs passes of another system, under the id that their headers have."""

    kid: bytes = schema.field(1, schema.bstr(1, 64))
    key: PassKey = schema.field(2, _PASS_KEY)
    not_before: int = schema.field(3, _SECONDS)
    not_after: int = schema.field(4, _SECONDS)
    kinds: Kind = schema.field(5, _KINDS, default=EVERY_KIND)
    """What it may state: the extended key usages of its certificate, everything when that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignIssuer:
    """Who issues passes of another system.

    `iss` is what they call themselves in them; "" for EU certificates, where only the key's id is compared.
    """

    id: str = schema.field(1, schema.text(16))
    name_zh: str = schema.field(2, _NAME)
    name_en: str = schema.field(3, _NAME)
    format: Format = schema.field(4, schema.one_of(Format))
    iss: str = schema.field(5, _URI)
    keys: tuple[ForeignKey, ...] = schema.field(6, schema.array(schema.record(ForeignKey), 2_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust(Document):
    """Whose codes are recognised, and how loose an assignment's policy may be."""

    issuers: tuple[Issuer, ...] = schema.field(10, schema.array(schema.record(Issuer), 256))
    bounds: policies.Policy = schema.field(11, policies.CODEC)
    foreign: tuple[ForeignIssuer, ...] = schema.field(
        12, schema.array(schema.record(ForeignIssuer), 128), default=()
    )

    def __post_init__(self) -> None:
        ids = [issuer.id for issuer in self.issuers] + [issuer.id for issuer in self.foreign]
        uris = [ref.uri for issuer in self.issuers for ref in issuer.lists]
        if len(set(ids)) != len(ids) or len(set(uris)) != len(uris):
            raise ValueError("an issuer or a list stands in the document twice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """The permission to scan: which region granted it, for what, and from when until when."""

    region: str = schema.field(1, _ID)
    scope: str = schema.field(2, _ID)
    begins: int = schema.field(3, _SECONDS)
    ends: int = schema.field(4, _SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """One opening period: weekday 0 = Monday, minutes after local midnight."""

    weekday: int = schema.field(1, schema.uint(6))
    opens_min: int = schema.field(2, schema.uint(1440))
    closes_min: int = schema.field(3, schema.uint(1440))


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRules:
    """How a gate treats the people on its roster. No hours means whenever the venue is open."""

    only: bool = schema.field(1, schema.boolean())
    """Nobody else may use this lane."""
    hours: tuple[Hours, ...] = schema.field(2, schema.array(schema.record(Hours), 32))
    """When people on the roster may enter, also while the venue is closed to visitors."""
    attendants: tuple[bytes, ...] = schema.field(3, schema.array(_DIGEST, 500))
    """Digests of those on the roster who may act as attendants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment(Document):
    """What one gate is to be: venue, lane, policy, permission. No hours means always open."""

    venue: str = schema.field(10, _ID)
    venue_zh: str = schema.field(11, _NAME)
    venue_en: str = schema.field(12, _NAME)
    category: str = schema.field(13, _ID)
    location: str = schema.field(14, schema.text(120))
    permission: Permission | None = schema.field(15, schema.record(Permission), optional=True)
    lane: str = schema.field(16, schema.text(32))
    direction: Direction = schema.field(17, schema.one_of(Direction))
    policy: policies.Policy = schema.field(18, policies.CODEC)
    staff: tuple[bytes, ...] = schema.field(19, schema.array(_DIGEST, 5_000))
    hours: tuple[Hours, ...] = schema.field(20, schema.array(schema.record(Hours), 32))
    closed_days: tuple[int, ...] = schema.field(21, schema.array(schema.uint(100_000), 400))
    utc_offset_min: int = schema.field(22, schema.integer(-720, 840))
    closed: bool = schema.field(23, schema.boolean())
    capacity: int | None = schema.field(24, schema.uint(1_000_000), optional=True)
    foreign_key: bytes | None = schema.field(25, schema.bstr(32), optional=True)
    staff_rules: StaffRules | None = schema.field(26, schema.record(StaffRules), optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Document):
    """One action, for the session of the gate whose `hello` carried `nonce`."""

    id: bytes = schema.field(10, _DIGEST)
    nonce: bytes = schema.field(11, _DIGEST)
    action: Action = schema.field(12, schema.one_of(Action))
    reason: str = schema.field(13, schema.text(80))
    number: str | None = schema.field(14, schema.text(16), optional=True)
    """MEASURE_REGISTERED: the number under which the person in front was registered."""
    attendant: bytes | None = schema.field(15, _DIGEST, optional=True)
    """MEASURE_REGISTERED: the opaque subject of the attendant who asks."""

    def __post_init__(self) -> None:
        if (self.action is Action.MEASURE_REGISTERED) != (self.number is not None):
            raise ValueError("a registration number belongs to MEASURE_REGISTERED, and to it alone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Sequences `first` to `last`, both included, and the hash of the event at `last`."""

    first: int = schema.field(1, schema.uint())
    last: int = schema.field(2, schema.uint())
    hash: bytes = schema.field(3, schema.bstr(32))

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a range ends before it begins")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Document):
    """What the fleet has committed: only this lets a gate forget. A new `epoch` asks for all of it again."""

    journal: bytes = schema.field(10, _DIGEST)
    epoch: bytes = schema.field(11, _DIGEST)
    ranges: tuple[Range, ...] = schema.field(12, schema.array(schema.record(Range), 256))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """A subject digest that another lane of the venue let through, and when (unix seconds)."""

    digest: bytes = schema.field(1, _DIGEST)
    at: int = schema.field(2, _SECONDS)
    direction: Direction = schema.field(3, schema.one_of(Direction))


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueState(Document):
    """What the other lanes of the venue know. Expired means: decide alone."""

    occupancy: int = schema.field(10, schema.uint(10_000_000))
    recent: tuple[Recent, ...] = schema.field(11, schema.array(schema.record(Recent), 2_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Time(Document):
    """Signed time, with the versions that exist, so that a withheld document shows.

    `nonce` answers a `hello`; a broadcast has none. `now_ms` is unix milliseconds.
    """

    now_ms: int = schema.field(10, schema.uint())
    nonce: bytes | None = schema.field(11, _DIGEST, optional=True)
    root: int = schema.field(12, schema.uint())
    trust: int = schema.field(13, schema.uint())
    lists: Mapping[str, int] = schema.field(14, schema.mapping(_URI, schema.uint(), 4096))
