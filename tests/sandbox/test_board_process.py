"""An unchanged program on the virtual machine, touched from outside through its socket alone."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from sandbox.board.client import Board, BoardError
from sandbox.board.environment import environment
from sandbox.board.film import Film

PROGRAM = """
import sys
import numpy as np
from PIL import Image
from device.drivers import DriverError, InputKind, Lamp, SensorFault, Sound
from device.drivers.camera import CameraConfig, PiCamera
from device.drivers.display import LumaDisplay, OledConfig
from device.drivers.gpio import Gpio
from device.drivers.mlx90614 import Mlx90614, Mlx90614Config
from device.drivers.wiring import Contact, GpioConfig

camera = PiCamera(CameraConfig(width=320, height=240, frames_per_s=60))
camera.start()
thermometer = Mlx90614(Mlx90614Config())
display = LumaDisplay(OledConfig())
gpio = Gpio(GpioConfig(relay_pin=17, contacts={InputKind.BUTTON: Contact(pin=5)}, lamp_pins=(12, 13, 19)))
for line in sys.stdin:
    match line.split():
        case ["read"]:
            try:
                print(round(thermometer.read().object_c, 1), flush=True)
            except SensorFault as fault:
                print("fault", fault.retries, flush=True)
        case ["see"]:
            try:
                with camera.frame(0.5) as frame:
                    print(int(frame.luma.mean()), flush=True)
            except DriverError:
                camera.start()
                print("hang", flush=True)
        case ["poll"]:
            print(*(f"{change.kind.value}={change.active}" for change in gpio.inputs.poll()), flush=True)
        case ["open"]:
            gpio.barrier.open()
            gpio.signals.show(Lamp.GREEN, Sound.SHORT_HIGH)
            display.show(Image.new("1", display.size, 1))
            print("opened", flush=True)
"""


class Gate:
    def __init__(self, process, board, film):
        self.process, self.board, self.film = process, board, film

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def until(self, line, answer):
        deadline_s = time.monotonic() + 30
        while self.ask(line) != answer:
            assert time.monotonic() < deadline_s
            time.sleep(0.01)


@pytest.fixture
def gate():
    with tempfile.TemporaryDirectory(prefix="jx") as folder:
        film = Film.create(Path(folder) / "film", 320, 240)
        surroundings = os.environ | environment(Path(folder) / "socket", Path(folder) / "film")
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=surroundings,
        )
        try:
            with Board.connect(Path(folder) / "socket", wait_s=30) as board:
                made = Gate(process, board, film)
                made.ask("poll")
                yield made
            process.stdin.close()
            process.wait(timeout=10)
            assert process.stderr.read() == ""
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()


def test_every_driver_works_through_its_real_library_and_can_be_touched_from_outside(gate):
    gate.board.temperature(36.4, 22.0)
    assert gate.ask("read") == "36.4"
    gate.film.show(np.full((240, 320), 77, np.uint8))
    assert gate.ask("see") == "77"
    gate.board.pin(5, False)
    gate.until("poll", "button=True")  # shorter, and it would have bounced
    gate.board.pin(5, None)
    gate.until("poll", "button=False")
    watch = gate.board.watch()
    assert {next(watch).pin for _ in range(len(gate.board.pins()))} == set(gate.board.pins())
    assert gate.ask("open") == "opened"
    seen = {}
    while seen.get(17) != 1.0 or seen.get(13) != 1.0:
        event = next(watch)
        seen[event.pin] = event.value
        assert event.at_s <= time.monotonic()
    picture = gate.board.display()
    assert picture.size == (128, 64)
    assert picture.getcolors() == [(128 * 64, 255)]
    counters = gate.board.counters()
    assert counters["camera_frames"] >= 1
    assert counters["i2c_transfers"] >= 6
    gate.process.stdin.close()
    # The end of the process drops the relay, and the watch ends with the process.
    assert (17, 0.0) in {(event.pin, event.value) for event in watch}


def test_faults_are_made_and_healed_from_outside(gate):
    gate.board.set(unplug=True)
    assert gate.ask("read") == "fault 3"
    gate.board.set(unplug=False)
    deadline_s = time.monotonic() + 30
    while gate.ask("read").startswith("fault"):
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    gate.board.camera("hang")
    assert gate.ask("see") == "hang"
    gate.board.camera("ok")
    assert gate.ask("see") == "0"


def test_a_killed_process_ends_the_watch_and_the_conversation(gate):
    watch = gate.board.watch()
    next(watch)
    gate.process.send_signal(signal.SIGKILL)
    assert list(watch) is not None
    with pytest.raises(BoardError, match="hung up"):
        gate.board.pins()


def test_a_request_it_does_not_understand_is_answered_with_what_there_is(gate):
    with pytest.raises(BoardError, match="there is"):
        gate.board.set(weather="rain")
    with pytest.raises(BoardError, match="use ok, hang or unplug"):
        gate.board.set(camera="sleepy")
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(gate.board._path))
        with raw.makefile("rwb") as lines:
            for nonsense in (b"{", b"[]", b'{"get": "money"}', b'{"set": 3}'):
                lines.write(nonsense + b"\n")
                lines.flush()
                assert "error" in json.loads(lines.readline())


def test_there_is_no_machine_where_nobody_started_one(tmp_path):
    with pytest.raises(BoardError, match="no machine listens"):
        Board.connect(tmp_path / "nothing", wait_s=0)


def test_without_the_variables_nothing_is_changed():
    program = "import smbus2.smbus2 as s, os; print(s.os is os)"
    surroundings = {**os.environ, **environment(Path("/tmp/none"), Path("/tmp/none"))}
    del surroundings["JX_BOARD_SOCKET"]
    done = subprocess.run(
        [sys.executable, "-c", program], env=surroundings, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"
