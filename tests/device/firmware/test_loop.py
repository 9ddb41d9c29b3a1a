"""A whole gate without threads: real store, beliefs and courier; hardware, broker and time are made up."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from device.drivers import InputKind, Lamp
from device.firmware.book import Book
from device.firmware.config_parts import Lane as Durations
from device.firmware.errors import JournalError
from device.firmware.inbox import Incoming
from device.firmware.lane_table import State
from device.firmware.office import AT_ONCE, LARGE_BYTES, NoOffice
from wire import messages, policy, topics
from wire.code import issue, prove, to_text
from wire.documents import Action, Direction, Hours, Recent
from wire.health import Trouble
from wire.keys import PrivateKey
from wire.messages import Event, Hello, Outcome
from wire.reasons import Colour, Reason, Verdict
from wire.subjects import digest_of
from wire.topics import All, Down, ToAll, ToGate

GATE = "0123456789ab"
NOW_S = 1_795_000_000
NORMAL_C, FEVER_C = 35.0, 37.5  # object temperatures at 23 °C in the room: 36.6 and 39.4 °C in the body


def test_a_green_person_with_a_normal_temperature_is_written_down_and_let_in(served):
    served.show(served.code())
    assert served.state is State.ADMITTING
    assert served.hands.is_open
    (entry,) = served.journal(Event.PASSAGE)
    assert (entry.verdict, entry.reason, entry.colour) == (Verdict.ADMIT, Reason.GREEN, Colour.GREEN)
    assert entry.issuer == "jl"
    assert entry.subject == bytes(16)
    assert entry.lane == "A"
    assert entry.versions == messages.Versions(root=1, trust=1, assignment=1, list_seq=1)
    assert 3600 < entry.temperature.body_c100 < 3720
    assert entry.took_ms <= 100
    served.walk_through()
    assert served.state is State.IDLE
    assert not served.hands.is_open
    (passed,) = served.journal(Event.PASSED)
    assert passed.about == entry.sequence


def test_the_journal_holds_the_admission_when_the_relay_moves(served, monkeypatch):
    newest = []
    monkeypatch.setattr(served.hands, "open", lambda: newest.append(served.store.newest(1)[0]))
    served.show(served.code())
    assert [entry.verdict for entry in newest] == [Verdict.ADMIT]


def test_the_relay_drops_after_its_pulse_though_nobody_has_passed_yet(served):
    served.show(served.code())
    served.run(1.0)
    assert not served.hands.is_open
    assert served.state is State.ADMITTING
    served.run(8)
    assert served.state is State.IDLE
    assert len(served.journal(Event.NOT_PASSED)) == 1


def test_a_card_that_is_slow_takes_nothing_of_the_pulse(served, monkeypatch):
    passage = Book.passage

    def slowly(*what):
        served.mono += 1.5  # as long as two pulses
        return passage(*what)

    monkeypatch.setattr(Book, "passage", slowly)
    served.stage.moment_s = lambda _: served.mono
    served.stand()
    begun_s = served.mono
    served.look_at(served.code())
    served.run(0.05)
    assert served.hands.is_open
    opened_s = served.mono
    assert opened_s > begun_s + 1.5
    served.run(0.7)
    assert served.hands.is_open
    served.run(0.15)
    assert not served.hands.is_open
    served.run(opened_s + 7.9 - served.mono)
    assert served.state is State.ADMITTING
    served.run(0.2)
    assert len(served.journal(Event.NOT_PASSED)) == 1


def test_who_did_not_pass_may_come_again_with_a_fresh_proof_but_not_with_the_used_one(served):
    used = served.code()
    served.show(used)
    served.leave()
    served.show(used)
    assert served.verdicts()[-1] is Reason.PROOF_REPLAYED
    served.leave()
    served.show(served.code())
    assert served.verdicts()[-1] is Reason.GREEN


def test_the_same_person_at_an_open_barrier_is_the_same_visit(served):
    served.show(served.code())
    served.run(1)
    served.look_at(served.code())
    served.run(0.2)
    assert served.hands.opened == 1
    assert len(served.verdicts()) == 1


def test_who_passed_is_refused_for_a_while_and_then_let_in(served):
    served.show(served.code())
    served.walk_through()
    served.leave()
    served.show(served.code())
    assert served.verdicts()[-1] is Reason.PASSED_BEFORE
    served.leave()
    served.run(60)
    served.show(served.code())
    assert served.verdicts()[-1] is Reason.GREEN


def test_a_restart_forgets_no_passage(served, tmp_path):
    text = served.code()
    served.show(text)
    served.walk_through()
    served.look_at()
    served.build(served.beliefs, tmp_path / "gate.db")
    served.broker.connected = False
    served.online()
    served.run(1)
    served.show(served.code())
    assert served.verdicts()[-1] is Reason.PASSED_BEFORE


def test_without_a_sensor_nothing_is_claimed_about_passing(served):
    del served.hands.contacts[InputKind.PASSAGE]
    served.show(served.code())
    served.leave()
    assert not served.journal(Event.PASSED)
    assert not served.journal(Event.NOT_PASSED)
    served.show(served.code())
    assert served.verdicts()[-1] is Reason.PASSED_BEFORE


def test_who_still_stands_in_the_passage_when_the_time_is_over_has_passed(served):
    served.show(served.code())
    served.hands.touch(InputKind.PASSAGE, True)
    served.run(9)
    assert len(served.journal(Event.PASSED)) == 1


COLOURS = {
    0xC: (Reason.YELLOW, State.REFERRED),
    0xD: (Reason.ORANGE, State.DENIED),
    0xE: (Reason.RED, State.DENIED),
    0xF: (Reason.NO_INFORMATION, State.REFERRED),
    0x1: (Reason.REVOKED, State.DENIED),
}


@pytest.mark.parametrize("value", COLOURS)
def test_no_other_colour_opens_or_waits_for_a_temperature(served, value):
    reason, state = COLOURS[value]
    served.beliefs.new_list(
        "jl", 0, served.authority.list(served.authority.token(seq=2, values={7: value})), NOW_S
    )
    served.look_at(served.code(index=7))
    served.run(0.1)
    assert served.state is state
    assert served.verdicts() == [reason]
    assert not served.hands.opened


def test_red_looks_like_any_call_for_the_attendant(served):
    served.look_at(served.code(index=3))
    served.run(0.1)
    assert served.verdicts() == [Reason.RED]
    assert served.presenter.card.en == "Ask the attendant"
    assert served.presenter.card.lamp is Lamp.AMBER
    assert not served.presenter.card.code


def test_a_fever_is_measured_twice_and_denied(served):
    served.show(served.code(), FEVER_C)
    assert served.state is State.MEASURING
    assert not served.verdicts()
    served.run(1)
    assert served.verdicts() == [Reason.FEVER]
    assert served.journal(Event.PASSAGE)[0].temperature.body_c100 > 3800
    assert not served.hands.opened


def test_a_fever_is_not_tried_away_with_fresh_proofs(served):
    served.show(served.code(), FEVER_C)
    served.run(1)
    served.leave()
    served.show(served.code())
    assert served.state is State.DENIED
    assert served.verdicts() == [Reason.FEVER]


def test_a_result_that_is_shown_again_is_said_again_but_written_once(served):
    served.show(served.code(), FEVER_C)
    served.run(1)
    served.leave()
    served.show(served.code())
    assert '"kind": "again", "verdict": "deny", "reason": "A-212"' in served.said.getvalue()
    assert len(served.journal(Event.PASSAGE)) == 1


class Noisy:
    """Skin as a thermometer sees it: never the same twice."""

    def __init__(self, world, object_c, noise_c, seed):
        self.dice = random.Random(seed)
        self.world, self.object_c, self.noise_c = world, object_c, noise_c

    def run(self, seconds):
        for _ in range(round(seconds / 0.05)):
            self.world.hands.object_c = self.object_c + self.dice.gauss(0, self.noise_c)
            self.world.run(0.05)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("object_c", "wanted"),
    [(NORMAL_C, {Reason.GREEN}), (FEVER_C, {Reason.FEVER}), (35.65, {Reason.TEMPERATURE_UNSURE})],
    ids=["well", "fever", "between"],
)
def test_a_noisy_thermometer_changes_no_verdict(served, object_c, wanted, seed):
    noisy = Noisy(served, object_c, 0.04, seed)
    noisy.run(0.5)
    served.look_at(served.code())
    noisy.run(3)
    assert set(served.verdicts()) == wanted


def test_a_thermometer_that_jumps_about_measures_nobody(served):
    noisy = Noisy(served, NORMAL_C, 0.8, 3)
    served.look_at(served.code())
    noisy.run(10)
    assert served.verdicts() == [Reason.NO_TEMPERATURE]
    assert not served.hands.opened


def test_what_the_list_says_by_now_comes_before_a_remembered_fever(served):
    served.show(served.code(index=7), FEVER_C)
    served.run(1)
    served.leave()
    coloured = served.authority.token(seq=2, values={7: Colour.RED})
    served.beliefs.new_list("jl", 0, served.authority.list(coloured), NOW_S)
    served.show(served.code(index=7))
    assert served.verdicts() == [Reason.FEVER, Reason.RED]


def measuring(served, text):
    """Somebody's code is good, and nobody stands close enough yet."""
    served.look_at(text)
    served.run(0.5)
    assert served.state is State.MEASURING


