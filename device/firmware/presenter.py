"""The screen's own thread: a display takes up to 400 ms, and nobody waits for it at an open barrier."""

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final, TypeAlias

from PIL import Image

from device.drivers import Display, DisplayMode, DriverError, Signals, Sound, Voice
from device.firmware import panel_picture, picture
from device.firmware.panel import Panel, covered
from device.firmware.screens import TURN_S, Card, telling, turn_at
from wire.health import Trouble

RETRY_S: Final = 2.0
SECRET_S: Final = 4.5
"""A masked name is covered by then; with the slowest display it is gone within five seconds."""

ONCE: Final = frozenset({Sound.BLIP, Sound.ONE_LOW})
"""Heard when a state begins, not when its words change; a verdict is heard each time."""

Shown: TypeAlias = Card | Panel


class Presenter:
    """Shows the latest card or panel on the display, by its own thread; lamp, sound and voice at once.

    A panel that holds a secret is covered after `SECRET_S`, whatever the loop does; nothing of it is kept.
    """

    def __init__(
        self,
        display: Display,
        signals: Signals,
        voice: Voice | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._display = display
        self._signals = signals
        self._voice = voice
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._wanted: Shown | None = None
        self._fresh = False
        self._since_s = 0.0
        self._found: frozenset[Trouble] = frozenset()
        self._secret_ends_s: float | None = None
        """When a run of panels with a secret is over; None: no such panel stands since the last other one."""
        self._drawn_turn = 0
        self._spoken: set[object] = set()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)
        self.display_working = True
        self._lamp_working = self._voice_working = True
        self.card: Card | None = None

    @property
    def alive(self) -> bool:
        """Whether the thread, once begun, still runs."""
        return self._thread.ident is None or self._thread.is_alive()

    @property
    def signals_working(self) -> bool:
        """Whether lamp, sounder and voice did what they were last told."""
        return self._lamp_working and self._voice_working

    @property
    def panel(self) -> Panel | None:
        """The panel that stands on the screen, its secret covered once that is over; None: a card does."""
        wanted = self._wanted
        return wanted if isinstance(wanted, Panel) else None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and blank the screen."""
        with self._changed:
            self._stopped, self._wanted = True, None
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=RETRY_S)
        self._display.close()

    def show(self, card: Card) -> None:
        """Let light and sound say it now, and the screen as soon as it can; never raises."""
        again = self.card is not None and (self.card.shape, self.card.lamp) == (card.shape, card.lamp)
        try:
            self._signals.show(card.lamp, Sound.NONE if again and card.sound in ONCE else card.sound)
            self._lamp_working = True
        except DriverError:
            self._lamp_working = False
        if not again or card.sound not in {Sound.NONE, *ONCE}:
            self._spoken.clear()
        self._say(card)
        self.card = card
        self._want(card)

    def show_panel(self, panel: Panel) -> None:
        """Show a panel until the next card or panel; lamp and sound stay as they are.

        Panels with a secret that follow one another share one time: what was covered is not uncovered.
        """
        self._want(panel)

    def troubles(self, found: Collection[Trouble]) -> None:
        """What is wrong with the gate: named by the next card, or at the next turn of the one that stands."""
        with self._changed:
            self._found = frozenset(found)
            self._changed.notify()

    def _say(self, card: Card) -> None:
        """Say what belongs to a state once, however often its hints come and go."""
        if self._voice is None or card.prompt is None or card.prompt in self._spoken:
            return
        self._spoken.add(card.prompt)
        try:
            self._voice.say(card.prompt)
            self._voice_working = True
        except DriverError:
            self._voice_working = False

    def _want(self, wanted: Shown) -> None:
        with self._changed:
            now_s = self._monotonic()
            if not (isinstance(wanted, Panel) and wanted.secret):
                self._secret_ends_s = None
            elif self._secret_ends_s is None:
                self._secret_ends_s = now_s + SECRET_S
            if not _goes_on(self._wanted, wanted):
                self._since_s = now_s
            self._wanted, self._fresh = wanted, True
            self._cover(now_s)
            self._changed.notify()

    def _cover(self, now_s: float) -> None:
        """Take the secret away when its time is over. Called with the lock held."""
        wanted = self._wanted
        over = self._secret_ends_s is not None and now_s >= self._secret_ends_s
        if over and isinstance(wanted, Panel) and wanted.secret:
            self._wanted, self._fresh = covered(wanted), True

    def _run(self) -> None:
        while self._step():
            pass

    def _step(self) -> bool:
        """Wait for something to show, and show it; False when it is over. Nothing shown outlives the call."""
        with self._changed:
            fresh = self._changed.wait_for(lambda: self._stopped or self._fresh, self._patience_s())
            if self._stopped:
                return False
            now_s = self._monotonic()
            self._cover(now_s)
            wanted, fresh, self._fresh = self._wanted, fresh or self._fresh, False
            turn, found = turn_at(now_s - self._since_s), self._found
        if wanted is not None and (fresh or turn != self._drawn_turn or not self.display_working):
            self._drawn_turn = turn
            self._put(telling(wanted, found) if isinstance(wanted, Card) else wanted, turn)
        return True

    def _patience_s(self) -> float:
        """Seconds until something may change by itself. Called with the lock held."""
        now_s = self._monotonic()
        shown_s = now_s - self._since_s
        waits = [RETRY_S, (turn_at(shown_s) + 1) * TURN_S - shown_s]
        if self._secret_ends_s is not None and isinstance(self._wanted, Panel) and self._wanted.secret:
            waits.append(self._secret_ends_s - now_s)
        return max(0.001, min(waits))

    def _put(self, wanted: Shown, turn: int = 0) -> None:
        size, mode = self._display.size, self._display.mode
        if size == (0, 0):
            return
        drawn, whole = Image.new(mode, size), True  # dark
        try:
            drawn = _drawn(wanted, size, mode, turn)
        except Exception:  # noqa: BLE001 - a font that the card does not give: what stood there goes all the same
            whole = False
        try:
            self._display.show(drawn)
            self.display_working = whole
        except DriverError:
            self.display_working = False  # tried again every two seconds
        drawn.paste(0 if mode == "1" else (0, 0, 0), (0, 0, *size))  # it may hold a name


def _goes_on(before: Shown | None, after: Shown) -> bool:
    """Whether it is the same panel with less time left: its turns go on."""
    if not isinstance(before, Panel) or not isinstance(after, Panel):
        return False
    bare_before, bare_after = (
        replace(panel, plain=(), secret=False, seconds_left=None) for panel in (before, after)
    )
    return bare_before == bare_after


def _drawn(wanted: Shown, size: tuple[int, int], mode: DisplayMode, turn: int) -> Image.Image:
    if isinstance(wanted, Panel):
        return panel_picture.draw(wanted, size, mode, turn)
    return picture.draw(wanted, size, mode, turn)
