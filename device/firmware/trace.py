"""Every step of a running gate, one line each, for engineers: what it took, never who or what it was about.

Nothing of the gate knows about this room. While a tracer watches, the functions of the table below are
wrapped from outside; a gate that is not traced runs exactly the code that stands in its files.
"""

import functools
import importlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from device.firmware.narrate import Narrator, Value
from device.firmware.thermometry import surface_of

Fields: TypeAlias = Mapping[str, Value]
Watch: TypeAlias = Callable[[tuple[Any, ...], Any], Fields | None]
"""From a call's arguments and what it returned to what is said; None: it is of no interest."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One function that is watched: where it stands, what its line is called, what is said about a call."""

    module: str
    name: str
    """A function, or `Class.method`."""
    step: str
    watch: Watch
    changes: bool = False
    """Said only when it is another thing than the last time: it is asked at every step."""


@dataclass(slots=True)
class Tracer:
    """Says one line for each call of a watched function: when, what, how long it took."""

    narrator: Narrator
    monotonic: Callable[[], float] = time.monotonic
    _last: dict[str, Fields | None] = field(default_factory=dict)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While inside, every function of `HOOKS` is watched."""
        before: list[tuple[Any, str, Any]] = []
        try:
            for hook in HOOKS:
                home, name = _home(hook)
                before.append((home, name, getattr(home, name)))
                setattr(home, name, self._watched(before[-1][2], hook))
            yield
        finally:
            for home, name, function in reversed(before):
                setattr(home, name, function)

    def _watched(self, function: Callable[..., Any], hook: Hook) -> Callable[..., Any]:
        @functools.wraps(function)
        def watched(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the function that is watched
            begun_s = self.monotonic()
            try:
                result = function(*arguments, **named)
            except Exception as error:
                self._say(hook.step, begun_s, {"failed": type(error).__name__})
                raise
            fields = _watched(hook.watch, arguments, result)
            if fields is not None and not (hook.changes and self._last.get(hook.name) == fields):
                self._say(hook.step, begun_s, fields)
            self._last[hook.name] = fields
            return result

        return watched

    def _say(self, step: str, begun_s: float, fields: Fields) -> None:
        ended_s = self.monotonic()
        took_ms = round((ended_s - begun_s) * 1000, 2)
        if self.narrator.form == "json":
            self.narrator.say("trace", at_s=round(ended_s, 6), step=step, **fields, ms=took_ms)
        else:
            self.narrator.say(f"{ended_s:.3f} {step}", **fields, ms=took_ms)


def _watched(watch: Watch, arguments: tuple[Any, ...], result: object) -> Fields | None:
    """What is said about a call; a gate never fails because somebody looks at it."""
    try:
        return watch(arguments, result)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        return {"untold": type(error).__name__}


def _home(hook: Hook) -> tuple[Any, str]:
    home: Any = importlib.import_module(hook.module)
    *classes, name = hook.name.split(".")
    for one in classes:
        home = getattr(home, one)
    return home, name


def _frame(_: tuple[Any, ...], result: Any) -> Fields | None:  # noqa: ANN401 - (Seen or None, History)
    seen, history = result
    if seen is None:
        return None  # nothing has moved: fifteen lines a second that say so help nobody
    return {"frame": history.frames, "codes": len(seen.texts)}


def _rung(arguments: tuple[Any, ...], found: Any) -> Fields:  # noqa: ANN401 - zxing-cpp's codes
    return {"rung": arguments[0].name, "codes": len(found)}


def _glance(_: tuple[Any, ...], result: Any) -> Fields | None:  # noqa: ANN401 - (Glance or None, Attention)
    glance, attention = result
    if glance is None:
        return None
    hint = glance.hint.name.lower() if glance.hint is not None else None
    return {
        "in_view": len(attention.in_view),
        "to": "verify" if glance.text is not None else "hint",
        "hint": hint,
    }


def _interruption(arguments: tuple[Any, ...], result: Any) -> Fields | None:  # noqa: ANN401 - as above
    glance = result[0]  # one code alone is left to `glance`, which is watched itself
    return _glance(arguments, result) if glance is not None and glance.hint is not None else None


def _examined(_: tuple[Any, ...], found: Any) -> Fields:  # noqa: ANN401 - Person or Reason
    name = getattr(found, "name", None)
    if name is not None:
        return {"result": name.lower()}
    code = found.code
    colour = code.colour.name.lower() if code.colour is not None else "unknown"
    return {"result": "verified", "colour": colour, "recall": code.recall.value}


def _sample(arguments: tuple[Any, ...], fresh: Any) -> Fields | None:  # noqa: ANN401 - bool
    senses = arguments[0]
    if not fresh or not senses.samples:
        return {"failed": senses.failures} if senses.failures else None
    newest = senses.samples[-1]
    return {
        "object_c": round(newest.object_c, 2),
        "ambient_c": round(newest.ambient_c, 2),
        "surface_c": round(surface_of(newest.object_c, senses.calibration), 2),
    }


def _measured(_: tuple[Any, ...], found: Any) -> Fields:  # noqa: ANN401 - Measurement or Hint
    name = getattr(found, "name", None)
    return {"result": "settled" if name is None else name.lower()}


def _lane(arguments: tuple[Any, ...], result: Any) -> Fields:  # noqa: ANN401 - (Lane, effects)
    before, event = arguments[0], arguments[1]
    after, effects = result
    reason = event.reason
    return {
        "was": before.state.name.lower(),
        "on": event.on.name.lower(),
        "is": after.state.name.lower(),
        "reason": reason.name.lower() if reason is not None else None,
        "effects": "+".join(type(effect).__name__ for effect in effects) or "none",
    }


def _appended(_: tuple[Any, ...], entry: Any) -> Fields:  # noqa: ANN401 - Entry
    return {"event": entry.kind.name.lower(), "sequence": entry.sequence}


def _opened(arguments: tuple[Any, ...], _: object) -> Fields:
    hold_s = arguments[2]
    return {"relay": "on", "hold_s": "until told" if hold_s is None else round(hold_s, 3)}


def _closed(_: tuple[Any, ...], __: object) -> Fields:
    return {"relay": "off"}


def _came(arguments: tuple[Any, ...], outcome: Any) -> Fields:  # noqa: ANN401 - Outcome
    incoming = arguments[1]
    leaf = getattr(incoming.topic, "leaf", incoming.topic)
    words = ", ".join(entry.word or entry.kind.name.lower() for entry in outcome.entries)
    told = "believed" if outcome.changed else words or "taken"
    return {"what": str(getattr(leaf, "value", leaf)), "bytes": len(incoming.payload), "result": told}


def _sent(arguments: tuple[Any, ...], sent: object) -> Fields:
    leaf, payload = arguments[1], arguments[2]
    return {"what": leaf.value, "bytes": len(payload), "sent": sent is not None}


_HERE: Final = "device.firmware."
HOOKS: Final = (
    Hook(_HERE + "scan", "look", "frame", _frame),
    Hook(_HERE + "scan", "Rung.read", "rung", _rung),
    Hook(_HERE + "attention", "glance", "attention", _glance),
    Hook(_HERE + "attention", "interruption", "attention", _interruption),
    Hook(_HERE + "desk", "Desk.examine", "code", _examined),
    Hook(_HERE + "senses", "Senses.sample", "sample", _sample),
    Hook(_HERE + "senses", "Senses.measured", "measured", _measured, changes=True),
    Hook(_HERE + "stage", "step", "lane", _lane),
    Hook(_HERE + "journal", "Journal.append", "journal", _appended),
    Hook(_HERE + "door", "Door.open", "relay", _opened),
    Hook(_HERE + "door", "Door.close", "relay", _closed),
    Hook(_HERE + "intake", "Intake.handle", "in", _came),
    Hook(_HERE + "uplink", "Uplink._publish", "out", _sent),
)
