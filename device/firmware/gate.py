"""One gate put together from its configuration and whatever hardware it is given."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from device.drivers import Barrier, Camera, Display, Inputs, Signals, Thermometer, Voice
from device.firmware import calibration, identity
from device.firmware.book import Book
from device.firmware.camera_thread import CameraThread
from device.firmware.clock import Clock
from device.firmware.config import GateConfig
from device.firmware.config_parts import Lane, NoScreen
from device.firmware.courier import Courier
from device.firmware.deadman import Deadman
from device.firmware.desk import Desk
from device.firmware.door import Door
from device.firmware.errors import CardError, GateError, Refused
from device.firmware.front import Front
from device.firmware.greeting import Greeting
from device.firmware.health import Health, Organs
from device.firmware.intake import Intake
from device.firmware.lane_table import State
from device.firmware.loop import Gate
from device.firmware.memory import Memory
from device.firmware.narrate import Narrator
from device.firmware.office import FleetOffice, NoOffice
from device.firmware.orders import Orders
from device.firmware.presenter import Presenter
from device.firmware.restore import Restored, restore
from device.firmware.screens import card
from device.firmware.senses import Senses
from device.firmware.stage import Stage
from device.firmware.store import CHECKED_AT_OPEN, Store
from device.firmware.thermometry import Calibration
from device.firmware.trust import Beliefs
from device.firmware.uplink import Line, Uplink
from device.firmware.version import FIRMWARE
from wire.messages import Event

REMEMBERED: Final = CHECKED_AT_OPEN
"""Events that the memory of visits is filled from at a start."""
DATABASE: Final = "gate.db"
CARD_ROOT: Final = "card root"
"""The kind under which the card's own root is kept a second time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """The drivers of one gate."""

    camera: Camera
    thermometer: Thermometer | None
    barrier: Barrier
    inputs: Inputs
    signals: Signals
    display: Display
    voice: Voice | None = None


@dataclass(slots=True, kw_only=True)
class Built:
    """A gate with the threads and files that belong to it."""

    gate: Gate
    camera: CameraThread
    presenter: Presenter
    store: Store
    beliefs: Beliefs
    narrator: Narrator
    wake: threading.Event
    uplink: Uplink | None = None

    @property
    def enrolled(self) -> bool:
        """Whether there is a line to the fleet."""
        return self.uplink is not None

    def connect(self, config: GateConfig) -> None:
        """Begin to talk to the fleet. Raises GateError when the files are no good."""
        broker = config.broker
        line = Line(
            host=broker.host,
            port=broker.port,
            authority=config.path(broker.authority),
            certificate=config.path(broker.certificate),
            key=config.path(broker.key),
        )
        signer = identity.signer(line.certificate, line.key, config.gate)
        if identity.close_key(line.key):
            self.narrator.say("key was readable by others", file=str(line.key), now="only by its owner")
        uplink = Uplink(line, config.gate)
        greeting = Greeting(uplink.session)
        stage, clock = self.gate.stage, self.gate.clock
        orders = Orders(stage, self.gate.front, self.gate.office)
        office = FleetOffice(
            line=uplink,
            courier=Courier(self.store),
            intake=Intake(self.beliefs, self.store, clock, greeting),
            greeting=greeting,
            store=self.store,
            beliefs=self.beliefs,
            clock=clock,
            signer=signer,
            narrator=self.narrator,
            perform=orders.perform,
        )
        orders.office = office
        self.gate.office = office
        self.uplink = uplink
        uplink.start()

    def close(self) -> None:
        """Barrier first, then threads, line and file."""
        self.gate.close()
        self.camera.stop()
        self.presenter.stop()
        self.gate.office.stop()
        self.store.close()


def directory(config: GateConfig) -> Path:
    """The data directory, made when it is missing; GateError when there cannot be one."""
    data = Path(config.data)
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CardError(
            f"the data directory {data} cannot be made ({error.strerror}); mount the data partition"
        ) from error
    return data


def believed(config: GateConfig, store: Store, narrator: Narrator) -> Beliefs:
    """What the disk holds, on the root of the card; CardError when the card has none.

    A root that was good once is kept beside the other documents, for a card that shows it no more.
    """
    path = config.path(config.root)
    try:
        restored = _restored(store, path)
    except CardError as error:
        restored = _restored_from_kept(store, error)
        narrator.say("root of the card replaced", why=str(error))
    for name in restored.dropped:
        narrator.say("not believed any more", what=name)
    return restored.beliefs


