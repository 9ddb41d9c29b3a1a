"""The hand that reaches into the machine: lines of JSON on a unix socket, served from within."""

import atexit
import base64
import json
import math
import queue
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from sandbox.board.machine import MACHINE, Machine
from sandbox.board.pins import BENCH, PinChange

LONGEST_LINE = 65536
LONGEST_QUEUE = 10_000
"""Changes that a watcher may lag behind; it misses further ones."""

Json: TypeAlias = dict[str, Any]
_WATCHING: "list[tuple[queue.Queue[PinChange | None], threading.Thread]]" = []


class ControlError(Exception):
    """A request that this machine does not understand."""


def _finite(value: Any) -> float:  # noqa: ANN401 -- straight from JSON
    number = float(value)
    if not math.isfinite(number):
        raise ControlError(f"{number} is no temperature")
    return number


def _word(value: Any) -> int | None:  # noqa: ANN401 -- straight from JSON
    return None if value is None else int(value) & 0xFFFF


def _thermometer(name: str, convert: Callable[[Any], Any]) -> Callable[[Machine, Any], None]:
    return lambda machine, value: setattr(machine.thermometer, name, convert(value))


def _camera(machine: Machine, state: Any) -> None:  # noqa: ANN401 -- straight from JSON
    if state not in ("ok", "hang", "unplug"):
        raise ControlError(f"camera {state!r}: use ok, hang or unplug")
    with machine.camera.changed:
        machine.camera.hanging = state == "hang"
        machine.camera.unplugged = state == "unplug"
        machine.camera.changed.notify_all()


def _pin(_machine: Machine, levels: Any) -> None:  # noqa: ANN401 -- straight from JSON
    for number, level in dict(levels).items():
        if level not in (True, False, None):
            raise ControlError(f"pin {number} cannot be {level!r}: use true, false or null")
        BENCH.drive(int(number), level)


def _display(machine: Machine, unplugged: Any) -> None:  # noqa: ANN401 -- straight from JSON
    machine.oled.unplugged = bool(unplugged)


SETTERS: Mapping[str, Callable[[Machine, Any], None]] = {
    "object_c": _thermometer("object_c", _finite),
    "ambient_c": _thermometer("ambient_c", _finite),
    "settle_s": _thermometer("settle_s", _finite),
    "object_raw": _thermometer("object_raw", _word),
    "unplug": _thermometer("unplugged", bool),
    "stuck": _thermometer("stuck", bool),
    "flag": _thermometer("flagged", bool),
    "corrupt": _thermometer("corrupt", int),
    "display_unplug": _display,
    "camera": _camera,
    "pin": _pin,
}
"""What can be set from outside."""


def _pins(_machine: Machine) -> Json:
    return {str(number): level for number, level in sorted(BENCH.levels().items())}


def _picture(machine: Machine) -> Json:
    picture = (machine.lcd if machine.lcd.pictures else machine.oled).picture()
    pixels = base64.b64encode(picture.pixels).decode()
    return {"mode": picture.mode, "size": picture.size, "lit": picture.lit, "pixels": pixels}


def _counters(machine: Machine) -> Json:
    return {
        "i2c_transfers": machine.i2c.transfers,
        "pec_corrupted": machine.thermometer.corrupted,
        "display_pictures": machine.lcd.pictures or machine.oled.pictures,
        "camera_frames": machine.camera.frames,
        "camera_copies": machine.camera.copies,
    }


GETTERS: Mapping[str, Callable[[Machine], Json]] = {"pins": _pins, "display": _picture, "counters": _counters}
"""What can be asked."""


def answer(request: object, machine: Machine = MACHINE) -> Json:
    """Do one request; returns the reply. Raises `ControlError`."""
    match request:
        case {"set": dict(settings)}:
            unknown = settings.keys() - SETTERS.keys()
            if unknown:
                raise ControlError(f"cannot set {sorted(unknown)}; there is {sorted(SETTERS)}")
            for name, value in settings.items():
                SETTERS[name](machine, value)
            return {"ok": True}
        case {"get": str(name)} if name in GETTERS:
            return {name: GETTERS[name](machine)}
    raise ControlError(f"use set, watch, or get with one of {sorted(GETTERS)}")


REFUSALS = (ControlError, ValueError, TypeError, OverflowError, RecursionError)
"""How a request is refused: by us, or by Python's own conversions of what came in."""


def _line(message: Json) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _push(connection: socket.socket) -> None:
    """Send every pin's level, then each change, until the other end hangs up."""
    changes: queue.Queue[PinChange | None] = queue.Queue(LONGEST_QUEUE)

    def put(change: PinChange) -> None:
        if not changes.full():
            changes.put_nowait(change)

    unwatch = BENCH.watch(put)
    watching = (changes, threading.current_thread())
    _WATCHING.append(watching)
    # The client sends nothing more: the end of its stream wakes this thread to leave.
    threading.Thread(target=_await_end, args=(connection, changes), daemon=True).start()
    try:
        connection.sendall(_line({"ok": True, "pins": _pins(MACHINE)}))
        while (change := changes.get()) is not None:
            connection.sendall(_line(change._asdict()))
    finally:
        unwatch()
        _WATCHING.remove(watching)


def _farewell() -> None:
    """Let watchers hear the last changes, such as a relay that drops as the process ends."""
    for changes, thread in tuple(_WATCHING):
        changes.put(None)
        thread.join(timeout=1.0)


def _await_end(connection: socket.socket, changes: "queue.Queue[PinChange | None]") -> None:
    try:
        while connection.recv(4096):
            pass
    except OSError:
        pass
    changes.put(None)


def _converse(connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as lines:
        try:
            while line := lines.readline(LONGEST_LINE):
                try:
                    request = json.loads(line)
                    if request == {"watch": True}:
                        _push(connection)
                        return
                    reply = answer(request)
                except REFUSALS as error:
                    reply = {"error": str(error)}
                connection.sendall(_line(reply))
        except OSError:
            return  # the other end hung up


def _accept(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return  # the listener was closed
        threading.Thread(target=_converse, args=(connection,), name="board", daemon=True).start()


def _answered(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def serve(path: str) -> socket.socket | None:
    """Listen on a unix socket in daemon threads; None when another process of this machine does already."""
    if _answered(path):
        return None
    Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    atexit.register(_farewell)  # registered before the program's own, so it runs after them
    threading.Thread(target=_accept, args=(listener,), name="board", daemon=True).start()
    return listener
