"""What comes in: believed, kept, journalled, asked for, and believed again after a start."""

import sqlite3
from dataclasses import replace

import pytest

from device.firmware import intake as intakes
from device.firmware.clock import Clock
from device.firmware.errors import Refused
from device.firmware.greeting import Greeting
from device.firmware.inbox import Inbox, Incoming
from device.firmware.intake import Intake
from device.firmware.restore import restore
from device.firmware.store import Store
from wire import topics
from wire.documents import Action, Range, Role
from wire.health import Trouble
from wire.keys import PrivateKey
from wire.messages import ClockTrust, Entry, Event, Outcome, event_hash
from wire.status import StatusList

GATE = "0123456789ab"
NOW_S = 1_795_000_000
NONCE = b"n" * 16


class Gate:
    """One gate's way in, with its own disk; `start` is what happens after a power cut."""

    def __init__(self, authority, path):
        self.authority = authority
        self.path = path
        self.store = None
        self.mono = 100.0
        self.card = authority.sign(authority.root())
        self.start()

    def start(self):
        if self.store:
            self.store.close()
        self.store = Store.open(self.path, GATE, journal_limit_bytes=1 << 20)
        restored = restore(self.store, self.card)
        self.beliefs, self.dropped = restored.beliefs, restored.dropped
        self.clock = Clock((NOW_S - 3600) * 1000)
        self.greeting = Greeting(NONCE)
        self.intake = Intake(self.beliefs, self.store, self.clock, self.greeting)

    def hear(self, topic, payload):
        incoming = Incoming(topics.parse(topic), payload, self.mono)
        return self.intake.handle(incoming, self.mono, self.clock.read(self.mono, NOW_S * 1000))

    def say(self, leaf, document, signers=None):
        data = self.authority.sign(document, signers)
        name = topics.down(GATE, topics.Down(leaf)) if leaf in set(topics.Down) else f"jx1/all/{leaf}"
        return self.hear(name, data)

    def list(self, token, issuer="jl"):
        return self.hear(f"jx1/all/status/{issuer}/0", self.authority.list(token))

    def delta(self, base, changes, **more):
        return self.hear("jx1/all/delta/jl/0", self.authority.delta(base, changes, **more))


@pytest.fixture
def gate(authority, tmp_path):
    gate = Gate(authority, tmp_path / "gate.db")
    yield gate
    gate.store.close()


@pytest.fixture
def ready(gate, authority):
    """A gate that has heard everything once."""
    gate.say("trust", authority.trust())
    gate.hear(f"jx1/down/{GATE}/assignment", authority.sign(authority.assignment()))
    gate.list(authority.token())
    return gate


def test_a_believed_document_is_kept_journalled_and_believed_after_a_start(gate, authority):
    outcome = gate.say("trust", authority.trust())
    assert outcome.changed
    (entry,) = outcome.entries
    assert (entry.kind, entry.word, entry.about) == (Event.DOCUMENT_ACCEPTED, "trust", 1)
    assert gate.clock.floor_ms == (NOW_S - 60) * 1000
    gate.start()
    assert gate.beliefs.trust == authority.trust()
    assert gate.dropped == ()


def test_a_signer_who_writes_milliseconds_for_seconds_stops_no_clock(gate, authority):
    for issued in (NOW_S * 1000, 2**63 - 1):
        version = gate.beliefs.held().trust + 1
        assert gate.say("trust", authority.trust(version=version, issued=issued)).changed
    assert gate.clock.floor_ms == (NOW_S - 3600) * 1000
    gate.store.floor_ms = gate.clock.floor_ms
    assert gate.list(authority.token()).changed


def test_what_is_held_already_is_no_news(ready, authority):
    outcome = ready.say("trust", authority.trust())
    assert (outcome.changed, outcome.entries) == (False, ())
    assert not ready.list(authority.token()).changed


