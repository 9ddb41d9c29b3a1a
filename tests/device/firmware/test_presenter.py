"""The screen's thread: turns, panels, prompts, secrets that vanish by themselves and leave no trace."""

import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.drivers import DriverError, Lamp, Prompt, Sound
from device.firmware import panel_picture, picture, presenter
from device.firmware.lane_table import State
from device.firmware.panel import HIDDEN, Panel, covered
from device.firmware.presenter import SECRET_S, Presenter
from device.firmware.screens import card, telling
from device.firmware.thermometry import Hint
from wire.health import TROUBLES, Trouble
from wire.reasons import Reason

SLOWEST_S = 0.4  # device/drivers/__init__.py: a display takes so long at first
ROOT = Path(__file__).parents[3]
NAME = "欧阳*修远"
ITEMS = (("一致", "It matches"), ("不一致", "It differs"))
BROKEN = card(State.OUT_OF_SERVICE, Reason.FAULT, None)


def until(condition):
    deadline_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.002)


class Clock:
    now_s = 50.0

    def __call__(self):
        return self.now_s


class Parts:
    """A display, lamp, sounder and loudspeaker that keep what they were told."""

    size, mode = (128, 64), "1"

    def __init__(self):
        self.pictures, self.signals, self.said = [], [], []
        self.mute = self.gone = False

    def show(self, first, second=None):
        if second is not None:
            self.signals.append((first, second))
        elif self.gone:
            raise DriverError("no display")
        else:
            self.pictures.append(first.tobytes())

    def say(self, prompt):
        if self.mute:
            raise DriverError("no loudspeaker")
        self.said.append(prompt)

    def close(self):
        pass


@pytest.fixture
def parts():
    return Parts()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shown(parts, clock):
    """A presenter whose thread is not begun: `_step` is called by hand."""
    made = Presenter(parts, parts, parts, monotonic=clock)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(presenter, "RETRY_S", 0.01)


def drawn(what, turn=0):
    draw = panel_picture.draw if isinstance(what, Panel) else picture.draw
    return draw(what, (128, 64), "1", turn).tobytes()


def test_a_gate_out_of_service_names_its_troubles_in_turns_of_three_seconds(shown, parts, clock):
    found = {Trouble.CAMERA, Trouble.JOURNAL, Trouble.DISK}
    shown.troubles(found)
    shown.show(BROKEN)
    for _ in range(5):
        shown._step()
        shown._step()
        clock.now_s += 3
    told = telling(BROKEN, found)
    assert told.troubles == (Trouble.CAMERA, Trouble.JOURNAL)
    assert parts.pictures == [drawn(told, turn) for turn in range(5)]


def test_troubles_that_come_and_go_fast_wait_for_the_next_turn(shown, parts, clock):
    shown.show(card(State.IDLE, None, None))
    shown._step()
    for step in range(30):
        shown.troubles({Trouble.THERMOMETER} if step % 2 else set())
        shown._step()
        clock.now_s += 0.09
    assert len(parts.pictures) == 1
    clock.now_s = 53.1
    shown._step()
    assert parts.pictures[1:] == [drawn(card(State.IDLE, None, None, {Trouble.THERMOMETER}), 1)]


def test_a_panel_stands_until_a_card_comes_and_leaves_the_lamp_alone(shown, parts):
    panel = Panel(zh="工作人员", en="Attendant", items=ITEMS)
    shown.show(BROKEN)
    shown.show_panel(panel)
    shown._step()
    assert parts.pictures == [drawn(panel)]
    assert shown.panel == panel
    shown.show(BROKEN)
    shown._step()
    assert shown.panel is None
    assert parts.pictures[-1] == drawn(BROKEN)
    assert {lamp for lamp, _ in parts.signals} == {Lamp.AMBER_DOUBLE_BLINK}


def secret(**changes):
    name = {"plain": (NAME, "123X")}
    return Panel(**({"zh": "核对证件", "en": "Check", "items": ITEMS, "secret": True} | name | changes))


def test_a_secret_is_covered_in_time_though_the_same_panel_is_shown_again_and_again(shown, parts, clock):
    begun_s = clock.now_s
    while clock.now_s < begun_s + 20:
        shown.show_panel(secret(seconds_left=round(clock.now_s - begun_s)))
        shown._step()
        seen = shown.panel.secret
        assert seen == (clock.now_s - begun_s < SECRET_S)
        assert (shown.panel.plain == (HIDDEN,)) != seen
        clock.now_s += 0.5
    assert parts.pictures[-1] == drawn(covered(secret(seconds_left=round(clock.now_s - 0.5 - begun_s))))
    assert SECRET_S + SLOWEST_S <= 5


def test_a_panel_in_a_log_does_not_tell_the_name():
    assert not any(part in repr(secret()) for part in (NAME, "123X"))


