"""The attendant at the gate: led by one button through the screens of attendant mode."""

import math
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from device.drivers import DriverError, InputKind
from device.firmware import attend, attention, readiness
from device.firmware.attend import CALLED_S, CALLING, NAME_S, UNREADABLE, Mode, attendants
from device.firmware.attend_table import ASKING, Act, In, Screen
from device.firmware.button import Button, Press, press
from device.firmware.clock import Reading
from device.firmware.deeds import Deeds
from device.firmware.desk import Person
from device.firmware.front import Front
from device.firmware.lane import Event
from device.firmware.lane_table import On, State
from device.firmware.panel import Panel
from device.firmware.shift import Shift
from device.firmware.stage import Stage
from wire.health import TROUBLES
from wire.reason_words import REASONS
from wire.reasons import Reason

SOON_S: Final = 10.0
"""From here on the screen says that its time is running out."""
SIGN_IN_S: Final = 20.0
"""Whoever presses the button without a staff code holds the queue up no longer."""
LIMITED: Final = frozenset({Screen.SIGN_IN, Screen.MENU, Screen.REASON, Screen.TROUBLES})
"""Screens that a gate has which is not ready."""
MORE_PARTS: Final = (REASONS[Reason.MORE_PARTS].screen_zh, REASONS[Reason.MORE_PARTS].screen_en)
_INPUTS: Final = {Press.SHORT: In.NEXT, Press.LONG: In.TAKE}