def test_one_persons_temperature_never_stands_beside_another_ones_code(served):
    measuring(served, served.code(1))
    served.look_at(served.code(2))
    served.hands.object_c = NORMAL_C
    served.run(1)
    (entry,) = served.journal(Event.PASSAGE)
    assert (entry.subject, entry.reason) == ((2).to_bytes(16), Reason.GREEN)


def test_what_was_measured_before_the_second_code_does_not_count_for_it(served):
    measuring(served, served.code(1))
    served.hands.object_c = NORMAL_C
    served.run(0.4)
    served.look_at(served.code(2))
    served.run(0.35)  # eight samples since the first code, three since the second
    assert not served.verdicts()
    served.run(0.5)
    assert served.journal(Event.PASSAGE)[0].subject == (2).to_bytes(16)


def test_nobody_gets_rid_of_a_high_reading_by_showing_another_code(served):
    served.stand(FEVER_C)
    served.look_at(served.code(1))
    served.run(0.3)
    assert served.state is State.MEASURING
    served.look_at(served.code(2))
    served.hands.object_c = NORMAL_C
    served.run(0.5)
    (entry,) = served.journal(Event.PASSAGE)
    assert (entry.subject, entry.reason) == ((1).to_bytes(16), Reason.TEMPERATURE_UNSURE)
    served.run(1)
    assert served.verdicts()[1:] == [Reason.GREEN]
    served.walk_through()
    served.leave()
    served.show(served.code(1))
    assert served.verdicts()[1:] == [Reason.GREEN]
    assert served.state is State.REFERRED


