"""How the gate is: its troubles gathered, faults written down when they begin and end, its state told."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from device.firmware import lists, readiness
from device.firmware.book import Book
from device.firmware.camera_thread import CameraThread
from device.firmware.clock import Reading
from device.firmware.desk import doubt_of
from device.firmware.door import Door
from device.firmware.errors import JournalError
from device.firmware.presenter import Presenter
from device.firmware.readiness import Documents, Parts
from device.firmware.senses import Senses
from device.firmware.trust import Beliefs
from wire.health import Trouble
from wire.messages import Event, State

FAULTS: Final = (
    Trouble.CAMERA,
    Trouble.THERMOMETER,
    Trouble.BARRIER,
    Trouble.DISPLAY,
    Trouble.SIGNALS,
    Trouble.JOURNAL,
    Trouble.CAMERA_DARK,
    Trouble.CALIBRATION,
    Trouble.EMISSIVITY,
    Trouble.STANDS_OPEN,
    Trouble.DOES_NOT_OPEN,
    Trouble.CONTACT_CHATTERS,
)
"""Troubles whose beginning and end are events."""
DISK_EVERY_S: Final = 30.0
JOURNAL_RETRY_S: Final = 5.0
STARTS_S: Final = 10.0
"""A camera that has shown nothing this long after the start is broken."""
SILENT_S: Final = 8.0
"""A camera's thread that has said nothing this long has died or hangs, whatever it said last."""


@dataclass(slots=True, kw_only=True)
class Organs:
    """The parts that can fail."""

    camera: CameraThread
    senses: Senses
    door: Door
    presenter: Presenter
    data: Path


