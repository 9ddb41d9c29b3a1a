"""The camera's own thread: frames in, at most the latest sight of a code out."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from device.drivers import Camera, DriverError
from device.firmware import scan
from device.firmware.scan import History, Seen

REST_S: Final = 1.0
"""Between a failure of the camera and the next try; twice as long after each try that did not last."""
MOST_REST_S: Final = 8.0
BEAT_S: Final = 1.0
"""A thread that rests says so this often: it waits, it does not hang."""
LASTING_FRAMES: Final = 30
"""A camera that gave so many pictures in a row is well again."""
PACE_S: Final = 5.0
"""Over so long is the rate of pictures measured."""
SLOW_SHARE: Final = 0.6
"""Under this share of what was asked for, pictures come too slowly: heat, a weak supply, or a busy gate."""
DARK_S: Final = 3.0
"""Black for so long is a covered lens, not a hand that passes or a light that is switched."""


@dataclass(slots=True)
class Pace:
    """Whether pictures come as fast as they were asked for, since the camera was started."""

    wanted_per_s: float
    """0: nothing was asked for."""
    _begun_s: float | None = None
    _times: deque[float] = field(default_factory=deque)

    def begin(self) -> None:
        """Forget what was before: the camera was started."""
        self._begun_s = None
        self._times.clear()

    def slow(self, now_s: float) -> bool:
        """Count a picture; too slow can only be said after the whole window."""
        if self._begun_s is None:
            self._begun_s = now_s
        self._times.append(now_s)
        while now_s - self._times[0] > PACE_S:
            self._times.popleft()
        whole = now_s - self._begun_s >= PACE_S
        return whole and len(self._times) < SLOW_SHARE * self.wanted_per_s * PACE_S


class CameraThread:
    """Reads frames until stopped; heals a camera that failed by starting it anew.

    `take` and every public value may be asked from any thread. `wake` is called after every frame that held a
    code, so that the loop reacts within the frame. A thread that hangs shows in `beat_s` alone.
    """

    def __init__(
        self,
        camera: Camera,
        wake: Callable[[], None],
        *,
        timeout_s: float,
        frames_per_s: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._camera = camera
        self._wake = wake
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        self._pace = Pace(frames_per_s)
        self._black_since_s: float | None = None
        self._rest_s = 0.0
        self._lasted = 0
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._latest: tuple[Seen, float] | None = None
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self.history = History()
        self.working = False
        self.failure = ""
        self.frames = 0
        self.dark = False
        """Whether pictures hold nothing but black, and have for a while."""
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
                self._pace.begin()
                self._lasted = 0
                while not self._stopped.is_set():
                    self.step()
            except DriverError as error:
                self.working, self.failure = False, str(error)
                self.slow = self.dark = False  # nothing is known about pictures that do not come
                self._black_since_s = None
                self._wake()
                self._rest()

    def _rest(self) -> None:
        """Wait before the next try, longer each time that it did not last."""
        self._rest_s = min(self._rest_s * 2, MOST_REST_S) if self._rest_s else REST_S
        until_s = self._monotonic() + self._rest_s
        while True:
            now_s = self.beat_s = self._monotonic()
            if now_s >= until_s or self._stopped.wait(min(BEAT_S, until_s - now_s)):
                return

    def step(self) -> None:
        """Wait for one frame and read it; raises `DriverError`."""
        frame = self._camera.frame(self._timeout_s)
        with frame:
            seen, self.history = scan.look(frame.luma, self.history)
        self.frames += 1
        now_s = self.beat_s = self._monotonic()
        self.slow = self._pace.slow(now_s)
        self.dark = self._is_dark(now_s)
        self._lasted += 1
        if self._lasted >= LASTING_FRAMES:
            self._rest_s = 0.0
        if not self.working:
            self.working, self.failure = True, ""
            self._wake()
        if seen is not None:
            self._offer(seen, frame.taken_s)

    def _is_dark(self, now_s: float) -> bool:
        """Black for long enough; one picture with anything in it ends it."""
        if self.history.grid is None or not scan.is_black(self.history.grid):
            self._black_since_s = None
            return False
        if self._black_since_s is None:
            self._black_since_s = now_s
        return now_s - self._black_since_s >= DARK_S

    def _offer(self, seen: Seen, taken_s: float) -> None:
        with self._lock:
            if seen.texts or self._latest is None or not self._latest[0].texts:
                self._latest = (seen, taken_s)
        if seen.texts:
            self._wake()