def test_everything_survives_a_power_cut(ready, authority):
    ready.hear("jx1/all/root", authority.next_root(2, []))
    ready.delta(ready.beliefs.lists["jl/0"], {0: 0xC})
    held = ready.beliefs.held()
    assert (held.root, held.lists) == (2, {"jl/0": 2})
    ready.start()
    assert ready.beliefs.held() == held
    assert ready.beliefs.lists["jl/0"].statuses[0] == 0xC


def test_a_later_list_takes_the_place_of_the_changes_before_it(ready, authority):
    token = ready.beliefs.lists["jl/0"]
    for index in range(3):
        ready.delta(ready.beliefs.lists["jl/0"], {index: 0xC})
    ready.list(authority.token(seq=9))
    assert ready.store.names("delta") == []
    ready.start()
    assert ready.beliefs.lists["jl/0"].seq == 9 > token.seq


def test_a_refusal_is_counted_and_journalled_once_an_hour(ready, authority):
    forged = replace(authority.trust(version=2))
    first = ready.say("trust", forged, [authority.stranger])
    (entry,) = first.entries
    assert (entry.kind, entry.word) == (Event.DOCUMENT_REFUSED, "trust unknown_key")
    assert ready.say("trust", forged, [authority.stranger]).entries == ()
    ready.mono += intakes.SAY_EVERY_S
    assert len(ready.say("trust", forged, [authority.stranger]).entries) == 1
    assert ready.store.counters()["refused trust unknown_key"] == 3


@pytest.mark.parametrize("version", [0, 3])
def test_roots_meant_for_gates_that_are_further_back_or_ahead_are_only_counted(ready, authority, version):
    assert ready.hear("jx1/all/root", authority.next_root(version, [])).entries == ()
    assert ready.beliefs.root.version == 1


def test_lists_of_other_gates_are_only_counted(ready, authority):
    outcome = ready.hear("jx1/all/status/jl/1", authority.list(authority.token(uri="jl/1")))
    assert (outcome.entries, outcome.wanted, outcome.changed) == ((), {}, False)


def test_a_change_that_does_not_fit_asks_for_the_whole_list_but_not_all_the_time(ready):
    ahead = replace(ready.beliefs.lists["jl/0"], seq=7)
    assert ready.delta(ahead, {0: 0xC}).wanted == {"jl/0": 1}
    assert ready.delta(ahead, {0: 0xC}).wanted == {}
    ready.mono += intakes.ASK_EVERY_S
    assert ready.delta(ahead, {0: 0xC}).wanted == {"jl/0": 1}


def test_signed_time_shows_what_is_withheld(ready, authority):
    outcome = ready.hear("jx1/all/time", authority.sign(authority.time(trust=2, lists={"jl/0": 5})))
    assert outcome.wanted == {"jl/0": 1}
    assert ready.intake.troubles(ready.mono) == frozenset()
    ready.mono += intakes.GRACE_S
    assert ready.intake.troubles(ready.mono) == {Trouble.DOCUMENT_WITHHELD}
    ready.list(authority.token(seq=5))
    assert ready.intake.troubles(ready.mono) == {Trouble.DOCUMENT_WITHHELD}
    ready.say("trust", authority.trust(version=2))
    assert ready.intake.troubles(ready.mono) == frozenset()


def test_an_older_broadcast_does_not_hide_what_is_withheld(ready, authority):
    ready.hear("jx1/all/time", authority.sign(authority.time(trust=2)))
    ready.hear("jx1/all/time", authority.sign(authority.time(now_ms=NOW_S * 1000 - 9, trust=1)))
    assert ready.intake.troubles(ready.mono + intakes.GRACE_S) == {Trouble.DOCUMENT_WITHHELD}


def answer(gate):
    time = gate.authority.time(audience=GATE, nonce=NONCE)
    return gate.hear(f"jx1/down/{GATE}/time", gate.authority.sign(time))