def test_two_codes_while_somebody_is_measured_are_one_too_many(served):
    mine = served.code(1)
    measuring(served, mine)
    served.look_at(mine, served.code(2))
    served.hands.object_c = NORMAL_C
    served.run(1)
    assert served.state is State.WAITING
    assert served.presenter.card.en == "One at a time, please"
    assert not served.hands.opened
    served.look_at(mine)
    served.run(1)
    assert served.verdicts() == [Reason.GREEN]


def test_a_forged_code_while_somebody_is_measured_opens_nothing(served):
    measuring(served, served.code(1))
    served.look_at("JX1:%%%")
    served.hands.object_c = NORMAL_C
    served.run(1)
    assert served.state is State.DENIED
    assert not served.hands.opened


def test_the_next_proof_of_the_same_phone_and_a_poster_interrupt_nothing(served):
    measuring(served, served.code(1))
    began_s = served.stage.lane.since_s
    served.look_at("https://example.org/menu")
    served.run(0.1)
    served.run(5)
    served.look_at(served.code(1))
    served.run(0.2)
    assert (served.state, served.stage.lane.since_s) == (State.MEASURING, began_s)
    served.hands.object_c = NORMAL_C
    served.run(1)
    assert served.verdicts() == [Reason.GREEN]


def test_nobody_in_front_is_asked_closer_and_then_referred(served):
    served.look_at(served.code())
    served.run(2)
    assert served.presenter.card.en == "Step closer"
    served.run(7)
    assert served.verdicts() == [Reason.NO_TEMPERATURE]


def test_a_hot_cup_is_asked_to_step_back(served):
    served.show(served.code(), 60.0)
    served.run(1)
    assert served.presenter.card.en == "Step back a little"


def test_a_broken_thermometer_refers_at_once_is_a_fault_and_heals(served):
    served.hands.broken.add("thermometer")
    served.run(2)
    (fault,) = served.journal(Event.FAULT)
    assert fault.word == "thermometer"
    assert served.state is State.IDLE
    served.look_at(served.code())
    served.run(0.1)
    assert served.verdicts() == [Reason.NO_TEMPERATURE]
    served.hands.broken.clear()
    served.run(2)
    assert [entry.about for entry in served.journal(Event.FAULT_END)] == [Trouble.THERMOMETER]


def test_a_thermometer_that_has_hung_refers_is_a_fault_and_heals(served):
    served.hands.object_c = NORMAL_C
    served.run(50)
    assert not served.journal(Event.FAULT)
    served.run(15)
    assert [entry.word for entry in served.journal(Event.FAULT)] == ["thermometer"]
    served.look_at(served.code())
    served.run(0.1)
    assert served.verdicts() == [Reason.NO_TEMPERATURE]
    served.hands.object_c += 0.02
    served.run(1)
    assert [entry.about for entry in served.journal(Event.FAULT_END)] == [Trouble.THERMOMETER]
    served.hands.object_c = 23.0
    served.run(120)  # an empty room stays as it is
    assert len(served.journal(Event.FAULT)) == 1


