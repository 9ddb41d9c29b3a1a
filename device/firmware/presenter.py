"""The screen's own thread: a display takes up to 400 ms, and nobody waits for it at an open barrier."""

import threading
from typing import Final

from device.drivers import Display, DriverError, Signals, Sound
from device.firmware import picture
from device.firmware.screens import Card

RETRY_S: Final = 2.0


class Presenter:
    """Shows the latest card on the display, by its own thread; lamp and sound at once."""

    def __init__(self, display: Display, signals: Signals) -> None:
        self._display = display
        self._signals = signals
        self._changed = threading.Condition()
        self._wanted: Card | None = None
        self._shown: Card | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)
        self.display_working = True
        self.signals_working = True
        self.card: Card | None = None

    @property
    def alive(self) -> bool:
        """Whether the thread, once begun, still runs."""
        return self._thread.ident is None or self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and blank the screen."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=RETRY_S)
        self._display.close()

    def show(self, card: Card) -> None:
        """Let light and sound say it now, and the screen as soon as it can; never raises."""
        again = self.card is not None and (self.card.shape, self.card.lamp) == (card.shape, card.lamp)
        try:
            self._signals.show(card.lamp, Sound.NONE if again and card.sound is Sound.BLIP else card.sound)
            self.signals_working = True
        except DriverError:
            self.signals_working = False
        self.card = card
        with self._changed:
            self._wanted = card
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                fresh = self._changed.wait_for(
                    lambda: self._stopped or self._wanted is not self._shown, RETRY_S
                )
                if self._stopped:
                    return
                wanted = self._wanted
            if wanted is not None and (fresh or not self.display_working):
                self._put(wanted)

    def _put(self, wanted: Card) -> None:
        self._shown = wanted
        if self._display.size == (0, 0):
            return
        try:
            self._display.show(picture.draw(wanted, self._display.size, self._display.mode))
            self.display_working = True
        except DriverError:
            self.display_working = False  # tried again every two seconds
