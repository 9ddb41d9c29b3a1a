"""What each check of the hardware says of a sound part, a doubtful one and a broken one."""

from dataclasses import replace

import numpy as np
import pytest

from device.drivers import InputKind, ThermometerCounters
from device.firmware.checks.display import card
from device.firmware.checks.finding import Grade
from device.firmware.checks.focus import edge_px
from device.firmware.config import example, read

PASS, WARN, FAIL, SKIP, NOTE = Grade.PASS, Grade.WARN, Grade.FAIL, Grade.SKIP, Grade.NOTE


def grades(found):
    return {part: finding.grade for part, finding in found.items()}


def test_a_sound_camera_passes(run):
    assert grades(run("camera")) == {"rate": PASS, "exposure": PASS}
    assert grades(run("focus")) == {"": PASS}


def test_a_slow_camera_is_a_warning_with_its_rate(run, bench):
    bench.period_s = 1 / 5
    found = run("camera")["rate"]
    assert (found.grade, found.value.en) == (WARN, "5.0 pictures a second")


def test_a_covered_lens_fails_and_a_window_behind_the_queue_warns(run, bench):
    bench.luma = np.zeros((720, 1280), np.uint8)
    assert run("camera")["exposure"].grade is FAIL
    assert run("focus")[""].grade is NOTE
    bench.luma = np.full((720, 1280), 255, np.uint8)
    assert run("camera")["exposure"].grade is WARN


def blurred(luma, pixels):
    kernel = np.ones(pixels) / pixels
    rows = np.apply_along_axis(np.convolve, 1, luma.astype(float), kernel, "same")
    return np.apply_along_axis(np.convolve, 0, rows, kernel, "same").astype(np.uint8)


def test_focus_is_the_width_of_edges(bench):
    shifted = np.roll(bench.luma, (7, 9), (0, 1))
    sharp = edge_px(shifted)
    widths = [edge_px(blurred(shifted[:360, :640], pixels)) for pixels in (3, 7, 13)]
    assert sharp == 1.0
    assert widths == sorted(widths)
    assert widths[1] == pytest.approx(7, abs=1.5)
    assert edge_px(np.zeros((16, 16), np.uint8)) is None


def test_a_lens_out_of_focus_is_a_warning_then_a_failure(run, bench):
    shifted = np.roll(bench.luma, (7, 9), (0, 1))[:360, :640]
    bench.luma = blurred(shifted, 9)
    assert run("focus")[""].grade is WARN
    bench.luma = blurred(shifted, 17)
    assert run("focus")[""].grade is FAIL


def test_a_camera_that_does_not_start_fails_in_its_own_words(run, bench):
    bench.broken = {"camera"}
    found = run("camera")[""]
    assert (found.grade, found.value.en) == (FAIL, "camera is broken; mend it")


def test_a_sound_thermometer_passes_in_every_part(run):
    found = run("thermometer")
    assert set(found) == {"answer", "optics", "emissivity", "bus errors", "ambient", "noise"}
    assert set(grades(found).values()) == {PASS}


def test_what_is_wrong_with_a_thermometer_is_told_part_by_part(run, bench):
    bench.who = replace(bench.who, variant="BAA", view_deg=90, emissivity=1.0)
    bench.ambient_c, bench.noise_c = 2.0, 0.4
    assert grades(run("thermometer")) == {
        "answer": PASS, "optics": WARN, "emissivity": FAIL,
        "bus errors": PASS, "ambient": WARN, "noise": WARN,
    }  # fmt: skip
    assert "90°" in run("thermometer")["optics"].fix.zh


def test_bad_checks_on_the_bus_are_counted(run, bench):
    counts = iter(range(0, 1000, 6))
    type(bench).counters = property(lambda _: ThermometerCounters(pec_errors=next(counts)), lambda *_: None)
    try:
        assert run("thermometer")["bus errors"].grade is WARN
    finally:
        del type(bench).counters
    bench.counters = ThermometerCounters()
    bench.broken = {"reads"}
    found = run("thermometer")
    assert (found["bus errors"].grade, "noise" in found) == (FAIL, False)


def test_a_thermometer_that_does_not_answer_fails_and_one_that_is_not_there_is_skipped(run, bench):
    bench.broken = {"thermometer"}
    assert grades(run("thermometer")) == {"": FAIL}
    bench.fitted = False
    assert grades(run("thermometer")) == {"": SKIP}


