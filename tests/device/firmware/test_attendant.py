"""Attendant mode at a whole gate: who may begin it, what it can do, and what it leaves behind."""

import gc
import hashlib
import io
import itertools
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.drivers import InputKind
from device.firmware.attend_table import CHOICES, Screen
from device.firmware.config import example, read
from device.firmware.errors import JournalError
from device.firmware.gate import lane_of
from device.firmware.lane_table import State
from device.firmware.narrate import Narrator
from tests.device.firmware.kept_texts import texts
from wire import policy
from wire.code import PaperName, issue, to_text
from wire.documents import Hours, StaffRules
from wire.messages import Event
from wire.policy import Choice
from wire.reasons import Colour, Reason, Verdict
from wire.subjects import digest_of
from wire.topics import Down

NORMAL_C, FEVER_C, UNSURE_C = 35.0, 37.5, 35.65
NOW_S = 1_795_000_000
ATTENDANT, COLLEAGUE = 900, 901


def press(gate, seconds=0.1):
    gate.hands.touch(InputKind.BUTTON, True)
    gate.run(seconds)
    gate.hands.touch(InputKind.BUTTON, False)
    gate.run(0.1)


def long(gate):
    press(gate, 0.9)


def choose(gate, en):
    """Short presses until the item is chosen, and a long one."""
    for _ in range(10):
        panel = gate.presenter.panel
        if panel.items[panel.chosen][1] == en:
            return long(gate)
        press(gate)
    raise AssertionError(f"{en} is not on {gate.presenter.panel}")


def assign(gate, version=2, **changes):
    gate.beliefs.new_assignment(
        gate.authority.sign(gate.authority.assignment(version=version, **changes)), NOW_S
    )


def colours(gate, values, seq=2):
    gate.beliefs.new_list("jl", 0, gate.authority.list(gate.authority.token(seq=seq, values=values)), NOW_S)


def subject(number):
    return number.to_bytes(16)


@pytest.fixture
def staffed(served):
    """A gate with a roster of two, one of whom may attend."""
    digests = tuple(digest_of(subject(number)) for number in (ATTENDANT, COLLEAGUE))
    rules = StaffRules(only=False, hours=(), attendants=digests[:1])
    assign(served, staff=digests, staff_rules=rules)
    return served


@pytest.fixture
def menu(staffed):
    """The attendant has signed in at an idle lane."""
    press(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.1)
    staffed.look_at()
    staffed.run(0.1)
    assert staffed.presenter.panel.en == "Attendant"
    return staffed


def attended(gate):
    return [(entry.word, entry.attendant) for entry in gate.journal(Event.ATTENDED)]


def test_the_button_asks_for_a_staff_code_and_the_menu_follows(staffed):
    press(staffed)
    assert staffed.state is State.ATTENDING
    assert (staffed.presenter.panel.zh, staffed.presenter.panel.en) == (
        "请出示员工码",
        "Show your staff code",
    )
    assert not attended(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.1)
    assert staffed.presenter.panel.en == "Attendant"
    assert attended(staffed) == [("begun", subject(ATTENDANT))]


@pytest.mark.parametrize("number", [COLLEAGUE, 1])
def test_nobody_else_gets_into_the_menu(staffed, number):
    press(staffed)
    staffed.look_at(staffed.code(number))
    staffed.run(1)
    assert staffed.presenter.panel.en == "Show your staff code"
    assert not attended(staffed)
    assert not staffed.verdicts()


@pytest.mark.parametrize(
    "more", [{"iat": NOW_S - 500}, {"index": 7}, {"paper": True}], ids=["screenshot", "yellow", "paper"]
)
def test_an_attendants_code_is_verified_as_anybodys(staffed, more):
    colours(staffed, {7: 0xC})
    press(staffed)
    staffed.look_at(staffed.code(ATTENDANT, **more))
    staffed.run(1)
    assert not attended(staffed)


def test_a_used_proof_begins_nothing_and_the_proof_that_began_it_opens_nothing(staffed):
    text = staffed.code(ATTENDANT)
    press(staffed)
    staffed.look_at(text)
    staffed.run(0.1)
    staffed.look_at()
    choose(staffed, "Done")
    staffed.run(2)
    press(staffed)
    staffed.look_at(text)
    staffed.run(0.5)
    assert staffed.presenter.panel.en == "Show your staff code"
    long(staffed)  # back
    staffed.run(2)
    staffed.look_at()
    staffed.run(35)
    staffed.look_at(text)
    staffed.stand()
    assert not staffed.hands.opened


def test_who_has_just_come_in_may_attend_with_a_fresh_proof(staffed):
    staffed.show(staffed.code(ATTENDANT))
    staffed.walk_through()
    staffed.leave()
    press(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.2)
    assert attended(staffed) == [("begun", subject(ATTENDANT))]


def test_without_attendants_every_staff_code_will_do(served):
    assign(served, staff=(digest_of(subject(COLLEAGUE)),))
    press(served)
    served.look_at(served.code(COLLEAGUE))
    served.run(0.2)
    assert attended(served) == [("begun", subject(COLLEAGUE))]


