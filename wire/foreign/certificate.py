"""Document Signer Certificates: what a pass needs of an X.509 certificate (RFC 5280), odd ones included.

Real ones exist that strict readers refuse: negative and zero serials, extensions that are no DER, lengths in
more bytes than they need. Nobody follows a chain here: a certificate is believed because it stands in the
trust document. So only key, validity and extended key usage are read, by one walk that is the same for all.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from wire.errors import Flaw, WireError
from wire.foreign.keys import EXPONENT_BYTES, MODULUS_BYTES, PassKey, RsaKey
from wire.foreign.passes import EVERY_KIND, Kind
from wire.keys import KID_BYTES, Alg, PublicKey

MAX_BYTES: Final = 8_192
"""Real ones have up to 2,000 bytes."""
MAX_ELEMENTS: Final = 64
"""In one sequence of a certificate: extensions, usages."""
# Tags: X.690, 8; RFC 5280, 4.1.
_UTC_TIME, _GENERALIZED_TIME, _SEQUENCE = 0x17, 0x18, 0x30
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_EXTENDED_KEY_USAGE: Final = bytes.fromhex("551d25")  # 2.5.29.37
# 1.3.6.1.4.1.1847.2021.1.x, and 1.3.6.1.4.1.0.1847.2021.1.x as it was once mistyped and is in use.
_ARCS: Final = (bytes.fromhex("2b060104018e378f6501"), bytes.fromhex("2b06010401008e378f6501"))
_LAST_ARC: Final = ((1, Kind.TEST), (2, Kind.VACCINATION), (3, Kind.RECOVERY))
_USAGES: Final[Mapping[bytes, Kind]] = {arc + bytes([n]): kind for arc in _ARCS for n, kind in _LAST_ARC}
_TIME: Final = re.compile(rb"([0-9]{12})([0-9]{2})?(?:\.[0-9]{1,9})?(Z|[+-][0-9]{4})?")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is used of a certificate; times in unix seconds, `kid` as headers of passes name it."""

    key: PassKey
    not_before: int
    not_after: int
    kinds: Kind
    kid: bytes


@dataclass(frozen=True, slots=True)
class _Element:
    tag: int
    whole: bytes
    content: bytes


def _wrong(what: str) -> WireError:
    return WireError(Flaw.CERTIFICATE, what)


def _elements(data: bytes) -> list[_Element]:
    """Everything in a row of BER elements of definite length; WireError(CERTIFICATE)."""
    found: list[_Element] = []
    at = 0
    while at < len(data):
        if len(found) == MAX_ELEMENTS:
            raise _wrong(f"more than {MAX_ELEMENTS} elements in one place")
        length, start = data[at + 1 : at + 2], at + 2
        if not length or length[0] == 0x80 or data[at] & 0x1F == 0x1F:  # noqa: PLR2004 - X.690, 8.1.3.6 and 8.1.2.4
            raise _wrong("an element is cut short, without a length or of an unknown class")
        size = length[0]
        if size > 0x80:  # noqa: PLR2004 - X.690, 8.1.3.5: the length follows in that many bytes
            start, size = start + size - 0x80, int.from_bytes(data[start : start + size - 0x80])
        if start + size > len(data):
            raise _wrong("an element is cut short")
        found.append(_Element(data[at], data[at : start + size], data[start : start + size]))
        at = start + size
    return found


def _only(data: bytes, tag: int) -> bytes:
    """The content of the one element that `data` is."""
    match _elements(data):
        case [_Element(tag=found, content=content)] if found == tag:
            return content
    raise _wrong("one element of a certain kind is expected in one place")


def _seconds(time: _Element) -> int:
    """A UTCTime or GeneralizedTime in unix seconds; without a zone it is UTC."""
    digits = time.content
    if time.tag == _UTC_TIME:  # RFC 5280, 4.1.2.5.1
        digits = (b"20" if digits < b"50" else b"19") + digits
    elif time.tag != _GENERALIZED_TIME:
        raise _wrong("the validity has something else than times")
    found = _TIME.fullmatch(digits)
    if found is None:
        raise _wrong("the validity has something else than times")
    written = found[1] + (found[2] or b"00") + (found[3] or b"Z")
    try:
        moment = datetime.strptime(written.decode(), "%Y%m%d%H%M%S%z")
        return max(0, int(moment.timestamp()))  # documents count from 1970
    except ValueError as error:
        raise _wrong("the validity has a time that no clock shows") from error


def _kinds(extensions: bytes) -> Kind:
    """What the key may sign, from a row of extensions; only the one about that is opened.

    WireError(CERTIFICATE) rather than a doubt: a usage that is overlooked would allow everything.
    """
    if _EXTENDED_KEY_USAGE not in extensions:
        return EVERY_KIND
    usages = []
    for extension in _elements(_only(extensions, _SEQUENCE)):
        if _EXTENDED_KEY_USAGE in extension.content:
            match _elements(extension.content):
                case [_Element(tag=0x06, content=name), *_, _Element(tag=0x04, content=value)]:
                    usages += [_only(value, _SEQUENCE)] if name == _EXTENDED_KEY_USAGE else []
                case _:
                    raise _wrong("an extension is no name with a value")
    if len(usages) > 1:
        raise _wrong("the extended key usage stands there twice")
    kinds = Kind(0)
    for usage in _elements(b"".join(usages)):
        kinds |= _USAGES.get(usage.content, Kind(0))
    return kinds or EVERY_KIND


def _key(info: bytes) -> PassKey:
    try:
        key = load_der_public_key(info)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise WireError(Flaw.ALG, "the certificate has a key that nothing here can use") from error
    if not isinstance(key, rsa.RSAPublicKey):
        public = PublicKey.from_cryptography(key)
        if public.alg is not Alg.ES256:
            raise WireError(Flaw.ALG, "passes are signed with P-256 or RSA keys")
        return public
    numbers = key.public_numbers()
    modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)
    exponent = numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8)
    least, most = MODULUS_BYTES
    if not least <= len(modulus) <= most or len(exponent) > EXPONENT_BYTES:
        raise WireError(Flaw.ALG, "an RSA key has a modulus of 2048 to 4096 bits and a small exponent")
    return RsaKey(modulus, exponent)


def read(der: bytes) -> Certificate:
    """What a pass needs of a certificate; WireError(SIZE), (CERTIFICATE), (ALG) for another kind of key."""
    if len(der) > MAX_BYTES:
        raise WireError(Flaw.SIZE, f"{len(der)} bytes where at most {MAX_BYTES} are allowed")
    certificate = _elements(_only(der, _SEQUENCE))
    if not certificate or certificate[0].tag != _SEQUENCE:
        raise _wrong("a certificate is a sequence that begins with one")
    fields = _elements(certificate[0].content)
    if fields and fields[0].tag == _VERSION:
        del fields[0]
    match fields:
        case [_serial, _signature, _issuer, validity, _subject, info, *more] if (
            validity.tag == info.tag == _SEQUENCE
        ):
            pass
        case _:
            raise _wrong("a certificate has a serial, a name, a validity, another name, and a key")
    times = [_seconds(time) for time in _elements(validity.content)]
    extensions = [element.content for element in more if element.tag == _EXTENSIONS]
    if len(times) != len(("from", "until")) or len(extensions) > 1:
        raise _wrong("a certificate has two times and at most one row of extensions")
    return Certificate(
        key=_key(info.whole),
        not_before=times[0],
        not_after=times[1],
        kinds=_kinds(extensions[0]) if extensions else EVERY_KIND,
        kid=hashlib.sha256(der).digest()[:KID_BYTES],
    )
