"""Signed messages of every kind with what is known of them: who made one knows what to think."""

import functools
from dataclasses import dataclass

from wire import code, cose, documents, envelope, policy, status, topics
from wire.code import Claims, PaperName
from wire.documents import EVERYBODY, KeyUse, Role
from wire.keys import PrivateKey
from wire.topics import All, Down

GATE, ELSEWHERE = "0123456789ab", "ba9876543210"
START_S = 1_795_000_000
DAY_S = 86_400
POOL = 128
ISSUERS = ("jl", "bj")
HOLDS = policy.DEFAULT


@functools.cache
def key(number):  # noqa: ARG001 - the cache makes one key for each number
    """One of a pool of keys, made once in a process: who signs is a number everywhere else."""
    return PrivateKey.generate()


@functools.cache
def kid(number):
    return key(number).public.kid


@dataclass(frozen=True)
class Liar:
    """Signs with one key in the name of another."""

    public: object
    own: PrivateKey

    def sign(self, message):
        return self.own.sign(message)


@dataclass(frozen=True)
class Said:
    """What every document says."""

    kind: str
    version: int
    issued: int
    expires: int
    more: tuple = ()  # of a root: rows (role, threshold, keys); of trust: rows of Office; else what differs
    audience: str = ""  # "": whoever it should be for

    def row(self, role):
        return next((threshold, keys) for name, threshold, keys in self.more if name == role)


@dataclass(frozen=True)
class Office:
    """An issuer in a trust document: rows (key, not before, not after), and lists (uri, shard, carried)."""

    id: str
    codes: tuple
    lists: tuple
    shards: tuple


@dataclass(frozen=True)
class Colours:
    """A whole list, or with `base` the changes that lead to it; `content` is one byte for two people."""

    uri: str
    seq: int
    issued: int
    expires: int
    content: bytes
    base: "Colours | None" = None


@dataclass(frozen=True)
class Message:
    """What goes over the line. `signers` have signed rightly; `readable` says that nothing was damaged."""

    topic: str
    data: bytes
    said: object
    signers: tuple
    readable: bool = True


def _span(rows, use):
    return tuple(
        documents.IssuerKey(key=key(number).public, use=use, not_before=begins, not_after=ends)
        for number, begins, ends in rows
    )


def _issuer(office):
    return documents.Issuer(
        id=office.id,
        name_zh=office.id,
        name_en=office.id,
        keys=(*_span(office.codes, KeyUse.CODES), *_span(office.lists, KeyUse.LISTS)),
        lists=tuple(
            documents.ListRef(uri=uri, shard=shard, carried_by=("",) if here else ("f",))
            for uri, shard, here in office.shards
        ),
    )


def _common(said, audience):
    return {
        "version": said.version,
        "issued": said.issued,
        "expires": said.expires,
        "audience": said.audience or audience,
    }


def _root(said):
    numbers = sorted({number for _, _, keys in said.more for number in keys})
    return documents.Root(
        **_common(said, EVERYBODY),
        keys=tuple(key(number).public for number in numbers),
        roles={
            Role(role): documents.RoleKeys(threshold=threshold, kids=tuple(map(kid, keys)))
            for role, threshold, keys in said.more
        },
    )


def _trust(said):
    offices = tuple(_issuer(office) for office in said.more)
    return documents.Trust(**_common(said, EVERYBODY), issuers=offices, bounds=policy.LOOSEST)


def _assignment(said):
    permission = documents.Permission(region="r", scope="scan", begins=0, ends=2**40)
    return documents.Assignment(
        **_common(said, GATE),
        venue="v",
        venue_zh="商场",
        venue_en="Mall",
        category="mall",
        location="north",
        permission=permission,
        lane=str(said.more[0]),
        direction=documents.Direction.ENTRY,
        policy=HOLDS,
        staff=(),
        hours=(),
        closed_days=(),
        utc_offset_min=480,
        closed=False,
    )


