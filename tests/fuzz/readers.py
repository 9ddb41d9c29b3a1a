"""Everything that reads bytes from outside: how to call it, how it may refuse, and examples to begin with."""

import base64
import functools
import json
import secrets
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from device.firmware import config, lines
from device.firmware.errors import GateError
from device.firmware.store import Store
from fleet.errors import FleetError
from fleet.keys import published, published_keys
from sandbox import foreign, health_cards
from wire import (
    base45,
    cbor,
    code,
    cose,
    documents,
    enrolment,
    envelope,
    keys,
    messages,
    policy,
    status,
    topics,
)
from wire.errors import WireError
from wire.foreign import certificate, hc1, jwk, loose_cbor, notation, nzcp, shc
from wire.foreign.passes import Kind
from wire.messages import Entry, Event
from wire.reasons import Reason, Verdict

# Always the same, so that what was kept under its signatures stays worth something.
KEY = keys.PrivateKey(ec.derive_private_key(20_200_322, ec.SECP256R1()))
GATE = "0123456789ab"
NOW_S = 1_795_000_000
LARGEST = 65_536


@dataclass(frozen=True)
class Reader:
    """`read` takes any bytes: it returns or raises one of `refusals`; what else it raises is a defect."""

    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    seeds: Callable[[], Iterable[bytes]]
    largest: int = 4_096


def _claims(**more: object) -> code.Claims:
    told = {
        "issuer": "jl",
        "issued": NOW_S,
        "expires": NOW_S + 99,
        "list_uri": "https://s.example/7",
        "index": 7,
        "subject": bytes(16),
    }
    return code.Claims(**told, **(more or {"holder": KEY.public}))


def _codes() -> Iterable[bytes]:
    phone = code.issue(_claims(), KEY)
    paper = code.issue(_claims(paper=code.PaperName(masked_name="王*", id_tail="123X")), KEY)
    for data in (code.prove(phone, NOW_S, KEY), phone, paper):
        yield code.to_text(data).encode()


def _read_code(data: bytes) -> None:
    code.verify(code.parse(data.decode("utf-8", "replace")), KEY.public)


def _unwrapped() -> Iterable[bytes]:
    for text in _codes():
        yield base45.decode(text.decode()[len(code.PREFIX) :])


def _read_unwrapped(data: bytes) -> None:
    """The same from behind the Base45, which a mutation seldom leaves whole."""
    code.verify(code.parse(code.to_text(data)), KEY.public)


def _head(version: int = 3) -> dict[str, object]:
    return {"version": version, "issued": NOW_S, "expires": NOW_S + 60, "audience": GATE}


def _bodies() -> dict[type[documents.Document], documents.Document]:
    role = documents.RoleKeys(threshold=1, kids=(KEY.public.kid,))
    hours = (documents.Hours(weekday=1, opens_min=480, closes_min=60),)
    found = (
        documents.Root(**_head(), keys=(KEY.public,), roles=dict.fromkeys(documents.Role, role)),
        documents.Trust(**_head(), issuers=(), bounds=policy.LOOSEST),
        documents.Assignment(
            **_head(),
            venue="v",
            venue_zh="馆",
            venue_en="Hall",
            category="mall",
            location="north",
            permission=documents.Permission(region="r", scope="s", begins=0, ends=NOW_S),
            lane="1",
            direction=documents.Direction.ENTRY,
            policy=policy.DEFAULT,
            staff=(bytes(16),),
            hours=hours,
            closed_days=(19_000,),
            utc_offset_min=480,
            closed=False,
            capacity=3,
            foreign_key=bytes(32),
            staff_rules=documents.StaffRules(only=True, hours=hours, attendants=(bytes(16),)),
        ),
        documents.Command(
            **_head(),
            id=bytes(16),
            nonce=bytes(16),
            action=documents.Action.MEASURE_REGISTERED,
            reason="asked",
            number="7F2A-00031",
            attendant=bytes(16),
        ),
        documents.Receipt(
            **_head(),
            journal=bytes(16),
            epoch=bytes(16),
            ranges=(documents.Range(first=1, last=9, hash=bytes(32)),),
        ),
        documents.VenueState(
            **_head(),
            occupancy=4,
            recent=(documents.Recent(digest=bytes(16), at=NOW_S, direction=documents.Direction.EXIT),),
        ),
        documents.Time(**_head(), now_ms=NOW_S * 1000, nonce=bytes(16), root=1, trust=2, lists={"jl/0": 4}),
    )
    return {type(document): document for document in found}


def _read_body(kind: type[documents.Document]) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        document = envelope.read_body(kind, data)
        again = envelope.read_body(kind, envelope.write_body(document))
        assert again == document, "what was read is written as something else"

    return read


