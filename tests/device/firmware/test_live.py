"""What a running gate tells about itself, and who believes it."""

import io
import json
import os
import time
from pathlib import Path

import pytest

from device.firmware import live
from device.firmware.config import example, read
from device.firmware.live import LiveFile, listen, place
from device.firmware.narrate import Narrator

GATE = "0123456789ab"


@pytest.fixture
def config(tmp_path):
    return read(example(gate=GATE, data=str(tmp_path)).encode(), "gate.toml")


@pytest.fixture
def file(config):
    return LiveFile(config, Narrator("json", io.StringIO()), begun_s=990.0)


def test_a_gate_tells_how_it_is_to_whoever_may_log_in(served, file, config):
    file.tell(served.gate, served.mono)
    told = listen(config).told
    assert (told.gate, told.pid, told.ready, told.lane) == (GATE, os.getpid(), True, "idle")
    assert told.held["trust"] == 1
    assert told.uptime_s == pytest.approx(served.mono - 990.0, abs=0.1)
    assert place(config).stat().st_mode & 0o777 == 0o644
    assert told.clock == "signed"
    assert told.clock_doubt_ms < 1000


def test_nothing_about_a_person_is_told(served, file, config):
    text = served.code(number=0x5A5A5A5A5A)
    served.show(text)
    served.run(0.5)
    file.tell(served.gate, served.mono)
    data = place(config).read_text()
    assert "5a5a5a5a" not in data
    assert text[:20] not in data


def test_it_is_written_once_a_second_and_at_once_on_a_change(served, file, config):
    file.tell(served.gate, served.mono)
    first = place(config).stat().st_ino
    file.tell(served.gate, served.mono + 0.5)
    assert place(config).stat().st_ino == first
    served.hands.broken = set()
    served.gate.office.online = False
    file.tell(served.gate, served.mono + 0.6)
    changed = place(config).stat().st_ino
    assert not listen(config).told.online
    file.tell(served.gate, served.mono + 1.7)
    assert changed != first


def test_a_directory_that_cannot_be_written_is_said_once_and_stops_nothing(served, config):
    Path(config.run).write_text("not a directory")
    said = io.StringIO()
    file = LiveFile(config, Narrator("json", said), begun_s=0.0)
    for second in range(5):
        file.tell(served.gate, served.mono + 2 * second)
    assert [json.loads(line)["kind"] for line in said.getvalue().splitlines()] == ["state not told"]
    Path(config.run).unlink()
    file.tell(served.gate, served.mono + 20)
    assert listen(config) is not None


def test_an_end_in_order_leaves_nothing_behind(served, file, config):
    file.tell(served.gate, served.mono)
    file.remove()
    file.remove()
    assert listen(config) is None


def wrong(told, **changes):
    return json.dumps(json.loads(told) | changes)


@pytest.mark.parametrize(
    "changes", [{"pid": 2**22 + 7}, {"pid": 2**70}, {"gate": "f" * 12}, {"written_at": 5.0}, {"ready": "x"}]
)
def test_what_is_old_or_of_another_gate_or_process_is_not_believed(served, file, config, changes):
    file.tell(served.gate, served.mono)
    place(config).write_text(wrong(place(config).read_text(), **changes))
    assert listen(config) is None


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[]", b"null", b"{}"])
def test_anything_else_in_the_file_is_no_gate(config, data):
    place(config).parent.mkdir()
    place(config).write_bytes(data)
    assert listen(config) is None


def test_the_gate_of_another_user_is_alive_too(served, file, config, monkeypatch):
    file.tell(served.gate, served.mono)

    def kill(_pid, _signal):
        raise PermissionError

    monkeypatch.setattr(live.os, "kill", kill)
    assert listen(config).age_s < time.time()