def _command(said):
    number, nonce = said.more
    return documents.Command(
        **_common(said, GATE),
        id=number.to_bytes(16),
        nonce=nonce,
        action=documents.Action.SEND_STATE,
        reason="asked",
    )


def _receipt(said):
    return documents.Receipt(**_common(said, GATE), journal=said.more[0], epoch=b"e" * 16, ranges=())


def _venue(said):
    return documents.VenueState(**_common(said, GATE), occupancy=said.more[0], recent=())


def _time(said):
    now_ms, nonce, root, trust, lists = said.more
    return documents.Time(
        **_common(said, EVERYBODY if nonce is None else GATE),
        now_ms=now_ms,
        nonce=nonce,
        root=root,
        trust=trust,
        lists=dict(lists),
    )


BODIES = {
    "root": _root,
    "trust": _trust,
    "assignment": _assignment,
    "command": _command,
    "receipt": _receipt,
    "venue": _venue,
    "time": _time,
}
ROLE_OF = {
    "root": "root",
    "trust": "trust",
    "assignment": "director",
    "command": "director",
    "receipt": "recorder",
    "venue": "recorder",
    "time": "timekeeper",
}


@functools.lru_cache(maxsize=4096)
def body(said):
    """The document itself: equal to what a gate believes when it believes this."""
    return BODIES[said.kind](said)


def topic_of(said):
    if said.kind in {"root", "trust"} or (said.kind == "time" and said.more[1] is None):
        return topics.to_all(All(said.kind))
    return topics.down(GATE, Down(said.kind))


@functools.lru_cache(maxsize=4096)
def document(said, signers, liars=()):
    """A document that these keys signed; `liars` are pairs: in whose name, by which key, wrongly."""
    whole = [key(number) for number in signers]
    whole += [Liar(key(name).public, key(own)) for name, own in liars]
    return Message(topic_of(said), envelope.sign(body(said), whole), said, tuple(signers))


def statuses(colours):
    return status.StatusList(colours.content)


def token(colours):
    return status.Token(
        uri=colours.uri,
        issued=colours.issued,
        expires=colours.expires,
        seq=colours.seq,
        statuses=statuses(colours),
    )


@functools.lru_cache(maxsize=4096)
def colours_of(said, signer, issuer, shard):
    """A list, or the changes from its base, on the topic of an issuer's shard."""
    if said.base is None:
        data = status.issue_token(token(said), key(signer))
        return Message(topics.to_all_list(All.STATUS, issuer, shard), data, said, (signer,))
    before, after = statuses(said.base), statuses(said)
    changes = {n: after[n] for n in range(after.size) if after[n] != before[n]}
    data = status.issue_delta(token(said.base), token(said), changes, key(signer))
    return Message(topics.to_all_list(All.DELTA, issuer, shard), data, said, (signer,))


@functools.cache
def paper(issuer, signer, uri):
    """A code on paper that this key signed."""
    claims = Claims(
        issuer=issuer,
        issued=START_S,
        expires=2**40,
        list_uri=uri,
        index=0,
        subject=bytes(16),
        paper=PaperName(masked_name="王*", id_tail="1234"),
    )
    return code.parse(code.to_text(code.issue(claims, key(signer))))


def spoiled(message, how):
    """The message cut short, or with one bit of its payload or of its last signature turned."""
    data = message.data
    if how == "cut":
        return Message(message.topic, data[: len(data) // 2], message.said, (), readable=False)
    if how == "signature":
        changed = data[:-1] + bytes([data[-1] ^ 1])
        return Message(message.topic, changed, message.said, message.signers[:-1])
    if isinstance(message.said, Colours):
        payload = status.peek(data).payload
    else:
        read = cose.parse_sign if message.said.kind in {"root", "trust"} else cose.parse_sign1
        payload = read(data, max_bytes=len(data)).payload
    at = data.index(payload) + len(payload) // 2
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    return Message(message.topic, changed, message.said, (), readable=False)
