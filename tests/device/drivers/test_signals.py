import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.drivers import DriverError, Lamp, Sound
from device.drivers.signals import (
    BLACK,
    LAMP_PATTERNS,
    SOUND_PATTERNS,
    Outlets,
    PatternPlayer,
    light_at,
    tone_at,
)


def flashes_within(lamp, start_s):
    """Count how often the lamp gets brighter in the second after `start_s`."""
    levels = [sum(light_at(lamp, start_s + step / 200)[0]) for step in range(201)]
    return sum(after > before for before, after in pairwise(levels))


def test_every_lamp_and_every_sound_has_a_pattern():
    assert set(LAMP_PATTERNS) == set(Lamp)
    assert set(SOUND_PATTERNS) == set(Sound)


@given(lamp=st.sampled_from(Lamp), start_s=st.floats(0, 30))
def test_no_lamp_flashes_three_times_in_any_second(lamp, start_s):
    assert flashes_within(lamp, start_s) <= 2


@given(lamp=st.sampled_from(Lamp), elapsed_s=st.floats(0, 1e6))
def test_a_lamp_always_has_a_colour_and_a_moment_to_wait(lamp, elapsed_s):
    colour, wait_s = light_at(lamp, elapsed_s)
    assert all(0 <= part <= 1 for part in colour)
    assert wait_s > 0


@given(sound=st.sampled_from(Sound), elapsed_s=st.floats(0, 1e6))
def test_a_sound_always_has_a_pitch_the_sounder_can_play_and_a_moment_to_wait(sound, elapsed_s):
    hertz, wait_s = tone_at(sound, elapsed_s)
    assert hertz == 0 or 110 <= hertz <= 1760
    assert wait_s > 0


def test_red_flashes_twice_and_then_stays():
    lit = [sum(light_at(Lamp.RED_TWO_FLASHES, second / 10)[0]) > 0 for second in range(40)]
    assert sum(before and not after for before, after in pairwise(lit)) == 2
    assert all(lit[15:])


def test_lamps_differ_in_rhythm_or_colour_and_sounds_in_rhythm():
    assert len(set(LAMP_PATTERNS.values())) == len(Lamp)
    rhythms = {tuple((tone.hertz > 0, tone.seconds) for tone in tones) for tones in SOUND_PATTERNS.values()}
    assert len(rhythms) == len(Sound)


@pytest.fixture
def heard():
    return []


@pytest.fixture
def player(heard, clock):
    made = PatternPlayer(Outlets(heard.append, heard.append), monotonic=clock)
    made.close()  # the steps below are made by hand
    heard.clear()
    return made


def test_the_same_lamp_again_does_not_begin_anew(player, clock):
    player.show(Lamp.SLOW_WHITE, Sound.NONE)
    clock.now_s += 2.5
    player.show(Lamp.SLOW_WHITE, Sound.NONE)
    assert player.step(clock.now_s) == pytest.approx(0.5)


def test_no_sound_lets_a_running_one_finish(player, clock, heard):
    player.show(Lamp.AMBER, Sound.THREE_NOTES)
    player.step(clock.now_s)
    player.show(Lamp.AMBER, Sound.NONE)
    clock.now_s += 0.45
    player.step(clock.now_s)
    assert heard[-1] == 784.0


def test_closing_leaves_darkness_and_silence():
    shown = []
    played = threading.Event()
    outlets = Outlets(shown.append, lambda hertz: (shown.append(hertz), hertz and played.set()))
    player = PatternPlayer(outlets)
    player.show(Lamp.GREEN, Sound.TWO_LONG_LOW)
    assert played.wait(5)
    player.close()
    assert shown[-2:] == [BLACK, 0.0]


def test_pins_that_refuse_are_said_once_and_tried_again(heard, clock):
    broken = [False]

    def light(colour):
        if broken[0]:
            raise OSError("no such pin")
        heard.append(colour)

    player = PatternPlayer(Outlets(light, lambda _: None), monotonic=clock)
    player.close()
    broken[0] = True
    player.show(Lamp.GREEN, Sound.NONE)
    assert player.step(clock.now_s) == float("inf")
    with pytest.raises(DriverError, match="no such pin"):
        player.show(Lamp.RED_TWO_FLASHES, Sound.NONE)
    broken[0] = False
    player.show(Lamp.RED_TWO_FLASHES, Sound.NONE)
    player.step(clock.now_s)
    assert heard[-1] == (1.0, 0.0, 0.0)


def test_its_thread_outlives_pins_that_refuse():
    def light(_colour):
        raise OSError("no such pin")

    player = PatternPlayer(Outlets(light, lambda _: None))
    deadline_s = time.monotonic() + 5
    while not player._failure and time.monotonic() < deadline_s:
        time.sleep(0.005)
    with pytest.raises(DriverError):
        player.show(Lamp.GREEN, Sound.NONE)
    assert player._thread.is_alive()
    player.close()
