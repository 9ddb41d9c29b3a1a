"""A whole small authority in memory: every key of every role, two issuers, and documents on demand."""

from dataclasses import replace

import pytest

from device.firmware.trust import Beliefs
from wire import code, documents, envelope, policy, status
from wire.documents import EVERYBODY, KeyUse, ListRef, Role, RoleKeys
from wire.keys import PrivateKey

GATE = "0123456789ab"
NOW_S = 1_795_000_000
DAY_S = 86_400
NONCE = b"n" * 16
JOURNAL = b"j" * 16
SUBJECT = b"s" * 16


class Authority:
    """Signs whatever a test wants signed, rightly or wrongly."""

    def __init__(self):
        self.keys = {role: [PrivateKey.generate() for _ in range(3)] for role in Role}
        self.codes = {name: PrivateKey.generate() for name in ("jl", "bj")}
        self.lists = {name: PrivateKey.generate() for name in ("jl", "bj")}
        self.holder = PrivateKey.generate()
        self.stranger = PrivateKey.generate()
        self.thresholds = dict.fromkeys(Role, 1) | {Role.ROOT: 2, Role.TRUST: 2}

    def signers(self, role):
        return self.keys[role][: self.thresholds[role]]

    def role_keys(self, role):
        kids = tuple(key.public.kid for key in self.keys[role])
        return RoleKeys(threshold=self.thresholds[role], kids=kids)

    def root(self, version=1, **changes):
        keys = {key.public.kid: key.public for role in Role for key in self.keys[role]}
        body = documents.Root(
            version=version,
            issued=NOW_S - DAY_S,
            expires=NOW_S + 365 * DAY_S,
            audience=EVERYBODY,
            keys=tuple(keys.values()),
            roles={role: self.role_keys(role) for role in Role},
        )
        return replace(body, **changes)

    def next_root(self, version, old, signers=None, **changes):
        """Root `version` by the keys this authority has now and those of `old` (an earlier list)."""
        return envelope.sign(self.root(version, **changes), signers or [*self.signers(Role.ROOT), *old])

    def issuer(self, name):
        span = {"not_before": NOW_S - DAY_S, "not_after": NOW_S + 30 * DAY_S}
        return documents.Issuer(
            id=name,
            name_zh=name,
            name_en=name,
            keys=(
                documents.IssuerKey(key=self.codes[name].public, use=KeyUse.CODES, **span),
                documents.IssuerKey(key=self.lists[name].public, use=KeyUse.LISTS, **span),
            ),
            lists=(
                ListRef(uri=f"{name}/0", shard=0, carried_by=("",)),
                ListRef(uri=f"{name}/1", shard=1, carried_by=("f",)),
            ),
        )

    def trust(self, version=1, **changes):
        body = documents.Trust(
            version=version,
            issued=NOW_S - 60,
            expires=NOW_S + DAY_S,
            audience=EVERYBODY,
            issuers=(self.issuer("jl"), self.issuer("bj")),
            bounds=policy.LOOSEST,
        )
        return replace(body, **changes)

    def assignment(self, version=1, **changes):
        body = documents.Assignment(
            version=version,
            issued=NOW_S - 60,
            expires=NOW_S + DAY_S,
            audience=GATE,
            venue="v1",
            venue_zh="商场",
            venue_en="Mall",
            category="mall",
            location="north",
            permission=documents.Permission(region="r", scope="scan", begins=0, ends=NOW_S + DAY_S),
            lane="A",
            direction=documents.Direction.ENTRY,
            policy=policy.DEFAULT,
            staff=(),
            hours=(),
            closed_days=(),
            utc_offset_min=480,
            closed=False,
        )
        return replace(body, **changes)

    def command(self, **changes):
        body = documents.Command(
            version=1,
            issued=NOW_S - 1,
            expires=NOW_S + 60,
            audience=GATE,
            id=b"c" * 16,
            nonce=NONCE,
            action=documents.Action.OPEN_ONCE,
            reason="asked",
        )
        return replace(body, **changes)

    def receipt(self, **changes):
        body = documents.Receipt(
            version=1,
            issued=NOW_S - 1,
            expires=NOW_S + 60,
            audience=GATE,
            journal=JOURNAL,
            epoch=b"e" * 16,
            ranges=(),
        )
        return replace(body, **changes)

    def venue(self, version=1, **changes):
        body = documents.VenueState(
            version=version, issued=NOW_S - 1, expires=NOW_S + 60, audience=GATE, occupancy=3, recent=()
        )
        return replace(body, **changes)

    def time(self, **changes):
        body = documents.Time(
            version=1,
            issued=NOW_S,
            expires=NOW_S + 60,
            audience=EVERYBODY,
            now_ms=NOW_S * 1000,
            root=1,
            trust=1,
            lists={"jl/0": 1, "jl/1": 9},
        )
        return replace(body, **changes)

    def sign(self, document, signers=None):
        role = envelope.KINDS[type(document)].role
        return envelope.sign(document, signers or self.signers(role))

    def token(self, seq=1, name="jl", values=None, **changes):
        colours = status.StatusList(bytes(8)).changed(values or {3: 0xE, 4: 0x9})
        body = status.Token(
            uri=f"{name}/0", issued=NOW_S - 60, expires=NOW_S + DAY_S, seq=seq, statuses=colours
        )
        return replace(body, **changes)

    def list(self, token, signer=None):
        return status.issue_token(token, signer or self.lists["jl"])

    def delta(self, base, changes, signer=None, seq=None, **more):
        after = replace(base, seq=seq or base.seq + 1, statuses=base.statuses.changed(changes), **more)
        return status.issue_delta(base, after, changes, signer or self.lists["jl"])

    def claims(self, **changes):
        body = code.Claims(
            issuer="jl",
            issued=NOW_S - 60,
            expires=NOW_S + DAY_S,
            list_uri="jl/0",
            index=0,
            subject=SUBJECT,
            holder=self.holder.public,
        )
        return replace(body, **changes)

    def text(self, claims, signer=None, holder=None):
        credential = code.issue(claims, signer or self.codes["jl"])
        return code.to_text(code.prove(credential, NOW_S, holder or self.holder))


@pytest.fixture(scope="session")
def shared_authority():
    return Authority()


@pytest.fixture
def authority(shared_authority):
    """One authority with keys of its own to rotate; key material is made once a session."""
    copy = object.__new__(Authority)
    copy.__dict__ = dict(vars(shared_authority))
    copy.keys = {role: list(keys) for role, keys in shared_authority.keys.items()}
    copy.thresholds = dict(shared_authority.thresholds)
    return copy


@pytest.fixture
def beliefs(authority):
    """A gate that holds root, trust, assignment and one list, each in version 1."""
    beliefs = Beliefs(GATE)
    beliefs.first_root(authority.sign(authority.root()))
    beliefs.new_trust(authority.sign(authority.trust()), NOW_S)
    beliefs.new_assignment(authority.sign(authority.assignment()), NOW_S)
    beliefs.new_list("jl", 0, authority.list(authority.token()), NOW_S)
    return beliefs