def test_a_broken_camera_takes_the_gate_out_of_service_until_it_works_again(served):
    served.sight.working, served.sight.failure = False, "no cable"
    served.run(1)
    assert served.state is State.OUT_OF_SERVICE
    assert served.presenter.card.zh == "设备故障"
    served.sight.working = True
    served.run(1)
    assert served.state is State.IDLE


def test_a_relay_that_does_not_move_takes_the_gate_out_of_service_until_it_does(served):
    served.hands.broken.add("relay")
    served.show(served.code())
    assert served.state is State.OUT_OF_SERVICE
    served.run(1)
    assert [entry.word for entry in served.journal(Event.FAULT)] == ["barrier"]
    served.hands.broken.clear()
    served.run(4)
    assert served.state is State.IDLE
    assert not served.hands.is_open


def test_a_broken_lamp_is_a_fault_and_nothing_more(served):
    served.hands.broken.add("lamp")
    served.show(served.code())
    assert served.hands.is_open
    served.run(1)
    assert [entry.word for entry in served.journal(Event.FAULT)] == ["signals"]


def press(served, seconds=0.1):
    served.hands.touch(InputKind.BUTTON, True)
    served.run(seconds)
    served.hands.touch(InputKind.BUTTON, False)
    served.run(0.1)


def test_what_cannot_be_written_down_is_never_opened(served, monkeypatch):
    def full(_entry):
        raise JournalError("the card is full")

    monkeypatch.setattr(served.store, "append", full)
    served.show(served.code())
    assert served.state in {State.REFERRED, State.OUT_OF_SERVICE}
    assert not served.hands.opened
    served.run(2)
    assert served.state is State.OUT_OF_SERVICE
    press(served)
    assert not served.hands.opened
    monkeypatch.undo()
    served.run(10)
    assert served.state is State.IDLE
    assert served.journal()[-1].kind is Event.FAULT_END


def test_refusals_of_what_nobody_signed_are_counted_by_the_minute(served):
    forged = to_text(
        prove(
            issue(served.authority.claims(), served.authority.stranger), served.now_s, served.authority.holder
        )
    )
    for text in (forged, "JX1:%%%"):
        served.look_at(text)
        served.run(0.1)
        assert served.state is State.DENIED
        served.leave()
    assert not served.verdicts()
    served.run(60)
    (counted,) = served.journal(Event.REFUSALS)
    assert counted.counts == {Reason.UNKNOWN_ISSUER: 1, Reason.MALFORMED: 1}
    served.run(61)
    assert len(served.journal(Event.REFUSALS)) == 1


def test_a_poster_and_a_crowd_get_a_hint_once_and_nothing_is_written(served):
    before = served.store.head
    served.look_at("https://example.org/menu")
    served.run(0.1)
    assert served.presenter.card.en == "Please show a health code"
    served.run(3)
    assert served.state is State.IDLE
    served.look_at(served.code(1), served.code(2))
    served.run(0.1)
    assert served.presenter.card.en == "One at a time, please"
    assert served.store.head == before


def test_one_of_two_codes_is_served_when_the_other_has_gone(served):
    mine = served.code(1)
    served.stand()
    served.look_at(mine, served.code(2))
    served.run(0.1)
    served.look_at(mine)
    served.run(1)
    assert served.state is State.ADMITTING


def test_a_code_beside_a_poster_is_a_code(served):
    served.stand()
    served.look_at("https://example.org/menu", served.code())
    served.run(0.1)
    assert served.state is State.ADMITTING


def test_a_clock_that_nobody_vouches_for_admits_nobody(world):
    world.run(1)
    assert world.state is State.IDLE
    world.show(world.code())
    assert world.verdicts() == [Reason.CLOCK_DOUBT]
    assert not world.hands.opened


def test_a_screenshot_is_denied(served):
    served.look_at(served.code(iat=served.now_s - 40))
    served.run(0.1)
    assert served.verdicts() == [Reason.PROOF_OLD]


def test_paper_is_referred(served):
    served.look_at(served.code(paper=True))
    served.run(0.1)
    assert served.verdicts() == [Reason.PAPER]
    served.leave()
    served.look_at(served.code(paper=True))
    served.run(0.1)
    assert served.state is State.REFERRED
    assert served.verdicts() == [Reason.PAPER]


def test_staff_are_welcomed_as_staff(served):
    staff = (digest_of(bytes(16)),)
    served.beliefs.new_assignment(
        served.authority.sign(served.authority.assignment(version=2, staff=staff)), NOW_S
    )
    served.show(served.code())
    assert served.verdicts() == [Reason.STAFF]


