"""Field tables: how a frozen dataclass stands in CBOR, declared once and used for reading and writing."""

import dataclasses
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from wire import cbor
from wire.errors import Flaw, WireError

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

MAX_UINT: Final = 2**63 - 1  # also the largest SQLite integer
# Controls, line separators, invisible and direction-changing characters, surrogates, tags and
# non-characters: Unicode 15, chapter 23. Stated here, not asked of `str.isprintable`, because what
# that calls printable changes with the Python on either side, and it refuses the space of Chinese
# typography (U+3000).
_INVISIBLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufeff\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)


@dataclass(frozen=True, slots=True)
class Codec(Generic[T]):
    """How one kind of value is read (`load`, or WireError) and written (`dump`, maps in `cbor.key_order`)."""

    load: Callable[[Any], T]
    dump: Callable[[T], Any]


def _wrong(expected: str) -> WireError:
    return WireError(Flaw.SCHEMA, f"expected {expected}")


def _as_it_is(value: T) -> T:
    # Not bytes(), str() or bool(): bytes(16) would quietly be sixteen zeros.
    return value


def integer(low: int, high: int) -> Codec[int]:
    """An integer from `low` to `high`, both included."""

    def load(value: object) -> int:
        if type(value) is not int or not low <= value <= high:
            raise _wrong(f"an integer from {low} to {high}")
        return value

    return Codec(load, operator.index)


def uint(high: int = MAX_UINT) -> Codec[int]:
    """An integer from 0 to `high`."""
    return integer(0, high)


def boolean() -> Codec[bool]:
    """True or false."""

    def load(value: object) -> bool:
        if not isinstance(value, bool):
            raise _wrong("true or false")
        return value

    return Codec(load, _as_it_is)


def bstr(least: int, most: int | None = None) -> Codec[bytes]:
    """A byte string of `least` to `most` bytes; of exactly `least` when `most` is not given."""
    high = least if most is None else most

    def load(value: object) -> bytes:
        if not isinstance(value, bytes) or not least <= len(value) <= high:
            raise _wrong(f"a byte string of {least} to {high} bytes")
        return value

    return Codec(load, _as_it_is)


def text(most: int) -> Codec[str]:
    """A text of 0 to `most` characters without controls and invisible characters."""

    def load(value: object) -> str:
        if not isinstance(value, str) or len(value) > most or _INVISIBLE.search(value):
            raise _wrong(f"a printable text of at most {most} characters")
        return value

    return Codec(load, _as_it_is)


def one_of(kind: type[E]) -> Codec[E]:
    """A member of an enumeration, written as its value."""
    members = {m.value: m for m in kind}
    classes = {type(m.value) for m in kind}  # compared as well: to Python, true and 1.0 are 1

    def load(value: object) -> E:
        member = members.get(value) if type(value) in classes else None
        if member is None:
            raise _wrong(f"a known {kind.__name__}")
        return member

    return Codec(load, lambda member: member.value)


def array(item: Codec[T], most: int) -> Codec[tuple[T, ...]]:
    """An array of at most `most` items."""

    def load(value: object) -> tuple[T, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise _wrong(f"an array of at most {most} items")
        return tuple(item.load(v) for v in value)

    return Codec(load, lambda values: [item.dump(v) for v in values])


def mapping(key: Codec[Any], value: Codec[T], most: int) -> Codec[dict[Any, T]]:
    """A map of at most `most` entries."""

    def load(raw: object) -> dict[Any, T]:
        if not isinstance(raw, dict) or len(raw) > most:
            raise _wrong(f"a map of at most {most} entries")
        return {key.load(k): value.load(v) for k, v in raw.items()}

    def dump(entries: Mapping[Any, T]) -> dict[Any, Any]:
        rows = {key.dump(k): value.dump(v) for k, v in entries.items()}
        return {k: rows[k] for k in sorted(rows, key=cbor.key_order)}

    return Codec(load, dump)


def field(key: int, codec: Codec[Any], *, optional: bool = False, default: Any = None) -> Any:  # noqa: ANN401 - as dataclasses.field
    """A dataclass field that stands under the integer `key`.

    An optional one, or one with a `default`, is absent when it has its default, which is None if not given:
    so a reader of before knows every document that does not use what came later.
    """
    optional = optional or default is not None
    metadata = {"key": key, "codec": codec, "optional": optional}
    return (
        dataclasses.field(default=default, metadata=metadata)
        if optional
        else dataclasses.field(metadata=metadata)
    )


_Row = tuple[str, int, Codec[Any], bool]


def _explain(value: Mapping[object, Any], rows: Sequence[_Row], name: str) -> None:
    """Raise what is wrong with a map that did not become a record, by field; return if no field is."""
    if not {key for _, key, _, _ in rows}.issuperset(value):
        raise WireError(Flaw.SCHEMA, f"{name} has a field that this version does not know")
    for attribute, key, codec, optional in rows:
        if key in value:
            try:
                codec.load(value[key])
            except WireError as error:
                raise WireError(error.flaw, f"{name}.{attribute}: {error.detail}") from error
        elif not optional:
            raise WireError(Flaw.SCHEMA, f"{name}.{attribute} is missing")


def record(kind: type[T]) -> Codec[T]:
    """A dataclass whose fields were declared with `field`: a map with exactly those keys."""
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]  # a type variable cannot say "a dataclass"
    rows = [(f.name, f.metadata["key"], f.metadata["codec"], f.metadata["optional"]) for f in fields]
    names = {key: attribute for attribute, key, _, _ in rows}
    loads = {key: codec.load for _, key, codec, _ in rows}
    name = kind.__name__

    def load(value: object) -> T:
        if not isinstance(value, dict):
            raise _wrong(f"a map for {name}")
        try:
            # An event goes through here on its way into the database: what is wrong is only looked for
            # once something is. KeyError: an unknown field; TypeError: a missing one.
            return kind(**{names[key]: loads[key](raw) for key, raw in value.items()})
        except (WireError, KeyError, TypeError):
            _explain(value, rows, name)
            raise  # a mistake of the class itself
        except ValueError as error:  # a __post_init__ that checks how fields fit together
            raise WireError(Flaw.SCHEMA, f"{name}: {error}") from error

    absent = {f.name: f.default for f in fields}
    rising = [
        (key, codec, attribute, absent[attribute])
        for attribute, key, codec, _ in sorted(rows, key=operator.itemgetter(1))
    ]

    def dump(value: T) -> dict[int, Any]:
        parts = [(key, codec, getattr(value, attribute), none) for key, codec, attribute, none in rising]
        return {key: codec.dump(part) for key, codec, part, none in parts if part != none}

    return Codec(load, dump)


def read(codec: Codec[T], data: bytes, *, max_bytes: int) -> T:
    """Bytes to a typed value, or WireError."""
    return codec.load(cbor.decode(data, max_bytes=max_bytes))


def write(codec: Codec[T], value: T, *, max_bytes: int | None = None) -> bytes:
    """A typed value to its deterministic bytes; a value its own reader would refuse is refused here."""
    dumped = codec.dump(value)
    codec.load(dumped)
    data = cbor.encode_sorted(dumped)
    if max_bytes is not None and len(data) > max_bytes:
        raise WireError(Flaw.SIZE, f"{len(data)} bytes to write where at most {max_bytes} are read")
    return data
