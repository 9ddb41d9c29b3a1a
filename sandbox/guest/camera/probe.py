"""Run inside a guest, by the gate's own Python: the shipped driver and reader on its camera; tells one JSON.

`python -I probe.py RESTARTS TEXT…`: reads until every text was seen, opens and closes the camera again and
again, tries to open one that is not there and one that is busy, and counts the open files at each turn.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from device.drivers import DriverError
from device.drivers.camera import CameraConfig, PiCamera
from device.firmware import scan

WAIT_S: Final = 20.0
SEEN_WITHIN_S: Final = 180.0
PACED: Final = 12
"""Frames of which the rate is told: three pictures of the ring."""


def camera(number: int = 0) -> PiCamera:
    """As the firmware makes it, for what a virtual camera gives."""
    return PiCamera(CameraConfig(number=number, pixel_format="NV12"))


def open_files() -> int:
    """Of this process, the directory's own included."""
    return len(list(Path("/proc/self/fd").iterdir()))


def read(wanted: set[str]) -> dict[str, Any]:
    """Frames until all these texts were read."""
    found: set[str] = set()
    history, opened, frames = scan.History(), camera(), 0
    begun_s = time.monotonic()
    opened.start()
    started_s = time.monotonic()
    try:
        while not wanted <= found and time.monotonic() - started_s < SEEN_WITHIN_S:
            with opened.frame(WAIT_S) as frame:
                luma = frame.luma
                told = {"shape": luma.shape, "strides": luma.strides, "writeable": luma.flags.writeable}
                seen, history = scan.look(luma, history)
                del luma
            frames += 1
            found |= set(seen.texts) if seen else set()
        read_s = time.monotonic() - started_s
        for _ in range(PACED):
            opened.frame(WAIT_S).release()
        paced_s = time.monotonic() - started_s - read_s
    finally:
        opened.stop()
    rates = {"reading_per_s": frames / read_s, "frames_per_s": PACED / paced_s}
    return {**told, **rates, "opened_s": started_s - begun_s, "read_s": read_s, "texts": sorted(found)}


def stopped_while_waiting() -> str:
    """What the thread hears that waits for a frame when another one stops the camera."""
    heard: list[str] = []
    opened = camera()
    opened.start()

    def wait() -> None:
        try:
            while True:
                opened.frame(WAIT_S).release()
        except DriverError as error:
            heard.append(str(error))

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.5)  # some frames come and go
    opened.stop()
    waiting.join(WAIT_S)
    return heard[0] if heard and not waiting.is_alive() else "nothing"


def refused(other: PiCamera) -> str:
    """The words of a camera that does not come up."""
    try:
        other.start()
    except DriverError as error:
        return str(error)
    other.stop()
    return ""


def restart(times: int) -> dict[str, Any]:
    """Files open after each closing, after each failure; what was said."""
    files, failures = [], []
    for _ in range(times):
        opened = camera()
        opened.start()
        opened.frame(WAIT_S).release()
        opened.stop()
        files.append(open_files())
    holder = camera()
    holder.start()
    for _ in range(times):
        words = refused(camera()), refused(camera(7))
        failures.append(open_files())
    holder.stop()
    return {"files": files, "files_after_failures": failures, "busy": words[0], "absent": words[1]}


if __name__ == "__main__":
    told = {**read(set(sys.argv[2:])), "stopped": stopped_while_waiting(), **restart(int(sys.argv[1]))}
    print(json.dumps(told))
