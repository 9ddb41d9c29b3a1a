"""The camera's own thread: frames in, at most the latest sight of a code out."""

import threading
import time
from collections.abc import Callable
from typing import Final

from device.drivers import Camera, DriverError
from device.firmware import scan
from device.firmware.scan import History, Seen

REST_S: Final = 1.0
"""Between a failure of the camera and the next try."""


class CameraThread:
    """Reads frames until stopped; heals a camera that failed by starting it anew.

    `take`, `working_at`, `beat_s` and `frames` may be asked from any thread. `wake` is called after every
    frame that was read, so that the loop reacts within the frame.
    """

    def __init__(
        self,
        camera: Camera,
        wake: Callable[[], None],
        *,
        timeout_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._camera = camera
        self._wake = wake
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._latest: tuple[Seen, float] | None = None
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self.history = History()
        self.working = False
        self.failure = ""
        self.frames = 0
        self.dark = False
        """Whether pictures hold nothing but black."""
        self.slow = False
        """Whether fewer pictures come than were asked for."""
        self.beat_s = monotonic()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and close the camera; waits a moment for the thread."""
        self._stopped.set()
        self._camera.stop()
        self._thread.join(timeout=self._timeout_s + REST_S)

    def take(self) -> tuple[Seen, float] | None:
        """What was read last and when, once. A sight of a code is never replaced by an empty one."""
        with self._lock:
            latest, self._latest = self._latest, None
        return latest

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._camera.start()
                while not self._stopped.is_set():
                    self.step()
            except DriverError as error:
                self.working, self.failure = False, str(error)
                self.beat_s = self._monotonic()
                self._wake()
                self._stopped.wait(REST_S)

    def step(self) -> None:
        """Wait for one frame and read it; raises `DriverError`."""
        frame = self._camera.frame(self._timeout_s)
        with frame:
            seen, self.history = scan.look(frame.luma, self.history)
        self.frames += 1
        self.beat_s = self._monotonic()
        if not self.working:
            self.working, self.failure = True, ""
            self._wake()
        if seen is not None:
            self._offer(seen, frame.taken_s)

    def _offer(self, seen: Seen, taken_s: float) -> None:
        with self._lock:
            if seen.texts or self._latest is None or not self._latest[0].texts:
                self._latest = (seen, taken_s)
        if seen.texts:
            self._wake()