def test_the_trip_of_an_answer_counts_from_the_first_hello(ready):
    ready.greeting.said(ready.mono)
    ready.greeting.said(ready.mono + 60)
    ready.mono += 61
    answer(ready)
    reading = ready.clock.read(ready.mono, 0)
    assert reading.trust is ClockTrust.SIGNED
    assert reading.doubt_ms >= 30_000
    assert ready.greeting.waiting_since is None


def test_an_answer_that_nobody_waits_for_sets_no_clock(ready):
    answer(ready)
    assert ready.clock.read(ready.mono, 0).trust is ClockTrust.FLOOR


def test_an_answer_that_set_the_clock_sets_it_once_even_after_dates_were_forgotten(ready, authority):
    ready.greeting.said(ready.mono)
    answer(ready)
    ready.mono += 7_200
    authority.keys[Role.TIMEKEEPER] = authority.keys[Role.TIMEKEEPER][:2]
    ready.hear("jx1/all/root", authority.next_root(2, []))
    assert ready.clock.read(ready.mono, 0).trust is ClockTrust.FLOOR
    ready.greeting.said(ready.mono)
    assert answer(ready).entries == ()  # a line may double what it carries
    assert ready.clock.read(ready.mono, 0).trust is ClockTrust.FLOOR
    later = authority.time(audience=GATE, nonce=NONCE, now_ms=(NOW_S + 7_200) * 1000)
    ready.hear(f"jx1/down/{GATE}/time", authority.sign(later))
    assert ready.clock.read(ready.mono, 0).now_s == NOW_S + 7_200


def test_an_answer_to_another_session_is_refused(ready, authority):
    ready.greeting.said(ready.mono)
    time = authority.time(audience=GATE, nonce=b"o" * 16)
    (entry,) = ready.hear(f"jx1/down/{GATE}/time", authority.sign(time)).entries
    assert entry.word == "time nonce"


def test_a_command_is_handed_over_once_even_after_a_power_cut(ready, authority):
    ready.greeting.said(ready.mono)
    answer(ready)
    command = authority.command()
    assert ready.say("command", command).commands == (command,)
    assert ready.say("command", command).commands == ()
    ready.start()
    ready.greeting.said(ready.mono)
    answer(ready)
    assert ready.say("command", command).commands == ()


def test_opening_needs_a_clock_that_somebody_vouches_for(ready, authority):
    outcome = ready.say("command", authority.command())
    assert outcome.commands == ()
    (result,) = outcome.results
    assert (result.id, result.outcome) == (b"c" * 16, Outcome.REFUSED)
    other = authority.command(id=b"d" * 16, action=Action.OUT_OF_SERVICE)
    assert ready.say("command", other).commands == (other,)


def test_opening_needs_a_clock_as_good_as_policy_wants_it_of_codes(ready, authority):
    doubt_ms = ready.beliefs.policy().clock_doubt_ms
    ready.greeting.said(ready.mono)
    ready.mono += 2 * doubt_ms / 1000 + 1  # the answer was held up: half of the trip is doubt
    answer(ready)
    assert ready.clock.read(ready.mono, 0).trust is ClockTrust.SIGNED
    outcome = ready.say("command", authority.command())
    assert (outcome.commands, outcome.results[0].outcome) == ((), Outcome.REFUSED)


def test_a_command_to_an_earlier_session_is_only_counted(ready, authority):
    assert ready.say("command", authority.command(nonce=b"o" * 16)) == intakes.Outcome()


def receipt_of_one(ready, authority):
    """The receipt for the one event that is in the journal by then."""
    ready.store.append(Entry(sequence=0, previous=bytes(32), at_ms=1, clock=ClockTrust.NONE, kind=Event.BOOT))
    ranges = (Range(first=1, last=1, hash=event_hash(ready.store.pending(0, 1)[0][1])),)
    return authority.receipt(journal=ready.store.journal, ranges=ranges)


def test_a_receipt_covers_what_is_in_the_journal(ready, authority):
    ready.say("receipt", receipt_of_one(ready, authority))
    assert ready.store.backlog == 0


