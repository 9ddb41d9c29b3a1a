"""One random sequence: the town publishes, the line loses and delays, a thief signs, the power is cut."""

import random

from device.firmware.errors import Unrecognised
from device.firmware.office import GOOD_DOUBT_MS
from tests.device.firmware.beliefs import forge, model
from tests.device.firmware.beliefs.forge import DAY_S
from tests.device.firmware.beliefs.model import Model
from tests.device.firmware.beliefs.scenes import SCENES
from tests.device.firmware.beliefs.subject import quietly
from tests.device.firmware.beliefs.town import Town
from wire.messages import ClockTrust
from wire.reasons import Reason

ROUNDS = 40
BROADCAST_S = 30
LOSSY = 3


class WrongError(AssertionError):
    """The gate does not believe what it should; the text tells the whole sequence."""


class Drive:
    """`rng` alone decides what happens: the same seed is the same sequence."""

    def __init__(self, seed, subject):
        self.rng = random.Random(seed)
        self.seed, self.subject = seed, subject
        self.town = Town(self.rng)
        self.waiting, self.log, self.told = [], [], []
        first = self.town.begin()
        offset = self.rng.choice((0, 0, 0, -365, 365)) * DAY_S
        subject.begin(self.town.roots[0].data, self.town.now_s + offset)
        self.model = Model(self.town.root)
        self.publish(first)

    def run(self, steps):
        """A sequence, then delivery resumes: the gate must end at the newest of everything."""
        moves = (
            (self.deliver, 30),
            (self.something_new, 16),
            (self.replay, 7),
            (self.tamper, 6),
            (self.forge, 10),
            (self.lose, 4),
            (self.passes, 6),
            (self.steal, 4),
            (self.rotate, 5),
            (self.restart, 2),
            (self.cut, 2),
            (self.card_fails, 1),
            (self.floor, 3),
            (self.scene, 4),
        )
        names, weights = zip(*moves, strict=True)
        for move in self.rng.choices(names, weights, k=steps):
            move()
        self.resume()

    # What happens.

    def publish(self, messages):
        self.waiting += messages
        self.log += messages

    def deliver(self):
        if self.waiting:
            at = 0 if self.rng.random() < 0.6 else self.rng.randrange(len(self.waiting))
            self.hear(self.waiting.pop(at), "heard")

    def lose(self):
        if self.waiting:
            self.waiting.pop(self.rng.randrange(len(self.waiting)))

    def replay(self):
        older = [m for m in self.log if getattr(m.said, "kind", "") in model.KEPT]
        self.hear(self.rng.choice(older if older and self.rng.random() < 0.4 else self.log), "replayed")

    def tamper(self):
        message = self.rng.choice(self.log)
        self.hear(forge.spoiled(message, self.rng.choice(("cut", "payload", "signature"))), "tampered")

    def forge(self):
        message = self.town.forged(self.nonce, self.subject.store.journal)
        self.hear(message, "forged")
        if self.rng.random() < 0.3 and message.signers:
            self.log.append(message)

    def something_new(self):
        town, rng = self.town, self.rng
        uri = rng.choice(town.uris())
        makes = (
            lambda: town.new_list(uri),
            lambda: town.new_delta(uri) if uri in town.lists else town.new_list(uri),
            lambda: town.new_delta(uri) if uri in town.lists else town.new_list(uri),
            town.change_office,
            town.new_assignment,
            lambda: town.new_trust(town.offices),
            town.new_time,
            self.answer,
            town.new_venue,
            lambda: town.new_command(self.nonce),
            lambda: town.new_receipt(self.subject.store.journal),
        )
        self.publish([rng.choice(makes)()])

    def answer(self):
        self.subject.said_hello()
        return self.town.new_time(self.nonce)

    def rotate(self):
        """A role gets another key; often one leaves at once, sometimes only by the next root."""
        town, rng = self.town, self.rng
        role = rng.choice([role for role, _, _ in town.root.more])
        needed, keys = town.root.row(role)
        lose = set(rng.sample(keys, rng.randint(0, len(keys))))
        threshold = rng.randint(needed, 3) if role in {"root", "trust"} and town.twos else None
        self.publish(
            [town.new_root(role, lose, threshold), *(town.after_root() if rng.random() < 0.8 else [])]
        )

    def steal(self):
        self.town.steal()

    def passes(self):
        seconds = self.rng.choice((10, 10, 3600, DAY_S, 8 * DAY_S, 40 * DAY_S))
        self.town.now_s += seconds
        self.subject.passes(seconds)
        self.tell(f"{seconds} s pass")

    def floor(self):
        self.subject.keep_floor()

    def scene(self):
        self.rng.choice(SCENES)(self)

    def card_fails(self):
        """The card takes nothing for a while, and is well again before the next start."""
        self.subject.broken = True
        for _ in range(self.rng.randint(1, 4)):
            self.deliver()
        self.subject.settle()
        self.tell("card well again")

    def restart(self):
        self.subject.start()
        self.model.started()
        self.check("a start")

    def cut(self):
        """The power is cut while a message is taken in, before or after one of its writes."""
        if not self.waiting:
            return
        message = self.waiting.pop(0)
        before = self.model.copy()
        after = self.model.copy()
        after.hear(message, self.subject.reading().now_s, self.nonce, self.subject.store.journal)
        self.subject.left = self.rng.randint(0, 2)
        quietly(lambda: self.subject.hear(message))
        self.subject.killed()
        for known in (after, before):
            known.started()
            _without(known, self.subject.beliefs)
        self.model = next((known for known in (after, before) if not self.subject.differs(known)), before)
        self.check(f"the power was cut at {_words(message)}")

    # What must hold.

    @property
    def nonce(self):
        return self.subject.greeting.session

    def hear(self, message, how):
        """Let the gate hear a message, and hold it to what it should make of it."""
        subject, reading = self.subject, self.subject.reading()
        floor_ms, root = subject.clock.floor_ms, self.model.root
        known, done = self.model.copy(), self.model.done
        taken = known.hear(message, reading.now_s, self.nonce, subject.store.journal)
        outcome = subject.hear(message)
        if subject.broken:
            known.done = done  # what cannot be remembered is not performed
        self.model = known
        what = f"{how} {_words(message)}: {'believed' if taken else 'refused'}"
        self.check(what)
        commands = {int.from_bytes(command.id) for command in outcome.commands}
        if commands != known.done - done:
            self.wrong(f"{what}, commands {commands}")
        venue = taken and getattr(message.said, "kind", "") == "venue"
        if (outcome.venue is not None) is not venue:
            self.wrong(f"{what}, but the other lanes' state was{'' if outcome.venue else ' not'} taken")
        if not taken and (outcome.changed or outcome.commands):
            self.wrong(f"{what}, but something changed")
        forgets = any(known.lost(root, role) for role in ("timekeeper", "director", "trust"))
        if subject.clock.floor_ms < floor_ms and not forgets:
            self.wrong(f"{what}: the clock's floor fell")
        return outcome

    def check(self, what):
        self.tell(what)
        differs = self.subject.differs(self.model)
        if differs:
            self.wrong(differs)
        model.sane(self.model)
        if self.subject.clock.floor_ms > self.model.floor_ms:
            self.wrong(f"the clock's floor is {self.subject.clock.floor_ms}, not {self.model.floor_ms}")
        if self.subject.stray():
            self.wrong(f"on the card, and not believed: {self.subject.stray()}")
        if self.model.heads is not None:
            told = set(self.subject.intake._behind)
            if told != self.model.withheld():
                self.wrong(f"withheld {told}, not {self.model.withheld()}")

    def tell(self, what):
        self.told.append(what)

    def wrong(self, why):
        story = "\n  ".join(self.told)
        raise WrongError(f"seed {self.seed}: {why}\n  {story}")

    # Delivery resumes.

    def resume(self):
        """The officers have taken every stolen key away; the gate connects, and everything retained comes."""
        town, rng = self.town, self.rng
        town.recovered()
        retained = [town.roots[-1], town.trust, town.assignment]
        retained += [town.lists[uri][0] for uri in town.uris()]
        rng.shuffle(retained)
        self.waiting = retained
        self.greeted()
        for turn in range(ROUNDS):
            while self.waiting:
                message = self.waiting.pop(0)
                if turn < LOSSY and message.said is not town.assignment.said and rng.random() < 0.2:
                    continue  # an inbox was full; nobody but the gate can say what it has not
                outcome = self.hear(message, "heard")
                if outcome.greet:
                    self.greeted()
                self.waiting += [m for uri in outcome.wanted for m in self.resent(uri)]
            if self.newest():
                break
            town.now_s += BROADCAST_S
            self.subject.passes(BROADCAST_S)
            self.waiting = [town.new_time()]
            reading = self.subject.reading()
            if reading.trust is not ClockTrust.SIGNED or reading.doubt_ms > GOOD_DOUBT_MS:
                self.greeted()  # as the office does while the clock is vague
        else:
            self.wrong(f"not at the newest after {ROUNDS} broadcasts")
        self.codes()
        self.hear(town.new_venue(), "heard")
        if rng.random() < 0.5:
            self.restart()
            if not self.newest():
                self.wrong("not at the newest after a start")

    def greeted(self):
        """What the fleet answers to a hello: the time, every root that is missing, what is newer."""
        held, town = self.subject.beliefs.held(), self.town
        own = [town.assignment] if held.assignment < town.assignment.said.version else []
        trust = [town.trust] if held.trust < town.trust.said.version else []
        own = trust + own if self.rng.random() < 0.5 else own + trust
        roots = [message for message in town.roots if message.said.version > held.root]
        self.waiting += [self.answer(), *(own + roots if self.rng.random() < 0.5 else roots + own)]

    def resent(self, uri):
        whole, changes = self.town.lists.get(uri, (None, []))
        return [whole, *changes] if whole else []

    def newest(self):
        """Whether the gate holds the newest of everything that it carries."""
        town, beliefs = self.town, self.subject.beliefs
        heads = {uri: town.head(uri) for o in town.offices for uri, _, here in o.shards if here}
        for kind in ("root", "trust", "assignment"):
            said = town.root if kind == "root" else getattr(town, kind).said
            if getattr(beliefs, kind) != forge.body(said):
                return False
        return beliefs.held().lists == heads and not beliefs.withheld(forge.body(town.new_time().said))

    def codes(self):
        """A code counts exactly when the newest trust document has its key."""
        now_s = self.town.now_s
        for office in self.town.offices:
            mine = {number for number, begins, end in office.codes if begins <= now_s < end}
            for number in sorted({*self.rng.sample(range(1, self.town.used + 1), 2), *mine}):
                try:
                    code = forge.paper(office.id, number, office.shards[0][0])
                    self.subject.beliefs.recognise(code, now_s)
                    taken = True
                except Unrecognised as error:  # a colour may mean nothing: the key counts nevertheless
                    taken = error.reason not in {Reason.UNKNOWN_ISSUER, Reason.BAD_SIGNATURE}
                if taken is not (number in mine):
                    self.wrong(
                        f"the code of key {number} was {'taken' if taken else 'refused'}: {mine} count"
                    )


def _without(known, beliefs):
    """A power cut may cost a list that a new trust document was about to take away, and its changes."""
    for uri in [uri for uri in known.lists if uri not in beliefs.lists]:
        del known.lists[uri]


def _words(message):
    said = message.said
    kind = getattr(said, "kind", None) or ("delta " if said.base else "list ") + said.uri
    version = getattr(said, "version", None) or getattr(said, "seq", None)
    return f"{kind} {version} by {message.signers}{'' if message.readable else ' (damaged)'}"
