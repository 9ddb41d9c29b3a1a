"""A small town in the database: two venues, six gates in every standing, and a day of passages.

Loaded by the conftest files beside it, because tests are not an importable package.
"""

import functools
import hashlib
import random

from sqlalchemy import insert

from fleet.db import Database
from fleet.models import (
    Assignment,
    Document,
    Event,
    Gate,
    GateState,
    Issuer,
    Permit,
    Region,
    StatusList,
    Venue,
)
from fleet.people import directory, passwords
from wire import messages, schema
from wire.health import Trouble
from wire.messages import ClockTrust, Held, State

PASSWORD = "a long sentence for tests"
LISTS = ("https://codes.example/1/0", "https://codes.example/1/1")
GATES = (  # name, venue, online, ready, troubles, behind, backlog, seconds since seen
    ("North 1", "museum", True, True, (), 0, 0, 12),
    ("North 2", "museum", True, True, (), 1, 0, 31),
    ("South 1", "museum", True, True, (Trouble.THERMOMETER,), 0, 3, 8),
    ("Hall A", "market", True, False, (Trouble.CAMERA, Trouble.CLOCK_DOUBT), 0, 0, 4),
    ("Hall B", "market", False, True, (), 0, 214, 5400),
    ("Hall C", "market", True, True, (Trouble.CERTIFICATE_ENDING,), 0, 0, 20),
)
REASONS = (
    ("admit", "green", "green", 88),
    ("admit", "staff", "green", 4),
    ("deny", "proof_old", "green", 2),
    ("deny", "red", "red", 1),
    ("deny", "fever", "green", 1),
    ("refer", "yellow", "yellow", 2),
    ("refer", "temperature_unsure", "green", 2),
)


def state_body(held: Held, *, online: bool, ready: bool, troubles=(), backlog=0, at=0) -> bytes:
    return schema.write(
        messages.STATE,
        State(
            session=bytes(16),
            online=online,
            ready=ready,
            troubles=tuple(troubles),
            at_ms=at * 1000,
            clock=ClockTrust.SIGNED,
            clock_doubt_ms=5,
            held=held,
            backlog=backlog,
            gauges={},
        ),
    )


def versions(held: Held) -> dict[str, object]:
    return {
        "root": held.root,
        "trust": held.trust,
        "assignment": held.assignment,
        "lists": dict(held.lists),
    }


def gate_id(number: int) -> str:
    return hashlib.sha256(f"gate {number}".encode()).hexdigest()[:12]


def event(at: int, sequence: int, **more) -> dict[str, object]:
    row = {
        "gate_id": gate_id(0),
        "journal": bytes(16),
        "sequence": sequence,
        "venue_id": "museum",
        "at": at,
        "clock": "signed",
        "kind": "passage",
        "verdict": "admit",
        "reason": "green",
        "colour": "green",
        "issuer": "1",
        "subject": hashlib.sha256(f"person {sequence}".encode()).digest()[:16],
        "lane": 1,
        "direction": "in",
        "raw_centi_c": 3391,
        "estimate_centi_c": 3652,
        "millis": 412,
        "data": b"\x00",
        "received_at": at + 1,
    }
    return row | more


@functools.cache
def digest_of_password() -> str:
    """Made once: it is slow on purpose."""
    return passwords.digest(PASSWORD)


def add_person(database: Database, login: str = "wang", role: str = "owner", now: int = 0) -> None:
    digest = digest_of_password()
    with database.session() as session:
        directory.add(session, login, digest, role, now, "command:test")


def add_events(database: Database, rows: list[dict[str, object]]) -> None:
    with database.session() as session:
        session.execute(insert(Event), rows)


def passages(now: int, count: int, hours: float) -> list[dict[str, object]]:
    """`count` passages in the `hours` before `now`, busier at some hours than at others."""
    rng = random.Random(7)
    choices = [reason for *reason, weight in REASONS for _ in range(weight)]
    rows = []
    for number in range(count):
        share = 1 - abs(rng.gauss(0, 0.45))
        at = now - int(hours * 3600 * min(max(share, 0), 1))
        gate = rng.choice((0, 0, 1, 2, 3, 3, 4, 5))
        verdict, reason, colour = rng.choice(choices)
        body = rng.gauss(3652, 22) if reason != "fever" else rng.uniform(3735, 3890)
        rows.append(
            event(
                at,
                number + 1,
                gate_id=gate_id(gate),
                venue_id=GATES[gate][1],
                verdict=verdict,
                reason=reason,
                colour=colour,
                estimate_centi_c=int(body),
                millis=rng.randint(290, 720),
            )
        )
    return rows


def populate(database: Database, now: int, count: int = 3000, hours: float = 12) -> None:
    """The whole town; add people with `add_person`."""
    with database.session() as session:
        session.add(Region(id="zj-hz", level=2, name_zh="杭州市", name_en="Hangzhou"))
        session.flush()
        for key, kind, zh, en in (
            ("museum", "museum", "城市博物馆", "City Museum"),
            ("market", "farmers_market", "东河农贸市场", "East River Farmers' Market"),
        ):
            session.add(
                Venue(id=key, region_id="zj-hz", kind=kind, name_zh=zh, name_en=en, created_at=now - 90_000)
            )
            session.flush()
            session.add(
                Permit(
                    venue_id=key,
                    region_id="zj-hz",
                    scope="scan",
                    valid_from=now - 90_000,
                    valid_until=now + (90 if key == "museum" else 3) * 86_400,
                    granted_at=now - 90_000,
                )
            )
        session.add(Issuer(id="1", name_zh="健康码中心", name_en="Code Centre"))
        for kind, version in (("root", 1), ("trust", 6), ("trust", 7)):
            session.add(Document(kind=kind, version=version, data=b"-", created_at=now))
        for shard, uri in enumerate(LISTS):
            session.add(
                StatusList(
                    uri=uri,
                    issuer_id="1",
                    shard=shard,
                    seq=118 + shard,
                    iat=now - 600,
                    expires=now + 86_400,
                    token=b"-",
                    received_at=now - 599,
                )
            )
        session.flush()
        for number, (name, venue, online, ready, troubles, behind, backlog, ago) in enumerate(GATES):
            key = gate_id(number)
            session.add(
                Gate(
                    id=key,
                    name=name,
                    venue_id=venue,
                    lane=1,
                    direction="in",
                    state="in_service",
                    created_at=now - 90_000,
                )
            )
            session.flush()
            session.add(Assignment(gate_id=key, version=4, body=b"-", updated_at=now))
            held = Held(root=1, trust=7 - behind, assignment=4, lists={LISTS[0]: 118 - behind, LISTS[1]: 119})
            session.add(
                GateState(
                    gate_id=key,
                    session=bytes(16),
                    online=online,
                    ready=ready,
                    body=state_body(
                        held, online=True, ready=ready, troubles=troubles, backlog=backlog, at=now - ago
                    ),
                    versions=versions(held),
                    received_at=now - ago,
                )
            )
        session.add(Gate(id=gate_id(9), name="West 1", state="seen", created_at=now))
    if count:
        add_events(database, passages(now, count, hours))