def test_a_receipt_that_the_card_cannot_take_forgets_nothing_and_says_so(ready, authority):
    receipt = receipt_of_one(ready, authority)
    ready.store._db.execute("PRAGMA query_only = 1")
    assert ready.say("receipt", receipt).changed
    ready.store._db.execute("PRAGMA query_only = 0")
    assert ready.intake.troubles(ready.mono) == {Trouble.DISK}
    assert ready.store.backlog == 1


def test_what_the_other_lanes_know_is_handed_on(ready, authority):
    assert ready.say("venue", authority.venue()).venue == authority.venue()


def test_a_card_that_cannot_be_written_costs_no_belief_and_says_so(ready, authority):
    ready.store._db.execute("PRAGMA query_only = 1")
    assert ready.say("trust", authority.trust(version=2)).changed
    assert ready.beliefs.trust.version == 2
    assert ready.intake.troubles(ready.mono) == {Trouble.DISK}
    ready.store._db.execute("PRAGMA query_only = 0")


def test_a_command_that_cannot_be_remembered_is_not_performed(ready, authority):
    ready.store._db.execute("PRAGMA query_only = 1")
    command = authority.command(action=Action.OUT_OF_SERVICE)
    assert ready.say("command", command).commands == ()
    ready.store._db.execute("PRAGMA query_only = 0")


def test_what_removed_keys_signed_is_let_go_at_once_and_not_believed_after_a_start(ready, authority):
    roots = authority.signers(Role.ROOT)
    authority.keys[Role.DIRECTOR] = [PrivateKey.generate()]
    authority.thresholds[Role.DIRECTOR] = 1
    ready.hear("jx1/all/root", authority.next_root(2, roots))
    assert ready.beliefs.assignment is None
    ready.start()
    assert ready.beliefs.assignment is None
    assert ready.beliefs.trust is not None
    assert any("assignment 1" in words for words in ready.dropped)


def new_keys(authority, role):
    """Other keys for a role; the signers of root until now."""
    roots = authority.signers(Role.ROOT)
    authority.keys[role] = [PrivateKey.generate() for _ in range(3)]
    return roots


def test_a_version_binds_over_a_start_though_its_signers_are_too_few_by_now(ready, authority):
    before = authority.keys[Role.TRUST]
    ready.say("trust", authority.trust(version=5), before[:2])
    authority.keys[Role.TRUST] = before[1:]
    ready.hear("jx1/all/root", authority.next_root(2, []))
    for _ in range(2):
        assert ready.beliefs.trust is None
        (entry,) = ready.say("trust", authority.trust(version=4), before[1:]).entries
        assert entry.word == "trust rollback"
        ready.start()


def test_what_was_refused_before_a_root_or_let_go_by_it_is_asked_for(ready, authority):
    roots = new_keys(authority, Role.DIRECTOR)
    assert not ready.say("assignment", authority.assignment(version=2)).greet
    assert ready.hear("jx1/all/root", authority.next_root(2, roots)).greet
    assert ready.say("assignment", authority.assignment(version=2)).changed
    assert not ready.hear("jx1/all/root", authority.next_root(3, [])).greet
    roots = new_keys(authority, Role.TRUST)
    assert ready.hear("jx1/all/root", authority.next_root(4, roots)).greet
    authority.lists = authority.lists | {"jl": PrivateKey.generate()}
    ready.list(authority.token(seq=2))
    assert ready.say("trust", authority.trust(version=2)).greet


def test_a_root_or_trust_document_that_signed_time_names_is_asked_for_but_not_all_the_time(ready, authority):
    bodies = [authority.time(root=1 + n, trust=2 - n, now_ms=NOW_S * 1000 + n, lists={}) for n in (0, 0, 1)]
    times = [authority.sign(body) for body in bodies]
    assert [ready.hear("jx1/all/time", time).greet for time in times] == [True, False, True]
    ready.mono += intakes.ASK_EVERY_S
    assert ready.hear("jx1/all/time", times[0]).greet