def _restored(store: Store, path: Path) -> Restored:
    try:
        first = path.read_bytes()
    except OSError as error:
        raise CardError(f"the card's root document {path} cannot be read; prepare the card") from error
    try:
        restored = restore(store, first)
    except Refused as refused:
        raise CardError(
            f"the card's root document {path} is no good ({refused.detail}); prepare the card again"
        ) from refused
    if store.kept(CARD_ROOT) != [("", 1, first)]:
        with suppress(GateError):  # a card that takes nothing now is said elsewhere
            store.keep(CARD_ROOT, "", 1, first)
    return restored


def _restored_from_kept(store: Store, error: CardError) -> Restored:
    for _, _, first in store.kept(CARD_ROOT):
        with suppress(Refused):
            return restore(store, first)
    raise error


def remembered(store: Store, beliefs: Beliefs) -> Memory:
    """Who passed before the restart, as far as the journal tells."""
    memory = Memory()
    memory.refill(store.newest(REMEMBERED), beliefs.policy().proof_future_s)
    return memory


def lane_of(config: GateConfig, narrator: Narrator) -> Lane:
    """The lane's section; without a display nothing can be chosen, and the button opens at once."""
    if config.lane.button == "opens" or config.pins.contacts.button is None:
        return config.lane
    if not isinstance(config.display, NoScreen):
        return config.lane
    narrator.say(
        "caution", why="without a display the button opens at once; write lane.button = 'opens' or fit one"
    )
    return msgspec.structs.replace(config.lane, button="opens")


def organs_of(config: GateConfig, hardware: Hardware, wake: threading.Event) -> Organs:
    """The parts that can fail, their threads not begun."""
    return Organs(
        camera=CameraThread(
            hardware.camera,
            wake.set,
            timeout_s=config.camera.timeout_s,
            frames_per_s=config.camera.frames_per_s,
        ),
        senses=Senses(hardware.thermometer, Calibration(), calibration.papers_of(config)),
        door=Door(
            hardware.barrier,
            hardware.inputs,
            deadman=Deadman(hardware.barrier),
            kind=config.pins.barrier,
        ),
        presenter=Presenter(hardware.display, hardware.signals, hardware.voice),
        data=Path(config.data),
    )


def build(config: GateConfig, hardware: Hardware, narrator: Narrator, wake: threading.Event) -> Built:
    """Open the files, start the threads, write the boot event. Raises GateError."""
    data = directory(config)
    store = Store.open(data / DATABASE, config.gate, journal_limit_bytes=config.journal_mb * 1_000_000)
    try:
        return _built(config, hardware, narrator, wake, store)
    except BaseException:
        store.close()
        raise


def _built(
    config: GateConfig, hardware: Hardware, narrator: Narrator, wake: threading.Event, store: Store
) -> Built:
    if store.set_aside is not None:
        narrator.say("journal damaged", kept_as=str(store.set_aside))
    beliefs = believed(config, store, narrator)
    book = Book(store, beliefs, narrator)
    organs = organs_of(config, hardware, wake)
    stage = Stage(
        book=book,
        health=Health(organs=organs, book=book),
        memory=remembered(store, beliefs),
        durations=lane_of(config, narrator),
        moment_s=lambda now_s: max(now_s, time.monotonic()),
    )
    gate = Gate(
        clock=Clock(store.floor_ms),
        stage=stage,
        front=Front(stage, Desk(beliefs, stage.memory)),
        office=NoOffice(),
        system_ms=lambda: time.time_ns() // 1_000_000,
    )
    begun_s = time.monotonic()
    now = gate.clock.read(begun_s, gate.system_ms())
    stage.write(lambda: book.write(Event.BOOT, now, word=FIRMWARE), begun_s)
    organs.presenter.start()
    organs.presenter.show(card(State.STARTING, None, None))
    organs.camera.start()
    return Built(
        gate=gate,
        camera=organs.camera,
        presenter=organs.presenter,
        store=store,
        beliefs=beliefs,
        narrator=narrator,
        wake=wake,
    )
