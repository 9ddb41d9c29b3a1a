"""Commands from the fleet: what each may do at this gate, written down and answered."""

from dataclasses import dataclass
from typing import Final

from device.firmware.attend import Case
from device.firmware.clock import Reading
from device.firmware.desk import doubt_of, early
from device.firmware.errors import GateError
from device.firmware.front import Front
from device.firmware.lane import Event
from device.firmware.lane_table import On, State
from device.firmware.loop import Office
from device.firmware.stage import Hand, Last, Stage
from wire.documents import Action, Command
from wire.messages import Event as Kind
from wire.messages import Outcome, Result
from wire.reason_words import REASONS

ORDER: Final = "order"
OUT: Final = "out of service"
"""Where and as what an order to stay out of service is kept over a restart."""


@dataclass(slots=True)
class Orders:
    """Performs commands that intake believed and that were never performed before."""

    stage: Stage
    front: Front
    office: Office
    measuring: Command | None = None
    """The registered person who is being measured by command: it is answered when there is a verdict."""
    before: Last | None = None
    """The verdict before that."""

    def __post_init__(self) -> None:
        self.stage.watch = self._watch
        kept = self.stage.book.store.kept(ORDER)
        self.stage.health.ordered_out = any(name == OUT and version for name, version, _ in kept)

    def perform(self, command: Command, now_s: float, now: Reading) -> Result | None:
        """Do it, write it down, and say what became of it; None: the office is told later."""
        try:
            done = self._done(command, now_s, now)
        except GateError as error:
            return self._failed(command, error)
        return None if done is None else self._result(command, *done, now)

    def _result(self, command: Command, outcome: Outcome, detail: str, now: Reading) -> Result:
        try:
            word = f"{command.action.name.lower()} {outcome.name.lower()}"
            self.stage.book.write(Kind.COMMAND_DONE, now, word=word)
        except GateError as error:
            return self._failed(command, error)
        return Result(id=command.id, outcome=outcome, detail=detail)

    def _failed(self, command: Command, error: GateError) -> Result:
        self.stage.book.narrator.say("command failed", why=str(error))
        detail = "it could not be kept on the gate's card"
        return Result(id=command.id, outcome=Outcome.FAILED, detail=detail)

    def _measure(self, command: Command, now_s: float, now: Reading) -> str | None:
        """Begin to measure the person in front under the command's number; else why not."""
        stage = self.stage
        if self._clock_doubted(now):
            return "clock in doubt"
        if stage.lane.state is not State.IDLE:
            return f"the lane is {stage.lane.state.value}"
        if not stage.health.organs.senses.usable:
            return "the thermometer does not work"
        case = Case(attendant=command.attendant, number=command.number or "")
        guest = self.front.desk.guest(case, now_s, now)
        against = early(guest)
        if against is not None:
            return f"nobody is let in now ({REASONS[against].code})"
        self.measuring, self.before = command, stage.last
        self.front.begin(guest, now_s, now)
        return None

    def _watch(self, now_s: float, now: Reading) -> None:  # noqa: ARG002 - as every watcher of the lane
        """Answer once the measurement has ended: done with a verdict in the journal, failed without."""
        command, stage = self.measuring, self.stage
        if command is None or stage.lane.state is State.MEASURING:
            return
        done = stage.last is not self.before
        self.measuring = self.before = None
        detail = "" if done else "the measurement was interrupted"
        self.office.answer(self._result(command, Outcome.DONE if done else Outcome.FAILED, detail, now))

    def _done(self, command: Command, now_s: float, now: Reading) -> tuple[Outcome, str] | None:
        """What became of it; None: that is not known yet."""
        match command.action:
            case Action.OPEN_ONCE:
                return self._open(now_s, now)
            case Action.OUT_OF_SERVICE | Action.IN_SERVICE:
                out = command.action is Action.OUT_OF_SERVICE
                self.stage.book.store.keep(ORDER, OUT, int(out), b"")
                self.stage.health.ordered_out = out
                return Outcome.DONE, ""
            case Action.SEND_STATE:
                self.office.changed(now_s)
                return Outcome.DONE, ""
            case Action.MEASURE_REGISTERED:
                refused = self._measure(command, now_s, now)
                return None if refused is None else (Outcome.REFUSED, refused)

    def _open(self, now_s: float, now: Reading) -> tuple[Outcome, str]:
        if self._clock_doubted(now):
            return Outcome.REFUSED, "clock in doubt"
        if not self.stage.expects(On.ORDERED):
            return Outcome.REFUSED, f"the lane is {self.stage.lane.state.value}"
        self.stage.hand = Hand(word="command")
        self.stage.happen(Event(on=On.ORDERED), now_s, now)
        if self.stage.lane.state is not State.ADMITTING:
            return Outcome.FAILED, "the barrier did not open"
        return Outcome.DONE, ""

    def _clock_doubted(self, now: Reading) -> bool:
        doubt_ms = doubt_of(now)
        return doubt_ms is None or doubt_ms > self.stage.book.beliefs.policy().clock_doubt_ms