def test_a_root_that_did_not_arrive_is_asked_for_when_nobody_known_can_name_it(ready, authority):
    roots = new_keys(authority, Role.TIMEKEEPER)
    time = authority.sign(authority.time())
    assert ready.hear("jx1/all/time", time).greet
    assert not ready.hear("jx1/all/root", authority.next_root(3, roots)).greet  # asked for already
    ready.mono += intakes.ASK_EVERY_S
    assert ready.hear("jx1/all/root", authority.next_root(3, roots)).greet
    ready.mono += intakes.ASK_EVERY_S
    assert not ready.hear("jx1/all/root", authority.next_root(1, roots)).greet
    assert ready.hear("jx1/all/root", authority.next_root(2, roots)).changed
    assert not ready.hear("jx1/all/time", time).greet


def test_a_gate_that_is_told_no_newer_time_for_ten_minutes_says_so(ready, authority):
    def broadcast(at_s):
        ready.hear("jx1/all/time", authority.sign(authority.time(now_ms=(NOW_S + at_s) * 1000)))

    def silent():
        return Trouble.TIME_SILENT in ready.intake.troubles(ready.mono)

    ready.mono += 1e6
    assert not silent()  # it was never connected
    ready.intake.listens(ready.mono)
    broadcast(0)
    ready.mono += intakes.SILENT_S - 1
    assert not silent()
    broadcast(0)  # the same again says nothing new
    ready.mono += 1
    assert silent()
    broadcast(1)
    assert not silent()
    ready.greeting.said(ready.mono)
    time = authority.time(audience=GATE, nonce=NONCE, now_ms=(NOW_S + 9000) * 1000)
    ready.hear(f"jx1/down/{GATE}/time", authority.sign(time))
    ready.mono += intakes.SILENT_S
    broadcast(9001)  # it was held up on its way, with what it could have told
    assert silent()
    ready.intake.listens(float("inf"))
    assert not silent()


def test_a_date_by_a_trust_key_that_was_stolen_goes_with_the_key(ready, authority):
    ready.say("trust", authority.trust(version=9, issued=NOW_S * 4, expires=NOW_S * 5))
    assert ready.clock.floor_ms == NOW_S * 4000
    roots = new_keys(authority, Role.TRUST)
    ready.hear("jx1/all/root", authority.next_root(2, roots))
    assert ready.clock.floor_ms == authority.root().issued * 1000
    assert ready.say("trust", authority.trust(version=2)).changed


def test_another_directors_key_costs_no_signed_time_and_no_heads(ready, authority):
    ready.say("assignment", authority.assignment(version=9, issued=NOW_S + 86_000))
    ready.hear("jx1/all/time", authority.sign(authority.time(trust=2, now_ms=(NOW_S + 5) * 1000)))
    ready.greeting.said(ready.mono)
    answer(ready)
    roots = new_keys(authority, Role.DIRECTOR)
    ready.hear("jx1/all/root", authority.next_root(2, roots))
    assert ready.clock.read(ready.mono, 0).trust is ClockTrust.SIGNED
    assert ready.clock.floor_ms == (NOW_S + 5) * 1000
    assert ready.intake.troubles(ready.mono + intakes.GRACE_S) == {Trouble.DOCUMENT_WITHHELD}


def test_a_floor_that_a_card_did_not_lower_is_lowered_before_the_root_is_kept(ready, authority):
    ready.hear("jx1/all/time", authority.sign(authority.time(now_ms=NOW_S * 3000)))
    ready.store.floor_ms = ready.clock.floor_ms
    roots = new_keys(authority, Role.TIMEKEEPER)
    ready.store._db.execute("PRAGMA query_only = 1")
    ready.hear("jx1/all/root", authority.next_root(2, roots))
    ready.store._db.execute("PRAGMA query_only = 0")
    ready.intake.keeper.settle()
    ready.start()
    assert (ready.beliefs.root.version, ready.store.floor_ms) == (2, (NOW_S - 60) * 1000)


