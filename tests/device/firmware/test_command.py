"""The command `jx-gate`: what it prints, for people and for programs, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import zxingcpp
from PIL import Image
from typer.testing import CliRunner

from device.firmware import config, live, standing
from device.firmware.command import app
from device.firmware.commands import run as run_command
from device.firmware.commands import terminal
from device.firmware.store import Store
from wire.messages import ClockTrust, Entry, Event
from wire.reason_words import REASONS
from wire.reasons import Reason

GATE = "0123456789ab"
NOW_S = 1_795_000_000
CLOCK = ["--clock", str(NOW_S)]


@pytest.fixture
def run():
    def run(*arguments, **more):
        return CliRunner().invoke(app, [str(one) for one in arguments], **more)

    return run


@pytest.fixture
def files(authority, tmp_path):
    (tmp_path / "root.jx").write_bytes(authority.sign(authority.root()))
    (tmp_path / "root.2.jx").write_bytes(authority.next_root(2, []))
    (tmp_path / "trust.jx").write_bytes(authority.sign(authority.trust()))
    (tmp_path / "list.cwt").write_bytes(authority.list(authority.token()))
    return [
        *("--root", tmp_path / "root.jx", "--root", tmp_path / "root.2.jx"),
        *("--trust", tmp_path / "trust.jx", "--list", tmp_path / "list.cwt"),
    ]


@pytest.fixture
def picture(authority, tmp_path):
    barcode = zxingcpp.create_barcode(authority.text(authority.claims()), zxingcpp.BarcodeFormat.QRCode)
    path = tmp_path / "code.png"
    Image.fromarray(zxingcpp.write_barcode_to_image(barcode, scale=4)).save(path)
    return path


@pytest.fixture
def gate(authority, tmp_path):
    """A gate's files as a card and a day at a lane leave them."""
    path = tmp_path / "gate.toml"
    data = tmp_path / "data"
    data.mkdir()
    path.write_text(config.example(gate=GATE, data=str(data)), encoding="utf-8")
    (data / "root.1.jx").write_bytes(authority.sign(authority.root()))
    store = Store.open(data / "gate.db", GATE, journal_limit_bytes=1 << 20)
    store.keep("trust", "", 1, authority.sign(authority.trust()))
    store.keep("assignment", "", 1, authority.sign(authority.assignment()))
    store.keep("list", "jl/0", 1, authority.list(authority.token()))
    store.append(Entry(sequence=0, previous=bytes(32), at_ms=1, clock=ClockTrust.NONE, kind=Event.BOOT))
    store.close()
    return path


def test_a_text_is_explained_in_both_languages_and_marked_unverified(run, authority):
    result = run("explain", authority.text(authority.claims()), *CLOCK)
    assert result.exit_code == 3
    assert "手机健康码 · a phone's health code" in result.output
    assert "未核验 unverified" in result.output


def test_a_picture_is_read_and_checked_against_files(run, files, picture):
    result = run("explain", picture, *files, *CLOCK)
    assert result.exit_code == 0, result.output
    assert "unverified" not in result.output
    assert "OK" in result.output


def test_a_picture_comes_through_a_pipe_too(run, picture):
    result = run("explain", "-", *CLOCK, input=picture.read_bytes())
    assert result.exit_code == 3
    assert "phone's health code" in result.output


def test_a_text_comes_from_a_file_or_a_pipe(run, authority, tmp_path):
    (tmp_path / "code.txt").write_text(authority.text(authority.claims()) + "\n", encoding="ascii")
    assert run("explain", tmp_path / "code.txt", *CLOCK).exit_code == 3
    assert run("explain", "-", *CLOCK, input=authority.text(authority.claims())).exit_code == 3


def test_what_does_not_hold_ends_with_1(run, files, authority):
    result = run("explain", authority.text(authority.claims(index=3)), *files, *CLOCK)
    assert result.exit_code == 1
    assert "FAIL" in result.output


def test_what_nobody_verified_does_not_hold_for_programs_either(run, authority):
    result = run("explain", authority.text(authority.claims()), *CLOCK, "--json")
    assert (result.exit_code, json.loads(result.output)[0]["holds"]) == (3, False)


