"""The truth: what the fleet, key officers, issuers and a thief have signed, and with which keys."""

from dataclasses import dataclass, field, replace

from tests.device.firmware.beliefs import forge
from tests.device.firmware.beliefs.forge import DAY_S, ISSUERS, POOL, ROLE_OF, START_S, Colours, Office, Said

LIVES_S = {"root": 365 * DAY_S, "trust": 60 * DAY_S, "assignment": 30 * DAY_S}
BRIEF_S = 60
COLOURS_S = 7 * DAY_S
ROLES = ("root", "trust", "director", "recorder", "timekeeper")
JUMPS = (1, 1, 1, 2, 1000, 2**40)


@dataclass
class Town:
    """Everything that exists at one moment. `rng` decides; messages are returned to be carried, or not."""

    rng: object
    now_s: int = START_S
    roots: list = field(default_factory=list)
    trust: object = None
    assignment: object = None
    lists: dict = field(default_factory=dict)  # uri -> (whole list, changes since), as messages
    used: int = 0
    stolen: set = field(default_factory=set)
    number: int = 0
    twos: bool = False

    def fresh(self):
        """A key that nobody has used."""
        self.used += 1
        assert self.used < POOL
        return self.used

    def begin(self):
        """The first documents; `twos`: roles of several keys need two of them from the beginning."""
        self.twos = self.rng.random() < 0.7
        many = {"root": 3, "trust": 3}
        rows = tuple(
            (
                role,
                2 if self.twos and role in many else 1,
                tuple(self.fresh() for _ in range(many.get(role, 1))),
            )
            for role in ROLES
        )
        self.roots = [self._signed(self._said("root", 1, rows))]
        offices = tuple(
            Office(
                id_, (self._span(),), (self._span(),), ((f"{id_}/0", 0, True), (f"{id_}/1", 1, id_ == "jl"))
            )
            for id_ in ISSUERS
        )
        return [self.new_trust(offices), self.new_assignment(), *(self.new_list(uri) for uri in self.uris())]

    @property
    def root(self):
        return self.roots[-1].said

    @property
    def offices(self):
        return self.trust.said.more

    def uris(self):
        return [uri for office in self.offices for uri, _, _ in office.shards]

    def _span(self, days=90):
        return self.fresh(), self.now_s - DAY_S, self.now_s + days * DAY_S

    def _said(self, kind, version, more=()):
        life_s = LIVES_S.get(kind, BRIEF_S)
        if kind == "root" and self.rng.random() < 0.2:
            life_s = 50 * DAY_S
        return Said(kind, version, self.now_s, self.now_s + life_s, more)

    def _signers(self, role, root=None):
        """As many keys as are needed, and sometimes more."""
        threshold, keys = (root or self.root).row(role)
        return self.rng.sample(
            keys, self.rng.randint(threshold, len(keys)) if role in {"root", "trust"} else 1
        )

    def _signed(self, said):
        role = ROLE_OF[said.kind]
        if said.kind != "root":
            return forge.document(said, tuple(self._signers(role)))
        both = self._signers(role, said) + (self._signers(role) if self.roots else [])
        return forge.document(said, tuple(dict.fromkeys(both)))

    # What the fleet and its officers publish.

    def new_root(self, role=None, lose=(), threshold=None):
        """Another root: a role gets a key, loses some, needs more of them."""
        rows = []
        for name, needed, keys in self.root.more:
            left = tuple(number for number in keys if number not in lose)
            if name == role:
                left += (self.fresh(),)
            wanted = threshold if threshold and name == role else needed
            while len(left) < wanted:
                left += (self.fresh(),)
            rows.append((name, wanted, left))
        message = self._signed(self._said("root", self.root.version + 1, tuple(rows)))
        self.roots.append(message)
        return message

    def after_root(self):
        """What the newest root does not vouch for any more is signed again, under the next version."""
        again = []
        for kind, make in (
            ("trust", lambda: self.new_trust(self.offices)),
            ("assignment", self.new_assignment),
        ):
            threshold, keys = self.root.row(ROLE_OF[kind])
            message = getattr(self, kind)
            if len(set(message.signers) & set(keys)) < threshold:
                again.append(make())
        return again

    def new_trust(self, offices):
        version = self.trust.said.version + 1 if self.trust else 1
        self.trust = self._signed(self._said("trust", version, offices))
        return self.trust

    def new_assignment(self):
        version = self.assignment.said.version + 1 if self.assignment else 1
        self.assignment = self._signed(self._said("assignment", version, (self.rng.randint(1, 9),)))
        return self.assignment

    def office_of(self, uri):
        return next((o, s) for o in self.offices for u, s, _ in o.shards if u == uri)

    def _list_signer(self, office):
        fit = [number for number, begins, end in office.lists if begins <= self.now_s < end]
        return self.rng.choice(fit) if fit else office.lists[-1][0]

    def new_list(self, uri):
        """The whole list with its next sequence."""
        office, shard = self.office_of(uri)
        seq, content = (self.head(uri) + 1, self.rng.randbytes(4))
        said = Colours(uri, seq, self.now_s, self.now_s + COLOURS_S, content)
        message = forge.colours_of(said, self._list_signer(office), office.id, shard)
        self.lists[uri] = (message, [])
        return message

    def same_list(self, uri, signer):
        """The whole list as it is after all its changes, by a certain key."""
        office, shard = self.office_of(uri)
        whole, changes = self.lists[uri]
        message = forge.colours_of(
            replace((changes or [whole])[-1].said, base=None), signer, office.id, shard
        )
        self.lists[uri] = (message, [])
        return message

    def new_delta(self, uri, signer=None):
        """Changes to the list, by any of the issuer's list keys, or by a certain one."""
        office, shard = self.office_of(uri)
        whole, changes = self.lists[uri]
        base = (changes or [whole])[-1].said
        content = bytes([base.content[0] ^ self.rng.randint(1, 255)]) + base.content[1:]
        flat = replace(base, base=None)
        said = Colours(uri, base.seq + 1, self.now_s, self.now_s + COLOURS_S, content, flat)
        message = forge.colours_of(said, signer or self._list_signer(office), office.id, shard)
        changes.append(message)
        return message

    def head(self, uri):
        whole, changes = self.lists.get(uri, (None, []))
        return (changes or [whole])[-1].said.seq if whole else 0

    def new_time(self, nonce=None):
        heads = tuple((uri, self.head(uri)) for uri in self.uris() if uri in self.lists)
        more = (self.now_s * 1000, nonce, self.root.version, self.trust.said.version, heads)
        return self._signed(self._said("time", self.now_s * 1000, more))

    def new_command(self, nonce):
        self.number += 1
        return self._signed(self._said("command", self.number, (self.number, nonce)))

    def new_receipt(self, journal):
        return self._signed(self._said("receipt", 1, (journal,)))

    def new_venue(self):
        self.number += 1
        return self._signed(self._said("venue", self.number, (self.number,)))

    # Issuers' keys.

    def change_office(self):
        """One issuer gets a key, loses one, moves a list, or gives one to other gates."""
        at = self.rng.randrange(len(self.offices))
        office = self.offices[at]
        change = self.rng.choice(
            (self._more_keys, self._fewer_keys, self._fewer_keys, self._moved, self._carried)
        )
        offices = (*self.offices[:at], change(office), *self.offices[at + 1 :])
        return self.new_trust(offices)

    def _more_keys(self, office):
        use = self.rng.choice(("codes", "lists"))
        return replace(office, **{use: (*getattr(office, use), self._span())})

    def _fewer_keys(self, office):
        use = self.rng.choice(("codes", "lists"))
        rows = getattr(office, use)
        rows = rows[1:] if len(rows) > 1 else (self._span(),)  # compromised: out at once, another one in
        return replace(office, **{use: rows})

    def _moved(self, office):
        uri, shard, here = office.shards[0]
        self.number += 1
        self.lists.pop(uri, None)
        return replace(office, shards=((f"{office.id}/new{self.number}", shard, here), *office.shards[1:]))

    def _carried(self, office):
        uri, shard, here = office.shards[1]
        return replace(office, shards=(office.shards[0], (uri, shard, not here)))

    # A thief.

    def steal(self):
        """One key is in other hands; of root keys never enough to make a root."""
        rows = [(role, keys) for role, _, keys in self.root.more]
        rows += [
            (use, [row[0] for row in getattr(o, use)]) for o in self.offices for use in ("codes", "lists")
        ]
        role, keys = self.rng.choice(rows)
        if role == "root" and (
            not self.twos or any(n in self.stolen for r in self.roots for n in r.said.row("root")[1])
        ):
            return
        self.stolen.add(self.rng.choice(keys))

    def forged(self, nonce, journal):
        """Something that somebody without the right to it has signed, as well as he can."""
        kind = self.rng.choice((*ROLE_OF, "list", "delta"))
        if kind in {"list", "delta"}:
            return self._forged_colours(kind)
        if kind == "root" and self.rng.random() < 0.3:
            return self._half_signed()
        said = self._forged(kind, nonce, journal)
        needed, keys = self.root.row(ROLE_OF[kind])
        mine = [number for number in keys if number in self.stolen]
        if kind == "root":
            mine += [number for number in said.row("root")[1] if number in self.stolen and number not in mine]
        other = self.rng.choice([0, *self.stolen])  # 0: a key that nobody knows
        if kind not in {"root", "trust"}:
            return forge.document(said, (self.rng.choice(mine or [other]),))
        names = [number for number in keys if number not in mine][: needed - 1]
        liars = tuple((name, other) for name in names) if self.rng.random() < 0.7 else ()
        return forge.document(said, tuple(mine or ([] if liars else [other])), liars)

    def _half_signed(self):
        """By mistake: the next root without the signatures of the root keys that it brings."""
        threshold, _ = self.root.row("root")
        rows = tuple(
            (role, threshold, (0, POOL, POOL + 1)) if role == "root" else (role, needed, keys)
            for role, needed, keys in self.root.more
        )
        said = self._said("root", self.root.version + 1, rows)
        return forge.document(said, tuple(self._signers("root")))

    def _forged(self, kind, nonce, journal):
        issued = self.now_s + self.rng.choice((0, 0, -DAY_S, 400 * DAY_S, 5000 * DAY_S))
        life = self.rng.choice((LIVES_S.get(kind, BRIEF_S), -1, 2000 * DAY_S))
        said = Said(kind, 1, issued, issued + life, audience=self.rng.choice(("", "", "", forge.ELSEWHERE)))
        held = {"root": self.root.version, "assignment": self.assignment.said.version}
        held |= {"trust": self.trust.said.version, "venue": self.number}
        version = max(1, held.get(kind, 0) + self.rng.choice((*JUMPS, 0, -1)))
        self.number += 1
        now_ms = issued * 1000
        mores = {
            "root": tuple(
                (role, n, (*keys[:-1], 0) if role == "root" else keys) for role, n, keys in self.root.more
            ),
            "trust": self.offices[:1],
            "assignment": (self.rng.randint(10, 99),),
            "command": (self.number, self.rng.choice((nonce, bytes(16)))),
            "receipt": (self.rng.choice((journal, bytes(16))),),
            "venue": (self.number,),
            "time": (
                now_ms,
                self.rng.choice((None, nonce)),
                version + 5,
                version + 5,
                ((self.uris()[0], 99),),
            ),
        }
        return replace(said, version=version, more=mores[kind])

    def _forged_colours(self, kind):
        office, other = self.rng.sample(self.offices, 2)
        uri, shard, _ = self.rng.choice(office.shards)
        keys = [row[0] for row in (*office.lists, *office.codes, *other.lists)]
        signer = self.rng.choice([n for n in keys if n in self.stolen] or [*keys[-1:], 0])
        seq = max(1, self.head(uri) + self.rng.choice((*JUMPS, 0)))
        base = None
        if kind == "delta" and uri in self.lists:
            whole, changes = self.lists[uri]
            base = replace((changes or [whole])[-1].said, base=None)
            seq = max(seq, base.seq + 1)
        content = self.rng.randbytes(4)
        said = Colours(uri, seq, self.now_s, self.now_s + self.rng.choice((COLOURS_S, -1)), content, base)
        return forge.colours_of(said, signer, office.id, shard)

    def recovered(self):
        """Every stolen key is taken away, and everything is signed anew."""
        made = []
        if any(number in self.stolen for _, _, keys in self.root.more for number in keys) or self._ends(
            self.root
        ):
            made.append(self.new_root(lose=self.stolen))
        offices = tuple(
            replace(o, codes=self._sound(o.codes), lists=self._sound(o.lists)) for o in self.offices
        )
        made += [self.new_trust(offices), self.new_assignment()]
        return [*made, *(self.new_list(uri) for uri in self.uris())]

    def _sound(self, rows):
        kept = tuple(row for row in rows if row[0] not in self.stolen and row[2] > self.now_s + DAY_S)
        return kept or (self._span(),)

    def _ends(self, said):
        return said.expires < self.now_s + DAY_S
