"""Which signed documents a gate believes: every rule of verification in one place, without I/O.

After *any* refusal what was believed before still stands. The rules:

- **unknown key**: only keys that the held root names for a role, or the held trust document for an issuer.
- **expired key**: an issuer's key counts inside its validity only.
- **wrong role**: a key of one role says nothing in another's name; a code key signs no list.
- **below threshold**: root and trust need as many different keys as the root document says. What a new root
  leaves below its threshold is let go at once.
- **rolled back**: no older version, and no other content under a version that was believed. Where the keys
  that new roots took away could have signed it all alone, the versions they used up bind nobody. Who could
  have is asked of the last root that vouched for it: its keys, and as many as it needed.
- **skipped root version**: root N+1 follows root N, signed by the threshold of both; roots are replayed.
- **expired (frozen)**: nothing past its date; an expired root vouches for nobody, except for signed time,
  and still leads to its successor.
- **wrong audience**, **wrong nonce**: a document is for this gate, or for all; an answer is to this session.
- **issuer A signing for B**: an issuer's list has its own uri and keys; see `lists` and `recognise`.
- **truncated**, **oversized**: limits come before decoding, and nothing is read that was not signed.
- **withheld**: signed time names the newest versions; `withheld` says which of them did not arrive.

`kept=True` is for what this gate's own disk holds: all rules but the dates, which readiness judges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from device.firmware import lists
from device.firmware.errors import Refusal, Refused
from device.firmware.recognise import Recognised, Signers, recognise, recognise_pass, signers
from wire import envelope, policy
from wire.code import Unverified
from wire.documents import (
    EVERYBODY,
    Assignment,
    Command,
    Document,
    Receipt,
    Role,
    Root,
    Time,
    Trust,
    VenueState,
)
from wire.errors import Flaw, WireError
from wire.foreign import passes
from wire.keys import PublicKey
from wire.messages import Held, Versions
from wire.status import Token
from wire.topics import check_gate

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class _Last:
    """The document of its kind that was believed last, who signed it, and how many of them were needed."""

    document: Document
    data: bytes
    signers: frozenset[bytes]
    threshold: int


class Beliefs:
    """What one gate believes. What is held already and comes again is returned as the object it was."""

    def __init__(self, gate: str) -> None:
        self.gate = check_gate(gate)
        self.root: Root | None = None
        self.trust: Trust | None = None
        self.assignment: Assignment | None = None
        self.lists: dict[str, Token] = {}
        self._venue: VenueState | None = None
        self._last: dict[type[Document], _Last] = {}
        self._list_kids: dict[str, frozenset[bytes]] = {}
        self._changed: set[str] = set()
        self._signers: tuple[Trust | None, Signers] = (None, {})

    def first_root(self, data: bytes) -> Root:
        """The root from the card: believed because of where it lies, so it must be the first."""
        root = _unverified(Root, data)
        if self.root is not None and root != self.root:
            raise Refused(Refusal.ROLLBACK, "a root is held already, and only its successor replaces it")
        self.root = self.root or _vouched(root, Root, data)
        return self.root

    def new_root(self, data: bytes) -> Root:
        """The successor of the held root, signed by both. Dates do not count: it leads to its successor."""
        held = self._held_root()
        root = _unverified(Root, data)  # to tell refusals apart; nothing of it is believed yet
        if root == held:
            return held
        if root.version <= held.version:
            raise Refused(Refusal.ROLLBACK, f"root {held.version} is held")
        if root.version > held.version + 1:
            raise Refused(Refusal.SKIPPED_VERSION, f"root {held.version + 1} has to come first")
        _vouched(held, Root, data)
        root = _vouched(root, Root, data)
        _check_audience(root, EVERYBODY)
        if root.roles[Role.RECORDER] != held.roles[Role.RECORDER]:
            self._venue = None  # its version was the old recorder's; what it said expires in a minute
        self.root = root
        self._judge_again(root)
        return root

    def new_trust(self, data: bytes, now_s: int, *, kept: bool = False) -> Trust:
        """Whose codes count. Lists that it no longer binds to their issuer and keys are let go."""
        document = self._believable(Trust, data, now_s, kept=kept)
        trust = self._newer(self.trust, document, data)
        if trust is not self.trust:
            self.trust = trust
            bound = lists.still_bound(trust, self.gate, self._list_kids)
            self.lists = {uri: token for uri, token in self.lists.items() if uri in bound}
        return trust

    def new_assignment(self, data: bytes, now_s: int, *, kept: bool = False) -> Assignment:
        """What this gate is to be."""
        document = self._believable(Assignment, data, now_s, kept=kept)
        self.assignment = self._newer(self.assignment, document, data)
        return self.assignment

    def new_list(self, issuer: str, shard: int, data: bytes, now_s: int, *, kept: bool = False) -> Token:
        """The colours of one shard, as an issuer published them on this topic."""
        bound = lists.bind(self._held_trust(), self.gate, issuer, shard)
        held = self.lists.get(bound.ref.uri)
        token, kid = lists.read_list(bound, data, None if kept else now_s)
        if held is not None and (token.seq, token.statuses) == (held.seq, held.statuses):
            # One that changes have led to gives way to the same as a whole: it hangs on one key alone.
            longer = lists.lasts(bound, frozenset({kid})) > lists.lasts(bound, self._list_kids[token.uri])
            if not longer and token.uri not in self._changed:
                return held
        elif held is not None and token.seq <= held.seq:
            raise Refused(Refusal.ROLLBACK, f"sequence {held.seq} of this list is held")
        self.lists[token.uri], self._list_kids[token.uri] = token, frozenset({kid})
        self._changed.discard(token.uri)
        return token

    def new_deltas(
        self, issuer: str, shard: int, steps: Sequence[bytes], now_s: int, *, kept: bool = False
    ) -> Token:
        """The held list after steps that an issuer signed, all or none; BASE when one belongs on another."""
        bound = lists.bind(self._held_trust(), self.gate, issuer, shard)
        token, kids = lists.read_deltas(bound, self.lists.get(bound.ref.uri), steps, None if kept else now_s)
        self.lists[token.uri] = token
        self._list_kids[token.uri] = self._list_kids[token.uri] | kids
        self._changed.add(token.uri)
        return token

    def command(self, data: bytes, now_s: int, nonce: bytes) -> Command:
        """A command to this very session; whether it was executed before is for the store to say."""
        command = self._believable(Command, data, now_s)
        if command.nonce != nonce:
            raise Refused(Refusal.NONCE, "the command is for another session of this gate")
        return command

    def receipt(self, data: bytes, now_s: int, journal: bytes) -> Receipt:
        """What the fleet has committed of this journal."""
        receipt = self._believable(Receipt, data, now_s)
        if receipt.journal != journal:
            raise Refused(Refusal.AUDIENCE, "the receipt is for another journal")
        return receipt

    def venue(self, data: bytes, now_s: int) -> VenueState:
        """What the other lanes know; whoever uses it compares `expires` again."""
        state = self._believable(VenueState, data, now_s)
        if self._venue is not None and state.version < self._venue.version:
            raise Refused(Refusal.ROLLBACK, f"version {self._venue.version} was here before")
        self._venue = state
        return state

    def time(self, data: bytes, nonce: bytes | None) -> Time:
        """Signed time: the answer to `nonce`, or a broadcast when that is None. Dates cannot count here."""
        time = _vouched(self._held_root(), Time, data)
        _check_audience(time, EVERYBODY if nonce is None else self.gate)
        if time.nonce != nonce:
            raise Refused(Refusal.NONCE, "the time answers another session, or nobody")
        return time

    def withheld(self, time: Time) -> tuple[str, ...]:
        """What exists in a newer version than is held: "root", "trust" and the uris of carried lists."""
        held = self.held()
        names = [] if held.root >= time.root else ["root"]
        names += [] if held.trust >= time.trust else ["trust"]
        carried = lists.carried(self.trust, self.gate)
        return (*names, *(uri for uri in carried if held.lists.get(uri, 0) < time.lists.get(uri, 0)))

    def held(self) -> Held:
        """The versions of all that is believed, 0 for none."""
        documents = (self.root, self.trust, self.assignment)
        root, trust, assignment = (document.version if document else 0 for document in documents)
        seqs = {uri: token.seq for uri, token in self.lists.items()}
        return Held(root=root, trust=trust, assignment=assignment, lists=seqs)

    def versions(self, list_seq: int = 0) -> Versions:
        """The documents that decide at this moment, with the sequence of the list that was looked into."""
        held = self.held()
        return Versions(root=held.root, trust=held.trust, assignment=held.assignment, list_seq=list_seq)

    def policy(self) -> policy.Policy:
        """The assignment's policy, made as strict as the trust document's bounds."""
        wanted = self.assignment.policy if self.assignment else policy.DEFAULT
        return policy.tightened(wanted, self.trust.bounds if self.trust else policy.LOOSEST)

    def recognise(self, shown: Unverified | passes.Unverified, now_s: int | None) -> Recognised:
        """Whose code this is and what colour it has, or whose pass and what it states; or Unrecognised.

        Without `now_s` no date of a key or a list is compared.
        """
        if isinstance(shown, Unverified):
            return recognise(self.trust, self.lists, shown, now_s)
        secret = self.assignment.foreign_key if self.assignment else None
        if self._signers[0] is not self.trust:
            self._signers = (self.trust, signers(self.trust))
        return recognise_pass(self._signers[1], secret, shown, now_s)

    def _held_root(self) -> Root:
        if self.root is None:
            raise Refused(Refusal.UNKNOWN_KEY, "no root is held, so no key is known")
        return self.root

    def _held_trust(self) -> Trust:
        if self.trust is None:
            raise Refused(Refusal.UNKNOWN_KEY, "no trust document is held, so no issuer is known")
        return self.trust

    def _believable(self, kind: type[D], data: bytes, now_s: int, *, kept: bool = False) -> D:
        root = self._held_root()
        document = _vouched(root, kind, data)
        _check_audience(document, EVERYBODY if kind is Trust else self.gate)
        if not kept and min(root.expires, document.expires) <= now_s:
            raise Refused(Refusal.EXPIRED, f"the {envelope.KINDS[kind].name} or the root has expired")
        return document

    def _newer(self, held: D | None, document: D, data: bytes) -> D:
        kind = type(document)
        last = self._last.get(kind)
        if held is not None and document == held:
            return held
        if last is not None and document != last.document and document.version <= last.document.version:
            raise Refused(Refusal.ROLLBACK, f"version {last.document.version} was believed before")
        self._last[kind] = _last(self._held_root(), document, data)
        return document

    def _judge_again(self, root: Root) -> None:
        """Let go of what `root` does not vouch for, and of versions that only its removed keys stand for."""
        for kind, last in list(self._last.items()):
            judged = _last(root, last.document, last.data)
            if len(judged.signers) >= judged.threshold:
                self._last[kind] = judged
                continue
            self.trust = None if kind is Trust else self.trust
            self.assignment = None if kind is Assignment else self.assignment
            if len(last.signers - judged.signers) >= last.threshold:
                del self._last[kind]


def _unverified(kind: type[D], data: bytes) -> D:
    try:
        return envelope.read_body(kind, envelope.parse(kind, data).payload)
    except WireError as error:
        raise _refused(error) from error


def _vouched(root: Root, kind: type[D], data: bytes) -> D:
    """A document of `kind` whose signers and their number `root` vouches for; else Refused."""
    role: Role = envelope.KINDS[kind].role
    keys: Mapping[bytes, PublicKey] = root.keys_of(role)
    threshold = root.roles[role].threshold
    try:
        signers = {s.header.kid for s in envelope.parse(kind, data).signatures}
        if not signers & keys.keys():
            known = any(key.kid in signers for key in root.keys)
            raise Refused(Refusal.WRONG_ROLE if known else Refusal.UNKNOWN_KEY, f"no {role.value} key signed")
        if len(signers & keys.keys()) < threshold:
            raise Refused(Refusal.THRESHOLD, f"fewer than {threshold} {role.value} keys signed")
        return envelope.verify(kind, data, keys, threshold)
    except WireError as error:
        raise _refused(error) from error


def _last(root: Root, document: Document, data: bytes) -> _Last:
    """A document that was verified once, with those who signed it in the eyes of `root`."""
    kind, role = type(document), envelope.KINDS[type(document)].role
    signers = envelope.signers(kind, data, root.keys_of(role))
    return _Last(document, data, signers, root.roles[role].threshold)


def _check_audience(document: Document, audience: str) -> None:
    if document.audience != audience:
        raise Refused(Refusal.AUDIENCE, "the document is for somebody else")


def _refused(error: WireError) -> Refused:
    reasons = {Flaw.SIZE: Refusal.OVERSIZED, Flaw.SIGNATURE: Refusal.SIGNATURE, Flaw.ALG: Refusal.SIGNATURE}
    return Refused(reasons.get(error.flaw, Refusal.MALFORMED), error.detail)