def test_json_says_the_same_for_programs(run, files, authority):
    result = run("explain", authority.text(authority.claims()), *files, *CLOCK, "--json")
    (one,) = json.loads(result.output)
    assert (one["kind"], one["holds"]) == ("phone", True)
    assert {line["mark"] for line in one["lines"]} == {"holds"}


def test_a_code_is_checked_against_what_a_gate_holds(run, gate, authority):
    result = run("explain", authority.text(authority.claims()), "--data", gate.parent / "data", *CLOCK)
    assert result.exit_code == 0, result.output
    assert "green" in result.output


def test_a_date_is_written_as_people_write_it(run, authority):
    assert run("explain", authority.text(authority.claims()), "--clock", "2026-11-18T00:00Z").exit_code == 3
    assert run("explain", "x", "--clock", "tomorrow").exit_code == 2


def test_a_date_without_a_zone_is_in_utc_as_all_that_is_printed(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    assert terminal.moment("1970-01-02T00:00") == terminal.moment("1970-01-02T00:00Z") == 86_400
    assert terminal.moment("1970-01-02T08:00+08:00") == 86_400
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n broken", "cannot be read"),
        (b"", "is empty"),
        (b"\xff\xfe\x00", "neither a picture"),
    ],
)
def test_unreadable_input_is_said_in_words_and_ends_with_2(run, tmp_path, content, words):
    (tmp_path / "input").write_bytes(content)
    result = run("explain", tmp_path / "input")
    assert result.exit_code == 2
    assert words in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("x", "--clock", "tomorrow"),
        ("x", "--trust", "none.jx"),
        ("x", "--root", "none.jx"),
        ("x", "--root", "empty.jx"),
        ("--jsonl", "--json"),
        ("--jsonl", "none.jsonl"),
        ("empty.jx",),
        ("none.png",),
        ("blank.png",),
    ],
)
def test_every_refusal_of_explain_is_in_both_languages(run, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.jx").touch()
    Image.new("L", (100, 100), 255).save(tmp_path / "blank.png")
    result = run("explain", *arguments)
    zh, _, en = result.output.partition(" · ")
    assert (result.exit_code, any("一" <= sign <= "鿿" for sign in zh), bool(en.strip())) == (2, True, True)


def test_a_picture_without_a_code_is_said_in_words(run, tmp_path):
    Image.new("L", (100, 100), 255).save(tmp_path / "blank.png")
    result = run("explain", tmp_path / "blank.png")
    assert (result.exit_code, "no QR code" in result.output) == (2, True)


def test_a_picture_beyond_all_measure_is_not_decoded(run, tmp_path):
    Image.new("1", (8_000, 8_000)).save(tmp_path / "huge.png")
    result = run("explain", tmp_path / "huge.png")
    assert (result.exit_code, "pixels" in result.output) == (2, True)


def test_a_small_file_that_claims_to_be_a_huge_picture_is_not_believed(run, tmp_path):
    beginning = b"BM" + bytes(24)
    for side in (30_000, 2**30):
        size = side.to_bytes(4, "little")
        header = (40).to_bytes(4, "little") + size + size + b"\1\0\x18\0" + bytes(24)
        (tmp_path / "bomb.bmp").write_bytes(beginning[:14] + header + bytes(99))
        result = run("explain", tmp_path / "bomb.bmp")
        assert (result.exit_code, "pixels" in result.output) == (2, True)


def test_a_file_beyond_all_measure_is_not_read_whole(run, tmp_path):
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**40)  # a hole: no disk holds it, and no memory would
    result = run("explain", tmp_path / "huge")
    assert (result.exit_code, "bytes" in result.output) == (2, True)


@pytest.mark.parametrize("module", ["device.firmware.command", "provisioning.command"])
def test_a_terminal_without_chinese_gets_substitutes_and_no_crash(module):
    script = f"import sys; from {module} import main; main()"
    told = subprocess.run(
        [sys.executable, "-c", script, "explain" if "firmware" in module else "--help", "x"],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "TERM": "dumb"},
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in told.stderr
    assert b"\\u" in told.stdout


