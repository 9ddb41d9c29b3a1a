"""Files in which other systems publish their keys: which form a file has, and the rows that it holds.

Nothing is believed here and no key is read: a row is what the publisher says of one key, taken apart.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fleet.errors import FleetError
from fleet.keys import published_rows as rows
from fleet.keys.published_rows import Row
from wire.errors import WireError
from wire.foreign import notation
from wire.foreign.passes import Format

MAX_FILE_BYTES: Final = 16_000_000  # the largest list ever seen had 4.1 MB
MAX_ROWS: Final = 20_000
_BEGIN: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----")
_COMPACT: Final = re.compile(rb"\s*[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*\s*")
_SIGNED: Final = re.compile(rb"\s*[A-Za-z0-9+/=_-]+\s+(?=[{\[])")
_DER: Final = re.compile(
    rb"\x30[\x81-\x84]"
)  # the outermost SEQUENCE of a certificate, longer than 127 bytes
Value = Any  # what JSON can say


@dataclass(frozen=True, slots=True)
class Form:
    """One form in which keys are published, and of which system its keys are unless somebody says so."""

    name: str
    format: Format


@dataclass(frozen=True, slots=True)
class Published:
    """One file, taken apart; `signed`: it came in a signature of its publisher, which nobody has checked."""

    form: Form
    rows: tuple[Row, ...]
    signed: bool = False


DER: Final = Form("one certificate (DER)", Format.HC1)
PEM: Final = Form("certificates (PEM)", Format.HC1)
ARRAY: Final = Form("a DSC list: an array of certificates", Format.HC1)
BY_KID: Final = Form("a DSC list: keys by their ids", Format.HC1)
JWKS: Final = Form("a JWK set", Format.SHC)
DID: Final = Form("a DID document", Format.NZCP)
# The member that gives a JSON object away -> its form, and how to take that member apart.
Reader = Callable[[Value], Iterator[Row]]
SHAPES: Final[Mapping[str, tuple[Form, Reader]]] = {
    "certificates": (Form('a DSC list: "certificates"', Format.HC1), rows.listed),
    "eu_keys": (Form('a DSC list: "eu_keys"', Format.HC1), rows.by_kid),
    "dsc_trust_list": (Form('a DSC list: "dsc_trust_list"', Format.HC1), rows.by_country),
    "certs": (Form('a DSC list: "certs"', Format.HC1), rows.listed),
    "issuerInfo": (Form('a directory of issuers: "issuerInfo"', Format.SHC), rows.directory),
    "verificationMethod": (DID, rows.methods),
    "keys": (JWKS, rows.jwks),
}


def read(data: bytes) -> Published:
    """Take a file apart by the form that it has; FleetError for none of those known here."""
    if len(data) > MAX_FILE_BYTES:
        raise FleetError(f"it is longer than {MAX_FILE_BYTES} bytes; nothing was changed")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if _DER.match(data):
        return Published(DER, (Row(where="certificate", certificate=data),))
    if data.lstrip()[:1] not in (b"{", b"[") and b"-----BEGIN " in data:
        return Published(PEM, _bounded(_pem(data)))
    if (compact := _COMPACT.fullmatch(data)) is not None:
        return _opened(_unwrapped(compact[1]), signed=True)
    signed = _SIGNED.match(data)
    found = _json(data[signed.end() :] if signed else data)
    if isinstance(found, dict) and isinstance(found.get("payload"), str) and "signature" in found:
        return _opened(_unwrapped(found["payload"].encode()), signed=True)
    return _opened(found, signed=signed is not None)


def _opened(found: Value, *, signed: bool) -> Published:
    form, taken = _shape(found)
    return Published(form, _bounded(taken), signed)


def _shape(found: Value) -> tuple[Form, Iterator[Row]]:
    if isinstance(found, list):
        return ARRAY, rows.listed(found)
    if isinstance(found, dict):
        for member, (form, reader) in SHAPES.items():
            if isinstance(found.get(member), list | dict):
                return form, reader(found if form is DID else found[member])
        if rows.are_kids(found):
            return BY_KID, rows.by_kid(found)
    known = ", ".join((*(f'"{member}"' for member in SHAPES), "arrays of certificates, PEM, DER"))
    raise FleetError(f"it has none of the forms known here ({known}); nothing was changed")


def _bounded(taken: Iterator[Row]) -> tuple[Row, ...]:
    found: list[Row] = []
    for row in taken:
        if len(found) == MAX_ROWS:
            raise FleetError(f"it names more than {MAX_ROWS} keys; nothing was changed")
        found.append(row)
    return tuple(found)


def _json(data: bytes) -> Value:
    try:
        return notation.from_json(data, max_bytes=MAX_FILE_BYTES)
    except WireError as error:
        raise FleetError(f"it is neither PEM, DER nor JSON ({error.detail}); nothing was changed") from error


def _unwrapped(text: bytes) -> Value:
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_")
    except (binascii.Error, ValueError) as error:
        raise FleetError("the list in its signature is no base64; nothing was changed") from error
    return _json(data)


def _pem(data: bytes) -> Iterator[Row]:
    for number, block in enumerate(_BEGIN.finditer(data), 1):
        where = f"block {number}"
        if block[1] == b"CERTIFICATE":
            yield rows.certificate(where, block[2].decode())
        elif block[1].endswith(b"PRIVATE KEY"):
            yield Row(where=where, trouble="a private key: it should not be in this file, nor anywhere near")
        else:
            yield Row(where=where, trouble=f"a {block[1].decode()}, no certificate: it has no key id")