@pytest.mark.parametrize("issued", [NOW_S * 1000, 2**63 - 1])
def test_dates_of_no_calendar_are_no_floor_after_a_new_root_either(ready, authority, issued):
    ready.say("trust", authority.trust(version=2, issued=issued, expires=2**63 - 1))
    roots = new_keys(authority, Role.DIRECTOR)
    ready.hear("jx1/all/root", authority.next_root(2, roots))
    assert ready.clock.floor_ms == authority.root().issued * 1000


def test_a_key_that_is_added_costs_no_signed_time(ready, authority):
    ready.greeting.said(ready.mono)
    answer(ready)
    authority.keys[Role.TIMEKEEPER] = [*authority.keys[Role.TIMEKEEPER], PrivateKey.generate()]
    ready.hear("jx1/all/root", authority.next_root(2, []))
    assert ready.clock.read(ready.mono, 0).trust is ClockTrust.SIGNED


def test_a_list_of_a_new_key_is_kept_though_the_removed_one_had_used_up_higher_sequences(ready, authority):
    ready.list(authority.token(seq=900))
    ready.delta(ready.beliefs.lists["jl/0"], {0: 0xC})
    authority.lists = authority.lists | {"jl": PrivateKey.generate()}
    ready.say("trust", authority.trust(version=2))
    assert ready.beliefs.lists == {}
    assert ready.list(authority.token(seq=3)).changed
    assert ready.store.names("delta") == []
    ready.start()
    assert ready.beliefs.held().lists == {"jl/0": 3}


def test_lists_that_are_not_carried_any_more_are_let_go_on_the_card_too(ready, authority):
    bare = replace(authority.issuer("jl"), lists=())
    ready.delta(ready.beliefs.lists["jl/0"], {0: 0xC})
    rows = (ready.store.kept("list"), ready.store.kept("delta"))
    ready.say("trust", authority.trust(version=2, issuers=(bare,)))
    assert ready.store.names("list") == ready.store.names("delta") == []
    for kind, kept in zip(("list", "delta"), rows, strict=True):  # the power was cut before that
        for name, version, data in kept:
            ready.store.keep(kind, name, version, data)
    ready.start()
    assert ready.beliefs.lists == {}
    assert len(ready.dropped) == 2


def three_steps(ready):
    for index in range(3):
        ready.delta(ready.beliefs.lists["jl/0"], {index: 0xC})
    return ready.beliefs.lists["jl/0"]


def test_a_start_hashes_a_list_once_however_many_changes_lead_to_it(ready, monkeypatch):
    held, hashed = three_steps(ready), []
    digest = StatusList.digest.fget
    monkeypatch.setattr(StatusList, "digest", property(lambda one: hashed.append(one) or digest(one)))
    ready.start()
    assert ready.beliefs.lists["jl/0"] == held
    assert ready.dropped == ()
    assert len(hashed) == 1


def test_after_a_change_that_the_card_spoilt_those_before_it_are_believed(ready):
    three_steps(ready)
    _, (name, seq, data), (after, *_) = ready.store.kept("delta")
    ready.store.keep("delta", name, seq, data[:-1] + bytes([data[-1] ^ 1]))
    ready.start()
    assert ready.beliefs.lists["jl/0"].seq == 2
    assert [words.split(": ")[0] for words in ready.dropped] == [name, after]


def test_a_card_that_takes_nothing_is_told_of_lists_that_went_and_owes_none_of_them(ready, authority):
    ready.store._db.execute("PRAGMA query_only = 1")
    ready.delta(ready.beliefs.lists["jl/0"], {0: 0xC})
    bare = replace(authority.issuer("jl"), lists=())
    ready.say("trust", authority.trust(version=2, issuers=(bare,)))
    assert ready.intake.keeper.failed
    ready.store._db.execute("PRAGMA query_only = 0")
    ready.intake.keeper.settle()
    assert ready.store.names("delta") == []


