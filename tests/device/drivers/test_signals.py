import threading
import time
from contextlib import suppress
from itertools import combinations, groupby, pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.drivers import DriverError, Lamp, Sound
from device.drivers.signals import (
    BLACK,
    HOLD_S,
    LAMP_PATTERNS,
    RED,
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


def luminance(colour):
    """As WCAG 2.2 has it, of light that is proportional to the pulse width."""
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def flashes_within_a_second(changes):
    """The most flashes in any second: brighter after darker, or a pair of changes of whatever hue."""
    steps = [
        (at, luminance(new) > luminance(old)) for (_, old), (at, new) in pairwise([(0, BLACK), *changes])
    ]
    brighter = [at for (_, before), (at, rises) in pairwise([(0, False), *steps]) if rises and not before]
    most = [sum(start <= at <= start + 1 for at in brighter) for start in brighter]
    pairs = [sum(start <= at <= start + 1 for at, _ in steps[1:]) / 2 for start, _ in steps[1:]]
    return max([*most, *pairs], default=0)


def played(player, clock, shows, seconds):
    """What the lamp did, as (moment, colour), while `shows` asked for (moment, lamp)."""
    changes, waiting = [], list(shows)
    put = player._outlets.light
    player._outlets = Outlets(
        lambda colour: (changes.append((clock.now_s, colour)), put(colour)), lambda _: None
    )
    end_s = clock.now_s + seconds
    while clock.now_s < end_s:
        while waiting and waiting[0][0] <= clock.now_s:
            player.show(waiting.pop(0)[1], Sound.NONE)
        wait_s = player.step(clock.now_s)
        clock.now_s += max(1e-6, min(wait_s, waiting[0][0] - clock.now_s if waiting else 9.0))
    return changes


# Far faster than a lane can go, down to a few milliseconds; and just about as long as a colour stands.
PACES_S = (0.004, 0.05, 0.1, 0.17, 0.25, 0.31, 0.35, 0.45, 0.5, 0.7)


@pytest.mark.parametrize(("first", "second"), list(permutations(Lamp, 2)))
def test_no_two_lamps_in_turn_flash_three_times_in_any_second(first, second, player, clock):
    for pace_s in PACES_S:
        begun_s = clock.now_s
        shows = [(begun_s + n * pace_s, (first, second)[n % 2]) for n in range(int(3 / pace_s))]
        assert flashes_within_a_second(played(player, clock, shows, 4)) < 3


@given(shows=st.lists(st.tuples(st.floats(0, 1.5), st.sampled_from(Lamp)), max_size=40))
@settings(max_examples=60, deadline=None)
def test_no_sequence_of_lamps_flashes_three_times_in_any_second(shows):
    clock = Ticking()
    player = made(lambda _: None, clock)
    at_s, asked = clock.now_s, []
    for pause_s, lamp in shows:
        at_s += pause_s
        asked.append((at_s, lamp))
    assert flashes_within_a_second(played(player, clock, asked, at_s - clock.now_s + 3)) < 3


def test_the_lamp_that_was_asked_for_last_is_lit_after_a_moment(player, clock, heard):
    for lamp in (Lamp.GREEN, Lamp.AMBER, Lamp.WHITE, Lamp.RED_TWO_FLASHES):
        player.show(lamp, Sound.NONE)
        player.step(clock.now_s)
        clock.now_s += 0.01
    assert heard[0] == (0.0, 1.0, 0.0)
    clock.now_s += player.step(clock.now_s)
    assert clock.now_s - 100.0 == pytest.approx(HOLD_S)
    player.step(clock.now_s)
    assert heard[-1] == (1.0, 0.0, 0.0)
    assert player.step(clock.now_s) == pytest.approx(0.4)  # the pattern began when it could be seen


def brightness(lamp):
    """How bright it is, as a share of its brightest, ten times a second."""
    levels = [luminance(light_at(lamp, step / 10)[0]) for step in range(60)]
    return [round(level / max(levels), 1) for level in levels]


def test_without_any_colour_the_rhythm_of_the_lamp_tells_the_verdicts_apart():
    verdicts = [
        Lamp.SLOW_WHITE,
        Lamp.WHITE_PULSE,
        Lamp.GREEN,
        Lamp.RED_TWO_FLASHES,
        Lamp.AMBER,
        Lamp.AMBER_DOUBLE_BLINK,
    ]
    rhythms = [brightness(lamp) for lamp in verdicts]
    for one, other in combinations(rhythms, 2):
        assert sum(a != b for a, b in zip(one, other, strict=True)) >= 6  # six tenths of six seconds


def test_lamps_differ_in_rhythm_or_colour_and_sounds_in_rhythm():
    assert len(set(LAMP_PATTERNS.values())) == len(Lamp)
    rhythms = {tuple((tone.hertz > 0, tone.seconds) for tone in tones) for tones in SOUND_PATTERNS.values()}
    assert len(rhythms) == len(Sound)


@pytest.fixture
def heard():
    return []


class Ticking:
    """Monotonic seconds of a hypothesis example."""

    now_s = 100.0

    def __call__(self):
        return self.now_s


def made(put, clock):
    """A player whose steps are made by hand."""
    player = PatternPlayer(Outlets(put, put), monotonic=clock)
    player.close()
    player._coloured_s, player._shown = float("-inf"), (None, None)
    return player


@pytest.fixture
def player(heard, clock):
    player = made(heard.append, clock)
    heard.clear()
    return player


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


def no_sounder(_hertz):
    raise OSError("no such sounder")


def test_a_sounder_that_refuses_leaves_the_lamp_its_pattern_and_its_calm(heard, clock):
    player = PatternPlayer(Outlets(heard.append, no_sounder), monotonic=clock)
    player.close()
    heard.clear()
    begun_s = clock.now_s
    shows = [(begun_s + 0.05 * n, (Lamp.WHITE, Lamp.OFF)[n % 2]) for n in range(60)]
    changes, waiting = [], list(shows)

    def light(colour):
        if not changes or changes[-1][1] != colour:
            changes.append((clock.now_s, colour))

    player._outlets = Outlets(light, no_sounder)
    while waiting:
        at_s, lamp = waiting.pop(0)
        clock.now_s = at_s
        with suppress(DriverError):
            player.show(lamp, Sound.BLIP)
        player.step(at_s)
    assert flashes_within_a_second(changes) < 3
    player._outlets = Outlets(heard.append, no_sounder)
    with suppress(DriverError):
        player.show(Lamp.RED_TWO_FLASHES, Sound.TWO_LONG_LOW)
    end_s = clock.now_s + 3
    while clock.now_s < end_s:
        clock.now_s += max(1e-3, min(0.05, player.step(clock.now_s)))
    assert [colour for colour, _ in groupby(heard)][-5:] == [RED, BLACK, RED, BLACK, RED]


def test_closing_silences_the_sounder_though_the_lamp_is_gone():
    tones = []
    broken = [False]

    def light(_colour):
        if broken[0]:
            raise OSError("no such pin")

    player = PatternPlayer(Outlets(light, tones.append))
    player.show(Lamp.GREEN, Sound.ONE_LOW)
    deadline_s = time.monotonic() + 30
    while 330.0 not in tones and time.monotonic() < deadline_s:
        time.sleep(0.005)
    broken[0] = True
    player.close()
    assert tones[-1] == 0.0


def test_its_thread_outlives_pins_that_refuse():
    def light(_colour):
        raise OSError("no such pin")

    player = PatternPlayer(Outlets(light, lambda _: None))
    deadline_s = time.monotonic() + 30
    while not player._failure and time.monotonic() < deadline_s:
        time.sleep(0.005)
    with pytest.raises(DriverError):
        player.show(Lamp.GREEN, Sound.NONE)
    assert player._thread.is_alive()
    player.close()
