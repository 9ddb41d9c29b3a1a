"""The gate as a process on a virtual board: no broker, real files, real pins below gpiozero."""

import datetime as dt
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import segno
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from PIL import Image

from device.firmware.__main__ import main
from device.firmware.config import example, load, read
from device.firmware.errors import GateError
from device.firmware.gate import believed, directory
from device.firmware.live import in_use, listen, place
from device.firmware.narrate import Narrator
from device.firmware.parts import display_config
from device.firmware.store import Store
from sandbox.board.client import Board, BoardError
from sandbox.board.environment import environment
from sandbox.board.film import Film
from wire.documents import Permission
from wire.keys import PrivateKey
from wire.messages import Event
from wire.reasons import Reason

GATE = "0123456789ab"
RELAY, FIRE, TAMPER, BUTTON = 17, 16, 20, 21


def certificate(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, GATE)])
    today = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, today, today + dt.timedelta(90))
    return builder.sign(key, hashes.SHA256())


def qr(text):
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="png", scale=4, border=4)
    code = np.array(Image.open(out).convert("L"))
    luma = np.full((720, 1280), 90, np.uint8)
    luma[40 : 40 + code.shape[0], 60 : 60 + code.shape[1]] = code
    return luma


class Running:
    """One gate process and the hand that reaches into its board."""

    trace = False

    def __init__(self, path, authority):
        self.path, self.authority, self.now_s = path, authority, int(time.time())
        root = authority.root(issued=self.now_s - 60, expires=self.now_s + 86_400)
        (path / "root.1.jx").write_bytes(authority.sign(root))
        self.store(self.fill)
        self.key = PrivateKey.generate()
        config = example(gate=GATE, data=str(path), host="127.0.0.1", port=1)
        (path / "gate.toml").write_text(config.replace("[lane]", '[lane]\nbutton = "opens"'))
        self.film = Film.create(path / "film", 1280, 720)
        self.log = (path / "log").open("w+")
        self.process = self.start()
        self.board = Board.connect(path / "s", wait_s=30)
        self.board.set(pin={str(FIRE): False, str(TAMPER): False}, object_c=23.0, ambient_c=23.0)

    def start(self):
        return subprocess.Popen(
            [sys.executable, "-m", "device.firmware", "--config", self.path / "gate.toml", "--log", "json"]
            + ["--trace"] * self.trace,
            env=os.environ | environment(self.path / "s", self.path / "film"),
            stderr=self.log,
        )

    def fill(self, store):
        """Documents of this very day: a process has no other clock."""
        now_s, tomorrow_s = self.now_s, self.now_s + 86_400
        span = {"issued": now_s - 60, "expires": tomorrow_s}
        keys = {"not_before": now_s - 60, "not_after": tomorrow_s}
        issuers = tuple(
            replace(issuer, keys=tuple(replace(key, **keys) for key in issuer.keys))
            for issuer in self.authority.trust().issuers
        )
        permission = Permission(region="r", scope="scan", begins=0, ends=tomorrow_s)
        sign, of = self.authority.sign, self.authority
        store.keep("trust", "", 1, sign(of.trust(issuers=issuers, **span)))
        store.keep("assignment", "", 1, sign(of.assignment(permission=permission, **span)))
        store.keep("list", "jl/0", 1, of.list(of.token(**span)))

    def store(self, use):
        store = Store.open(self.path / "gate.db", GATE, journal_limit_bytes=10_000_000)
        try:
            return use(store)
        finally:
            store.close()

    def enrol(self):
        pem = certificate(self.key.crypto()).public_bytes(serialization.Encoding.PEM)
        (self.path / "gate.key").write_bytes(self.key.to_pem())
        (self.path / "ca.pem").write_bytes(pem)
        (self.path / "gate.pem").write_bytes(pem)

    def said(self):
        return [json.loads(line) for line in (self.path / "log").read_text().splitlines()]

    def until(self, condition, what):
        deadline_s = time.monotonic() + 30
        while not condition():
            assert self.process.poll() is None, (self.path / "log").read_text()
            assert time.monotonic() < deadline_s, f"{what}: {(self.path / 'log').read_text()}"
            time.sleep(0.02)

    def kinds(self):
        return [line["kind"] for line in self.said()]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)
        self.log.close()


@pytest.fixture
def running(authority):
    # A unix socket's path may have 107 bytes at most: pytest's own directories are longer.
    with tempfile.TemporaryDirectory(prefix="jx") as path:
        gate = Running(Path(path), authority)
        yield gate
        gate.stop()
        gate.board.close()