@dataclass(slots=True, kw_only=True)
class Health:
    """For the loop thread; all times monotonic seconds unless a `Reading`."""

    organs: Organs
    book: Book
    enrolled_until: int | None = None
    """Unix seconds of the certificate's end; None: not enrolled."""
    online: bool = False
    withheld: bool = False
    silent: bool = False
    venue_stale: bool = False
    unkept: bool = False
    ordered_out: bool = False
    journal_working: bool = True
    found: frozenset[Trouble] = frozenset()
    _faults: frozenset[Trouble] = frozenset()
    _disk_free: int | None = None
    _disk_at_s: float = 0.0
    _retry_at_s: float = 0.0
    _begun_s: float = field(default=-1.0)
    _narrated: frozenset[Trouble] | None = None

    @property
    def ready(self) -> bool:
        """Whether people can be decided about."""
        return readiness.ready(self.found)

    def check(self, now_s: float, now: Reading) -> None:
        """Look at everything; write down what has failed or healed."""
        beliefs = self.book.beliefs
        if self._begun_s < 0:
            self._begun_s = now_s
        if not self.journal_working and now_s >= self._retry_at_s:
            self._retry_at_s = now_s + JOURNAL_RETRY_S
            self._heal_journal(now)
        parts = self._parts(now_s)
        self.found = readiness.troubles(
            documents_of(beliefs, self.withheld, self.silent),
            parts,
            beliefs.policy(),
            now.now_s,
            doubt_of(now),
        )
        self.organs.presenter.troubles(self.found)
        self._narrate()
        self._note(now)

    def journal_failed(self, now_s: float) -> None:
        """An event could not be kept: until one can, nothing is decided here."""
        self.journal_working = False
        self._retry_at_s = now_s + JOURNAL_RETRY_S

    def state(self, session: bytes, now: Reading, lane: str) -> State:
        """How the gate is, as it is told to the fleet."""
        return State(
            session=session,
            online=True,
            ready=self.ready,
            troubles=tuple(sorted(self.found)),
            at_ms=now.now_ms,
            clock=now.trust,
            clock_doubt_ms=now.doubt_ms,
            held=self.book.beliefs.held(),
            backlog=self.book.store.backlog,
            gauges=self._gauges(),
            lane=lane,
        )

    def _parts(self, now_s: float) -> Parts:
        organs = self.organs
        if now_s >= self._disk_at_s:
            self._disk_at_s = now_s + DISK_EVERY_S
            self._disk_free = _free(organs.data)
        return Parts(
            camera=self._camera(now_s),
            thermometer=organs.senses.working,
            barrier=organs.door.working,
            display=organs.presenter.display_working and organs.presenter.alive,
            signals=organs.presenter.signals_working,
            journal=self.journal_working,
            journal_nearly_full=self.book.store.nearly_full,
            disk_free_bytes=self._disk_free,
            unkept=self.unkept,
            backlog=self.book.store.backlog,
            online=self.online,
            certificate_ends=self.enrolled_until,
            ordered_out=self.ordered_out,
            fire=organs.door.fire,
            tamper=organs.door.tamper,
            camera_dark=organs.camera.dark,
            camera_slow=organs.camera.slow,
            calibration_foreign=organs.senses.calibration_foreign,
            calibration_due=organs.senses.calibration_due,
            emissivity_differs=organs.senses.emissivity_differs,
            stands_open=organs.door.stands_open,
            does_not_open=organs.door.does_not_open,
            chatters=organs.door.chatters,
            venue_stale=self.venue_stale,
        )

    def _camera(self, now_s: float) -> bool:
        """Whether pictures come; a camera takes a moment to start, which is no fault."""
        camera = self.organs.camera
        starting = now_s - self._begun_s < STARTS_S and not camera.failure
        return (camera.working or starting) and now_s - camera.beat_s < SILENT_S

    def _narrate(self) -> None:
        """One line when a trouble begins or ends: whether the gate serves, and what it lacks."""
        if self.found != self._narrated:
            self._narrated = self.found
            troubles = " ".join(trouble.name.lower() for trouble in sorted(self.found))
            self.book.narrator.say("ready", ready=self.ready, troubles=troubles or None)

    def _note(self, now: Reading) -> None:
        """One event for each fault that began or ended; when it cannot be written it is tried again."""
        faults = self.found.intersection(FAULTS) - {Trouble.JOURNAL}
        for trouble in sorted(faults ^ self._faults):
            begun = trouble in faults
            try:
                kind = Event.FAULT if begun else Event.FAULT_END
                self.book.write(kind, now, about=int(trouble), word=trouble.name.lower())
            except JournalError:
                self.journal_working = False
                return
            self._faults = self._faults | {trouble} if begun else self._faults - {trouble}

    def _heal_journal(self, now: Reading) -> None:
        try:
            word = Trouble.JOURNAL.name.lower()
            self.book.write(Event.FAULT_END, now, about=int(Trouble.JOURNAL), word=word)
        except JournalError:
            return
        self.journal_working = True

    def _gauges(self) -> Mapping[str, int]:
        organs = self.organs
        gauges = {f"count.{name}": value for name, value in list(self.book.store.counters().items())[:32]}
        gauges |= {"frames": organs.camera.frames, "thermometer.failures": organs.senses.failures}
        if organs.senses.thermometer is not None:
            counters = organs.senses.thermometer.counters
            gauges |= {
                "thermometer.pec_errors": counters.pec_errors,
                "thermometer.retries": counters.retries,
                "thermometer.reopened": counters.reopened,
            }
        if organs.senses.samples:
            # The room's temperature alone: what stands before the thermometer may be somebody.
            gauges["ambient_c100"] = round(organs.senses.samples[-1].ambient_c * 100)
        if self._disk_free is not None:
            gauges["disk_free_mb"] = self._disk_free // 1_000_000
        return gauges


def _free(directory: Path) -> int:
    """Bytes left on the card; none, when it cannot be asked."""
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return 0


def documents_of(beliefs: Beliefs, withheld: bool, silent: bool = False) -> Documents:
    """What readiness asks about the documents in force."""
    wanted = lists.carried(beliefs.trust, beliefs.gate)
    ends = tuple(beliefs.lists[uri].expires for uri in wanted if uri in beliefs.lists)
    issued = tuple(beliefs.lists[uri].issued if uri in beliefs.lists else None for uri in wanted)
    return replace(
        Documents(root=beliefs.root, trust=beliefs.trust, assignment=beliefs.assignment),
        lists=issued,
        list_ends=ends,
        withheld=withheld,
        silent=silent,
    )