def test_the_number_on_the_screen_is_what_somebody_must_see(run, bench, somebody, context):
    somebody.says = {"number": str(10 + context.now_s % 90)}
    assert run("display")[""].grade is PASS
    somebody.says = {"number": ""}
    assert run("display")[""].grade is FAIL
    somebody.says = {}
    assert run("display")[""].grade is NOTE
    assert len(bench.shown) == 3
    bench.size = (0, 0)
    assert run("display")[""].grade is SKIP
    bench.size, bench.broken = (128, 64), {"display"}
    assert run("display")[""].grade is FAIL


@pytest.mark.parametrize(("size", "mode"), [((128, 64), "1"), ((240, 320), "RGB")])
def test_the_test_card_reaches_every_edge(size, mode):
    picture = card("42", size, mode).convert("L")
    edges = [(0, 0), (size[0] - 1, 0), (0, size[1] - 1), (size[0] - 1, size[1] - 1)]
    assert all(picture.getpixel(place) == 255 for place in edges)


def test_lamp_and_buzzer_are_asked_about_each(run, bench, somebody):
    somebody.says = {"lamp": True, "tones": False}
    assert grades(run("signals")) == {"lamp": PASS, "buzzer": FAIL}
    somebody.says = {}
    assert grades(run("signals")) == {"lamp": NOTE, "buzzer": NOTE}
    assert bench.shown[-1][0].value == "off"


def test_the_relay_never_moves_unless_somebody_says_so(run, bench, somebody):
    assert grades(run("relay")) == {"": SKIP}
    somebody.says = {"Is it clear": False}
    assert grades(run("relay")) == {"": SKIP}
    assert bench.energised == []


def test_the_door_contact_confirms_the_pulse(run, bench, somebody, time):
    somebody.says = {"Is it clear": True, "own power": True}
    bench.moves = InputKind.DOOR
    begun_s = time()
    assert grades(run("relay")) == {"pulse": PASS, "lock without power": PASS}
    assert bench.energised[0]
    assert not bench.energised[-1]
    assert time() - begun_s == pytest.approx(0.8, abs=0.1)


def test_a_pulse_that_nobody_saw_fails_or_is_a_note(run, bench, somebody, config):
    somebody.says = {"Is it clear": True, "unlock, once": False, "own power": False}
    assert grades(run("relay")) == {"pulse": FAIL, "lock without power": FAIL}
    somebody.says["unlock, once"] = True
    assert run("relay")["pulse"].grade is PASS
    somebody.says = {}
    assert grades(run("relay", relay=True)) == {"pulse": NOTE, "lock without power": NOTE}
    door = read(
        example(data=config.data).replace("[pins]\n", '[pins]\nbarrier = "door"\n').encode(), "gate.toml"
    )
    assert run("relay", relay=True, config=door)["pulse"].grade is FAIL
    assert not bench.energised[-1]


def test_a_relay_is_let_go_when_the_contacts_fail(run, bench):
    bench.broken = {InputKind.DOOR}
    assert run("relay", relay=True)[""].grade is FAIL
    assert bench.energised == [True, False]


def test_each_contact_is_told_and_an_alarm_fails(run, bench):
    bench.levels = {InputKind.FIRE: True, InputKind.DOOR: True}
    bench.broken = {InputKind.BUTTON}
    assert grades(run("inputs")) == {
        "door": PASS, "passage": PASS, "fire": FAIL, "tamper": PASS, "button": FAIL,
    }  # fmt: skip


def test_while_they_are_watched_each_contact_has_to_move(run, bench, time):
    asleep = time.sleep

    def sleep(seconds):
        asleep(seconds)
        bench.change(InputKind.BUTTON)

    found = run("inputs", watch_s=1.0, sleep=sleep)
    assert found["button"].grade is PASS
    assert "changed 2" in found["button"].value.en
    assert found["door"].grade is WARN


def test_a_gate_without_contacts_or_lamps_skips_them(run, config):
    bare = read(f'gate = "{config.gate}"\n[broker]\nhost = "x"\n[pins]\nrelay = 17\n'.encode(), "gate.toml")
    assert run("inputs", config=bare)[""].grade is SKIP
    assert run("signals", config=bare)[""].grade is SKIP
    assert run("calibration", config=bare)[""].grade is SKIP


def test_the_wiring_is_judged_without_touching_a_pin(run, bench, config):
    bench.broken = {"pins"}
    assert set(grades(run("wiring")).values()) <= {PASS, WARN}
    twice = read(example(data=config.data).replace("pin = 5", "pin = 17").encode(), "gate.toml")
    found = run("wiring", config=twice)[""]
    assert (found.grade, "17" in found.value.en) == (FAIL, True)