def test_another_lane_of_the_venue_remembers_too_until_it_is_stale(served):
    recent = (Recent(digest=digest_of(bytes(16)), at=served.now_s, direction=Direction.ENTRY),)
    served.down(Down.VENUE, served.authority.venue(recent=recent, expires=served.now_s + 20))
    served.run(0.2)
    served.show(served.code())
    assert served.verdicts() == [Reason.PASSED_BEFORE]
    served.leave()
    served.run(20)
    served.show(served.code())
    assert served.verdicts()[-1] is Reason.GREEN


def test_a_full_venue_asks_to_wait(served):
    served.down(Down.ASSIGNMENT, served.authority.assignment(version=2, capacity=3))
    served.down(Down.VENUE, served.authority.venue())
    served.run(0.2)
    served.look_at(served.code())
    served.run(0.1)
    assert served.state is State.WAITING
    assert served.verdicts() == [Reason.FULL]


def test_a_button_at_a_desk_opens_at_once_and_it_is_written_down(served):
    served.stage.durations = Durations(button="opens")
    served.hands.touch(InputKind.BUTTON, True)
    served.run(0.1)
    assert served.hands.is_open
    (entry,) = served.journal(Event.OPENED_BY_HAND)
    assert entry.word == "button"
    served.walk_through()
    assert served.journal(Event.PASSED)[0].about == entry.sequence


def test_an_alarm_that_cannot_be_written_is_a_trouble_and_no_crash(served, monkeypatch):
    def full(_entry):
        raise JournalError("the card is full")

    monkeypatch.setattr(served.store, "append", full)
    served.hands.touch(InputKind.TAMPER, True)
    served.run(1)
    assert {Trouble.JOURNAL, Trouble.TAMPER} <= served.stage.health.found
    assert served.state is State.OUT_OF_SERVICE


def test_a_card_that_is_pulled_out_stops_the_service_and_not_the_gate(served, monkeypatch):
    served.store._db.close()
    monkeypatch.setattr("shutil.disk_usage", lambda _: Path("/nowhere").stat())
    served.run(31)
    assert {Trouble.JOURNAL, Trouble.DISK} <= served.stage.health.found
    assert served.state is State.OUT_OF_SERVICE
    served.hands.touch(InputKind.FIRE, True)
    served.run(0.2)
    assert served.hands.is_open


def test_a_camera_thread_that_has_died_is_noticed_whatever_it_said_last(served, monkeypatch):
    monkeypatch.setattr(type(served.sight), "beat_s", served.mono)
    served.run(10)
    assert Trouble.CAMERA in served.stage.health.found
    assert served.state is State.OUT_OF_SERVICE


def test_fire_opens_first_stays_open_and_shuts_when_it_is_over(served):
    served.hands.touch(InputKind.FIRE, True)
    served.run(30)
    assert served.state is State.EVACUATING
    assert served.hands.is_open
    served.hands.touch(InputKind.FIRE, False)
    served.run(1)
    assert served.state is State.IDLE
    assert not served.hands.is_open
    assert [entry.word for entry in served.journal(Event.FIRE)] == ["begun", "over"]


def test_fire_opens_though_nothing_can_be_written(served, monkeypatch):
    def full(_entry):
        raise JournalError("the card is full")

    monkeypatch.setattr(served.store, "append", full)
    served.hands.touch(InputKind.FIRE, True)
    served.run(1)
    assert served.hands.is_open
    assert served.state is State.EVACUATING


def test_fire_is_shown_though_the_relay_is_broken_and_opens_as_soon_as_it_works(served):
    served.hands.broken.add("relay")
    served.hands.touch(InputKind.FIRE, True)
    served.run(5)
    assert served.state is State.EVACUATING
    assert served.presenter.card.en == "Leave the building now"
    served.hands.broken.clear()
    served.run(3)
    assert served.hands.is_open


def test_a_door_that_was_not_opened_here_and_one_that_does_not_shut_are_written_down(served):
    served.hands.touch(InputKind.DOOR, True)
    served.run(0.2)
    assert len(served.journal(Event.FORCED_OPEN)) == 1
    served.run(10)
    assert len(served.journal(Event.HELD_OPEN)) == 1
    served.hands.touch(InputKind.DOOR, False)
    served.run(10)
    served.show(served.code())
    served.hands.touch(InputKind.DOOR, True)
    served.run(2)
    served.hands.touch(InputKind.DOOR, False)
    served.run(20)
    assert len(served.journal(Event.FORCED_OPEN)) == 1
    assert len(served.journal(Event.HELD_OPEN)) == 1


