"""Hostile codes in every frame, and one honest person; and whose temperature counts when people hurry."""

import itertools
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.drivers import InputKind
from device.firmware.front import BEFORE_CODE_S
from device.firmware.lane_table import State
from device.firmware.scan import MOST_CODES
from wire.messages import Event
from wire.reasons import Reason

NORMAL_C, FEVER_C = 35.0, 37.5
FRAME_S = 1 / 15
MINUTES = 10


def hostile(dice, number):
    """Texts that claim to be codes, none of them seen before."""
    return f"JX1:{number:08X}{dice.randrange(36**6):07d}"


def sizes(gate):
    """How many things the gate remembers of what it saw and counted."""
    sight = gate.gate.front.sight
    held = [getattr(sight, name) for name in ("texts", "answered", "hinted", "known") if hasattr(sight, name)]
    return sum(map(len, held)) + len(gate.memory) + len(gate.stage.book.refusals)


@pytest.mark.parametrize("codes", [MOST_CODES, 1])
def test_ten_minutes_of_hostile_codes_keep_an_honest_person_waiting_a_second_and_grow_nothing(served, codes):
    dice, most, number = random.Random(7), 0, 0
    honest_s = served.store.head
    for frame in range(MINUTES * 60 * 15):
        number += codes
        served.hands.object_c = NORMAL_C + dice.gauss(0, 0.02)
        served.look_at(*(hostile(dice, number + one) for one in range(codes)))
        served.run(FRAME_S, FRAME_S)
        if frame == 300:
            most = sizes(served)
    assert sizes(served) <= most + len(Reason)
    assert not served.hands.opened
    kinds = {entry.kind for entry in served.journal() if entry.sequence > honest_s}
    assert kinds <= {Event.REFUSALS}
    assert len(served.journal(Event.REFUSALS)) <= MINUTES
    assert bool(served.journal(Event.REFUSALS)) is (codes == 1)
    served.look_at(served.code(1))
    alone_s = served.mono
    while served.state is not State.ADMITTING and served.mono < alone_s + 5:
        served.run(0.03, 0.03)
    assert served.mono - alone_s <= 1.0
    assert served.verdicts() == [Reason.GREEN]


def test_a_verdict_stands_long_enough_to_be_read_and_then_gives_way_to_another_code(served):
    served.stand()
    served.look_at("JX1:%%%")
    served.run(0.1)
    assert served.state is State.DENIED
    served.look_at(served.code(1))
    served.run(0.5)
    assert served.state is State.DENIED
    served.run(0.5)
    assert served.state is State.ADMITTING


def test_the_same_text_never_takes_the_place_of_its_own_verdict(served):
    text = served.code(iat=served.now_s - 500)
    served.look_at(text)
    served.run(2)
    assert served.verdicts() == [Reason.PROOF_OLD]
    assert served.state is State.DENIED


def test_a_refreshed_proof_is_read_at_once_where_it_helps_and_not_where_it_does_not(served):
    served.stand()
    served.look_at(served.code(1, iat=served.now_s - 500))
    served.run(0.1)
    served.look_at(served.code(1))
    served.run(1)
    assert served.verdicts() == [Reason.PROOF_OLD, Reason.GREEN]
    served.walk_through()
    served.leave()
    served.look_at(served.code(2, index=3))
    served.run(0.1)
    served.run(1)
    served.look_at(served.code(2, index=3))
    served.run(1)
    assert served.verdicts()[2:] == [Reason.RED]
    assert served.state is State.DENIED


def test_several_codes_do_not_take_the_place_of_a_verdict(served):
    served.look_at(served.code(2, index=3))
    served.run(0.1)
    served.look_at(served.code(1), served.code(3))
    served.run(1.5)
    assert served.state is State.DENIED


def test_who_was_denied_lends_no_temperature_to_the_next_code(served):
    served.stand(NORMAL_C)
    served.look_at("JX1:%%%")
    served.run(1)
    served.look_at(served.code(1))
    served.run(0.1)
    assert not served.verdicts()
    served.hands.object_c = FEVER_C  # whose code it is steps up only now
    served.run(2)
    assert served.verdicts() == [Reason.FEVER]


def admit(gate, number, object_c):
    gate.stand(object_c)
    gate.look_at(gate.code(number))
    gate.run(0.2)
    assert gate.state is State.ADMITTING
    gate.look_at()


def test_the_next_person_is_measured_while_the_one_before_is_still_in_the_passage(served):
    admit(served, 1, NORMAL_C)
    served.hands.touch(InputKind.PASSAGE, True)
    served.run(0.1)
    served.look_at(served.code(2))
    served.run(1.0)
    assert served.state is State.ADMITTING
    served.hands.touch(InputKind.PASSAGE, False)
    served.run(0.1)
    assert served.verdicts() == [Reason.GREEN, Reason.GREEN]
    assert served.hands.opened == 2
    assert served.journal(Event.PASSAGE)[-1].took_ms >= 1000


def test_who_turned_back_is_before_the_thermometer_again(served):
    admit(served, 1, NORMAL_C)
    served.look_at(served.code(2))
    served.run(8.2)  # nobody has stepped in
    assert served.journal(Event.NOT_PASSED)
    assert len(served.verdicts()) == 1


def test_without_a_sensor_samples_count_from_the_idle_moment(served):
    del served.hands.contacts[InputKind.PASSAGE]
    admit(served, 1, NORMAL_C)
    served.look_at(served.code(2))
    while served.state is State.ADMITTING:
        served.run(0.05)
    idle_s = served.mono
    served.run(1)
    assert served.stage.last.person.since_s >= idle_s - 0.06


NUMBERS = itertools.count(1000)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(go_s=st.floats(0.05, 1.5), through_s=st.floats(0.05, 1.5), shown_s=st.floats(0.0, 3.0))
def test_a_temperature_is_never_that_of_the_one_before(served, go_s, through_s, shown_s):
    """The first is well, the second has a fever: whatever their pace, no sample of the first one counts."""
    served.hands.object_c = 23.0
    served.look_at()
    served.run(12)
    admit(served, next(NUMBERS), NORMAL_C)
    number, before = next(NUMBERS), len(served.verdicts())
    text, begun_s, seen_s = served.code(number), served.mono, None
    steps = [(go_s, True), (go_s + through_s, False)]
    stepped_s = None
    while len(served.verdicts()) == before and served.mono < begun_s + 15:
        gone_s = served.mono - begun_s
        if steps and gone_s >= steps[0][0]:
            _, inside = steps.pop(0)
            served.hands.touch(InputKind.PASSAGE, inside)
            if inside:
                stepped_s, served.hands.object_c = served.mono, FEVER_C
        if seen_s is None and gone_s >= shown_s:
            seen_s = served.mono
            served.look_at(text)
        served.run(0.05)
    last = served.stage.last
    assert (last.person.subject, last.reason) == (number.to_bytes(16), Reason.FEVER)
    (first, *_) = last.person.measured
    assert first.object_c == pytest.approx(FEVER_C)
    assert served.gate.front._since_s >= max(stepped_s, seen_s - BEFORE_CODE_S)
