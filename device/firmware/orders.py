"""Commands from the fleet: what each may do at this gate, written down and answered."""

from dataclasses import dataclass
from typing import Final

from device.firmware.clock import Reading
from device.firmware.desk import doubt_of
from device.firmware.errors import GateError
from device.firmware.lane import Event
from device.firmware.lane_table import On, State
from device.firmware.loop import Office
from device.firmware.stage import Stage
from wire.documents import Action, Command
from wire.messages import Event as Kind
from wire.messages import Outcome, Result

ORDER: Final = "order"
OUT: Final = "out of service"
"""Where and as what an order to stay out of service is kept over a restart."""


@dataclass(slots=True)
class Orders:
    """Performs commands that intake believed and that were never performed before."""

    stage: Stage
    office: Office

    def __post_init__(self) -> None:
        kept = self.stage.book.store.kept(ORDER)
        self.stage.health.ordered_out = any(name == OUT and version for name, version, _ in kept)

    def perform(self, command: Command, now_s: float, now: Reading) -> Result:
        """Do it, write it down, and say what became of it."""
        try:
            outcome, detail = self._done(command.action, now_s, now)
            word = f"{command.action.name.lower()} {outcome.name.lower()}"
            self.stage.book.write(Kind.COMMAND_DONE, now, word=word)
        except GateError as error:
            self.stage.book.narrator.say("command failed", why=str(error))
            outcome, detail = Outcome.FAILED, "it could not be kept on the gate's card"
        return Result(id=command.id, outcome=outcome, detail=detail)

    def _done(self, action: Action, now_s: float, now: Reading) -> tuple[Outcome, str]:
        match action:
            case Action.OPEN_ONCE:
                return self._open(now_s, now)
            case Action.OUT_OF_SERVICE | Action.IN_SERVICE:
                out = action is Action.OUT_OF_SERVICE
                self.stage.book.store.keep(ORDER, OUT, int(out), b"")
                self.stage.health.ordered_out = out
                return Outcome.DONE, ""
            case Action.MEASURE_REGISTERED:
                return Outcome.REFUSED, "nobody is measured by command here"
            case Action.SEND_STATE:
                self.office.changed(now_s)
                return Outcome.DONE, ""

    def _open(self, now_s: float, now: Reading) -> tuple[Outcome, str]:
        doubt_ms = doubt_of(now)
        if doubt_ms is None or doubt_ms > self.stage.book.beliefs.policy().clock_doubt_ms:
            return Outcome.REFUSED, "clock in doubt"
        if not self.stage.expects(On.ORDERED):
            return Outcome.REFUSED, f"the lane is {self.stage.lane.state.value}"
        self.stage.opened_by = "command"
        self.stage.happen(Event(on=On.ORDERED), now_s, now)
        if self.stage.lane.state is not State.ADMITTING:
            return Outcome.FAILED, "the barrier did not open"
        return Outcome.DONE, ""