def test_an_opened_case_is_written_down_and_shown_in_the_state(served):
    served.hands.touch(InputKind.TAMPER, True)
    served.run(1)
    assert Trouble.TAMPER in served.broker.said(messages.State)[-1].troubles
    served.hands.touch(InputKind.TAMPER, False)
    served.run(1)
    assert [entry.word for entry in served.journal(Event.TAMPER)] == ["opened", "closed"]


def order(world, action, number=1):
    command = world.authority.command(id=bytes([number]) * 16, action=action, expires=world.now_s + 60)
    world.down(Down.COMMAND, command)
    world.run(0.3)
    return world.broker.said(messages.Reply)[-1].results[-1]


def test_a_command_opens_once_and_is_answered(served):
    assert order(served, Action.OPEN_ONCE).outcome is Outcome.DONE
    assert served.hands.is_open
    assert served.journal(Event.OPENED_BY_HAND)[0].word == "command"
    assert served.journal(Event.COMMAND_DONE)[0].word == "open_once done"
    assert order(served, Action.OPEN_ONCE, 2).outcome is Outcome.REFUSED
    assert served.hands.opened == 1


def test_a_command_that_cannot_be_written_down_fails(served, monkeypatch):
    def full(_entry):
        raise JournalError("the card is full")

    monkeypatch.setattr(served.store, "append", full)
    assert order(served, Action.OPEN_ONCE).outcome is Outcome.FAILED
    assert not served.hands.opened


def test_a_broken_relay_fails_the_command(served):
    served.hands.broken.add("relay")
    assert order(served, Action.OPEN_ONCE).outcome is Outcome.FAILED


def test_without_a_clock_a_command_does_not_open(served):
    served.beliefs.new_assignment(
        served.authority.sign(
            served.authority.assignment(version=2, policy=replace(policy.DEFAULT, clock_doubt_ms=0))
        ),
        NOW_S,
    )
    assert order(served, Action.OPEN_ONCE).outcome is Outcome.REFUSED


def test_a_gate_ordered_out_of_service_stays_so_over_a_restart(served, tmp_path):
    assert order(served, Action.OUT_OF_SERVICE).outcome is Outcome.DONE
    served.run(1)
    assert served.state is State.OUT_OF_SERVICE
    served.build(served.beliefs, tmp_path / "gate.db")
    served.broker.connected = False
    served.online()
    served.run(1)
    assert served.state is State.OUT_OF_SERVICE
    assert order(served, Action.IN_SERVICE, 2).outcome is Outcome.DONE
    served.run(1)
    assert served.state is State.IDLE


def register(world, number=1):
    command = world.authority.command(
        id=bytes([number]) * 16,
        action=Action.MEASURE_REGISTERED,
        number="7F2A-00031",
        attendant=b"t" * 16,
        expires=world.now_s + 60,
    )
    world.down(Down.COMMAND, command)
    world.run(0.3)


def results(world):
    return [
        (result.outcome, result.detail)
        for reply in world.broker.said(messages.Reply)
        for result in reply.results
    ]


def test_a_registered_person_is_measured_by_command_and_answered_with_the_verdict(served):
    register(served)
    assert served.state is State.MEASURING
    assert not results(served)
    served.look_at(served.code(1))  # a code held up meanwhile is nobody's turn
    served.stand()
    assert results(served) == [(Outcome.DONE, "")]
    (entry,) = served.journal(Event.REGISTRATION)
    assert (entry.word, entry.attendant, entry.reason) == ("7F2A-00031", b"t" * 16, Reason.REGISTERED)
    assert entry.subject is None
    assert entry.versions.assignment == 1
    assert served.hands.opened == 1
    assert not served.verdicts()
    assert served.journal(Event.COMMAND_DONE)[0].word == "measure_registered done"


def test_a_registered_person_with_a_fever_stays_outside(served):
    register(served)
    served.stand(FEVER_C)
    served.run(1)
    assert served.journal(Event.REGISTRATION)[0].reason is Reason.FEVER
    assert results(served) == [(Outcome.DONE, "")]
    assert not served.hands.opened


def test_nobody_is_measured_by_command_while_the_lane_is_at_work(served):
    served.look_at(served.code(1))
    served.run(0.2)
    register(served)
    assert results(served) == [(Outcome.REFUSED, "the lane is measuring")]


def test_nobody_is_measured_by_command_without_a_thermometer_or_a_clock(served):
    served.hands.broken.add("thermometer")
    served.run(1)
    register(served)
    assert results(served) == [(Outcome.REFUSED, "the thermometer does not work")]
    doubted = served.authority.assignment(version=2, policy=replace(policy.DEFAULT, clock_doubt_ms=0))
    served.beliefs.new_assignment(served.authority.sign(doubted), NOW_S)
    register(served, 2)
    assert results(served)[1:] == [(Outcome.REFUSED, "clock in doubt")]


