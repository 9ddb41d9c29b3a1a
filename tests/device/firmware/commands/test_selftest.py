"""The command `jx-gate selftest`: on a virtual board, for people and for programs."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from device.firmware import config, live
from device.firmware.checks import registry
from device.firmware.checks.context import Check
from device.firmware.checks.finding import Finding, Grade
from device.firmware.command import app
from device.firmware.commands import selftest as selftest_command
from device.firmware.config import example
from device.firmware.live import listen
from device.firmware.store import Store
from device.firmware.words import Both, plain
from sandbox.board.client import Board
from sandbox.board.environment import environment
from sandbox.board.film import Film

GATE = "0123456789ab"
RELAY = 17


@pytest.fixture
def path(tmp_path):
    (tmp_path / "gate.toml").write_text(example(gate=GATE, data=str(tmp_path), host="127.0.0.1", port=1))
    return tmp_path


@pytest.fixture
def run(path):
    def run(*arguments, **more):
        return CliRunner().invoke(app, ["selftest", "--config", str(path / "gate.toml"), *arguments], **more)

    return run


def given(monkeypatch, *findings):
    """Checks that find just this."""
    title = Both("测试", "test")
    checks = tuple(
        Check(name=f"c{number}", title=title, proves=title, run=lambda _, found=found: (found,))
        for number, found in enumerate(findings)
    )
    monkeypatch.setattr(registry, "CHECKS", checks)


FINE = Finding(Grade.PASS, plain("1 V"), plain("≤ 2 V"))
DOUBTFUL = Finding(Grade.WARN, Both("高", "high"), plain("≤ 2 V"), Both("降低", "lower it"))
BROKEN = Finding(Grade.FAIL, Both("没有", "none"), fix=Both("修理", "mend it"))


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ((FINE,), 0),
        ((FINE, DOUBTFUL), 3),
        ((DOUBTFUL, BROKEN, FINE), 1),
        ((Finding(Grade.SKIP, plain("")),), 0),
    ],
)
def test_the_end_says_how_it_went(run, monkeypatch, findings, code):
    given(monkeypatch, *findings)
    assert run("--yes").exit_code == code


def test_each_line_has_value_limit_and_fix_in_both_languages(run, monkeypatch):
    given(monkeypatch, FINE, DOUBTFUL)
    said = run("--yes").output
    for words in (
        "PASS",
        "测试 · test",
        "1 V",
        "[≤ 2 V]",
        "WARN",
        "高 · high",
        "Fix: 降低 · lower it",
        "1 PASS  1 WARN",
    ):
        assert words in said
    assert "\x1b" not in said


def test_programs_get_json_and_nothing_else(run, monkeypatch):
    given(monkeypatch, DOUBTFUL)
    result = run("--json")
    told = json.loads(result.output)
    assert (told["gate"], told["exit"], result.exit_code) == (GATE, 3, 3)
    (one,) = told["findings"]
    assert (one["check"], one["grade"], one["fix"]["en"]) == ("c0", "warn", "lower it")


def test_what_each_check_proves_is_told_without_doing_any(run):
    result = run("--list")
    assert result.exit_code == 0
    for check in registry.CHECKS:
        assert check.name in result.output
        assert check.proves.en.split()[-1] in result.output


def test_an_unknown_check_is_a_matter_of_usage(run, path):
    result = run("--only", "colour")
    assert (result.exit_code, "there are power" in result.output) == (2, True)
    (path / "gate.toml").write_text("nonsense")
    assert run().exit_code == 2


def test_a_gate_that_runs_is_noticed_and_its_hardware_left_alone(run, path):
    store = Store.open(path / "gate.db", GATE, journal_limit_bytes=1 << 20)
    try:
        result = run("--yes", "--only", "relay", "--only", "camera")
    finally:
        store.close()
    assert "the gate is running" in result.output
    assert result.output.count("SKIP") == 3  # two lines, and the sum
    assert "the gate is running" not in run("--yes", "--only", "wiring").output


def test_questions_are_answered_in_a_terminal_only():
    class Terminal:
        def __init__(self, *answers):
            self.answers = list(answers)

        def input(self, _question):
            if not self.answers:
                raise EOFError
            return self.answers.pop(0)

        def print(self):
            """A line of its own for what follows."""

    asking = selftest_command.Asking(Terminal("y", "是", "", "no", "perhaps", "Ｙ", "?"), alone=False)
    question = Both("好吗？", "Is it?")
    assert [asking.sure(question) for _ in range(6)] == [True, True, False, False, True, None]
    assert selftest_command.Asking(Terminal("y"), alone=True).sure(question) is None


def test_on_a_board_every_check_comes_to_an_end_and_the_relay_stays_off(authority, picture_of_a_code):
    with tempfile.TemporaryDirectory(prefix="jx") as directory:
        path = Path(directory)
        (path / "gate.toml").write_text(example(gate=GATE, data=str(path), host="127.0.0.1", port=1))
        (path / "root.1.jx").write_bytes(authority.sign(authority.root()))
        Store.open(path / "gate.db", GATE, journal_limit_bytes=1 << 20).close()
        Film.create(path / "film", 1280, 720).show(picture_of_a_code)
        script = "from device.firmware.command import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", script, "selftest", "--config", path / "gate.toml", "--json", "--yes"],
            env=os.environ | environment(path / "s", path / "film"),
            capture_output=True,
            timeout=90,
            check=False,
        )
    assert done.stderr == b""
    assert done.returncode == 1  # not enrolled, no trust, and no broker
    told = json.loads(done.stdout)
    grades = {(one["check"], one["part"]): one["grade"] for one in told["findings"]}
    assert {check for check, _ in grades} == {check.name for check in registry.CHECKS}
    for passed in (("camera", "rate"), ("thermometer", "noise"), ("thermometer", "answer"), ("focus", None)):
        assert grades[passed] == "pass", told["findings"]
    assert grades["relay", None] == "skip"
    assert not any("Error: " in one["value"]["en"] for one in told["findings"])


@pytest.fixture
def picture_of_a_code(authority):
    import io

    import numpy as np
    import segno
    from PIL import Image

    out = io.BytesIO()
    segno.make(authority.text(authority.claims()), error="m").save(out, kind="png", scale=6, border=4)
    code = np.array(Image.open(out).convert("L"))
    luma = np.full((720, 1280), 90, np.uint8)
    luma[40 : 40 + code.shape[0], 60 : 60 + code.shape[1]] = code
    return luma


def test_a_lock_without_a_process_is_no_running_gate(path):
    from device.firmware.config import load

    config = load(path / "gate.toml")
    assert not live.in_use(config)
    Store.open(path / "gate.db", GATE, journal_limit_bytes=1 << 20).close()
    assert not live.in_use(config)
    assert listen(config) is None


class OnABoard:
    """A self-test of the relay as a process of its own, energised."""

    def __init__(self, directory):
        (directory / "gate.toml").write_text(example(gate=GATE, data=str(directory), host="127.0.0.1"))
        script = "from device.firmware.command import main; main()"
        options = ["--config", directory / "gate.toml", "--only", "relay", "--relay", "--yes"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, "selftest", *options],
            env=os.environ | environment(directory / "s", directory / "film"),
            stdout=subprocess.DEVNULL,
            process_group=0,  # a job of nobody's: a stop from the keyboard would stop it
        )
        with Board.connect(directory / "s", wait_s=30) as board:
            self.levels = (event.value for event in board.watch() if event.pin == RELAY)
            assert any(self.levels)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait(20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_whatever_ends_a_self_test_takes_the_power_from_the_relay_first(number):
    with tempfile.TemporaryDirectory(prefix="jx") as directory:
        test = OnABoard(Path(directory))
        test.process.send_signal(number)
        try:
            assert list(test.levels)[-1:] == [0.0]
        finally:
            assert test.end() in (128 + number, -number)


def test_a_self_test_is_not_put_to_sleep_while_the_way_is_open():
    with tempfile.TemporaryDirectory(prefix="jx") as directory:
        test = OnABoard(Path(directory))
        test.process.send_signal(signal.SIGTSTP)
        try:
            assert next(test.levels) == 0.0
        finally:
            test.end()


def test_who_may_not_read_the_files_does_not_take_the_parts_of_a_running_gate(run, path):
    config_file = config.load(path / "gate.toml")
    moment = {
        "gate": GATE, "pid": os.getpid(), "written_at": time.time(), "uptime_s": 1.0, "firmware": "1",
        "ready": True, "lane": "idle",
    }  # fmt: skip
    live.place(config_file).parent.mkdir()
    live.place(config_file).write_text(json.dumps(moment))
    said = run("--yes", "--only", "inputs", "--only", "relay").output
    assert "the gate is running" in said
    assert "no complaint" in said


def test_what_a_program_reads_is_one_line_without_blanks_at_its_end(run, monkeypatch):
    given(monkeypatch, Finding(Grade.WARN, plain("long " * 60), plain("≤ 2 V"), Both("短", "shorter")))
    lines = run("--yes").output.splitlines()
    assert any("long " * 59 in line for line in lines)
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_title_is_one_piece_for_a_program(run):
    assert "接线配置 · wiring as configured" in run("--yes", "--only", "wiring").output