def test_a_panel_whose_time_runs_out_goes_on_with_its_turns(shown, parts, clock):
    long = Panel(zh="闸机状态", en="State of the gate", plain=(TROUBLES[Trouble.VENUE_STALE].en,) * 2)
    for second in range(7):
        shown.show_panel(dataclasses.replace(long, seconds_left=9 - second))
        shown._step()
        clock.now_s += 1
    turns = [drawn(dataclasses.replace(long, seconds_left=9 - s), s // 3) for s in range(7)]
    assert parts.pictures == turns
    shown.show_panel(dataclasses.replace(long, chosen=1))
    shown._step()
    assert parts.pictures[-1] == drawn(dataclasses.replace(long, chosen=1))


def test_another_person_gets_a_time_of_their_own(shown, clock):
    shown.show_panel(secret())
    clock.now_s += 60
    shown.show_panel(Panel(zh="工作人员", en="Attendant", items=ITEMS))
    shown.show_panel(secret())
    assert shown.panel.secret


def test_a_secret_on_a_display_that_fails_is_not_shown_late(shown, parts, clock):
    parts.gone = True
    shown.show_panel(secret())
    shown._step()
    assert not shown.display_working
    parts.gone = False
    clock.now_s += SECRET_S
    shown._step()
    assert parts.pictures == [drawn(covered(secret()))]


def test_a_picture_that_cannot_be_drawn_is_a_trouble_that_heals_and_a_secret_is_covered_all_the_same(
    parts, clock, monkeypatch
):
    shown = Presenter(parts, parts, parts, monotonic=clock)
    shown.start()
    shown.show(card(State.IDLE, None, None))
    until(lambda: parts.pictures)

    def torn(*_):
        raise OSError("the card does not give the font")

    with monkeypatch.context() as without_font:
        without_font.setattr(panel_picture, "draw", torn)
        shown.show_panel(secret())
        until(lambda: not shown.display_working)
        assert shown.alive
        clock.now_s += SECRET_S + 1
        until(lambda: not shown.panel.secret)
    until(lambda: shown.display_working)
    until(lambda: parts.pictures[-1] == drawn(covered(secret())))
    shown.stop()


def test_a_name_whose_cover_cannot_be_drawn_is_blanked(shown, parts, clock, monkeypatch):
    shown.show_panel(secret())
    shown._step()

    def torn(*_):
        raise OSError("the card does not give the font")

    monkeypatch.setattr(panel_picture, "draw", torn)
    clock.now_s += SECRET_S + 0.1
    shown._step()
    assert not any(parts.pictures[-1])
    assert not shown.display_working


def test_each_prompt_is_said_once_in_a_state_however_its_hints_come_and_go(shown, parts):
    for hint in (None, Hint.STEP_BACK, Hint.STEP_CLOSER, Hint.STEP_BACK, Hint.AGAIN, Hint.STEP_CLOSER):
        shown.show(card(State.MEASURING, None, hint))
    assert parts.said == [Prompt.STEP_CLOSER, Prompt.STEP_BACK, Prompt.HOLD_STILL]
    shown.show(card(State.ADMITTING, Reason.GREEN, None))
    shown.show(card(State.IDLE, None, None))
    shown.show(card(State.MEASURING, None, None))
    assert parts.said[3:] == [Prompt.ENTER, Prompt.STEP_CLOSER]


def test_out_of_service_is_heard_once_though_its_words_change(shown, parts):
    for reason in (Reason.FAULT, Reason.OUTSIDE_HOURS, Reason.FAULT):
        shown.show(card(State.OUT_OF_SERVICE, reason, None))
    assert [sound for _, sound in parts.signals] == [Sound.ONE_LOW, Sound.NONE, Sound.NONE]
    assert parts.said == [Prompt.OUT_OF_SERVICE, Prompt.CLOSED]


def test_two_verdicts_in_a_row_are_both_heard(shown, parts):
    for _ in range(2):
        shown.show(card(State.DENIED, Reason.PROOF_OLD, None))
    assert parts.said == [Prompt.REFRESH] * 2


def test_a_voice_that_fails_is_a_trouble_of_the_signals_and_heals(shown, parts):
    parts.mute = True
    shown.show(BROKEN)
    assert not shown.signals_working
    assert parts.signals == [(Lamp.AMBER_DOUBLE_BLINK, Sound.ONE_LOW)]
    shown.show(card(State.IDLE, None, None))
    assert not shown.signals_working  # an idle gate says nothing: nobody knows better yet
    parts.mute = False
    shown.show(card(State.ADMITTING, Reason.GREEN, None))
    assert shown.signals_working


def test_the_thread_wakes_when_a_secret_is_over_though_nothing_else_happens_then(shown, clock, monkeypatch):
    monkeypatch.setattr(presenter, "RETRY_S", 2.0)
    shown.show_panel(secret())
    clock.now_s += SECRET_S - 0.25
    assert shown._patience_s() == pytest.approx(0.25)


@pytest.mark.parametrize("screen", ["oled", "lcd"])
def test_a_name_is_gone_from_screen_and_memory_though_nobody_calls_the_presenter_again(screen):
    command = [sys.executable, "-m", "tests.device.firmware.name_in_memory", screen]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert (done.returncode, done.stderr) == (0, "")
