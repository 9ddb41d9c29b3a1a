"""What hands would do at the board in a guest, done from the host; `inside/hands.py` does it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.guest.line import Line, packed


class Hands(Line):
    """Contacts, warmth, wires, pictures."""

    def contact(self, pin: int, level: bool) -> None:
        """Hold a pin at 3.3 V or at 0 V from outside."""
        self.hand("contact", pin, level)

    def level(self, pin: int) -> bool:
        """Whether a pin is high, whoever drives it."""
        return bool(self.hand("level", pin))

    def temperature(self, object_c: float, ambient_c: float) -> None:
        """What the thermometer faces, and its own temperature; the last bit of both is never still."""
        self.hand("warm", object_c, ambient_c)

    def still(self) -> None:
        """Leave the chip's words as they are from now on."""
        self.hand("still")

    def words(self, words: Mapping[int, int]) -> None:
        """Write words into the thermometer's chip, by command."""
        self.hand("words", {str(command): word for command, word in words.items()})

    def word(self, command: int) -> int:
        """Read a word of the chip, past whoever else has it."""
        return int(self.hand("word", command))

    def fault(self, errno: int) -> None:
        """Let the I²C bus answer every transfer with this error, until it is 0."""
        self.hand("fault", errno)

    def watch(self, *pins: int) -> None:
        """From now on hear of every level that is given to these pins: `edges`, `on_edge`."""
        self.hand("watch", list(pins))

    def show(self, luma: NDArray[np.uint8]) -> None:
        """Hold a height × width picture before the camera stand-in."""
        height, width = luma.shape
        self.ask("show", width=width, height=height, luma=packed(luma.tobytes()))

    def hand(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 -- JSON
        """Do something outside the gate."""
        return self.ask("hand", name=name, arguments=list(arguments))["is"]
