"""How often one gate may have something sent to all: whoever stole one must not fill every line. Pure."""

from typing import Final

MOST: Final = 20
"""Times in a row: a gate that is switched on again and again does not get further."""
EVERY_S: Final = 30.0
"""From then on; an honest gate asks for a list no more often."""
_MANY: Final = 100_000


class Allowance:
    """By gate and topic, until when what was asked for is paid for; `mono` is monotonic seconds."""

    def __init__(self) -> None:
        self._paid_s: dict[tuple[str, str], float] = {}

    def take(self, gate: str, topic: str, mono: float) -> bool:
        """Whether the gate may have this topic sent once more."""
        paid_s = max(self._paid_s.get((gate, topic), mono), mono)
        if paid_s - mono > (MOST - 1) * EVERY_S:
            return False
        if len(self._paid_s) >= _MANY:
            self._paid_s = {asked: until_s for asked, until_s in self._paid_s.items() if until_s > mono}
        self._paid_s[gate, topic] = paid_s + EVERY_S
        return True