def test_without_a_roster_the_button_alone_suffices_and_nobody_is_named(served):
    press(served)
    assert served.presenter.panel.en == "Attendant"
    assert attended(served) == [("begun", None)]


def test_the_menu_ends_by_itself_and_says_so(menu):
    menu.run(45)
    assert menu.presenter.panel.seconds_left is None
    menu.run(10)
    assert 0 < menu.presenter.panel.seconds_left <= 10
    menu.run(10)
    assert menu.state is State.IDLE
    assert attended(menu) == [("begun", subject(ATTENDANT)), ("over", subject(ATTENDANT))]


def test_asking_for_a_staff_code_ends_too_and_nothing_was_begun(staffed):
    press(staffed)
    staffed.run(19)
    assert staffed.state is State.ATTENDING
    staffed.run(2)
    assert staffed.state is State.IDLE
    assert not attended(staffed)


def test_done_ends_it(menu):
    choose(menu, "Done")
    assert menu.state is State.IDLE
    assert [word for word, _ in attended(menu)] == ["begun", "over"]


def test_fire_ends_it(menu):
    menu.hands.touch(InputKind.FIRE, True)
    menu.run(0.2)
    assert menu.state is State.EVACUATING
    assert menu.hands.is_open
    assert [word for word, _ in attended(menu)] == ["begun", "over"]
    press(menu)
    assert menu.state is State.EVACUATING


def test_unknown_codes_are_ignored_meanwhile(menu):
    menu.hands.object_c = NORMAL_C
    menu.look_at(menu.code(1))
    menu.run(2)
    assert menu.state is State.ATTENDING
    assert not menu.verdicts()


def test_opening_by_hand_needs_a_reason_and_names_the_attendant(menu):
    choose(menu, "Open by hand")
    choose(menu, "Needs help")
    (entry,) = menu.journal(Event.OPENED_BY_HAND)
    assert (entry.word, entry.attendant, entry.about) == ("help", subject(ATTENDANT), None)
    assert menu.hands.is_open
    menu.walk_through()
    assert menu.state is State.IDLE
    press(menu)  # the attendant is still there: no second staff code
    assert menu.presenter.panel.en == "Attendant"
    menu.run(61)
    assert [word for word, _ in attended(menu)] == ["begun", "over"]


def test_a_way_back_leads_from_the_reasons(menu):
    choose(menu, "Open by hand")
    choose(menu, "Back")
    assert menu.presenter.panel.en == "Attendant"
    assert not menu.hands.opened


def test_red_is_opened_by_hand_alone_about_its_denial(staffed):
    staffed.look_at(staffed.code(index=3))
    staffed.run(0.1)
    staffed.look_at()
    (denial,) = staffed.journal(Event.PASSAGE)
    assert denial.reason is Reason.RED
    press(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.2)
    staffed.look_at()
    choose(staffed, "Measure again")
    assert staffed.presenter.panel.en == "Show the health code"
    staffed.look_at(staffed.code(index=3))
    staffed.hands.object_c = NORMAL_C
    staffed.run(1)
    assert staffed.state is State.DENIED
    assert staffed.journal(Event.PASSAGE)[-1].attendant == subject(ATTENDANT)
    assert not staffed.hands.opened
    press(staffed)
    choose(staffed, "Open by hand")
    choose(staffed, "Gate at fault")
    (entry,) = staffed.journal(Event.OPENED_BY_HAND)
    assert entry.about == staffed.journal(Event.PASSAGE)[-1].sequence
    assert (entry.word, entry.attendant) == ("gate-fault", subject(ATTENDANT))


def referred(gate, object_c, **more):
    gate.show(gate.code(5, **more), object_c)
    gate.run(1)
    assert gate.state in {State.REFERRED, State.DENIED}
    gate.look_at()
    gate.run(1)
    return gate.journal(Event.PASSAGE)[-1]


def test_the_called_attendant_shows_a_staff_code_and_measures_again(staffed):
    call = referred(staffed, UNSURE_C)
    assert call.reason is Reason.TEMPERATURE_UNSURE
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.2)
    assert staffed.state is State.ATTENDING
    staffed.look_at()
    staffed.hands.object_c = NORMAL_C
    choose(staffed, "Measure again")
    staffed.run(2)
    entry = staffed.journal(Event.PASSAGE)[-1]
    assert (entry.verdict, entry.reason) == (Verdict.ADMIT, Reason.MEASURED_AGAIN)
    assert (entry.attendant, entry.about) == (subject(ATTENDANT), call.sequence)
    assert entry.subject == subject(5)
    assert entry.temperature is not None
    assert staffed.hands.opened == 1


def test_yellow_stays_yellow_in_the_event_and_comes_in_with_a_normal_measurement(staffed):
    colours(staffed, {7: 0xC})
    call = referred(staffed, NORMAL_C, index=7)
    press(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.2)
    staffed.look_at()
    choose(staffed, "Measure again")
    staffed.run(2)
    entry = staffed.journal(Event.PASSAGE)[-1]
    assert (entry.reason, entry.colour, entry.about) == (Reason.MEASURED_AGAIN, Colour.YELLOW, call.sequence)