def test_a_picture_whose_name_is_mistyped_is_no_code(run, tmp_path):
    result = run("explain", tmp_path / "coed.png")
    assert (result.exit_code, "there is no file" in result.output) == (2, True)


def test_files_that_do_not_verify_are_said_in_words(run, authority, files, tmp_path):
    assert run("explain", "x", "--trust", tmp_path / "trust.jx").exit_code == 2
    assert run("explain", "x", "--root", tmp_path / "nothing").exit_code == 2
    assert run("explain", "x", "--root", tmp_path / "trust.jx").exit_code == 2
    other = authority.list(authority.token(), authority.lists["bj"])
    (tmp_path / "list.cwt").write_bytes(other)
    result = run("explain", "x", *files)
    assert (result.exit_code, "wrong_issuer" in result.output) == (2, True)
    (tmp_path / "list.cwt").write_bytes(b"nothing")
    assert run("explain", "x", *files).exit_code == 2


def test_the_status_says_what_a_gate_believes_and_holds(run, gate):
    result = run("status", "--config", gate, *CLOCK)
    assert result.exit_code == 1  # no certificate: not enrolled
    for words in (GATE, "商场 · Mall", "jl, bj", "37.3 °C", "not enrolled"):
        assert words in result.output


def test_the_status_is_there_for_programs_too(run, gate):
    told = json.loads(run("status", "--config", gate, *CLOCK, "--json").output)
    assert told["facts"]["head"] == 1
    assert told["troubles"][0] == "not_enrolled"
    assert not told["decides"]


def test_a_date_beyond_the_calendar_is_no_crash(run, gate, authority):
    (gate.parent / "data" / "root.1.jx").write_bytes(authority.sign(authority.root(expires=2**60)))
    assert "1152921504606846976 s" in run("status", "--config", gate, *CLOCK).output


def test_the_status_of_a_gate_without_documents_is_no_crash(run, gate):
    (gate.parent / "data" / "gate.db").unlink()
    Store.open(gate.parent / "data" / "gate.db", GATE, journal_limit_bytes=1 << 20).close()
    told = json.loads(run("status", "--config", gate, *CLOCK, "--json").output)
    assert "no_trust" in told["troubles"]


@pytest.mark.parametrize("missing", ["gate.toml", "data/gate.db", "data/root.1.jx"])
def test_a_missing_file_is_said_in_words(run, gate, missing):
    (gate.parent / missing).unlink()
    result = run("status", "--config", gate)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_card_with_something_else_for_a_root_is_said_in_words(run, gate):
    (gate.parent / "data" / "root.1.jx").write_bytes(b"nothing")
    assert "prepare the card" in run("status", "--config", gate).output


def test_the_status_says_what_the_gate_would_refuse(run, gate):
    result = run("status", "--config", gate, *CLOCK)
    for words in ("would refuse", "older than 30 s", "转人工 · attendant", "paper codes", "is not running"):
        assert words in result.output
    told = json.loads(run("status", "--config", gate, *CLOCK, "--json").output)
    assert {"verdict": "refer", "zh": "纸质码", "en": "paper codes"} in told["refuses"]
    assert told["running"] is None


@pytest.fixture
def running(gate):
    """A gate that tells: this very process."""

    def running(**changes):
        moment = {
            "gate": GATE, "pid": os.getpid(), "written_at": time.time(), "uptime_s": 75.0, "firmware": "1.2",
            "ready": False, "lane": "out of service", "reason": "E-605",
            "troubles": ["camera", "offline", "later"],
            "failures": {"camera": "no picture in 2 s"}, "gauges": {"frames": 7}, "clock": "signed",
            "clock_doubt_ms": 12,
        }  # fmt: skip
        config_file = config.load(gate)
        place = live.place(config_file)
        place.parent.mkdir(exist_ok=True)
        place.write_text(json.dumps(moment | changes))

    return running


