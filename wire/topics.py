"""MQTT topic names, built and parsed in one place, with the access table that every broker is given."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wire.errors import Flaw, WireError

ROOT: Final = "jx1"
GATE_ID: Final = re.compile(r"[0-9a-f]{12}")  # also a valid DNS label: it stands in the certificate's SAN
ISSUER_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,15}")
MAX_SHARD: Final = 4095  # 2^12 shards of 2^20 people


class Up(StrEnum):
    """What a gate says: `jx1/up/<shard>/<gate>/<leaf>`."""

    HELLO = "hello"
    STATE = "state"
    EVENTS = "events"
    REPLY = "reply"


class Down(StrEnum):
    """What one gate is told: `jx1/down/<gate>/<leaf>`."""

    ASSIGNMENT = "assignment"
    COMMAND = "command"
    RECEIPT = "receipt"
    VENUE = "venue"
    TIME = "time"


class All(StrEnum):
    """What every gate is told: `jx1/all/<leaf>`, for colours followed by `/<issuer>/<shard>`."""

    ROOT = "root"
    TRUST = "trust"
    TIME = "time"
    STATUS = "status"
    DELTA = "delta"


RETAINED: Final = frozenset({Up.STATE, Down.ASSIGNMENT, All.ROOT, All.TRUST, All.STATUS})
PER_LIST: Final = frozenset({All.STATUS, All.DELTA})


@dataclass(frozen=True, slots=True)
class Grant:
    """One row of the access table: topic filters with `{gate}` and `{shard}` to fill in; `+` is one level."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


# The whole access control of the system. Brokers get it rendered, never retyped.
ACL: Final = {
    "gate": Grant(
        # By name: under a wildcard one gate could keep any number of retained messages at the broker.
        publish=tuple(f"{ROOT}/up/{{shard}}/{{gate}}/{leaf.value}" for leaf in Up),
        subscribe=(f"{ROOT}/down/{{gate}}/+", f"{ROOT}/all/+", f"{ROOT}/all/+/+/+"),
    ),
    "ingest": Grant(
        publish=(f"{ROOT}/down/+/receipt", f"{ROOT}/down/+/venue"), subscribe=(f"{ROOT}/up/+/+/+",)
    ),
    "publisher": Grant(
        publish=(
            f"{ROOT}/all/+",
            f"{ROOT}/all/+/+/+",
            f"{ROOT}/down/+/assignment",
            f"{ROOT}/down/+/command",
            f"{ROOT}/down/+/time",
        ),
        subscribe=(f"{ROOT}/up/+/+/hello", f"{ROOT}/up/+/+/reply"),
    ),
}


def check_gate(gate: str) -> str:
    """Return `gate` if it is a gate id (12 lower-case hex digits), else raise WireError(TOPIC)."""
    if not GATE_ID.fullmatch(gate):
        raise WireError(Flaw.TOPIC, "a gate id is 12 lower-case hexadecimal digits")
    return gate


def shard_of(gate: str) -> str:
    """First hex digit of a gate's id: the unit by which ingest workers divide the gates."""
    return check_gate(gate)[0]


def up(gate: str, leaf: Up) -> str:
    """Topic on which `gate` publishes `leaf`."""
    return f"{ROOT}/up/{shard_of(gate)}/{gate}/{leaf.value}"


def up_filter(leaf: Up, shard: str = "+") -> str:
    """Subscription of a fleet worker to `leaf` of every gate, or of the gates of one shard."""
    return f"{ROOT}/up/{shard}/+/{leaf.value}"


def down(gate: str, leaf: Down) -> str:
    """Topic on which the fleet tells `gate` its `leaf`."""
    return f"{ROOT}/down/{check_gate(gate)}/{leaf.value}"


def to_all(leaf: All) -> str:
    """Topic on which the fleet tells every gate `leaf`, for the leaves that are not per status list."""
    if leaf in PER_LIST:
        raise WireError(Flaw.TOPIC, f"{leaf.value} needs an issuer and a shard")
    return f"{ROOT}/all/{leaf.value}"


def to_all_list(leaf: All, issuer: str, shard: int) -> str:
    """Topic of one status list (or its deltas): issuer id as in the trust document, shard 0…4095."""
    if leaf not in PER_LIST or not ISSUER_ID.fullmatch(issuer) or not 0 <= shard <= MAX_SHARD:
        raise WireError(Flaw.TOPIC, "a status topic needs a list leaf, an issuer id and a shard number")
    return f"{ROOT}/all/{leaf.value}/{issuer}/{shard}"


def gate_subscriptions(gate: str) -> tuple[str, ...]:
    """Every filter a gate subscribes to."""
    return tuple(f.format(gate=check_gate(gate), shard=shard_of(gate)) for f in ACL["gate"].subscribe)


@dataclass(frozen=True, slots=True)
class FromGate:
    """A parsed `up` topic."""

    gate: str
    leaf: Up


@dataclass(frozen=True, slots=True)
class ToGate:
    """A parsed `down` topic."""

    gate: str
    leaf: Down


@dataclass(frozen=True, slots=True)
class ToAll:
    """A parsed `all` topic; issuer and shard are given for status lists and deltas only."""

    leaf: All
    issuer: str | None = None
    shard: int | None = None


def parse(topic: str) -> FromGate | ToGate | ToAll:
    """Read a concrete topic name; anything outside the table raises WireError(TOPIC)."""
    parts = topic.split("/") if len(topic) <= 128 else []  # noqa: PLR2004 - longest valid topic is 44
    try:
        match parts:
            case ["jx1", "up", shard, gate, leaf] if shard_of(gate) == shard:
                return FromGate(gate, Up(leaf))
            case ["jx1", "down", gate, leaf]:
                return ToGate(check_gate(gate), Down(leaf))
            case ["jx1", "all", leaf] if All(leaf) not in PER_LIST:
                return ToAll(All(leaf))
            case ["jx1", "all", leaf, issuer, shard] if (
                All(leaf) in PER_LIST
                and ISSUER_ID.fullmatch(issuer)
                and re.fullmatch("0|[1-9][0-9]{0,3}", shard)
                and int(shard) <= MAX_SHARD
            ):
                return ToAll(All(leaf), issuer, int(shard))
    except ValueError:
        pass
    raise WireError(Flaw.TOPIC, "not a topic of this system")