def test_a_second_fever_is_a_fever(staffed):
    call = referred(staffed, FEVER_C)
    press(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.2)
    choose(staffed, "Measure again")
    staffed.run(2)
    entry = staffed.journal(Event.PASSAGE)[-1]
    assert (entry.reason, entry.about, entry.attendant) == (Reason.FEVER, call.sequence, subject(ATTENDANT))
    assert not staffed.hands.opened


def test_only_two_fresh_measurements_admit(staffed):
    referred(staffed, FEVER_C)
    press(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.2)
    choose(staffed, "Measure again")
    assert staffed.state is State.MEASURING
    staffed.hands.object_c = NORMAL_C
    staffed.run(0.6)
    assert staffed.state is State.MEASURING
    staffed.run(0.7)
    assert staffed.verdicts()[-1] is Reason.MEASURED_AGAIN


def test_somebody_whom_the_gate_does_not_know_shows_the_code_first(menu):
    choose(menu, "Measure again")
    menu.look_at(menu.code(6))
    menu.hands.object_c = NORMAL_C
    menu.run(2)
    entry = menu.journal(Event.PASSAGE)[-1]
    assert (entry.reason, entry.subject, entry.about) == (Reason.MEASURED_AGAIN, subject(6), None)


def test_who_has_turned_red_since_the_referral_is_not_measured_in(staffed):
    colours(staffed, {7: 0xC})
    referred(staffed, NORMAL_C, index=7)
    press(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.2)
    colours(staffed, {7: 0xE}, seq=3)
    choose(staffed, "Measure again")
    assert staffed.presenter.panel.en == "Show the health code"
    staffed.look_at(staffed.code(5, index=7))
    staffed.run(2)
    assert staffed.verdicts()[-1] is Reason.RED
    assert not staffed.hands.opened


def test_who_has_turned_red_between_the_document_and_the_measurement_stays_out(menu):
    menu.look_at(paper_of(menu, "欧阳**", index=7))
    choose(menu, "Check document")
    menu.run(0.2)
    long(menu)
    colours(menu, {7: 0xE})
    menu.hands.object_c = NORMAL_C
    choose(menu, "Yes")
    menu.run(1)
    assert menu.verdicts() == [Reason.RED]


@pytest.mark.parametrize(
    ("statuses", "reason"),
    [(None, Reason.LIST_NOT_HELD), ({7: 0x9}, Reason.COLOUR_UNKNOWN)],
    ids=["no list", "no meaning"],
)
def test_a_colour_that_cannot_be_told_any_more_is_what_it_is_at_first_sight(menu, statuses, reason):
    menu.look_at(paper_of(menu, "欧阳**", index=7))
    choose(menu, "Check document")
    menu.run(0.2)
    long(menu)
    if statuses is None:
        menu.beliefs.lists.clear()
    else:
        colours(menu, statuses)
    choose(menu, "Yes")
    menu.run(1)
    assert menu.verdicts() == [reason]


def test_an_attendant_whose_list_is_old_is_still_who_they_are(staffed):
    digests = (digest_of(subject(ATTENDANT)),)
    assign(staffed, version=3, staff=digests, policy=replace(policy.DEFAULT, list_age_s=10))
    press(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.2)
    assert attended(staffed) == [("begun", subject(ATTENDANT))]


def test_a_referral_of_long_ago_is_another_matter(staffed):
    referred(staffed, UNSURE_C)
    staffed.run(70)
    press(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.2)
    choose(staffed, "Measure again")
    assert staffed.presenter.panel.en == "Show the health code"


def test_whoever_is_being_measured_gets_a_verdict_before_the_menu_comes(staffed):
    staffed.look_at(staffed.code(5))
    staffed.run(0.5)
    assert staffed.state is State.MEASURING
    press(staffed)
    assert staffed.verdicts() == [Reason.NO_TEMPERATURE]
    assert staffed.state is State.ATTENDING


def paper_of(gate, name, number=40, index=0):
    claims = gate.authority.claims(
        subject=subject(number), index=index, holder=None, paper=PaperName(masked_name=name, id_tail="123X")
    )
    return gate.authority.paper(claims)


def test_a_checked_paper_code_is_measured_and_let_in(menu):
    menu.hands.object_c = NORMAL_C
    text = paper_of(menu, "欧阳**")
    menu.look_at(text)
    choose(menu, "Check document")
    menu.run(0.2)
    panel = menu.presenter.panel
    assert (panel.secret, panel.plain) == (True, ("欧阳**", "123X"))
    assert panel.seconds_left == 5
    menu.look_at()
    long(menu)
    assert menu.presenter.panel.en == "The same person?"
    assert not menu.presenter.panel.plain
    choose(menu, "Yes")
    menu.run(2)
    (entry,) = menu.journal(Event.PASSAGE)
    assert (entry.reason, entry.attendant, entry.about) == (Reason.PAPER_CHECKED, subject(ATTENDANT), None)
    assert entry.subject == subject(40)
    assert entry.temperature is not None
    assert menu.hands.opened == 1


