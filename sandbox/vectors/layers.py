"""Texts taken apart, layer by layer, as far as they can be: bytes in hexadecimal, what they say as JSON."""

import base64
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import cbor2

from wire import base45, cbor, code
from wire.foreign import hc1, notation, nzcp, shc

Layers = dict[str, Any]


def taken_apart(texts: Sequence[str]) -> Layers:
    """Every layer that can be read, the outermost first."""
    found: Layers = {}
    try:
        for name, layer in _layers(texts):
            found[name] = layer
    except Exception:  # noqa: BLE001 -- whatever stops whoever looks into a broken text
        found["then"] = "nothing more can be read"
    return found


def _layers(texts: Sequence[str]) -> Iterator[tuple[str, Any]]:
    text = texts[0]
    if text.startswith(code.PREFIX):
        data = base45.decode(text[len(code.PREFIX) :])
        yield "base45", data.hex()
        yield from _own(data)
    elif text.startswith(hc1.PREFIX):
        data = base45.decode(text[len(hc1.PREFIX) :])
        yield "base45", data.hex()
        inflated = zlib.decompress(data)
        yield "inflated", inflated.hex()
        yield from _message(inflated)
    elif text.startswith(nzcp.PREFIX):
        data = base64.b32decode(text[len(nzcp.PREFIX) :] + "=" * (-len(text[len(nzcp.PREFIX) :]) % 8))
        yield "base32", data.hex()
        yield from _message(data)
    elif text.lower().startswith(shc.PREFIX):
        yield from _card(texts)


def _own(data: bytes) -> Iterator[tuple[str, Any]]:
    message = _untagged(cbor2.loads(data))
    payload = cbor2.loads(message[2])
    if isinstance(payload, list):
        yield "proof", dict(_message(data))
        data = payload[0]
    yield "credential", dict(_message(data))


def _message(data: bytes) -> Iterator[tuple[str, Any]]:
    """The four parts of a COSE_Sign1, in hexadecimal and as JSON."""
    protected, unprotected, payload, signature = _untagged(cbor2.loads(data))
    header = cbor2.loads(protected) if protected else {}
    yield "protected", protected.hex()
    yield "protected_says", _says(header)
    yield "unprotected_says", _says(unprotected)
    yield "payload", payload.hex()
    yield "payload_says", _says(cbor2.loads(payload))
    yield "signature", signature.hex()
    ways = (protected,) if header else (b"", b"\xa0")  # RFC 9052, 4.4, and as some signers do
    yield "covers", [cbor.encode(["Signature1", way, b"", payload]).hex() for way in ways]


def _card(texts: Sequence[str]) -> Iterator[tuple[str, Any]]:
    numerals = "".join(part.rpartition("/")[2] for part in sorted(texts, key=_place))
    jws = "".join(chr(int(numerals[at : at + 2]) + 45) for at in range(0, len(numerals), 2))
    yield "jws", jws
    header, payload, signature = jws.split(".")
    yield "header_says", json.loads(notation.from_base64url(header))
    deflated = notation.from_base64url(payload)
    yield "deflated", deflated.hex()
    yield "payload_says", json.loads(zlib.decompress(deflated, -15))
    yield "signature", notation.from_base64url(signature).hex()
    yield "covers", [f"{header}.{payload}".encode().hex()]


def _place(part: str) -> int:
    """Which part of a card it says that it is."""
    return int(part.split("/")[1]) if part.count("/") > 1 else 1


def _untagged(item: object) -> Any:  # noqa: ANN401 - what stands there
    while isinstance(item, cbor2.CBORTag):
        item = item.value
    return item


def _says(item: object) -> Any:  # noqa: ANN401 - JSON has many types
    """What an item says as JSON has it: no tags, keys as texts, bytes in hexadecimal."""
    item = _untagged(item)
    if isinstance(item, Mapping):
        return {str(key): _says(value) for key, value in item.items()}
    if isinstance(item, list | tuple):
        return [_says(value) for value in item]
    return item.hex() if isinstance(item, bytes) else item
