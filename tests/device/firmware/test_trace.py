"""What an engineer sees of a running gate: every step, nobody's name, and nothing at all when not asked."""

import io
import json

import numpy as np
import pytest

from device.firmware import scan, trace
from device.firmware.narrate import Narrator
from device.firmware.scan import History
from device.firmware.stage import Stage
from device.firmware.trace import HOOKS, Hook, Tracer
from wire.topics import Down


@pytest.fixture
def tracer():
    return Tracer(Narrator("json", io.StringIO()))


def told(tracer):
    return [json.loads(line) for line in tracer.narrator.out.getvalue().splitlines()]


def steps(tracer, step):
    return [line for line in told(tracer) if line["step"] == step]


def test_a_person_at_the_lane_is_told_step_by_step_and_stays_nobody(served, tracer):
    text = served.code(number=0x5A5A5A5A5A)
    with tracer.watching():
        served.show(text)
        served.run(1.5)
        served.walk_through()
    assert steps(tracer, "attention")[0]["to"] == "verify"
    code = steps(tracer, "code")[0]
    assert (code["result"], code["colour"], code["recall"]) == ("verified", "green", "new")
    ways = [(line["was"], line["on"], line["is"]) for line in steps(tracer, "lane")]
    assert ("reading", "measure", "measuring") in ways
    assert ("measuring", "admit", "admitting") in ways
    assert {line["event"] for line in steps(tracer, "journal")} >= {"passage"}
    assert steps(tracer, "relay")[0]["relay"] == "on"
    assert len(steps(tracer, "sample")) > 10
    assert steps(tracer, "measured")[-1]["result"] == "settled"
    everything = tracer.narrator.out.getvalue()
    assert "untold" not in everything
    for secret in (text, "5a5a5a5a", "5A5A5A5A", (0x5A5A5A5A5A).to_bytes(16).hex()):
        assert secret not in everything


def test_what_comes_from_the_fleet_is_told_by_kind_and_size(world, tracer):
    with tracer.watching():
        world.online()
        world.down(Down.ASSIGNMENT, world.authority.assignment(2))
        world.run(0.2)
    came = steps(tracer, "in")
    assert {line["what"] for line in came} == {"time", "assignment"}
    assert all(line["bytes"] > 50 for line in came)
    assert [line["result"] for line in came if line["what"] == "assignment"] == ["believed"]


def test_without_tracing_the_gate_runs_its_own_functions(tracer):
    before = (scan.look, Stage.happen)
    with tracer.watching():
        assert scan.look is not before[0]
    assert (scan.look, Stage.happen) == before


def test_every_hook_names_a_function_that_exists():
    for hook in HOOKS:
        home, name = trace._home(hook)
        assert callable(getattr(home, name)), hook


def test_a_step_that_cannot_be_told_or_fails_changes_nothing(monkeypatch, tracer):
    def odd(*_):
        raise LookupError

    monkeypatch.setattr(trace, "HOOKS", (Hook("device.firmware.scan", "look", "frame", odd),))
    monkeypatch.setattr(scan, "look", lambda *_: "seen")
    with tracer.watching():
        assert scan.look(None, History()) == "seen"
    assert told(tracer)[0]["untold"] == "LookupError"
    monkeypatch.setattr(scan, "look", odd)
    with tracer.watching(), pytest.raises(LookupError):
        scan.look(None, History())
    assert told(tracer)[1]["failed"] == "LookupError"


def test_for_people_the_moment_stands_in_front(served):
    tracer = Tracer(Narrator("words", io.StringIO()), lambda: 12.5)
    with tracer.watching():
        served.run(0.3)
    assert tracer.narrator.out.getvalue().startswith("12.500 sample object_c=")


def test_each_rung_that_reads_a_frame_is_told_with_its_name(tracer):
    luma = np.zeros((720, 1280), np.uint8)
    with tracer.watching():
        scan.look(luma, History())
    assert [line["rung"] for line in steps(tracer, "rung")] == [rung.name for rung in scan.rungs(720, 1)]
    assert steps(tracer, "frame")[0]["codes"] == 0