def test_the_event_of_a_checked_paper_tells_which_referral_it_answers(staffed):
    staffed.look_at(paper_of(staffed, "欧阳**"))
    staffed.run(0.2)
    call = staffed.journal(Event.PASSAGE)[-1]
    assert call.reason is Reason.PAPER
    staffed.run(1)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.2)
    assert staffed.state is State.ATTENDING
    staffed.look_at(paper_of(staffed, "欧阳**"))
    choose(staffed, "Check document")
    staffed.run(6)
    choose(staffed, "No")
    entry = staffed.journal(Event.PASSAGE)[-1]
    assert (entry.reason, entry.about) == (Reason.DOCUMENT_DIFFERS, call.sequence)
    assert staffed.state is State.DENIED
    assert not staffed.hands.opened


def test_a_red_paper_stays_red_and_no_name_is_shown(menu):
    menu.look_at(paper_of(menu, "欧阳**", index=3))
    choose(menu, "Check document")
    menu.run(0.3)
    assert menu.verdicts() == [Reason.RED]
    assert menu.presenter.panel is None


def test_a_venue_that_takes_no_paper_takes_none_from_attendants(menu):
    wanted = replace(policy.DEFAULT, paper=Choice.DENY)
    digests = (digest_of(subject(ATTENDANT)),)
    assign(menu, version=3, policy=wanted, staff=digests)
    menu.look_at(paper_of(menu, "欧阳**"))
    choose(menu, "Check document")
    menu.run(0.3)
    assert menu.verdicts() == [Reason.PAPER_DENIED]


def test_a_phones_code_is_no_paper_and_a_forgery_is_ignored(menu):
    choose(menu, "Check document")
    menu.look_at(menu.code(3))
    menu.run(0.3)
    menu.look_at("JX1:%%%")
    menu.run(0.3)
    assert menu.presenter.panel.en == "Show the paper code or pass"


def strings(found):
    """Every text that a living object holds, those inside tuples that the collector does not follow too."""
    for one in found:
        for held in gc.get_referents(one):
            if isinstance(held, str):
                yield held
            elif isinstance(held, tuple) and not gc.is_tracked(held):
                yield from (part for part in held if isinstance(part, str))


def test_the_masked_name_leaves_no_trace(menu, tmp_path):
    name = "".join(chr(0x4E00 + byte) for byte in b"trace")
    secret = hashlib.sha256(name.encode()).digest()
    text, raw = paper_of(menu, name), name.encode()
    menu.look_at(text)
    choose(menu, "Check document")
    menu.run(0.2)
    assert menu.presenter.panel.plain[0] == name
    menu.look_at()
    del name
    menu.run(5)
    assert menu.presenter.panel.en == "The same person?"
    gc.collect()
    kept = {found for found in strings(gc.get_objects()) if len(found) == 5}
    assert not [found for found in kept if hashlib.sha256(found.encode()).digest() == secret]
    menu.hands.object_c = NORMAL_C
    choose(menu, "Yes")
    menu.run(2)
    assert menu.verdicts() == [Reason.PAPER_CHECKED]
    assert not [path for path in tmp_path.iterdir() if raw in path.read_bytes()]
    assert raw.decode() not in menu.said.getvalue()


def test_a_referred_paper_keeps_no_name_either(staffed):
    staffed.look_at(paper_of(staffed, "欧阳**"))
    staffed.run(0.2)
    assert staffed.verdicts() == [Reason.PAPER]
    assert staffed.stage.person.recognised.paper is None
    assert staffed.stage.last.person.recognised.paper is None


def test_somebody_without_a_code_is_measured_and_counted_under_a_number(menu):
    choose(menu, "No code")
    (number,) = menu.presenter.panel.plain
    assert number == "89AB-00001"
    menu.hands.object_c = NORMAL_C
    long(menu)
    menu.run(1)
    (entry,) = menu.journal(Event.REGISTRATION)
    assert (entry.word, entry.attendant, entry.subject) == (number, subject(ATTENDANT), None)
    assert (entry.verdict, entry.reason) == (Verdict.ADMIT, Reason.REGISTERED)
    assert entry.temperature is not None
    assert menu.hands.is_open
    menu.walk_through()
    assert menu.journal(Event.PASSED)[-1].about == entry.sequence
    press(menu)
    choose(menu, "No code")
    assert menu.presenter.panel.plain == ("89AB-00002",)


@pytest.mark.parametrize(("object_c", "reason"), [(FEVER_C, Reason.FEVER), (23.0, Reason.NO_TEMPERATURE)])
def test_a_number_is_no_way_around_a_temperature(menu, object_c, reason):
    choose(menu, "No code")
    menu.hands.object_c = object_c
    long(menu)
    menu.run(9)
    (entry,) = menu.journal(Event.REGISTRATION)
    assert (entry.reason, entry.attendant) == (reason, subject(ATTENDANT))
    assert not menu.hands.opened