def two_list_keys(authority):
    """An issuer with a second key for lists, which signs from now on, and the issuer without it."""
    new, jl = PrivateKey.generate(), authority.issuer("jl")
    authority.lists = authority.lists | {"jl": new}
    return replace(jl, keys=(*jl.keys, replace(jl.keys[1], key=new.public))), jl


@pytest.mark.parametrize("done", [False, True])
def test_a_power_cut_while_lists_go_leaves_a_list_with_all_its_changes_or_none(
    ready, authority, monkeypatch, done
):
    ready.delta(ready.beliefs.lists["jl/0"], {0: 0xC})
    forget = ready.store.forget

    def cut(*gone):
        if done:
            forget(*gone)
        raise KeyboardInterrupt

    monkeypatch.setattr(ready.store, "forget", cut)
    with pytest.raises(KeyboardInterrupt):
        ready.say("trust", authority.trust(version=2, issuers=(replace(authority.issuer("jl"), lists=()),)))
    ready.start()
    assert ready.beliefs.held().trust == 1
    assert ready.beliefs.held().lists == ({} if done else {"jl/0": 2})


def test_lists_that_a_card_did_not_let_go_are_let_go_when_it_can(ready, authority):
    both, old = two_list_keys(authority)
    ready.say("trust", authority.trust(version=2, issuers=(both,)))
    ready.delta(ready.beliefs.lists["jl/0"], {0: 0xC})
    ready.store._db.execute("PRAGMA query_only = 1")
    ready.say("trust", authority.trust(version=3, issuers=(old,)))
    ready.store._db.execute("PRAGMA query_only = 0")
    ready.intake.keeper.settle()
    ready.start()
    assert ready.beliefs.trust.version == 3
    assert ready.beliefs.lists == {}  # and not the one without the changes of the key that went


def test_the_same_list_by_a_key_that_lasts_longer_takes_the_place_of_the_one_held(ready, authority):
    old, new = authority.lists["jl"], PrivateKey.generate()
    jl = authority.issuer("jl")
    later = replace(jl.keys[1], key=new.public, not_after=jl.keys[1].not_after + 1)
    ready.say("trust", authority.trust(version=2, issuers=(replace(jl, keys=(*jl.keys, later)),)))
    whole = authority.token(seq=2)
    ready.list(whole)
    authority.lists = authority.lists | {"jl": new}
    assert ready.list(whole).changed
    authority.lists = authority.lists | {"jl": old}
    assert not ready.list(whole).changed
    ready.say("trust", authority.trust(version=3, issuers=(replace(jl, keys=(jl.keys[0], later)),)))
    ready.start()
    assert ready.beliefs.held().lists == {"jl/0": 2}


def test_a_list_that_came_whole_after_its_changes_hangs_on_one_key_now_and_after_a_start(ready, authority):
    both, jl = two_list_keys(authority)
    ready.say("trust", authority.trust(version=2, issuers=(both,)))
    ready.delta(ready.beliefs.lists["jl/0"], {0: 0xC})
    assert ready.list(ready.beliefs.lists["jl/0"]).changed
    assert ready.store.names("delta") == []
    assert not ready.list(ready.beliefs.lists["jl/0"]).changed
    new = replace(jl, keys=(jl.keys[0], both.keys[2]))
    for version in (3, 4):
        ready.say("trust", authority.trust(version=version, issuers=(new,)))
        assert ready.beliefs.held().lists == {"jl/0": 2}
        ready.start()


def test_a_list_that_the_card_has_lost_is_kept_when_it_comes_again(ready, authority):
    ready.store.forget([("list", "jl/0")])  # a torn file was put aside
    ready.list(authority.token())
    assert ready.store.names("list") == [("jl/0", 1)]


