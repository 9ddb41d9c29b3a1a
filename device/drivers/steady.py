"""What one contact really says: lost edges found again, and a contact that chatters taken at its calmest."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

CHANGES: Final = 10
WINDOW_S: Final = 5.0
"""More than ten changes in five seconds: forty people a minute make seven at a light beam."""
FINGER_CHANGES: Final = 40
"""The same for a button: a finger in a hurry presses four times a second, which is eight changes."""
CAUTIOUS_CHANGES: Final = 3
CAUTIOUS_WINDOW_S: Final = 10.0
"""The same for a fire contact: nobody ends an alarm twice in ten seconds, but an output for sirens pulses."""
QUIET_S: Final = 2.0
"""A contact that chatters is believed again when it has said one thing for so long."""
CAUTIOUS_QUIET_S: Final = 10.0
"""The same for "no alarm" from a fire contact."""
HEALED_S: Final = 30.0
"""It chatters no more so long after it last did."""
LOST_S: Final = 0.3
"""Three steps of an idle loop."""


@dataclass(slots=True, kw_only=True)
class Steady:
    """One contact. Not thread-safe. All times monotonic seconds; edges come debounced, looks do not.

    Looks find what debouncing hides: a contact that changes faster than that is never stable, and silent.
    """

    cautious: bool = False
    """When in doubt it is active: a fire contact."""
    finger: bool = False
    """Somebody plays on it: a button."""
    lost_s: float = LOST_S
    """A level that no edge has announced for so long counts although its edge got lost."""
    level: bool = False
    """What was passed on last."""
    chatters: bool = False
    _told: bool = False
    _told_s: float = float("-inf")
    _seen: bool = False
    _seen_s: float = float("-inf")
    _loud_s: float = 0.0
    _edges: deque[float] = field(init=False)
    _looks: deque[float] = field(init=False)

    def __post_init__(self) -> None:
        most = FINGER_CHANGES if self.finger else CHANGES
        self._edges = deque(maxlen=(CAUTIOUS_CHANGES if self.cautious else most) + 1)
        self._looks = deque(maxlen=most + 1)

    def edge(self, active: bool, at_s: float) -> bool:
        """Take an edge; whether `level` has changed."""
        before = self.level
        if active is not self._told:
            self._told, self._told_s = active, at_s
            self._count(self._edges, at_s, CAUTIOUS_WINDOW_S if self.cautious else WINDOW_S)
            if not self.chatters or (self.cautious and active):
                self.level = active
        return self.level is not before

    def look(self, active: bool, now_s: float) -> bool:
        """Take the bare level of the pin at this moment; whether `level` has changed."""
        before = self.level
        if active is not self._seen:
            self._seen, self._seen_s = active, now_s
            self._count(self._looks, now_s, WINDOW_S)
        if active is not self._told and now_s - max(self._seen_s, self._told_s) >= self.lost_s:
            self.edge(active, now_s)
        if self.chatters:
            self._calm(now_s)
        return self.level is not before

    def _count(self, times: deque[float], at_s: float, window_s: float) -> None:
        times.append(at_s)
        if len(times) == times.maxlen and at_s - times[0] <= window_s:
            self.chatters, self._loud_s = True, at_s
            self.level = self.level or self.cautious

    def _calm(self, now_s: float) -> None:
        quiet_s = now_s - max(self._told_s, self._seen_s)
        sure = quiet_s >= (CAUTIOUS_QUIET_S if self.cautious and not self._told else QUIET_S)
        if now_s - self._loud_s >= HEALED_S and (sure or not self.cautious):
            self.chatters = False  # somebody's contact is busy all day: that alone is no chatter
        if sure or not self.chatters:
            self.level = self._told