def test_the_status_says_what_the_running_gate_knows(run, gate, running):
    running()
    result = run("status", "--config", gate, *CLOCK)
    for words in ("0:01:15", "out of service E-605", "no picture in 2 s", "the camera has failed", "±12 ms"):
        assert words in result.output
    assert "检查排线 · check the camera cable" in result.output
    told = json.loads(run("status", "--config", gate, *CLOCK, "--json").output)
    assert {"camera", "offline", "not_enrolled"} <= set(told["troubles"])
    assert told["readiness"][0]["severity"] == "blocks"
    assert told["running"]["gauges"] == {"frames": 7}


def test_who_may_not_read_the_files_still_hears_the_running_gate(run, gate, running):
    running()
    (gate.parent / "data" / "gate.db").unlink()
    result = run("status", "--config", gate, *CLOCK)
    assert (result.exit_code, "its files cannot be read" in result.output) == (1, True)
    assert "the camera has failed" in result.output
    told = json.loads(run("status", "--config", gate, *CLOCK, "--json").output)
    assert told["troubles"] == ["camera", "offline"]
    assert "gate.db" in told["unread"]


def test_the_status_says_why_the_lane_is_so_in_words(run, gate, running):
    running(lane="referred", reason="R-307", clock="none", clock_doubt_ms=None)
    said = run("status", "--config", gate, *CLOCK).output
    for words in ("referred R-307", REASONS[Reason.CLOCK_DOUBT].screen_zh, "nobody has vouched for it"):
        assert words in said
    running(reason="X-999")
    assert "X-999" in run("status", "--config", gate, *CLOCK).output  # a later gate's


def test_a_gate_that_does_not_run_decides_nothing(run, gate, monkeypatch):
    monkeypatch.setattr(standing, "certificate_end", lambda _: NOW_S + 90 * 86_400)
    result = run("status", "--config", gate, *CLOCK)
    assert result.exit_code == 3
    assert "is not running" in result.output


def test_a_gate_that_holds_its_files_and_tells_nothing_is_not_said_to_have_ended(run, gate):
    store = Store.open(gate.parent / "data" / "gate.db", GATE, journal_limit_bytes=1 << 20)
    try:
        result = run("status", "--config", gate, *CLOCK)
        told = json.loads(run("status", "--config", gate, *CLOCK, "--json").output)
    finally:
        store.close()
    assert "is not running" not in result.output
    assert "tells nothing" in result.output
    assert (told["running"], told["holds_files"]) == (None, True)
    assert not json.loads(run("status", "--config", gate, *CLOCK, "--json").output)["holds_files"]


@pytest.mark.parametrize("changes", [{"written_at": 5.0}, {"pid": 2**22 + 5}])
def test_a_gate_that_has_ended_is_not_taken_for_running(run, gate, running, changes):
    running(**changes)
    assert "is not running" in run("status", "--config", gate, *CLOCK).output


def test_a_status_that_is_watched_is_told_again_and_again(gate):
    script = "from device.firmware.command import main; main()"
    command = [sys.executable, "-c", script, "status", "--config", gate, *CLOCK, "--watch", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        first, second = process.stdout.readline(), process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr.read() == b""
    assert json.loads(first)["facts"]["gate"] == json.loads(second)["facts"]["gate"] == GATE


def test_run_becomes_the_program_that_systemd_runs(run, gate, monkeypatch):
    became = []
    monkeypatch.setattr(run_command.os, "execv", lambda program, words: became.append((program, words)))
    assert run("run", "--config", gate, "--trace", "--log", "json").exit_code == 0
    tail = ["-m", "device.firmware", "--config", str(gate), "--log", "json", "--trace"]
    assert became == [(sys.executable, [sys.executable, *tail])]
    gate.write_text("nonsense")
    assert run("run", "--config", gate).exit_code == 2
    assert len(became) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be the wrong account")
def test_root_does_not_run_the_gate_of_another_account(run, gate, monkeypatch):
    monkeypatch.setattr(run_command.os, "execv", lambda *_: pytest.fail("became it"))
    os.chown(gate.parent / "data", 4242, 4242)
    result = run("run", "--config", gate)
    assert (result.exit_code, "sudo -u '#4242'" in result.output) == (2, True)