def test_nobody_is_measured_by_command_into_a_full_house(served):
    served.down(Down.ASSIGNMENT, served.authority.assignment(version=2, capacity=3))
    served.down(Down.VENUE, served.authority.venue())
    served.run(0.2)
    register(served)
    assert results(served) == [(Outcome.REFUSED, "nobody is let in now (W-401)")]
    assert served.stage.lane.unexpected == 0


def test_a_measurement_by_command_that_a_fire_ends_has_failed(served):
    register(served)
    served.hands.touch(InputKind.FIRE, True)
    served.run(0.2)
    assert results(served) == [(Outcome.FAILED, "the measurement was interrupted")]
    assert not served.journal(Event.REGISTRATION)


def test_an_interrupted_measurement_is_not_answered_with_the_one_before_it(served):
    register(served)
    served.stand()
    served.walk_through()
    served.leave()
    register(served, 2)
    assert served.state is State.MEASURING
    served.hands.touch(InputKind.FIRE, True)
    served.run(0.2)
    assert results(served) == [(Outcome.DONE, ""), (Outcome.FAILED, "the measurement was interrupted")]


def test_whom_a_broken_relay_kept_outside_did_not_pass(served):
    served.hands.broken.add("relay")
    served.show(served.code())
    (admitted,) = served.journal(Event.PASSAGE)
    (stayed,) = served.journal(Event.NOT_PASSED)
    assert stayed.about == admitted.sequence
    assert served.memory.opened_since(0) == 0
    assert served.state is State.OUT_OF_SERVICE


def test_a_relay_and_a_journal_that_fail_together_open_nothing_and_say_so(served, monkeypatch):
    append, kinds = served.store.append, []

    def full(entry):
        kinds.append(entry.kind)
        if entry.kind is Event.NOT_PASSED:
            raise JournalError("the card is full")
        return append(entry)

    monkeypatch.setattr(served.store, "append", full)
    served.hands.broken.add("relay")
    served.show(served.code())
    assert Event.NOT_PASSED in kinds
    assert served.state is State.OUT_OF_SERVICE
    assert served.presenter.card.zh == "设备故障"


def test_a_fever_is_not_tried_away_over_a_screenshot_of_the_own_code(served):
    served.show(served.code(), FEVER_C)
    served.run(1)
    served.leave()
    served.look_at(served.code(iat=served.now_s - 400))
    served.run(0.2)
    assert served.verdicts() == [Reason.FEVER, Reason.PROOF_OLD]
    served.leave()
    served.show(served.code())
    assert served.verdicts() == [Reason.FEVER, Reason.PROOF_OLD]
    assert served.state is State.DENIED
    assert not served.hands.opened


def test_who_did_not_pass_before_a_restart_may_pass_after_it(served, tmp_path):
    served.show(served.code())
    served.leave()
    assert len(served.journal(Event.NOT_PASSED)) == 1
    served.build(served.beliefs, tmp_path / "gate.db")
    served.broker.connected = False
    served.online()
    served.run(12)
    served.show(served.code())
    assert served.verdicts()[-1] is Reason.GREEN


def test_refusals_that_were_counted_are_kept_when_the_gate_stops(served):
    served.look_at("JX1:%%%")
    served.run(0.2)
    assert not served.journal(Event.REFUSALS)
    served.gate.close()
    assert served.journal(Event.REFUSALS)[0].counts == {Reason.MALFORMED: 1}


def test_the_state_is_told_when_asked_for(served):
    served.run(1)
    before = len(served.broker.said(messages.State))
    assert order(served, Action.SEND_STATE).outcome is Outcome.DONE
    (state, *_) = served.broker.said(messages.State)[before:]
    assert state.ready
    assert state.online
    assert state.gauges["ambient_c100"] == 2300
    assert "object_c100" not in state.gauges
    assert state.lane == "idle"
    assert served.stage.lane.unexpected == 0


def test_a_large_list_ends_the_step_that_takes_it_in(served):
    def taken(*payloads):
        topic = ToAll(All.STATUS, "jl", 0)
        served.broker.incoming += [Incoming(topic, payload, served.mono) for payload in payloads]
        served.run(0.05)
        left = len(served.gate.office._waiting)
        served.run(1)
        return len(payloads) - left

    assert taken(*[bytes(10)] * 6) == AT_ONCE
    assert taken(*[bytes(LARGE_BYTES)] * 3) == 1
    assert taken(bytes(10), bytes(LARGE_BYTES), bytes(10)) == 2