def test_a_number_is_no_way_around_a_full_house(menu):
    digests = (digest_of(subject(ATTENDANT)),)
    assign(menu, version=3, staff=digests, capacity=3)
    menu.down(Down.VENUE, menu.authority.venue(expires=menu.now_s + 60))
    menu.run(0.2)
    choose(menu, "No code")
    long(menu)
    (entry,) = menu.journal(Event.REGISTRATION)
    assert entry.reason is Reason.FULL
    assert menu.state is State.WAITING


def test_nobody_is_measured_again_without_a_thermometer(menu):
    menu.hands.broken.add("thermometer")
    menu.run(1)
    choose(menu, "Measure again")
    menu.look_at(menu.code(6))
    menu.run(0.3)
    assert menu.verdicts() == [Reason.NO_TEMPERATURE]


def test_no_name_is_told_of_what_is_not_signed(served):
    now = served.gate.clock.read(served.mono, 0)
    desk = served.gate.front.desk
    stranger = served.authority.claims(holder=None, paper=PaperName(masked_name="欧*", id_tail="1"))
    forged = to_text(issue(stranger, served.authority.stranger))
    assert desk.name_on(forged, now) == ()
    assert desk.name_on("JX1:%%%", now) == ()
    assert desk.name_on(served.code(1), now) == ()
    assert desk.name_on(paper_of(served, "欧阳**"), now) == ("欧阳**", "123X")


def test_a_number_is_never_given_twice_over_a_restart(menu, tmp_path):
    choose(menu, "No code")
    menu.store.save_counters()
    menu.store.close()
    menu.store = type(menu.store).open(tmp_path / "gate.db", "0123456789ab", journal_limit_bytes=10_000_000)
    assert menu.store.counters()["registered"] == 1


def test_a_number_that_cannot_be_kept_is_not_shown(menu, monkeypatch):
    def broken():
        raise JournalError("the card is full")

    monkeypatch.setattr(menu.store, "save_counters", broken)
    choose(menu, "No code")
    assert menu.presenter.panel.plain == ()
    long(menu)
    assert not menu.journal(Event.REGISTRATION)


def test_the_gates_troubles_are_paged_in_words(menu):
    menu.broker.connected = False
    menu.hands.broken.add("thermometer")
    menu.run(1.2)
    choose(menu, "State of the gate")
    first = menu.presenter.panel
    assert first.en == "State of the gate 1/3"
    press(menu)
    second = menu.presenter.panel
    assert second.en == "State of the gate 2/3"
    assert first.plain != second.plain
    press(menu)
    press(menu)
    assert menu.presenter.panel.en == first.en
    long(menu)
    assert menu.presenter.panel.en == "Attendant"


def test_a_broken_camera_leaves_opening_by_hand(staffed):
    staffed.sight.working, staffed.sight.failure = False, "no cable"
    staffed.run(1)
    assert staffed.state is State.OUT_OF_SERVICE
    press(staffed)
    assert [en for _, en in staffed.presenter.panel.items] == ["Open by hand", "State of the gate", "Done"]
    assert attended(staffed) == [("begun", None)]
    choose(staffed, "Open by hand")
    choose(staffed, "Emergency")
    (entry,) = staffed.journal(Event.OPENED_BY_HAND)
    assert (entry.word, entry.attendant) == ("emergency", None)
    assert staffed.hands.is_open


def test_leaving_the_menu_of_a_gate_that_is_not_ready_says_why_at_once(staffed):
    staffed.sight.working, staffed.sight.failure = False, "no cable"
    staffed.run(1)
    press(staffed)
    choose(staffed, "Done")
    assert staffed.state is State.OUT_OF_SERVICE


def test_a_closed_venue_still_asks_who_it_is(staffed):
    digests = (digest_of(subject(ATTENDANT)),)
    assign(staffed, version=3, staff=digests, closed=True)
    staffed.run(1)
    assert staffed.state is State.OUT_OF_SERVICE
    press(staffed)
    assert staffed.presenter.panel.en == "Show your staff code"
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.2)
    assert attended(staffed) == [("begun", subject(ATTENDANT))]
    assert len(staffed.presenter.panel.items) == 3


def test_without_a_journal_nothing_begins(staffed, monkeypatch):
    def full(_entry):
        raise JournalError("the card is full")

    press(staffed)
    monkeypatch.setattr(staffed.store, "append", full)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.3)
    assert staffed.presenter.panel.en == "Show your staff code"


def test_the_button_does_nothing_while_somebody_passes(staffed):
    staffed.show(staffed.code(5))
    press(staffed)
    assert staffed.state is State.ADMITTING


def test_every_screen_has_words_and_something_to_choose():
    assert set(CHOICES) == set(Screen)
    assert all(CHOICES.values())


@pytest.mark.parametrize(
    ("display", "contact", "button"),
    [
        ('kind = "oled"', True, "attendant"),
        ('kind = "none"', True, "opens"),
        ('kind = "none"', False, "attendant"),
    ],
)
def test_a_button_without_a_display_opens_and_the_gate_says_so(display, contact, button):
    said = io.StringIO()
    text = example().replace('kind = "oled"', display)
    if not contact:
        text = text.replace("button = { pin = 21 }", "")
    lane = lane_of(read(text.encode(), "gate.toml"), Narrator("words", said))
    assert lane.button == button
    assert ("caution" in said.getvalue()) is (button == "opens")


