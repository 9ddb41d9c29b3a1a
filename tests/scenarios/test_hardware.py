"""Parts that fail in a whole gate: what people meet, what is said everywhere, and that it heals.

A real process on the virtual board, a real broker, signed time.
"""

import threading

import numpy as np
import pytest
from typer.testing import CliRunner

from device.firmware import picture
from device.firmware.command import app
from device.firmware.lane_table import State
from device.firmware.screens import card
from wire.health import TROUBLES, Severity, Trouble, severity_of
from wire.messages import Event
from wire.reasons import Reason, Verdict

pytestmark = pytest.mark.timeout(180)
RELAY, DOOR, FIRE, TAMPER = 17, 5, 16, 20
SCENE = np.random.default_rng(1).normal(110, 30, (720, 1280)).clip(0, 255).astype(np.uint8)


def named(gate, trouble):
    """The display, the fleet and the status say it; whether people are served follows from how bad it is."""
    gate.until(lambda: trouble in gate.troubles(), f"the fleet hears {trouble.name}")
    bad = severity_of(trouble)
    assert gate.states()[-1].ready is (bad is not Severity.BLOCKS)
    words = TROUBLES[trouble]
    done = CliRunner().invoke(
        app, ["status", "--config", str(gate.path / "gate.toml")], env={"COLUMNS": "200"}
    )
    for said in (words.zh, words.en, words.fix_zh, words.fix_en):
        assert said in done.output.replace("\n", " ")
    assert done.exit_code == (1 if bad is Severity.BLOCKS else 0)
    if bad is not Severity.NOTE:
        state, reason = (State.OUT_OF_SERVICE, Reason.FAULT) if bad is Severity.BLOCKS else (State.IDLE, None)
        shown = card(state, reason, None, {trouble})
        pictures = {
            picture.draw(shown, (128, 64), "1", turn).tobytes() for turn in range(picture.turns(shown, "1"))
        }
        gate.until(lambda: gate.board.display().tobytes() in pictures, f"the display names {trouble.name}")


def healed(gate, trouble):
    """It is over, and the next person comes in."""
    gate.until(lambda: trouble not in gate.troubles(), f"{trouble.name} is over")
    assert gate.visit() is Reason.GREEN
    kinds = [
        (one.kind, one.about) for one in gate.events().values() if one.kind in {Event.FAULT, Event.FAULT_END}
    ]
    if (Event.FAULT, int(trouble)) in kinds:
        assert [kind for kind, about in kinds if about == trouble][-1] is Event.FAULT_END


@pytest.mark.parametrize("failure", ["unplug", "hang"])
def test_a_camera_that_is_gone_or_hangs_takes_the_gate_out_of_service_until_it_is_back(whole, failure):
    whole.serving()
    whole.board.camera(failure)
    named(whole, Trouble.CAMERA)
    assert whole.states()[-1].lane == State.OUT_OF_SERVICE.value
    whole.board.camera("ok")
    healed(whole, Trouble.CAMERA)


def test_a_covered_lens_refers_in_words_until_it_is_uncovered(whole):
    whole.serving()
    whole.film.show(np.zeros((720, 1280), np.uint8))
    named(whole, Trouble.CAMERA_DARK)
    whole.film.show(SCENE)
    healed(whole, Trouble.CAMERA_DARK)


def test_a_display_that_is_pulled_out_stops_nobody(whole):
    whole.serving()
    whole.board.set(display_unplug=True)
    named(whole, Trouble.DISPLAY)
    assert whole.visit() is Reason.GREEN
    whole.board.set(display_unplug=False)
    healed(whole, Trouble.DISPLAY)


class Mad:
    """A thermometer that says another temperature whenever it is asked."""

    def __init__(self, gate):
        self.gate, self.over = gate, threading.Event()
        self.board = type(gate.board).connect(gate.path / "s")
        self.thread = threading.Thread(target=self.run)

    def run(self):
        warm = False
        while not self.over.wait(0.08):
            warm = not warm
            self.board.set(object_raw=15_500 if warm else 13_700)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.board.set(object_raw=None)
        self.board.close()


class Broken:
    """A thermometer with this wrong with it."""

    def __init__(self, gate, **wrong):
        self.gate, self.wrong = gate, wrong

    def __enter__(self):
        self.gate.board.set(**self.wrong)

    def __exit__(self, *_):
        self.gate.board.set(**{name: type(value)() for name, value in self.wrong.items()})


FAULTS = {
    "unplugged": lambda gate: Broken(gate, unplug=True),
    "bus held low": lambda gate: Broken(gate, stuck=True),
    "error flag": lambda gate: Broken(gate, flag=True),
    "bad checksums": lambda gate: Broken(gate, corrupt=1_000_000),
    "jumps": Mad,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_without_a_thermometer_that_can_be_believed_people_are_referred_until_it_is_well(whole, fault):
    whole.serving()
    with FAULTS[fault](whole):
        named(whole, Trouble.THERMOMETER)
        opened = [one for one in whole.events().values() if one.verdict is Verdict.ADMIT]
        assert whole.visit() is Reason.NO_TEMPERATURE
        assert [one for one in whole.events().values() if one.verdict is Verdict.ADMIT] == opened
        assert whole.board.pins()[RELAY] == 0
    healed(whole, Trouble.THERMOMETER)


def test_a_way_that_stands_open_though_the_relay_is_off_is_told_until_it_shuts(whole):
    whole.serving()
    whole.board.pin(DOOR, False)
    named(whole, Trouble.STANDS_OPEN)
    # A leaf that moves within a second of the last person's is not forced, and then held too long.
    unasked = {Event.FORCED_OPEN, Event.HELD_OPEN}
    whole.until(lambda: unasked & {one.kind for one in whole.events().values()}, "the event")
    assert whole.board.pins()[RELAY] == 0
    whole.board.pin(DOOR, True)
    healed(whole, Trouble.STANDS_OPEN)


def test_a_relay_that_no_longer_moves_the_arm_is_told_by_the_door_contact(whole):
    whole.serving()
    while Trouble.DOES_NOT_OPEN not in whole.troubles():
        assert whole.visit(moves=False) is Reason.GREEN
    named(whole, Trouble.DOES_NOT_OPEN)
    assert whole.visit() is Reason.GREEN  # the arm moves again
    healed(whole, Trouble.DOES_NOT_OPEN)


def test_an_alarm_at_the_case_and_a_fire_are_told_everywhere_and_end(whole):
    whole.serving()
    whole.board.pin(TAMPER, True)
    named(whole, Trouble.TAMPER)
    whole.board.pin(TAMPER, False)
    healed(whole, Trouble.TAMPER)
    whole.board.pin(FIRE, True)
    whole.until(lambda: whole.board.pins()[RELAY] == 1, "the way is open")
    whole.until(lambda: Trouble.FIRE in whole.troubles(), "the fleet hears it")
    assert whole.states()[-1].lane == State.EVACUATING.value
    whole.board.pin(FIRE, False)
    whole.until(lambda: whole.board.pins()[RELAY] == 0, "the way is shut")
    whole.until(lambda: whole.states()[-1].lane == State.IDLE.value, "it serves")
    assert whole.visit() is Reason.GREEN
