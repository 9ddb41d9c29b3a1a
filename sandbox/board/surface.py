"""What the camera's driver uses of picamera2, told of whichever can be imported: the real one, the stand-in.

`python -I surface.py` prints it as JSON. It imports nothing of this room, so it can be carried to where the
real one is. tests/sandbox/picamera2-surface.json is what the real one said; both are held to it.
"""

import ast
import gc
import importlib.metadata
import inspect
import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from device.drivers import camera as driver

CALLED: Final = {"camera": "Picamera2", "request": "CompletedRequest", "mapped": "MappedArray"}
"""How the driver calls what it holds, and of which class that is."""
SIZE: Final = (1280, 720)
FORMAT: Final = "NV12"
"""What libcamera's virtual camera gives; a Pi's YUV420 begins with the same brightness plane."""
BUFFERS: Final = 4
ABSENT: Final = 7
SHORT_S: Final = 0.05
Told = dict[str, Any]


def used(source: str) -> dict[str, set[str]]:
    """Class to the attributes that this source uses of its objects, constructors of what it imports too."""
    tree = ast.parse(source)
    found: dict[str, set[str]] = {
        name.name: {"__init__"}
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "picamera2"
        for name in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in CALLED:
            found.setdefault(CALLED[node.value.id], set()).add(node.attr)
    return found


def _default(value: object) -> str:
    """A default that can be told in a word; what else there is are objects of libcamera."""
    plain = (
        value is None or isinstance(value, (bool, int, float, str)) or (isinstance(value, dict) and not value)
    )
    return repr(value) if plain else "an object"


def _signature(callable_: Callable[..., object]) -> list[str]:
    told = []
    for one in inspect.signature(callable_).parameters.values():
        default = "" if one.default is one.empty else f" = {_default(one.default)}"
        told.append(f"{one.kind.description} {one.name}{default}")
    return told


def _attribute(thing: object, name: str) -> object:
    """What kind of attribute it is; a method with its parameters."""
    found = inspect.getattr_static(type(thing), name, None)
    if isinstance(found, property):
        return "property"
    return _signature(found) if inspect.isfunction(found) else type(getattr(thing, name)).__name__


def outcome(action: Callable[[], object]) -> str:
    """The name of the exception that it raises, or of what it returns."""
    try:
        result = action()
    except Exception as error:  # noqa: BLE001 -- whichever it is is the answer
        return f"raises {type(error).__name__}"
    return "nothing" if result is None else type(result).__name__


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_plain(one) for one in value)})"
    return f"{type(value).__name__} {value}"


def _pipes() -> int:
    """Ends of pipes that this process has open, once nothing is held in a cycle any more."""
    gc.collect()
    ends = 0
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the directory's own, while it is listed
            ends += str(file.readlink()).startswith("pipe:")
    return ends


def _array(mapped: Any) -> Told:  # noqa: ANN401 -- picamera2 publishes no types
    array = mapped.array
    return {
        "type": f"{type(array).__name__} of {array.dtype}",
        "shape": list(array.shape),
        "strides": list(array.strides),
        "writeable": bool(array.flags.writeable),
        "contiguous": bool(array.flags.c_contiguous),
        "owns its bytes": bool(array.flags.owndata),
    }