def test_a_gate_waits_to_be_enrolled_serves_and_leaves_the_relay_without_power(running, authority):
    running.until(lambda: {"kind": "boot", "sequence": 1} in running.said(), "boot")
    assert running.board.pins()[RELAY] == 0
    running.enrol()
    running.until(lambda: any(line.get("ready") for line in running.said()), "ready")
    text = authority.text(authority.claims(expires=running.now_s + 86_400))
    running.film.show(qr(text))
    running.until(lambda: "passage" in running.kinds(), "the code")
    running.board.pin(BUTTON, False)
    running.until(lambda: "opened_by_hand" in running.kinds(), "the button")
    running.until(lambda: running.board.pins()[RELAY] == 1, "the relay")
    assert (running.path / "gate.key").stat().st_mode & 0o077 == 0
    running.process.send_signal(signal.SIGHUP)  # a terminal that is closed ends it in order, too
    assert running.process.wait(15) == 0
    assert running.said()[-1] == {"kind": "stopped"}
    with pytest.raises(BoardError):
        running.board.pins()  # the machine is gone with its process; the relay's pin went first
    entries = running.store(lambda store: store.newest(10))
    (passage,) = [entry for entry in entries if entry.kind is Event.PASSAGE]
    # Nobody has told this gate the time, so the code is referred, whatever its colour.
    assert passage.reason is Reason.CLOCK_DOUBT
    assert passage.issuer == "jl"
    assert Event.OPENED_BY_HAND in [entry.kind for entry in entries]


def test_a_running_gate_tells_its_state_until_it_ends(running):
    config = load(running.path / "gate.toml")
    running.until(lambda: listen(config) is not None, "its state")
    told = listen(config).told
    assert (told.pid, told.gate) == (running.process.pid, GATE)
    assert "not_enrolled" in told.troubles
    assert in_use(config)
    running.stop()
    assert not place(config).exists()
    assert not in_use(config)


def test_a_traced_gate_says_its_steps_and_no_code(running, authority):
    running.process.terminate()
    running.process.wait(15)
    text = authority.text(authority.claims(expires=running.now_s + 86_400))
    running.enrol()
    running.film.show(qr(text))
    running.board.close()
    running.trace = True
    running.process = running.start()
    running.board = Board.connect(running.path / "s", wait_s=30)
    running.board.set(pin={str(FIRE): False, str(TAMPER): False}, object_c=23.0, ambient_c=23.0)

    def steps():
        return {line.get("step") for line in running.said()}

    running.until(lambda: {"sample", "frame", "rung", "code", "lane", "journal"} <= steps(), "its steps")
    said = (running.path / "log").read_text()
    assert "untold" not in said
    assert text not in said


def test_a_configuration_that_cannot_be_read_is_named(tmp_path, capsys):
    assert main(["--config", str(tmp_path / "none.toml")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_second_gate_on_the_same_files_does_not_start_and_names_the_reason(running):
    running.until(lambda: "boot" in running.kinds(), "boot")
    with tempfile.TemporaryDirectory(prefix="jx") as other:
        second = subprocess.run(
            [sys.executable, "-m", "device.firmware", "--config", running.path / "gate.toml"],
            env=os.environ | environment(Path(other) / "s", running.path / "film"),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert second.returncode == 2
    assert "in use by another firmware process" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize("root", [None, b"nothing", "stranger"])
def test_a_card_that_a_gate_cannot_start_with_is_named(root, tmp_path, authority):
    config = read(example(gate=GATE, data=str(tmp_path)).encode(), "x")
    if root == "stranger":
        root = authority.sign(authority.root(), [authority.stranger])
    if root is not None:
        (tmp_path / "root.1.jx").write_bytes(root)
    store = Store.open(tmp_path / "gate.db", GATE, journal_limit_bytes=1 << 20)
    with pytest.raises(GateError, match=r"root document .*root\.1\.jx .*prepare the card"):
        believed(config, store, Narrator())
    store.close()


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("taken")
    config = read(example(gate=GATE, data=str(tmp_path / "file" / "data")).encode(), "x")
    with pytest.raises(GateError, match="mount the data partition"):
        directory(config)


def test_every_display_of_the_file_has_its_driver():
    def display(text):
        return display_config(read(example().replace('kind = "oled"', text).encode(), "x"))

    assert type(display('kind = "oled"')).__name__ == "OledConfig"
    assert type(display('kind = "lcd"\nchip = "ili9341"')).__name__ == "LcdConfig"
    assert display('kind = "none"') is None
