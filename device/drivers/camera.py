"""The camera on the Pi's ribbon: picamera2's stream, its brightness plane lent out without a copy."""

import gc
import os
import threading
import time
from collections.abc import Container, Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal

from device.drivers import DriverError, Frame

# Values of libcamera's control enumerations (libcamera, src/libcamera/control_ids_core.yaml): AfModeManual,
# AfModeContinuous, AfRangeMacro, AfSpeedFast, ConstraintHighlight, ExposureShort, MeteringCentreWeighted.
AF_MODE_MANUAL = 0
AF_MODE_CONTINUOUS = 2
AF_RANGE_MACRO = 1
AF_SPEED_FAST = 1
AE_CONSTRAINT_HIGHLIGHT = 1
AE_EXPOSURE_SHORT = 1
AE_METERING_CENTRE_WEIGHTED = 0

MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraConfig:
    """How the camera is used. A control that the module does not have is left out, not an error."""

    number: int = 0
    """Which camera, in libcamera's order."""
    width: int = 1280
    height: int = 720
    pixel_format: Literal["YUV420", "NV12"] = "YUV420"
    """Both begin with the brightness plane; a Pi gives YUV420, libcamera's virtual camera NV12."""
    frames_per_s: float = 15.0
    buffers: int = 4
    exposure_value: float = -0.7
    """Stops against automatic exposure: a phone's screen is the brightest thing in the picture."""
    exposure_s: float | None = None
    """A fixed exposure instead of the automatic one; a frame's own duration at most."""
    gain: float | None = None
    """A fixed analogue gain instead of the automatic one."""
    focus: Literal["continuous", "fixed"] = "continuous"
    """Where the module has a lens that moves: it follows what is held up, or it stands still."""
    focus_dioptres: float = 6.0
    """Where a fixed lens stands: one over the distance in metres."""

    def __post_init__(self) -> None:
        if self.width < 64 or self.height < 64 or self.width % 2 or self.height % 2:  # noqa: PLR2004 -- smallest picture worth reading
            raise DriverError(f"camera size {self.width}x{self.height}: use even numbers of at least 64")
        if self.pixel_format not in {"YUV420", "NV12"}:
            raise DriverError(f"camera pixel format {self.pixel_format!r}: use YUV420 or NV12")
        if not 0 < self.frames_per_s <= 120 or self.buffers < 2:  # noqa: PLR2004 -- fastest Pi module; one buffer lent, one filling
            raise DriverError("camera: frames_per_s must be in (0, 120] and buffers at least 2")
        if self.exposure_s is not None and not 0 < self.exposure_s <= 1 / self.frames_per_s:
            longest_s = 1 / self.frames_per_s
            raise DriverError(
                f"camera exposure {self.exposure_s:g} s: use at most a frame's {longest_s:.4f} s"
            )
        if self.focus not in {"continuous", "fixed"} or self.focus_dioptres < 0:
            raise DriverError('camera focus: use "continuous" or "fixed", and dioptres from 0 (far away)')


def controls_for(config: CameraConfig, available: Container[str]) -> dict[str, Any]:
    """Return the libcamera controls that this configuration asks for and this camera has.

    - `FrameDurationLimits`: both ends equal give a steady rate; libcamera's longest exposure follows from it.
    - `AeExposureMode` short: a hand shakes; noise costs fewer codes than blur.
    - `AeConstraintMode` highlight: a phone's screen is the brightest thing in view and must not burn out.
    - `AeMeteringMode` centre-weighted: the phone is held to the middle, the windows are at the sides.
    - `ExposureValue`: what is still missing, in stops; without it libcamera aims at a grey picture.
    - `ExposureTime`, `AnalogueGain`: instead of the automatic, for a place whose light never changes.
    - `AfMode` continuous, `AfRange` macro, `AfSpeed` fast: a phone comes close; the lens need not look
      for the far wall first. Manual with `LensPosition`: where hunting costs more than standing still.
    """
    frame_us = round(MICROSECONDS / config.frames_per_s)
    wanted: dict[str, Any] = {
        "FrameDurationLimits": (frame_us, frame_us),
        "AeExposureMode": AE_EXPOSURE_SHORT,
        "AeConstraintMode": AE_CONSTRAINT_HIGHLIGHT,
        "AeMeteringMode": AE_METERING_CENTRE_WEIGHTED,
    }
    if config.exposure_s is None:
        wanted["ExposureValue"] = config.exposure_value
    else:
        # picamera2 adds ExposureTimeMode and AnalogueGainMode where a newer libcamera asks for them.
        wanted["ExposureTime"] = round(config.exposure_s * MICROSECONDS)
    if config.gain is not None:
        wanted["AnalogueGain"] = config.gain
    if config.focus == "continuous":
        wanted |= {"AfMode": AF_MODE_CONTINUOUS, "AfRange": AF_RANGE_MACRO, "AfSpeed": AF_SPEED_FAST}
    else:
        wanted |= {"AfMode": AF_MODE_MANUAL, "LensPosition": config.focus_dioptres}
    return {name: value for name, value in wanted.items() if name in available}