def _read_signed(kind: type[documents.Document]) -> Callable[[bytes], object]:
    return lambda data: envelope.verify(kind, data, {KEY.public.kid: KEY.public})


def _token() -> status.Token:
    statuses = status.StatusList(bytes(range(64)))
    return status.Token(uri="https://s.example/7", issued=NOW_S, expires=NOW_S + 99, seq=4, statuses=statuses)


def _deltas() -> Iterable[bytes]:
    base = _token()
    after = status.Token(uri=base.uri, issued=NOW_S + 1, expires=NOW_S + 99, seq=5, statuses=base.statuses)
    yield status.issue_delta(base, after, {}, KEY)


def _entries() -> Iterable[bytes]:
    measured = messages.Temperature(
        object_c100=3500, ambient_c100=2300, surface_c100=3510, body_c100=3650, uncertainty_c100=30, samples=5
    )
    more = (
        {"kind": Event.PASSAGE, "verdict": Verdict.ADMIT, "reason": Reason.GREEN, "temperature": measured},
        {"kind": Event.REGISTRATION, "word": "7F2A-00031", "attendant": bytes(16), "temperature": measured},
        {"kind": Event.REFUSALS, "counts": {Reason.MALFORMED: 3}},
        {"kind": Event.TOMBSTONE, "until": 9},
    )
    for fields in more:
        yield messages.write(
            Entry(
                sequence=1, previous=bytes(32), at_ms=NOW_S * 1000, clock=messages.ClockTrust.SIGNED, **fields
            )
        )


def _batches() -> Iterable[bytes]:
    first = next(iter(_entries()))
    entry = replace(messages.read_entry(first), sequence=2, previous=messages.event_hash(first))
    second = messages.write(entry)
    yield messages.write(messages.Batch(journal=bytes(16), first=1, events=(first,), checkpoint=None))
    yield messages.write(messages.Batch(journal=bytes(16), first=1, events=(first, second), checkpoint=b"x"))


def _said() -> dict[str, bytes]:
    held = messages.Held(root=1, trust=2, assignment=3, lists={"jl/0": 4})
    checkpoint = messages.Checkpoint(gate=GATE, journal=bytes(16), head=9, hash=bytes(32), at_ms=NOW_S)
    signed = messages.sign_checkpoint(checkpoint, KEY)
    return {
        "hello": messages.write(
            messages.Hello(
                session=bytes(16),
                firmware="1",
                held=held,
                journal=bytes(16),
                head=9,
                tail=1,
                checkpoint=signed,
                epoch=bytes(16),
            )
        ),
        "state": messages.write(
            messages.State(
                session=bytes(16),
                online=True,
                ready=True,
                troubles=(),
                at_ms=NOW_S,
                clock=messages.ClockTrust.SIGNED,
                clock_doubt_ms=5,
                held=held,
                backlog=0,
                gauges={"frames": 3},
                lane="idle",
            )
        ),
        "reply": messages.write(
            messages.Reply(
                session=bytes(16),
                results=(messages.Result(id=bytes(16), outcome=messages.Outcome.DONE, detail=""),),
                wanted={"jl/0": 3},
            )
        ),
        "checkpoint": signed,
    }


def _ticket() -> bytes:
    made = enrolment.ticket("https://fleet.example:8443", bytes(32), GATE, bytes(16), NOW_S)
    return enrolment.encode(made).encode()