def test_a_list_that_is_owed_to_the_card_is_not_taken_for_another_one(ready, authority):
    old = authority.lists["jl"]
    both, jl = two_list_keys(authority)
    ready.say("trust", authority.trust(version=2, issuers=(both,)))
    ready.store._db.execute("PRAGMA query_only = 1")
    ready.list(authority.token(seq=2))
    authority.lists = authority.lists | {"jl": old}
    ready.list(authority.token(seq=2))
    ready.store._db.execute("PRAGMA query_only = 0")
    ready.intake.keeper.settle()
    ready.start()
    ready.say("trust", authority.trust(version=3, issuers=(replace(jl, keys=(jl.keys[0], both.keys[2])),)))
    assert ready.beliefs.held().lists == {"jl/0": 2}


def test_a_list_goes_with_any_of_the_keys_that_led_to_it(ready, authority):
    new, jl = PrivateKey.generate(), authority.issuer("jl")
    later = replace(jl.keys[1], key=new.public)
    ready.say("trust", authority.trust(version=2, issuers=(replace(jl, keys=(*jl.keys, later)),)))
    authority.lists = authority.lists | {"jl": new}
    ready.delta(ready.beliefs.lists["jl/0"], {0: 0xC})
    ready.say("trust", authority.trust(version=3, issuers=(replace(jl, keys=(jl.keys[0], later)),)))
    assert ready.beliefs.lists == {}


def test_bytes_that_were_changed_on_the_disk_are_not_believed(ready):
    ((kind, data),) = ready.store._db.execute("SELECT kind, data FROM document WHERE kind = 'list'")
    ready.store.keep(kind, "jl/0", 1, data[:-1] + bytes([data[-1] ^ 1]))
    ready.start()
    assert ready.beliefs.lists == {}


def test_a_card_without_a_root_is_refused(ready):
    with pytest.raises(Refused):
        restore(ready.store, b"nothing")


@pytest.mark.parametrize(
    "topic", [f"jx1/up/0/{GATE}/state", f"jx1/down/{'f' * 12}/command", "something/else"]
)
def test_the_inbox_takes_only_what_is_for_this_gate(topic):
    inbox = Inbox(GATE)
    assert not inbox.put(topic, b"", 0.0)
    assert inbox.take() == []


def test_the_inbox_is_bounded_in_number_and_in_bytes():
    inbox = Inbox(GATE, max_messages=3, max_bytes=100)
    assert [inbox.put("jx1/all/time", b"x" * 40, 1.0) for _ in range(4)] == [True, True, False, False]
    assert [inbox.put("jx1/all/time", b"", 1.0) for _ in range(2)] == [True, False]
    assert inbox.dropped == 3
    assert len(inbox.take(2)) == 2
    assert inbox.put("jx1/all/time", b"x" * 100, 1.0)
    assert [len(message.payload) for message in inbox.take()] == [0, 100]


def test_lists_leave_room_in_the_inbox_for_what_nobody_would_miss():
    for limits, payload in (({"max_messages": 8}, b""), ({"max_bytes": 80}, b"x" * 10)):
        inbox = Inbox(GATE, **limits)
        lists = ("jx1/all/status/jl/0", "jx1/all/delta/jl/0")
        assert [inbox.put(lists[n % 2], payload, 1.0) for n in range(7)] == [True] * 6 + [False]
        assert inbox.put(f"jx1/down/{GATE}/assignment", payload, 1.0)
        assert inbox.put("jx1/all/time", payload, 1.0)
        assert not inbox.put("jx1/all/time", payload, 1.0)


def test_sqlite_errors_come_as_the_rooms_own(ready):
    ready.store._db.execute("PRAGMA query_only = 1")
    with pytest.raises(Exception, match="card could not be written") as caught:
        ready.store.keep("trust", "", 9, b"")
    assert isinstance(caught.value.__cause__, sqlite3.Error)
    ready.store._db.execute("PRAGMA query_only = 0")