def test_a_gate_says_hello_again_when_a_trust_document_may_vouch_for_what_it_refused(served):
    authority, hellos = served.authority, len(served.broker.said(Hello))
    authority.lists = authority.lists | {"jl": PrivateKey.generate()}
    colours = Incoming(ToAll(All.STATUS, "jl", 0), authority.list(authority.token(seq=2)), served.mono)
    served.broker.incoming.append(colours)
    served.down(All.TRUST, authority.trust(version=2))
    served.run(0.5)
    assert (served.beliefs.trust.version, served.beliefs.lists) == (2, {})
    assert len(served.broker.said(Hello)) == hellos
    served.run(1)
    assert len(served.broker.said(Hello)) == hellos + 1
    assert served.broker.said(Hello)[-1].held.trust == 2
    served.down(All.TRUST, authority.trust(version=3))
    served.run(3)
    assert len(served.broker.said(Hello)) == hellos + 1


def test_a_gate_says_hello_with_a_signed_checkpoint_and_its_events(served):
    (hello, *_) = served.broker.said(messages.Hello)
    checkpoint = messages.verify_checkpoint(hello.checkpoint, served.key)
    assert checkpoint.journal == served.store.journal
    served.show(served.code())
    batches = served.broker.said(messages.Batch)
    assert messages.read_entry(batches[-1].events[-1]).kind is Event.PASSAGE
    served.run(61)
    assert any(batch.checkpoint for batch in served.broker.said(messages.Batch))


def test_a_lost_line_is_noticed_and_greeted_again(served):
    served.broker.connected = False
    served.run(1)
    assert Trouble.OFFLINE in served.stage.health.found
    served.show(served.code())
    assert served.state is State.ADMITTING
    served.broker.connected = True
    served.run(1)
    assert len(served.broker.said(messages.Hello)) == 2
    assert any(batch.events for batch in served.broker.said(messages.Batch))


def test_a_newer_assignment_closes_the_gate_at_once(served):
    hours = (Hours(weekday=0, opens_min=0, closes_min=1),)
    served.down(Down.ASSIGNMENT, served.authority.assignment(version=2, hours=hours))
    served.run(0.2)
    assert served.state is State.OUT_OF_SERVICE
    assert served.presenter.card.en == "Closed now"
    assert served.journal(Event.DOCUMENT_ACCEPTED)[-1].word == "assignment"


def test_a_clock_that_jumps_is_written_down(served):
    served.down(All.TIME, served.authority.time(now_ms=(served.now_s + 3600) * 1000))
    served.run(2)
    (jumped,) = served.journal(Event.CLOCK_STEP)
    assert jumped.word.startswith("+3")


def test_a_gate_that_is_not_enrolled_says_so_and_serves_nobody(world):
    world.gate.office = NoOffice()
    world.stage.health.enrolled_until = None
    world.run(1)
    assert world.state is State.OUT_OF_SERVICE
    assert world.presenter.card.code == "S-606"
    world.gate.office.stop()


def test_a_vague_clock_asks_for_the_time_again_and_a_new_epoch_sends_everything_again(served):
    served.run(1)
    assert served.store.backlog == 0 or served.broker.said(messages.Batch)
    served.down(
        Down.RECEIPT,
        served.authority.receipt(journal=served.store.journal, epoch=b"f" * 16, expires=served.now_s + 60),
    )
    served.run(0.3)
    assert served.store.epoch == b"f" * 16


def test_a_flood_from_the_broker_fills_no_memory_and_people_are_served_meanwhile(served):
    junk = [Incoming(ToAll(All.TRUST), b"junk", served.mono)] * 1_000  # as many as the inbox holds
    served.stand()
    served.look_at(served.code())
    for _ in range(30):
        served.broker.incoming = list(junk)
        served.run(0.05)
    assert len(served.gate.office._waiting) <= len(junk)
    assert served.verdicts() == [Reason.GREEN]
    assert [entry.word for entry in served.journal(Event.DOCUMENT_REFUSED)] == ["trust malformed"]


def test_closing_shuts_the_barrier_and_says_goodbye(served):
    served.show(served.code())
    assert served.hands.is_open
    served.gate.close()
    served.gate.office.stop()
    assert not served.hands.is_open
    assert served.broker.stopped
    assert served.store.floor_ms > 0


def test_nothing_that_is_said_names_a_person(served):
    text = served.code(7)
    served.show(text)
    served.walk_through()
    assert '"kind": "passage"' in served.said.getvalue()
    for secret in ((7).to_bytes(16).hex(), text[4:20], str(bytes([0] * 15 + [7]))):
        assert secret not in served.said.getvalue()


def test_topics_used_here_exist():
    assert topics.parse(topics.down(GATE, Down.TIME)) == ToGate(GATE, Down.TIME)
