"""What a gate should believe, told by who signed what: sets and numbers, no bytes and no cryptography."""

from dataclasses import dataclass, field, replace

from tests.device.firmware.beliefs.forge import ROLE_OF, Colours

KEPT = ("trust", "assignment")


@dataclass(frozen=True)
class Binding:
    """The last document believed of a kind: its version binds until the keys removed could have made it."""

    said: object
    signers: frozenset
    counted: frozenset
    threshold: int


@dataclass(frozen=True)
class Held:
    """A list as it is held, and the keys that signed it and every change since, if there was any."""

    said: Colours
    signers: frozenset
    changed: bool = False


@dataclass
class Model:
    """The beliefs of one gate; `hear` says whether a message should be believed."""

    root: object
    trust: object = None
    assignment: object = None
    lists: dict = field(default_factory=dict)
    binding: dict = field(default_factory=dict)
    venue: object = None
    heads: object = None
    done: frozenset = frozenset()
    floor_ms: int = 0  # no date above this was ever believed of anybody who still counts

    def copy(self):
        return replace(self, lists=dict(self.lists), binding=dict(self.binding))

    def hear(self, message, now_s, nonce, journal):
        """Take a message in; False when a gate should refuse it, and change nothing."""
        if not message.readable:
            return False
        if isinstance(message.said, Colours):
            return self._colours(message, now_s)
        return getattr(self, f"_{message.said.kind}")(message, now_s, (nonce, journal))

    def started(self):
        """What a start leaves: other lanes are asked again, and heads come with the next signed time."""
        self.venue = self.heads = None
        self.lists = self.lists if self.trust else {}

    # Roots.

    def _root(self, message, _now_s, _session):
        said, before = message.said, self.root
        if said == before:
            return True
        if said.version != before.version + 1 or said.audience:
            return False
        if any(not vouched(root, "root", message.signers) for root in (before, said)):
            return False
        self.root = said
        for kind, last in list(self.binding.items()):
            threshold, keys = said.row(ROLE_OF[kind])
            if len(last.signers & set(keys)) >= threshold:
                self.binding[kind] = replace(last, counted=last.signers & set(keys), threshold=threshold)
                continue
            setattr(self, kind, None)
            if len(last.counted - set(keys)) >= last.threshold:
                del self.binding[kind]
        if said.row("recorder") != before.row("recorder"):
            self.venue = None
        if self.lost(before, "timekeeper"):
            self.heads = None
        if any(self.lost(before, role) for role in ("timekeeper", "director", "trust")):
            stand = (said, self.trust) if self.trust else (said,)
            told_ms = self.heads.more[0] if self.heads else 0
            self.floor_ms = max(told_ms, *(document.issued * 1000 for document in stand))
        self._dated(said.issued * 1000)
        return True

    def _dated(self, date_ms):
        self.floor_ms = max(self.floor_ms, date_ms)

    def lost(self, before, role):
        """Whether the root that is held has taken a key of a role away."""
        return bool(set(before.row(role)[1]) - set(self.root.row(role)[1]))

    # What a root vouches for.

    def _vouched(self, message, now_s):
        said = message.said
        if said.audience or not vouched(self.root, ROLE_OF[said.kind], message.signers):
            return False
        return now_s is None or now_s < min(said.expires, self.root.expires)

    def _newer(self, message, now_s):
        said = message.said
        if not self._vouched(message, now_s):
            return False
        last = self.binding.get(said.kind)
        if last is not None and said != last.said and said.version <= last.said.version:
            return False
        if said == getattr(self, said.kind):
            return True
        threshold, keys = self.root.row(ROLE_OF[said.kind])
        signers = frozenset(message.signers)
        self.binding[said.kind] = Binding(said, signers, signers & set(keys), threshold)
        setattr(self, said.kind, said)
        self._dated(said.issued * 1000)
        return True

    def _trust(self, message, now_s, _session):
        held = self.trust
        if not self._newer(message, now_s):
            return False
        if held is not self.trust:
            bound = {uri: (office, shard) for office, uri, shard in self.carried()}
            self.lists = {
                uri: held
                for uri, held in self.lists.items()
                if uri in bound and held.signers <= {row[0] for row in bound[uri][0].lists}
            }
        return True

    def _assignment(self, message, now_s, _session):
        return self._newer(message, now_s)

    def _venue(self, message, now_s, _session):
        said = message.said
        if not self._vouched(message, now_s) or (self.venue and said.version < self.venue.version):
            return False
        self.venue = said
        return True

    def _command(self, message, now_s, session):
        number, nonce = message.said.more
        if not self._vouched(message, now_s) or nonce != session[0]:
            return False
        self.done |= {number}
        return True

    def _receipt(self, message, now_s, session):
        return self._vouched(message, now_s) and message.said.more[0] == session[1]

    def _time(self, message, _now_s, session):
        now_ms, nonce, *_ = message.said.more
        if not self._vouched(message, None) or nonce not in {None, session[0]}:
            return False
        self._dated(now_ms)
        if self.heads is None or now_ms > self.heads.more[0]:
            self.heads = message.said
        return True

    # Colours.

    def carried(self):
        """Rows (issuer, uri, shard) of the lists that this gate should hold."""
        offices = self.trust.more if self.trust else ()
        return [(office, uri, shard) for office in offices for uri, shard, here in office.shards if here]

    def _colours(self, message, now_s):
        said, (signer,) = message.said, message.signers or (None,)
        _, _, _, issuer, shard = message.topic.split("/")
        row = next(((o, u) for o, u, s in self.carried() if (o.id, str(s)) == (issuer, shard)), None)
        if row is None or row[1] != said.uri or said.expires <= now_s:
            return False
        ends = {number: end for number, begins, end in row[0].lists if begins <= now_s < end}
        if signer not in ends:
            return False
        held = self.lists.get(said.uri)
        if said.base is not None:
            fits = held is not None and held.said.seq == said.base.seq and _leads(held.said, said)
            if fits:
                self.lists[said.uri] = Held(said, held.signers | {signer}, changed=True)
            return fits
        if held is not None and (said.seq, said.content) == (held.said.seq, held.said.content):
            until = min(end for number, _, end in row[0].lists if number in held.signers)
            if ends[signer] <= until and not held.changed:
                return True
        elif held is not None and said.seq <= held.said.seq:
            return False
        self.lists[said.uri] = Held(said, frozenset({signer}))
        return True

    def withheld(self):
        """What the newest signed time names and the gate has not."""
        if self.heads is None:
            return set()
        _, _, root, trust, seqs = self.heads.more
        names = {"root"} if self.root.version < root else set()
        names |= {"trust"} if (self.trust.version if self.trust else 0) < trust else set()
        held = {uri: held.said.seq for uri, held in self.lists.items()}
        return names | {uri for _, uri, _ in self.carried() if held.get(uri, 0) < dict(seqs).get(uri, 0)}


def _leads(held, said):
    """Whether changes make of a held list what their signer says: by chance of another than his base, too."""
    rows = zip(_values(held.content), _values(said.base.content), _values(said.content), strict=True)
    return all(has == after or base != after for has, base, after in rows)


def _values(content):
    return [value for byte in content for value in (byte & 15, byte >> 4)]


def vouched(root, role, signers):
    """Whether enough different keys of a role have signed."""
    threshold, keys = root.row(role)
    return len(set(signers) & set(keys)) >= threshold


def sane(model):
    """What must hold of a gate at any time, whatever came before: nothing below its threshold is believed."""
    for kind in KEPT:
        said = getattr(model, kind)
        if said is not None:
            last = model.binding[kind]
            assert last.said == said
            threshold, keys = model.root.row(ROLE_OF[kind])
            assert len(last.signers & set(keys)) >= threshold, f"{kind} is below its threshold"
    if model.trust is not None:
        keys = {office.id: {row[0] for row in office.lists} for office in model.trust.more}
        for office, uri, _ in model.carried():
            held = model.lists.get(uri)
            assert held is None or held.signers <= keys[office.id], "a list by a key that was removed"