@dataclass(slots=True)
class Attendant:
    """For the loop thread; `now_s` is monotonic seconds."""

    stage: Stage
    front: Front
    mode: Mode = field(default_factory=Mode)
    shift: Shift = field(init=False)
    deeds: Deeds = field(init=False)
    _button: Button = field(default_factory=Button)
    _began: bool = False
    _screen_s: float = 0.0
    """When the screen came up."""
    _plain: tuple[str, ...] = ()
    """A registration number, what of a pass is missing, or for a few seconds a name."""
    _answered: int | None = None
    """Sequence of the last call that an attendant has come for."""
    _shown: tuple[object, ...] = ()
    """What the screen shows, names left out."""

    def __post_init__(self) -> None:
        self.shift = Shift(self.stage)
        self.deeds = Deeds(self.stage, self.front, self.shift)
        self.front.attends = self._came

    def pressed(self) -> None:
        """The button went down."""
        self._began = True

    def step(self, now_s: float, now: Reading) -> None:
        """React to button, codes and time."""
        meant = self._press(now_s)
        if self.shift.on and not self._still(now):
            self._leave(now_s, now)
        if self.stage.lane.state is State.ATTENDING:
            self._narrow(now_s)
        if self.stage.lane.state is not State.ATTENDING:
            self._forget()
            if meant is not None:
                self._begin(now_s, now)
        elif meant is not None:
            self._do(_INPUTS[meant], now_s, now)
        elif self.mode.screen is Screen.NAME and now_s >= self._screen_s + NAME_S:
            self._do(In.TIMER, now_s, now)
        elif self.mode.screen in ASKING:
            self._look(now_s, now)
        if now_s >= self.shift.until_s or self.stage.lane.state is State.EVACUATING:
            self._leave(now_s, now)
        if self.stage.lane.state is State.ATTENDING:
            self._tell(now_s)

    def _press(self, now_s: float) -> Press | None:
        if not self._began and self._button.since_s is None:
            return None
        down = False
        with suppress(DriverError):
            down = bool(self.stage.health.organs.door.inputs.level(InputKind.BUTTON))
        self._button, meant = press(self._button, now_s, began=self._began, down=down)
        self._began = False
        return meant

    def _begin(self, now_s: float, now: Reading) -> None:
        """Into the menu, or first to the staff code; somebody who is being measured gets a verdict before."""
        if self.stage.lane.state is State.MEASURING:
            self.front.give_up(now_s, now)
        if not self.stage.expects(On.ATTEND):
            return
        if not self.shift.on and self._alone() and not self.shift.sign(None, now_s, now):
            return
        screen = Screen.MENU if self.shift.on else Screen.SIGN_IN
        self._enter(Mode(screen=screen, limited=self._limited()), now_s, now)

    def _alone(self) -> bool:
        """Whether the button alone begins the mode: nobody is named, or no code could say who it is."""
        unreadable = bool(self.stage.health.found & UNREADABLE)
        return unreadable or not attendants(self.stage.book.beliefs.assignment)

    def _limited(self) -> bool:
        """Whether nobody can be decided about here now."""
        health = self.stage.health
        return not health.ready or bool(health.found & UNREADABLE)

    def _still(self, now: Reading) -> bool:
        """Whether who attends may do so by now, as roster, list and camera are."""
        signed = self.shift.person
        return self._alone() if signed is None else self.front.desk.may_attend(signed, now)

    def _narrow(self, now_s: float) -> None:
        """A gate that is ready no longer decides about nobody more: what was begun is let go of."""
        if self.mode.limited or not self._limited():
            return
        self._forget()
        screen = self.mode.screen if self.mode.screen in LIMITED else Screen.MENU
        self.mode, self._screen_s = Mode(screen=screen, limited=True), now_s

    def _came(self, person: Person, now_s: float, now: Reading) -> bool:
        """Whether the called attendant shows a staff code: the mode begins, about who was referred."""
        called = self._called(person, now_s) and self.front.desk.attends(person, now)
        if not called or not self.shift.sign(person, now_s, now):
            return False
        self._enter(Mode(limited=self._limited()), now_s, now)
        return True

    def _called(self, person: Person, now_s: float) -> bool:
        """Whether an attendant is called: by what is shown, or by it a moment ago while nobody else came.

        A moment ago only who is named as an attendant: others on the roster want to come in.
        """
        lane, last = self.stage.lane, self.stage.last
        if lane.state in {State.DENIED, State.REFERRED}:
            return lane.reason in CALLING
        if lane.state is not State.IDLE or last is None or last.reason not in CALLING:
            return False
        front = self.stage.person
        waits = front is not None and front.subject == last.person.subject
        if not waits or last.sequence == self._answered:
            return False
        return person.code.attendant and now_s - last.at_s < CALLED_S

    def _enter(self, mode: Mode, now_s: float, now: Reading) -> None:
        self.mode, self._screen_s = mode, now_s
        self._answered = self.stage.last.sequence if self.stage.last else None
        self.shift.touch(now_s)
        if mode.screen is Screen.SIGN_IN:
            self.shift.until_s = min(self.shift.until_s, now_s + SIGN_IN_S)
            self.front.ask_anew()
        self.stage.happen(Event(on=On.ATTEND), now_s, now)

    def _leave(self, now_s: float, now: Reading) -> None:
        """Back to work, or to saying why there is none."""
        self.shift.over(now_s, now)
        self._forget()
        if self.stage.lane.state is not State.ATTENDING:
            return
        self.stage.happen(Event(on=On.LEAVE), now_s, now)
        health = self.stage.health
        if not health.ready and self.stage.expects(On.NOT_READY):
            self.stage.happen(Event(on=On.NOT_READY, reason=readiness.shown(health.found)), now_s, now)

    def _forget(self) -> None:
        self._plain, self._shown = (), ()
        self.deeds.forget()

    def _look(self, now_s: float, now: Reading) -> None:
        """A code on a screen that asks for one; what was not asked for is ignored."""
        if not self.front.sight.in_view:
            return
        glance, self.front.sight = attention.glance(self.front.sight)
        if glance is None or glance.text is None:
            if glance is not None and glance.hint is Reason.MORE_PARTS:
                self._plain, self._shown = MORE_PARTS, ()
            return
        found = self.front.desk.examine(glance.text, glance.first_s, now)
        paper = self.mode.screen is Screen.PAPER
        if not isinstance(found, Person) or (paper and not (found.code.paper or found.code.foreign)):
            return
        if self.shift.on and found.subject == self.shift.attendant:
            return  # the staff code that began it, still in view
        if self.mode.screen is Screen.SIGN_IN:
            taken = self.front.desk.attends(found, now) and self.shift.sign(found, now_s, now)
        else:
            taken = self.deeds.found(found, now_s, now, paper=paper)
        if taken:
            self._do(In.CODE, now_s, now)
        if taken and paper:
            self._plain = self.front.desk.name_on(glance.text, now)

    def _do(self, on: In, now_s: float, now: Reading) -> None:
        """Go to the next screen and do what belongs to it."""
        before = self.mode.screen
        self.mode, acts, word = attend.step(self.mode, on, len(self._pages()))
        if self.mode.screen is not before:
            self._plain, self._screen_s = (), now_s
        if self.shift.on:  # the question for a staff code is not asked for longer by pressing on
            self.shift.touch(now_s)
        for act in acts:
            self._act(act, word, now_s, now)

    def _act(self, act: Act, word: str, now_s: float, now: Reading) -> None:
        match act:
            case Act.ASK:
                self.front.ask_anew()
            case Act.KNOWN:
                if self.deeds.known(now_s, now):
                    self._do(In.CODE, now_s, now)
                else:
                    self.front.ask_anew()
            case Act.MEASURE:
                self.deeds.measure(now_s, now)
            case Act.DIFFERS:
                self.deeds.differs(now_s, now)
            case Act.NUMBER:
                number = self.deeds.next_number(now_s)
                self._plain = (number,) if number else ()
            case Act.REGISTER:
                self.deeds.register(now_s, now)
            case Act.OPEN:
                self.deeds.open(word, now_s, now)
            case Act.LEAVE:
                self._leave(now_s, now)

    def _pages(self) -> tuple[tuple[str, str], ...]:
        words = (TROUBLES[trouble] for trouble in sorted(self.stage.health.found))
        return tuple((row.zh, row.en) for row in words)

    def _tell(self, now_s: float) -> None:
        """Show the screen, when it is another one than is shown."""
        ends_s = self._screen_s + NAME_S if self.mode.screen is Screen.NAME else self.shift.until_s
        left_s = max(0, math.ceil(ends_s - now_s))
        left = left_s if left_s <= SOON_S else None
        pages = self._pages()
        shown = (self.mode, pages, left)
        if shown != self._shown:
            self._shown = shown
            self.stage.health.organs.presenter.show_panel(self._panel(pages, left))

    def _panel(self, pages: tuple[tuple[str, str], ...], left: int | None) -> Panel:
        return attend.panel(self.mode, self._plain, pages, left)
