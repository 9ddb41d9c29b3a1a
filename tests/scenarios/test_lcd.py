"""A whole gate with the large display: the same words, upright and in colour."""

from device.firmware import picture
from device.firmware.lane_table import State
from device.firmware.screens import card
from sandbox.board.client import Board
from wire.health import Trouble
from wire.reasons import Reason


def test_the_large_display_names_why_a_gate_waits(running):
    running.process.terminate()
    running.process.wait(15)
    running.board.close()
    toml = running.path / "gate.toml"
    toml.write_text(toml.read_text().replace('kind = "oled"', 'kind = "lcd"'))
    running.process = running.start()
    running.board = Board.connect(running.path / "s", wait_s=30)
    running.board.set(pin={"16": False, "20": False}, object_c=23.0, ambient_c=23.0)
    named = card(State.OUT_OF_SERVICE, Reason.ENROLLING, None, {Trouble.NOT_ENROLLED})
    right = {picture.draw(named, (240, 320), "RGB", turn).tobytes() for turn in range(2)}
    running.until(lambda: running.board.display().tobytes() in right, "the words on the large display")
    running.enrol()
    idle = {
        picture.draw(card(State.IDLE, None, None, wrong), (240, 320), "RGB", turn).tobytes()
        for wrong in ({Trouble.CLOCK_DOUBT}, {Trouble.CLOCK_DOUBT, Trouble.NO_LIST})
        for turn in range(4)
    }
    running.until(lambda: running.board.display().tobytes() in idle, "it serves, and says what it lacks")