class Watched:
    """One picamera2 that is put to the questions in turn."""

    def __init__(self, picamera2: Any, wait_s: float) -> None:  # noqa: ANN401 -- picamera2 publishes no types
        self.library = picamera2
        self.wait_s = wait_s
        self.told: Told = {}

    def opening(self) -> Any:  # noqa: ANN401 -- picamera2 publishes no types
        """Cameras that are absent, busy, asked for too much; then one that runs."""
        kind, told = self.library.Picamera2, self.told
        before = _pipes()
        told["a camera that is not fitted"] = outcome(lambda: kind(ABSENT))
        told["pipe ends that a failed constructor leaves"] = _pipes() - before
        camera = kind(0)
        told["a second camera while the first is open"] = outcome(lambda: kind(0))
        controls = camera.camera_controls
        told["camera_controls"] = sorted(
            {f"{type(key).__name__} to {len(controls[key])}" for key in controls}
        )
        made = camera.create_video_configuration(main=_main(), buffer_count=BUFFERS, controls={})
        told["configuration, asked"] = sorted(made)
        told["configure, unknown control"] = outcome(
            lambda: camera.configure(
                camera.create_video_configuration(main=_main(), controls={"Teleport": 1})
            )
        )
        told["configure"] = outcome(lambda: camera.configure(made))
        stream = camera.stream_configuration("main")
        told["stream_configuration"] = {key: _plain(stream[key]) for key in sorted(stream)}
        told["start"] = outcome(camera.start)
        told["start again"] = outcome(camera.start)
        told["configure while started"] = outcome(lambda: camera.configure(made))
        return camera

    def picture(self, camera: Any) -> Told:  # noqa: ANN401 -- picamera2 publishes no types
        """One picture mapped and given back; the attributes that the driver uses, of the three objects."""
        told, mapping = self.told, self.library.MappedArray
        request = camera.capture_request(wait=self.wait_s)
        unshaped = mapping(request, "main", reshape=False, write=False)
        told["array before `with`"] = outcome(lambda: unshaped.array)
        with unshaped as mapped:
            told["MappedArray unshaped"] = _array(mapped)
            things = {"Picamera2": camera, "CompletedRequest": request, "MappedArray": mapped}
            surface = {
                name: {one: _attribute(things[name], one) for one in sorted(attributes)}
                for name, attributes in sorted(used(inspect.getsource(driver)).items())
            }
        told["array after `with`"] = outcome(lambda: unshaped.array)
        with mapping(request, "main") as mapped:
            told["MappedArray shaped"] = _array(mapped)
        del mapped
        told["release"] = outcome(request.release)
        told["release again"] = outcome(request.release)
        told["MappedArray of a released request"] = outcome(lambda: mapping(request, "main").__enter__())
        return surface

    def ending(self, camera: Any) -> None:  # noqa: ANN401 -- picamera2 publishes no types
        """All buffers lent; a waiting caller is cancelled; closed with pictures out; asked again after it."""
        told = self.told
        held: list[Any] = []
        try:
            while len(held) <= BUFFERS:
                held.append(camera.capture_request(wait=self.wait_s))
        except Exception as error:  # noqa: BLE001 -- whichever it is is the answer
            told["capture_request with all buffers lent"] = f"raises {type(error).__name__} after {len(held)}"
        camera.cancel_all_and_flush()
        told["capture_request that is cancelled"] = self._cancelled(camera)
        told["close"] = outcome(camera.close)
        told["close again"] = outcome(camera.close)
        told["MappedArray after close"] = outcome(
            lambda: self.library.MappedArray(held[0], "main", reshape=False).__enter__()
        )
        told["release after close"] = [outcome(request.release) for request in held]
        told["release again after close"] = outcome(held[0].release)
        told["stream_configuration after close"] = outcome(lambda: camera.stream_configuration("main"))
        told["capture_request after close"] = outcome(lambda: camera.capture_request(wait=SHORT_S))
        told["cancel_all_and_flush after close"] = outcome(camera.cancel_all_and_flush)
        told["start after close"] = outcome(camera.start)
        held.clear()
        told["another one after close"] = outcome(lambda: self.library.Picamera2(0).close())

    def _cancelled(self, camera: Any) -> str:  # noqa: ANN401 -- picamera2 publishes no types
        ended = threading.Event()

        def wait() -> str:
            try:
                return outcome(lambda: camera.capture_request(wait=self.wait_s * 10))
            finally:
                ended.set()

        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(wait)
            while not ended.wait(SHORT_S):
                camera.cancel_all_and_flush()
            return waiting.result()


def _main() -> Told:
    return {"size": SIZE, "format": FORMAT}


def described(picamera2: Any, wait_s: float) -> Told:  # noqa: ANN401 -- picamera2 publishes no types
    """All of it; `wait_s`: what a picture takes at most."""
    watched = Watched(picamera2, wait_s)
    camera = watched.opening()
    surface = watched.picture(camera)
    watched.ending(camera)
    return {"attributes": surface, "behaviour": watched.told}


def versions() -> dict[str, str]:
    """Of whom this was taken."""
    import libcamera  # type: ignore[import-not-found]  # only where the real picamera2 is

    names = ("picamera2", "numpy")
    found = {name: importlib.metadata.version(name) for name in names}
    manager = libcamera.CameraManager.singleton()
    return {**found, "libcamera": manager.version, "python": sys.version.split()[0]}


if __name__ == "__main__":
    import picamera2

    told = {"taken_from": versions(), **described(picamera2, 10.0)}
    print(json.dumps(told, indent=2, ensure_ascii=False))
