"""picamera2's camera object over a film: the calls that a gate makes.

tests/sandbox/picamera2-surface.json is what the real one said of them; this one is held to it.
"""

import fcntl
import os
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from picamera2.request import CompletedRequest
from sandbox.board.film import Film, FilmError
from sandbox.board.machine import MACHINE

STRIDE_ALIGNMENT = 64
FORMATS = ("YUV420", "NV12")
# Minimum, maximum, default, as a Camera Module 3 (imx708) reports them.
CONTROLS: dict[str, tuple[Any, Any, Any]] = {
    "AeConstraintMode": (0, 3, 0),
    "AeEnable": (False, True, None),
    "AeExposureMode": (0, 3, 0),
    "AeMeteringMode": (0, 3, 0),
    "AfMode": (0, 2, 0),
    "AfRange": (0, 2, 0),
    "AfSpeed": (0, 1, 0),
    "AnalogueGain": (1.0, 16.0, None),
    "ExposureTime": (1, 220416802, None),
    "ExposureValue": (-8.0, 8.0, 0.0),
    "FrameDurationLimits": (8333, 220535845, None),
    "LensPosition": (0.0, 32.0, 1.0),
}


class Transform:
    """Which way up; a gate says nothing about it."""


AS_IT_IS = Transform()


@dataclass(eq=False)
class Buffer:
    """One of the camera's buffers, and which picture of the film is in it already."""

    memory: NDArray[np.uint8]
    sequence: int = -1