class PiCamera:
    """`Camera` on picamera2.

    Thread-safe as the Protocol asks: `frame` in one thread, `start` and `stop` in another. A camera that
    hangs is closed, because picamera2 would hand its next picture to the caller who no longer waits.
    """

    def __init__(self, config: CameraConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._camera: Any = None
        self._sequence = 0

    def start(self) -> None:
        """Open, configure and start the camera; any failure raises `DriverError` and leaves it closed."""
        with self._lock:
            if self._camera is not None:
                return
            try:
                self._camera = self._opened()
            except DriverError:
                raise
            except Exception as error:  # libcamera raises RuntimeError, IndexError, OSError …
                raise DriverError(
                    f"camera {self._config.number} did not start ({error}); check cable and `rpicam-hello`"
                ) from error
            self._sequence = 0

    def _opened(self) -> Any:  # noqa: ANN401 -- picamera2 publishes no types
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise DriverError("picamera2 is missing: install the packages of system-packages.toml") from error
        config = self._config
        gc.collect()  # an earlier camera's thread, allocator and manager lie in cycles, with files open
        camera = _made(Picamera2, config.number)
        try:
            main = {"size": (config.width, config.height), "format": config.pixel_format}
            camera.configure(
                camera.create_video_configuration(
                    main=main,
                    buffer_count=config.buffers,
                    controls=controls_for(config, camera.camera_controls),
                )
            )
            _check_stream(camera.stream_configuration("main"), config)
            camera.start()
        except BaseException:
            with _Quiet():
                camera.close()
            raise
        return camera

    def frame(self, timeout_s: float) -> Frame:
        """Wait for the next picture, at most `timeout_s`; a hang closes the camera: `DriverError`."""
        camera = self._camera
        if camera is None:
            raise DriverError("camera is stopped; start it first")
        try:
            request = camera.capture_request(wait=timeout_s)
        except TimeoutError as error:
            self._abandon(camera)
            raise DriverError(
                f"camera gave no picture in {timeout_s:g} s; it was closed, start it again"
            ) from error
        except CancelledError as error:
            raise DriverError("camera was stopped while a picture was awaited") from error
        except Exception as error:
            self._abandon(camera)
            raise DriverError(f"camera failed ({error}); it was closed, start it again") from error
        return self._lend(camera, request)

    def _lend(self, camera: Any, request: Any) -> Frame:  # noqa: ANN401 -- picamera2 publishes no types
        from picamera2 import MappedArray

        taken_s = time.monotonic()
        loan = ExitStack()
        loan.enter_context(_Quiet())  # a camera that was closed meanwhile takes nothing back
        loan.callback(request.release)
        try:
            stream = camera.stream_configuration("main")
            # The buffer's plain bytes, as picamera2 cannot shape NV12; brightness comes first in both.
            mapped = loan.enter_context(MappedArray(request, "main", reshape=False, write=False))
            (width, height), stride = stream["size"], stream["stride"]
            luma = mapped.array.reshape(-1)[: stride * height].reshape(height, stride)[:, :width]
            luma.flags.writeable = False
        except Exception as error:  # the camera was stopped in between
            loan.close()
            raise DriverError(f"camera picture could not be mapped ({error})") from error
        self._sequence += 1
        return Frame(luma=luma, sequence=self._sequence, taken_s=taken_s, give_back=loan.close)

    def stop(self) -> None:
        """Close the camera; a `frame` that waits raises `DriverError`."""
        self._abandon(self._camera)

    def _abandon(self, camera: Any) -> None:  # noqa: ANN401 -- picamera2 publishes no types
        """Close this camera unless another thread has done so, and has perhaps started anew."""
        with self._lock:
            if camera is None or camera is not self._camera:
                return
            self._camera = None
            with ExitStack() as closing:
                closing.enter_context(_Quiet())
                closing.callback(camera.close)
                closing.callback(camera.cancel_all_and_flush)


class _Quiet:
    """Swallows errors of a camera that is being closed anyway: there is nobody left to tell."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, Exception)


def _made(kind: Any, number: int) -> Any:  # noqa: ANN401 -- picamera2 publishes no types
    """Return an open `Picamera2`; when its constructor fails, close the pipe that it would leave open.

    A gate without its camera tries for ever: after some hours it could not open its journal any more.
    """
    camera = kind.__new__(kind)
    try:
        camera.__init__(number)
    except BaseException:
        with _Quiet():
            camera.close()
        with _Quiet():
            if not camera.notifymeread.closed:
                camera.notifymeread.close()
                os.close(camera.notifyme_w)
        raise
    return camera


def _check_stream(stream: Mapping[str, Any], config: CameraConfig) -> None:
    if stream["format"] != config.pixel_format:
        raise DriverError(f"camera gives {stream['format']}, {config.pixel_format} was asked for")