class Visitor:
    """Hands on everything that a person at a gate can reach."""

    def __init__(self, gate):
        self.gate = gate
        self.numbers = itertools.count(5000)

    def do(self, what):
        gate = self.gate
        getattr(self, what)()
        gate.run(0.1)

    def tap(self):
        press(self.gate)

    def hold(self):
        long(self.gate)

    def wait(self):
        self.gate.run(1.5)

    def green(self):
        self.gate.look_at(self.gate.code(next(self.numbers)))

    def red(self):
        self.gate.look_at(self.gate.code(3, index=3))

    def paper(self):
        self.gate.look_at(paper_of(self.gate, "欧阳**", number=next(self.numbers)))

    def red_paper(self):
        self.gate.look_at(paper_of(self.gate, "欧阳**", number=3, index=3))

    def staff(self):
        self.gate.look_at(self.gate.code(ATTENDANT))

    def forgery(self):
        self.gate.look_at("JX1:%%%")

    def nothing(self):
        self.gate.look_at()

    def skin(self):
        self.gate.hands.object_c = NORMAL_C

    def wall(self):
        self.gate.hands.object_c = 23.0

    def pass_(self):
        self.gate.walk_through()


DEEDS = [name for name in vars(Visitor) if name != "do" and not name.startswith("__")]
OPENING = {Event.OPENED_BY_HAND, Event.PASSAGE, Event.REGISTRATION}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(DEEDS), min_size=10, max_size=40))
def test_whatever_people_do_every_opening_is_in_the_journal_and_red_opens_nothing(staffed, deeds):
    visitor = Visitor(staffed)
    for deed in deeds:
        visitor.do(deed)
    entries = staffed.journal()
    opening = [
        entry
        for entry in entries
        if entry.kind is Event.OPENED_BY_HAND or (entry.kind in OPENING and entry.verdict is Verdict.ADMIT)
    ]
    assert staffed.hands.opened <= len(opening)
    assert not [entry for entry in opening if entry.colour is Colour.RED]
    attended_by = {subject(ATTENDANT)}
    assert {entry.attendant for entry in entries if entry.kind is Event.OPENED_BY_HAND} <= attended_by
    assert staffed.stage.lane.unexpected == 0
    visitor.do("nothing")
    visitor.do("wall")
    staffed.run(70)
    assert staffed.state is State.IDLE
    words = [word for word, _ in attended(staffed)]
    assert words.count("begun") == words.count("over")


class Trouble(Visitor):
    """And everything that can happen to the gate meanwhile."""

    def __init__(self, gate, versions):
        super().__init__(gate)
        self.versions = versions
        self.append, self.full = type(gate.store).append, False
        gate.store.append = self.write

    def write(self, entry):
        if self.full:
            raise JournalError("the card is full")
        return self.append(self.gate.store, entry)

    def card_fills(self):
        self.full = True

    def card_empties(self):
        self.full = False

    def relay_sticks(self):
        self.gate.hands.broken.add("relay")

    def relay_heals(self):
        self.gate.hands.broken.clear()

    def fire(self):
        self.gate.hands.touch(InputKind.FIRE, True)
        self.gate.run(0.2)
        self.gate.hands.touch(InputKind.FIRE, False)

    def lens_covered(self):
        self.gate.sight.dark = not self.gate.sight.dark
        self.gate.run(0.6)

    def camera_fails(self):
        self.gate.sight.working = not self.gate.sight.working
        self.gate.sight.failure = "" if self.gate.sight.working else "no cable"
        self.gate.run(0.6)

    def dismissed(self):
        assign(self.gate, version=next(self.versions), staff=(digest_of(subject(COLLEAGUE)),))

    def hired(self):
        digests = tuple(digest_of(subject(number)) for number in (ATTENDANT, COLLEAGUE))
        rules = StaffRules(only=False, hours=(), attendants=digests[:1])
        assign(self.gate, version=next(self.versions), staff=digests, staff_rules=rules)


TROUBLES = [
    name for name in (vars(Visitor) | vars(Trouble)) if name not in {"do", "write"} and name[0] != "_"
]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(TROUBLES), min_size=10, max_size=40))
def test_whatever_fails_meanwhile_nothing_opens_unwritten_and_all_of_it_heals(staffed, deeds):
    if not hasattr(staffed, "versions"):
        staffed.versions = itertools.count(3)
    visitor = Trouble(staffed, staffed.versions)
    opened = []
    move = staffed.hands.open

    def look():
        opened.append((staffed.state, next(iter(staffed.store.newest(1)), None)))
        return type(staffed.hands).open(staffed.hands)

    staffed.hands.open = look
    for deed in deeds:
        visitor.do(deed)
    staffed.hands.open = move
    for state, entry in opened:
        if state is State.EVACUATING:
            continue  # and is written down after that
        by_hand = entry.kind is Event.OPENED_BY_HAND
        let_in = entry.kind in OPENING and entry.verdict is Verdict.ADMIT and entry.colour is not Colour.RED
        assert by_hand or let_in
    visitor.card_empties()
    visitor.relay_heals()
    staffed.sight.dark, staffed.sight.working, staffed.sight.failure = False, True, ""
    visitor.hired()
    visitor.do("nothing")
    visitor.do("wall")
    staffed.run(75)
    assert staffed.state is State.IDLE
    assert not staffed.hands.is_open
    assert not staffed.gate.attendant.shift.on