def _files() -> Iterable[bytes]:
    """A gate's file as it lies on a card, with a few events in it."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "gate.db"
        store = Store.open(path, GATE, journal_limit_bytes=10_000_000)
        for data in _entries():
            store.append(messages.read_entry(data))
        store.close()
        yield path.read_bytes()


def _read_file(data: bytes) -> None:
    """A gate starts from any file, and can write: into it, or into a new one beside what it put aside."""
    place = Path(tempfile.gettempdir()) / f"jx-fuzz-{secrets.token_hex(8)}"
    place.mkdir()
    try:
        path = place / "gate.db"
        path.write_bytes(data)
        store = Store.open(path, GATE, journal_limit_bytes=10_000_000)
        try:
            head = store.head
            store.append(messages.read_entry(next(iter(_entries()))))
            assert store.head == head + 1
            store.newest(10)
            store.kept("trust")
        finally:
            store.close()
    finally:
        shutil.rmtree(place)


SIGNER = foreign.Authority().signer(NOW_S, NOW_S + 86_400, kinds=Kind.TEST)
PASS_KEY = foreign.Signer(ec.derive_private_key(20_200_323, ec.SECP256R1()), SIGNER.certificate)


@functools.cache  # signatures differ each time, and with them the lengths of what is compressed
def _certificates() -> tuple[bytes, ...]:
    """EU certificates as they are before compression, of every group and some shapes."""
    dose = foreign.vaccination("2026-10-01")
    sample = foreign.sample("2026-11-18T08:05:00+02:00")
    recovered = foreign.recovery("2026-08-01", "2026-08-12", "2027-01-28")
    outside = foreign.Shape(protected=b"\xa0", unprotected={1: -7, 4: PASS_KEY.kid}, tags=(61, 18))
    texts = [
        foreign.hc1(foreign.certificate(group, [entry]), PASS_KEY, NOW_S, NOW_S + 9.5, shape=shape)
        for group, entry, shape in (
            ("v", dose, foreign.Shape()),
            ("t", sample, outside),
            ("r", recovered, foreign.Shape(tags=())),
        )
    ]
    return tuple(zlib.decompress(base45.decode(text[len(hc1.PREFIX) :])) for text in texts)


def _nz_pass() -> bytes:
    text = foreign.nzcp(PASS_KEY, NOW_S, NOW_S + 9)[len(nzcp.PREFIX) :]
    return base64.b32decode(text + "=" * (-len(text) % 8))


def _read_certificate(data: bytes) -> None:
    hc1.parse(foreign.hc1_text(data)).verify(PASS_KEY.public)


@functools.cache
def _published() -> tuple[bytes, ...]:
    """Keys of other systems in some of the forms in which they are published."""
    row = {
        "certificateType": "DSC",
        "country": "DE",
        "rawData": base64.b64encode(SIGNER.certificate).decode(),
    }
    bare = {"subjectPk": "AAAA", "ian": "NL", "keyUsage": ["t", "v"]}
    method = {"id": "did:web:a#k", "publicKeyJwk": jwk.write(KEY.public)}
    lists = (
        {"certificates": [row]},
        [row["rawData"]],
        {"eu_keys": {"AAAAAAAAAAA=": [bare]}},
        {"dsc_trust_list": {"SE": {"keys": [jwk.write(KEY.public) | {"x5c": [row["rawData"]]}]}}},
        {"keys": [jwk.write(KEY.public)]},
        {"id": "did:web:a", "verificationMethod": [method]},
    )
    return (SIGNER.certificate, *(json.dumps(found).encode() for found in lists))


def _read_published(data: bytes) -> None:
    taken = published.read(data)
    for row in taken.rows:
        published_keys.country(row)
        with suppress(WireError):
            published_keys.read(row, taken.form.format, published_keys.Span(now=NOW_S, ends=NOW_S + 9))


@functools.cache
def _payloads() -> tuple[bytes, ...]:
    """What cards say, as it is before compression."""
    dose = health_cards.immunization("2026-10-01T08:00:00+02:00", "212")
    test = health_cards.laboratory("2026-11-18")
    claims = health_cards.claims(health_cards.bundle([dose, test]), NOW_S - 0.5, exp=NOW_S)
    return (json.dumps(claims, separators=(",", ":")).encode(), json.dumps(claims, indent=1).encode())


@functools.cache
def _cards() -> tuple[bytes, ...]:
    jws = health_cards.sign(health_cards.deflate(_payloads()[0]), KEY)
    return health_cards.text(jws).encode(), "\n".join(health_cards.texts(jws, 300)).encode()


def _read_card(data: bytes) -> None:
    shc.parse(data.decode("utf-8", "replace").split("\n"))


def _read_payload(data: bytes) -> None:
    """A card from behind its digits and its compression, signed again."""
    shc.parse(health_cards.texts(health_cards.sign(health_cards.deflate(data), KEY))).verify(KEY.public)


@functools.cache
def _questions() -> tuple[bytes, ...]:
    certified = {"kid": base64.b64encode(SIGNER.kid).decode()}
    certified["cert"] = base64.b64encode(SIGNER.certificate).decode()
    sample = foreign.certificate("t", [foreign.sample("2026-11-18T08:05:00+02:00")])
    asked = (
        (foreign.hc1(sample, SIGNER, NOW_S, NOW_S + 9), certified),
        (_cards()[0].decode(), {"iss": health_cards.ISSUER, "jwk": jwk.write(KEY.public)}),
        (_cards()[1].decode().split("\n"), {"iss": health_cards.ISSUER, "jwk": jwk.write(KEY.public)}),
        (
            next(iter(_codes())).decode(),
            {"kid": base64.b64encode(KEY.public.kid).decode(), "jwk": jwk.write(KEY.public)},
        ),
    )
    return tuple(
        json.dumps({"id": number, "qr": text, "clock": NOW_S, "trust": [row]}).encode()
        for number, (text, row) in enumerate(asked)
    )


def _answer(data: bytes) -> None:
    """A line is never refused."""
    said = json.loads(lines.reply(data, NOW_S))
    assert set(said) == {"id", "valid", "reason", "format", "claims"}
    assert said["valid"] is (said["reason"] is None)


_W = (WireError,)
READERS: dict[str, Reader] = {
    "published": Reader(_read_published, (FleetError,), _published),
    "code": Reader(_read_code, _W, _codes),
    "code-bytes": Reader(_read_unwrapped, _W, _unwrapped),
    "base45": Reader(
        lambda data: base45.decode(data.decode("latin-1")), _W, lambda: [b"BB8", b"%69 VD92EX0"]
    ),
    "cbor": Reader(
        lambda data: cbor.decode(data, max_bytes=4096), _W, lambda: [cbor.encode({1: [b"x", "y", None, -1]})]
    ),
    "cose-sign": Reader(
        lambda data: cose.parse_sign(data, max_bytes=4096),
        _W,
        lambda: [envelope.sign(_bodies()[documents.Root], [KEY])],
    ),
    "ticket": Reader(lambda data: enrolment.decode(data.decode("utf-8", "replace")), _W, lambda: [_ticket()]),
    "topic": Reader(
        lambda data: topics.parse(data.decode("utf-8", "replace")),
        _W,
        lambda: [topics.up(GATE, topics.Up.EVENTS).encode(), topics.down(GATE, topics.Down.TIME).encode()],
    ),
    "list": Reader(
        lambda data: status.verify_token(data, KEY.public), _W, lambda: [status.issue_token(_token(), KEY)]
    ),
    "list-claims": Reader(
        status.read_claims,
        _W,
        lambda: [cose.parse_sign1(status.issue_token(_token(), KEY), max_bytes=LARGEST).payload],
    ),
    "delta": Reader(lambda data: status.verify_delta(data, KEY.public), _W, _deltas),
    "changes": Reader(
        status.unpack_changes, _W, lambda: [status.pack_changes({0: 1, 7: 15, 31: 12, 5_000: 14})]
    ),
    "entry": Reader(messages.read_entry, _W, _entries),
    "batch": Reader(messages.read_batch, _W, _batches),
    "hello": Reader(messages.read_hello, _W, lambda: [_said()["hello"]]),
    "state": Reader(messages.read_state, _W, lambda: [_said()["state"]]),
    "reply": Reader(messages.read_reply, _W, lambda: [_said()["reply"]]),
    "checkpoint": Reader(
        lambda data: messages.verify_checkpoint(data, KEY.public), _W, lambda: [_said()["checkpoint"]]
    ),
    "hc1": Reader(
        lambda data: hc1.parse(data.decode("utf-8", "replace")),
        _W,
        lambda: [foreign.hc1_text(data).encode() for data in _certificates()],
    ),
    "hc1-bytes": Reader(_read_certificate, _W, _certificates),
    "nzcp": Reader(
        lambda data: nzcp.parse(data.decode("utf-8", "replace")),
        _W,
        lambda: [foreign.nzcp_text(_nz_pass()).encode()],
    ),
    "nzcp-bytes": Reader(
        lambda data: nzcp.parse(foreign.nzcp_text(data)),
        _W,
        lambda: [_nz_pass()],
    ),
    "shc": Reader(_read_card, _W, _cards, largest=8_192),
    "shc-bytes": Reader(_read_payload, _W, _payloads),
    "json": Reader(lambda data: notation.from_json(data, max_bytes=4_096), _W, _payloads),
    "jwk-set": Reader(jwk.read_set, _W, lambda: [health_cards.key_set(KEY)]),
    "line": Reader(_answer, (), _questions, largest=8_192),
    "loose-cbor": Reader(
        lambda data: loose_cbor.decode(data, max_bytes=4096),
        _W,
        lambda: [loose_cbor.untagged(data, {61, 18}) for data in _certificates()],
    ),
    "signer-certificate": Reader(certificate.read, _W, lambda: [SIGNER.certificate]),
    "configuration": Reader(
        lambda data: config.read(data, "gate.toml"), (GateError,), lambda: [config.example().encode()]
    ),
    "journal-file": Reader(_read_file, (GateError,), _files, largest=200_000),
} | {
    f"{prefix}-{kind.__name__.lower()}": Reader(read(kind), _W, seeds)
    for kind, body in _bodies().items()
    for prefix, read, seeds in (
        ("body", _read_body, lambda body=body: [envelope.write_body(body)]),
        ("signed", _read_signed, lambda body=body: [envelope.sign(body, [KEY])]),
    )
}
"""By name; `corpus/<name>/` keeps what was found worth keeping."""
