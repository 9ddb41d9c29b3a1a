"""How checks are chosen and done, and what a check that breaks costs the others."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from device.firmware import command
from device.firmware.checks import registry
from device.firmware.checks.context import Check
from device.firmware.checks.finding import Finding, Grade
from device.firmware.errors import GateError
from device.firmware.live import Running, Told
from device.firmware.words import Both, plain
from provisioning.command import app as field

GATE = "0123456789ab"


def told(*troubles, **failures):
    moment = Told(
        gate=GATE,
        pid=1,
        written_at=0.0,
        uptime_s=1.0,
        firmware="1",
        ready=True,
        lane="idle",
        troubles=troubles,
        failures=failures,
    )
    return Running(moment, 0.1)


def done(check, context):
    found = []
    registry.perform(check, context, found.append)
    return found


def test_every_check_has_a_name_of_its_own_and_words_in_both_languages():
    names = [check.name for check in registry.CHECKS]
    assert len(set(names)) == len(names)
    for check in registry.CHECKS:
        assert check.title.zh != check.title.en
        assert check.proves.zh != check.proves.en


@pytest.mark.parametrize("trouble", ["barrier", "does_not_open", "stands_open"])
def test_a_barrier_that_the_running_gate_complains_of_is_told(context, trouble):
    (check,) = registry.chosen(["relay"], [])
    (found,) = done(check, replace(context, busy=True, running=told(trouble)))
    assert found.grade in {Grade.FAIL, Grade.WARN}


def test_nobody_is_sent_to_a_command_that_does_not_exist():
    commands = {
        "jx-field": {one.name or one.callback.__name__ for one in field.registered_commands},
        "jx-gate": {one.name for one in command.app.registered_commands},
    }
    for path in Path(registry.__file__).parents[1].rglob("*.py"):
        for program, name in re.findall(r"(?<![/`])(jx-field|jx-gate) ([a-z]+)", path.read_text()):
            assert name in commands[program], f"{path.name}: {program} {name}"


def test_checks_are_chosen_by_name_and_an_unknown_name_is_said():
    assert [check.name for check in registry.chosen(["clock", "power"], [])] == ["power", "clock"]
    assert "relay" not in [check.name for check in registry.chosen([], ["relay"])]
    with pytest.raises(GateError, match=r"no check colour; there are power, heat"):
        registry.chosen(["colour"], [])


def test_a_check_that_breaks_has_failed_and_says_of_what(context):
    def broken(_):
        yield Finding(Grade.PASS, plain("first"))
        raise KeyError("bus")

    title = Both("坏", "broken")
    first, last = done(Check(name="broken", title=title, proves=title, run=broken), context)
    assert (first.grade, last.grade) == (Grade.PASS, Grade.FAIL)
    assert last.value.en == "KeyError: 'bus'"
    assert "report" in last.fix.en


def test_while_a_gate_runs_its_word_stands_for_the_hardware(context):
    (camera,) = registry.chosen(["camera"], [])
    (relay,) = registry.chosen(["relay"], [])
    busy = replace(context, busy=True)
    assert [one.grade for one in done(camera, busy)] == [Grade.SKIP]
    well = replace(busy, running=told())
    assert [one.grade for one in done(camera, well)] == [Grade.NOTE]
    ill = replace(busy, running=told("camera", "camera_slow", camera="no picture in 2 s"))
    found = done(camera, ill)
    assert [one.grade for one in found] == [Grade.FAIL, Grade.WARN]
    assert "no picture in 2 s" in found[0].value.en
    (skipped,) = done(relay, well)
    assert (skipped.grade, "systemctl stop jixiang-gate" in skipped.fix.en) == (Grade.SKIP, True)


def test_both_are_shown_once_when_they_are_the_same():
    assert str(plain(5)) == "5"
    assert str(Both("甲", "a")) == "甲 · a"