def sign_in(gate, number=ATTENDANT):
    press(gate)
    gate.look_at(gate.code(number))
    gate.run(0.2)
    gate.look_at()
    gate.run(0.1)
    assert gate.presenter.panel.en == "Attendant"


def test_one_normal_reading_is_not_enough_after_a_fever_however_the_second_is_prevented(staffed):
    referred(staffed, FEVER_C)
    sign_in(staffed)
    choose(staffed, "Measure again")
    staffed.hands.object_c = NORMAL_C
    while not staffed.stage.person.measured:
        staffed.run(0.05)
    press(staffed)
    assert staffed.verdicts()[-1] is Reason.NO_TEMPERATURE
    assert not staffed.hands.opened


def test_who_is_no_attendant_any_more_loses_the_mode_at_once(menu):
    digests = (digest_of(subject(COLLEAGUE)),)
    assign(menu, version=3, staff=digests)
    menu.run(0.1)
    assert menu.state is State.IDLE
    assert attended(menu) == [("begun", subject(ATTENDANT)), ("over", subject(ATTENDANT))]
    press(menu)
    assert menu.presenter.panel.en == "Show your staff code"


@pytest.mark.parametrize("value", [0xE, 0xC], ids=["red", "yellow"])
def test_an_attendant_who_turns_red_loses_the_mode_at_once(staffed, value):
    colours(staffed, {7: 0x0, 3: 0xE})
    press(staffed)
    staffed.look_at(staffed.code(ATTENDANT, index=7))
    staffed.run(0.2)
    assert staffed.presenter.panel.en == "Attendant"
    colours(staffed, {7: value}, seq=3)
    staffed.run(0.1)
    assert staffed.state is State.IDLE
    assert [word for word, _ in attended(staffed)] == ["begun", "over"]


def test_a_mode_that_nobody_signed_ends_when_codes_can_be_read_again(staffed):
    staffed.sight.working, staffed.sight.failure = False, "no cable"
    staffed.run(1)
    press(staffed)
    assert attended(staffed) == [("begun", None)]
    staffed.sight.working = True
    staffed.run(1)
    assert attended(staffed) == [("begun", None), ("over", None)]
    assert staffed.state is State.IDLE
    press(staffed)
    assert staffed.presenter.panel.en == "Show your staff code"


def test_a_hand_on_the_lens_and_one_on_the_button_open_nothing(staffed):
    staffed.sight.dark = True
    staffed.run(1)
    press(staffed)
    assert staffed.presenter.panel.en == "Show your staff code"
    assert not attended(staffed)


def test_a_gate_that_is_closed_meanwhile_decides_about_nobody_more(menu):
    choose(menu, "No code")
    digests = (digest_of(subject(ATTENDANT)),)
    assign(menu, version=3, staff=digests, closed=True)
    menu.hands.object_c = NORMAL_C
    menu.run(1)
    long(menu)
    menu.run(2)
    assert not menu.journal(Event.REGISTRATION)
    assert not menu.hands.opened
    menu.run(1)
    assert len(menu.presenter.panel.items) != 6


def test_a_name_on_the_screen_goes_when_the_gate_goes_out_of_service(menu):
    menu.look_at(paper_of(menu, "欧阳**"))
    choose(menu, "Check document")
    menu.run(0.2)
    assert menu.presenter.panel.secret
    assign(menu, version=3, staff=(digest_of(subject(ATTENDANT)),), closed=True)
    menu.run(1)
    panel = menu.presenter.panel
    assert (panel.secret, panel.plain, len(panel.items)) == (False, (), 3)
    assert not menu.gate.attendant._plain
    assert menu.gate.attendant.deeds.person is None


def test_presses_do_not_keep_the_question_for_a_staff_code_on_the_screen(staffed):
    press(staffed)
    for _ in range(4):
        staffed.run(4.5)
        press(staffed)
    staffed.run(2)
    assert staffed.state is State.IDLE


def test_outside_staff_hours_nobody_attends_however_old_the_list_is(staffed):
    digests = (digest_of(subject(ATTENDANT)),)
    minute = (staffed.now_s + 480 * 60) // 60
    day, now_min = divmod(minute, 1440)
    later = (Hours(weekday=(day + 3) % 7, opens_min=(now_min + 60) % 1440, closes_min=(now_min + 90) % 1440),)
    rules = StaffRules(only=True, hours=later, attendants=digests)
    old = replace(policy.DEFAULT, list_age_s=10)
    assign(staffed, version=3, staff=digests, staff_rules=rules, policy=old, hours=())
    press(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.3)
    assert not attended(staffed)