class Picamera2:
    """A camera that is always the one on the ribbon."""

    def __init__(
        self,
        camera_num: int = 0,
        verbose_console: int | None = None,  # noqa: ARG002 -- picamera2's own argument
        tuning: object = None,  # noqa: ARG002 -- the same
        allocator: object = None,  # noqa: ARG002 -- the same
    ) -> None:
        # As picamera2 does: a constructor that fails closes one end of this pipe, not the other.
        self.notifyme_r, self.notifyme_w = os.pipe2(os.O_NONBLOCK)
        self.notifymeread = os.fdopen(self.notifyme_r, "rb")
        self.is_open = False
        if camera_num >= len(self.global_camera_info()):
            raise RuntimeError(f"No camera number {camera_num} found")
        self._open(Path(self.global_camera_info()[camera_num]["Id"]))
        self.started = False
        self.camera_config: dict[str, Any] = {}
        self.stream_map: dict[str, str] = {}
        self.metadata: dict[str, Any] = {}
        self._controls: dict[str, Any] = {}
        self._free: list[Buffer] = []
        self._all: list[Buffer] = []
        self._cancelled = 0
        self._due_s = 0.0

    def _open(self, path: Path) -> None:
        """Look at the film, as the only one; raises `RuntimeError`."""
        with ExitStack() as undo:
            try:
                self._film = Film.open(path)
                self._held = undo.enter_context(path.open("rb"))
                fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (OSError, FilmError) as error:
                raise RuntimeError("Camera __init__ sequence did not complete.") from error
            undo.pop_all()
        self.is_open = True

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        """Return the cameras that are fitted: one, or none."""
        film = MACHINE.camera.film
        if film is None:
            return []
        return [{"Model": "imx708", "Location": 2, "Rotation": 0, "Id": str(film), "Num": 0}]

    @property
    def camera_controls(self) -> dict[str, tuple[Any, Any, Any]]:
        """Minimum, maximum and default of each control."""
        return CONTROLS if self.is_open else {}

    @property
    def camera_properties(self) -> dict[str, Any]:
        """What this module is."""
        return {"Model": "imx708"}

    def create_video_configuration(  # noqa: PLR0913, PLR0917 -- picamera2's own arguments
        self,
        main: Mapping[str, Any] = {},
        lores: Mapping[str, Any] | None = None,
        raw: Mapping[str, Any] | None = {},
        transform: object = AS_IT_IS,
        colour_space: object = None,
        buffer_count: int = 6,
        controls: Mapping[str, Any] = {},
        display: str | None = "main",
        encode: str | None = "main",
        queue: bool = True,
        sensor: Mapping[str, Any] | None = {},
        use_case: str = "video",
    ) -> dict[str, Any]:
        """Return a configuration for `configure`, its sizes made even."""
        stream: dict[str, Any] = {"format": "XBGR8888", "size": (1280, 720), "preserve_ar": True} | dict(main)
        width, height = stream["size"]
        stream["size"] = (width - width % 2, height - height % 2)
        return {
            "use_case": use_case,
            "transform": transform,
            "colour_space": colour_space,
            "buffer_count": buffer_count,
            "queue": queue,
            "main": stream,
            "lores": lores,
            "raw": raw,
            "controls": {"FrameDurationLimits": (33333, 33333)} | dict(controls),
            "sensor": sensor,
            "display": display,
            "encode": encode,
        }

    def configure(self, camera_config: Mapping[str, Any] | None = None) -> None:
        """Take a configuration, make its buffers and fill in stride and frame size."""
        if not self.is_open:
            raise TypeError("a camera that was closed has nothing to configure")
        if self.started:
            raise RuntimeError("Camera must be stopped before configuring")
        config = dict(camera_config or self.create_video_configuration(main={"format": "YUV420"}))
        main = dict(config["main"])
        if main["format"] not in FORMATS:
            raise RuntimeError(f"this machine's camera gives {FORMATS}, not {main['format']}")
        width, height = main["size"]
        main["stride"] = -(-width // STRIDE_ALIGNMENT) * STRIDE_ALIGNMENT
        main["framesize"] = main["stride"] * height * 3 // 2
        self.set_controls(config["controls"])
        self.camera_config = config | {"main": main}
        self.stream_map = {"main": "main"}
        grey = 128  # chroma of a picture without colour
        self._all = [
            Buffer(np.full(main["framesize"], grey, np.uint8)) for _ in range(config["buffer_count"])
        ]

    def camera_configuration(self) -> dict[str, Any]:
        """Return the configuration as the camera took it."""
        return self.camera_config

    def stream_configuration(self, name: str = "main") -> dict[str, Any]:
        """Return one stream of the configuration as the camera took it."""
        stream: dict[str, Any] = self.camera_config[name]
        return stream

    def set_controls(self, controls: Mapping[str, Any]) -> None:
        """Set controls; raises `RuntimeError` for one that the camera does not have."""
        for name in controls:
            if name not in CONTROLS:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
        self._controls |= controls

    def start(self, config: Mapping[str, Any] | None = None, show_preview: bool = False) -> None:  # noqa: ARG002 -- picamera2's own argument
        """Begin to deliver."""
        if config is not None or not self.camera_config:
            self.configure(config)
        if not self.started:
            self._free = list(self._all)
            self._due_s = time.monotonic()
            self.started = True

    def capture_request(
        self,
        wait: float | bool | None = None,
        signal_function: None = None,  # noqa: ARG002 -- picamera2's own argument; without one it waits
        flush: int | bool | None = None,  # noqa: ARG002 -- the same; each picture here is fresh
    ) -> CompletedRequest:
        """Wait for the next picture, at most `wait` seconds when that is a number; raises `TimeoutError`."""
        deadline_s = None if wait is None or wait is True else time.monotonic() + float(wait)
        camera = MACHINE.camera
        with camera.changed:
            generation = self._cancelled
            while (pause_s := self._pause_s()) != 0.0:
                left_s = None if deadline_s is None else deadline_s - time.monotonic()
                if left_s is not None and left_s <= 0:
                    raise TimeoutError
                camera.changed.wait(_sooner(pause_s, left_s))
                if self._cancelled != generation:
                    raise CancelledError
            buffer = self._free.pop()
            now_s = time.monotonic()
            self._due_s = max(self._due_s + self._period_s(), now_s)
        self._expose(buffer)
        self.metadata = {"SensorTimestamp": round(now_s * 1e9), **self._controls}
        camera.frames += 1
        return CompletedRequest(buffer, self)

    def cancel_all_and_flush(self) -> None:
        """Cancel what waits: it raises `CancelledError`."""
        with MACHINE.camera.changed:
            self._cancelled += 1
            MACHINE.camera.changed.notify_all()

    def mapped(self, buffer: Buffer | None) -> NDArray[np.uint8]:
        """The bytes of one of the buffers that the camera has now; raises `RuntimeError`."""
        if buffer is None or not any(buffer is one for one in self._all):
            raise RuntimeError("failed to find buffer in DmaSync")
        return buffer.memory

    def requeue(self, buffer: Buffer) -> None:
        """Take a buffer back."""
        with MACHINE.camera.changed:
            if self.started and any(buffer is one for one in self._all):
                self._free.append(buffer)
                MACHINE.camera.changed.notify_all()

    def stop(self) -> None:
        """Stop delivering."""
        self.started = False

    def close(self) -> None:
        """Let the camera go."""
        if not self.is_open:
            return
        self.stop()
        self.is_open = False
        self._all, self._free = [], []
        self.camera_config, self.stream_map = {}, {}
        self._held.close()
        self.notifymeread.close()
        os.close(self.notifyme_w)

    def __del__(self) -> None:
        self.close()
        self.notifymeread.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _period_s(self) -> float:
        return float(self._controls["FrameDurationLimits"][0]) / 1_000_000

    def _pause_s(self) -> float | None:
        """Seconds until the next picture is due: 0 now, None not before something changes."""
        camera = MACHINE.camera
        if not self.started or camera.hanging or camera.unplugged or not self._free:
            return None
        return max(self._due_s - time.monotonic(), 0.0)

    def _expose(self, buffer: Buffer) -> None:
        """Fill a buffer unless it holds this very picture from an earlier loan."""
        if buffer.sequence == self._film.sequence:
            return
        main = self.camera_config["main"]
        (width, height), stride = main["size"], main["stride"]
        luma = buffer.memory[: stride * height].reshape(height, stride)[:, :width]
        if (width, height) == (self._film.width, self._film.height):
            buffer.sequence = self._film.copy_into(luma)
        else:
            whole = np.empty((self._film.height, self._film.width), np.uint8)
            buffer.sequence = self._film.copy_into(whole)
            luma[:] = np.asarray(Image.fromarray(whole).resize((width, height), Image.Resampling.BILINEAR))
        MACHINE.camera.copies += 1


def _sooner(pause_s: float | None, left_s: float | None) -> float | None:
    both = [seconds for seconds in (pause_s, left_s) if seconds is not None]
    return min(both) if both else None
