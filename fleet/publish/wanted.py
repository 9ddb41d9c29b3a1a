"""Documents that gates lack: gathered, so that what many ask for goes out once. Pure."""

from fleet.publish.shelf import Slot


class Wanted:
    """By topic, the lowest version that somebody holds and when to send; `mono` is monotonic seconds."""

    def __init__(self) -> None:
        self._due: dict[str, tuple[int, float]] = {}
        self._last: dict[str, float] = {}

    def want(self, slot: Slot | None, held: int, mono: float, every_s: float) -> None:
        """Somebody holds `held` of a slot; at most every `every_s` seconds it goes out."""
        if slot is None or (slot.kind != "status" and held >= slot.version):
            return
        at = max(mono, self._last.get(slot.topic, mono - every_s) + every_s)
        lowest, before = self._due.get(slot.topic, (held, at))
        self._due[slot.topic] = (min(lowest, held), min(before, at))

    def take(self, mono: float) -> list[tuple[str, int]]:
        """Topics that are due, each with the lowest version held; they count as sent from now on."""
        due = [(topic, held) for topic, (held, at) in self._due.items() if at <= mono]
        for topic, _ in due:
            del self._due[topic]
            self._last[topic] = mono
        return due