@pytest.mark.parametrize("unheld", [Choice.ADMIT, Choice.REFER])
def test_an_attendant_whose_list_is_not_held_attends_where_policy_lets_such_people_in(staffed, unheld):
    digests = (digest_of(subject(ATTENDANT)),)
    assign(staffed, version=3, staff=digests, policy=replace(policy.DEFAULT, list_not_held=unheld))
    staffed.beliefs.lists.clear()
    press(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.3)
    assert bool(attended(staffed)) is (unheld is Choice.ADMIT)


def test_an_attendants_proof_opens_and_begins_nothing_after_a_power_cut(staffed, tmp_path):
    text = staffed.code(ATTENDANT)
    press(staffed)
    staffed.look_at(text)
    staffed.run(0.2)
    assert attended(staffed) == [("begun", subject(ATTENDANT))]
    staffed.look_at()
    staffed.build(staffed.beliefs, tmp_path / "gate.db")
    staffed.broker.connected = False
    staffed.online()
    staffed.run(1)
    press(staffed)
    staffed.look_at(text)
    staffed.run(0.5)
    assert staffed.presenter.panel.en == "Show your staff code"


def call(gate, object_c=UNSURE_C, **more):
    """Somebody is sent to the attendant and waits beside the gate, which is idle again."""
    about = referred(gate, object_c, **more)
    gate.hands.object_c = 23.0
    gate.run(7)
    assert gate.state is State.IDLE
    return about


def test_the_attendant_who_walks_over_begins_with_the_staff_code_though_the_gate_is_idle_again(staffed):
    about = call(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.2)
    assert staffed.state is State.ATTENDING
    staffed.look_at()
    staffed.hands.object_c = NORMAL_C
    choose(staffed, "Measure again")
    staffed.run(2)
    entry = staffed.journal(Event.PASSAGE)[-1]
    assert (entry.reason, entry.about, entry.subject) == (Reason.MEASURED_AGAIN, about.sequence, subject(5))


@pytest.mark.parametrize(
    ("object_c", "more"), [(FEVER_C, {}), (NORMAL_C, {"index": 3})], ids=["fever", "red"]
)
def test_a_denial_that_calls_the_attendant_is_a_call(staffed, object_c, more):
    staffed.show(staffed.code(5, **more), object_c)
    staffed.run(1)
    assert staffed.state is State.DENIED
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.5)
    assert staffed.state is State.ATTENDING


def test_a_denial_that_calls_nobody_is_no_call(staffed):
    staffed.show(staffed.code(5, iat=staffed.now_s - 400))
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(1)
    assert staffed.verdicts() == [Reason.PROOF_OLD, Reason.STAFF]


def test_an_attendant_who_wants_in_after_a_call_leaves_the_menu_and_gets_in(staffed):
    call(staffed)
    staffed.look_at(staffed.code(ATTENDANT))
    staffed.run(0.2)
    staffed.look_at()
    choose(staffed, "Done")
    staffed.run(3)
    staffed.show(staffed.code(ATTENDANT))
    assert staffed.verdicts()[-1] is Reason.STAFF


@pytest.mark.parametrize("how", ["mere staff", "nobody named", "long ago", "somebody else came"])
def test_a_staff_member_who_wants_in_after_a_call_gets_in(staffed, how):
    number = COLLEAGUE if how == "mere staff" else ATTENDANT
    if how == "nobody named":
        assign(staffed, version=3, staff=(digest_of(subject(ATTENDANT)),))
    call(staffed)
    if how == "long ago":
        staffed.run(30)
    if how == "somebody else came":
        staffed.look_at("JX1:%%%")
        staffed.run(0.2)
        staffed.look_at()
        staffed.run(5)
    staffed.show(staffed.code(number))
    assert staffed.verdicts()[-1] is Reason.STAFF
    assert not attended(staffed)


@pytest.mark.timeout(600)  # every object of a process in which thousands of tests have run is looked at
@pytest.mark.parametrize("how", ["referred", "checked", "unanswered"])
def test_the_text_of_a_paper_code_is_kept_nowhere_either(menu, how):
    """It holds the name: the gate remembers of it what can be compared and not read."""
    text = paper_of(menu, "".join(chr(0x4E00 + byte) for byte in b"texts"))
    length, secret = len(text), hashlib.sha256(text.encode()).digest()
    menu.look_at(text)
    del text
    if how == "checked":
        choose(menu, "Check document")
        menu.run(0.2)
        assert menu.presenter.panel.secret
    elif how == "referred":
        choose(menu, "Done")
        menu.run(1)
        assert menu.verdicts() == [Reason.PAPER]
    else:
        menu.run(1)
    menu.look_at()
    menu.run(0.1)
    gc.collect()
    kept = [one for one in texts() if isinstance(one, str) and len(one) == length]
    assert not [one for one in kept if hashlib.sha256(one.encode()).digest() == secret]


def test_a_camera_that_hangs_leaves_no_paper_in_memory(menu):
    text = paper_of(menu, "欧阳**")
    menu.look_at(text)
    menu.run(0.1)
    assert text in menu.gate.front.sight.unanswered.values()
    menu.sight.take = lambda: None
    menu.run(2)
    assert not menu.gate.front.sight.unanswered
