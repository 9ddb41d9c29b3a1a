"""Signer certificates: the same as a strict reader finds where that reads them, and odd ones too."""

import contextlib
import hashlib
import warnings
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from sandbox import foreign
from wire.errors import Flaw, WireError
from wire.foreign import certificate
from wire.foreign.keys import PassAlg
from wire.foreign.passes import EVERY_KIND, Kind
from wire.keys import PublicKey

NOW_S = 1_795_000_000
END_S = NOW_S + 730 * 86_400
AUTHORITY = foreign.Authority()
SIGNER, RSA = (AUTHORITY.signer(NOW_S, END_S, alg=alg) for alg in PassAlg)
FOR_TESTS = AUTHORITY.signer(NOW_S, END_S, kinds=Kind.TEST)
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18


def flaw(der):
    with pytest.raises(WireError) as caught:
        certificate.read(der)
    return caught.value.flaw


def length(size):
    if size < 0x80:
        return bytes([size])
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([0x80 | len(digits)]) + digits


def element(tag, *parts):
    content = b"".join(parts)
    return bytes([tag]) + length(len(content)) + content


def sequence(*parts):
    return element(0x30, *parts)


def oid(dotted):
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = bytes([40 * first + second])
    for arc in rest:
        sevens = [arc & 0x7F]
        while arc := arc >> 7:
            sevens.insert(0, arc & 0x7F | 0x80)
        content += bytes(sevens)
    return element(0x06, content)


EC_INFO = SIGNER.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
NAME = sequence(element(0x31, sequence(oid("2.5.4.6"), element(0x13, b"HB"))))
SERIAL = element(0x02, b"\5")
TIMES = (element(UTC_TIME, b"261118110640Z"), element(UTC_TIME, b"281117110640Z"))
VERSION = element(0xA0, element(0x02, b"\2"))
EKU = oid("2.5.29.37")
ARC = "1.3.6.1.4.1.1847.2021.1"


def usages(*dotted):
    return sequence(EKU, element(0x04, sequence(*map(oid, dotted))))


def handmade(
    *,
    serial=SERIAL,
    times=TIMES,
    info=EC_INFO,
    version=VERSION,
    more=(),
    extensions=None,
):
    alg = sequence(oid("1.2.840.10045.4.3.2"))
    if extensions is not None:
        more = (*more, element(0xA3, sequence(*extensions)))
    fields = sequence(version, serial, alg, NAME, sequence(*times), NAME, info, *more)
    return sequence(fields, alg, element(0x03, b"\0" + bytes(8)))


@pytest.mark.parametrize("signer", [SIGNER, RSA, FOR_TESTS], ids=["ES256", "PS256", "tests"])
def test_a_certificate_says_what_a_strict_reader_finds(signer):
    strict = x509.load_der_x509_certificate(signer.certificate)
    found = certificate.read(signer.certificate)
    assert found.key == signer.public
    assert found.not_before == NOW_S == int(strict.not_valid_before_utc.timestamp())
    assert found.not_after == END_S == int(strict.not_valid_after_utc.timestamp())
    assert found.kid == signer.kid == hashlib.sha256(signer.certificate).digest()[:8]
    assert found.kinds is (Kind.TEST if signer is FOR_TESTS else EVERY_KIND)


@pytest.mark.parametrize("mistyped", [False, True])
@pytest.mark.parametrize("kinds", [Kind.TEST, Kind.VACCINATION, Kind.RECOVERY, Kind.TEST | Kind.RECOVERY])
def test_extended_key_usages_say_what_a_key_may_sign(kinds, mistyped):
    signer = AUTHORITY.signer(NOW_S, END_S, kinds=kinds, mistyped=mistyped)
    assert certificate.read(signer.certificate).kinds is kinds


def test_a_handmade_certificate_is_one():
    found = certificate.read(handmade())
    assert (found.key, found.not_before, found.not_after) == (SIGNER.public, NOW_S, END_S)
    assert x509.load_der_x509_certificate(handmade()).serial_number == 5


@pytest.mark.parametrize(
    "serial",
    [
        element(0x02, b"\xfb"),
        element(0x02, b"\0"),
        element(0x02, b"\0\0\5"),
        element(0x02),
        element(0x02, b"\7" * 40),
    ],
    ids=["negative", "zero", "padded", "empty", "long"],
)
def test_serials_that_strict_readers_refuse_do_not_matter(serial):
    assert certificate.read(handmade(serial=serial)).key == SIGNER.public


@pytest.mark.parametrize(
    "extensions",
    [
        [sequence(oid("2.5.29.14"), element(0x04, b"no DER at all"))],
        [sequence(oid("2.5.29.15"), element(0x01, b"\1"), element(0x04))],
        [sequence(oid("2.5.29.14"))],
        [b"\x30\x81"],
        [sequence(oid("2.5.29.14"), element(0x04))] * 80,
        [],
    ],
    ids=["opaque", "odd boolean", "no value", "cut short", "many", "none"],
)
def test_other_extensions_do_not_matter_however_odd(extensions):
    assert certificate.read(handmade(extensions=extensions)).kinds is EVERY_KIND


@pytest.mark.parametrize(
    ("extensions", "kinds"),
    [
        ([usages(f"{ARC}.1")], Kind.TEST),
        ([usages(f"{ARC}.2", f"{ARC}.3")], Kind.VACCINATION | Kind.RECOVERY),
        ([usages("1.3.6.1.4.1.0.1847.2021.1.3")], Kind.RECOVERY),
        ([usages("1.3.6.1.5.5.7.3.2")], EVERY_KIND),
        ([usages("1.3.6.1.5.5.7.3.2", f"{ARC}.1")], Kind.TEST),
        ([usages(f"{ARC}.4")], EVERY_KIND),
        ([usages()], EVERY_KIND),
        ([sequence(oid("2.5.29.14"), element(0x04, b"no DER")), usages(f"{ARC}.1")], Kind.TEST),
        ([sequence(oid("2.5.29.14"), element(0x04, EKU)), usages(f"{ARC}.1")], Kind.TEST),
        ([sequence(EKU, element(0x01, b"\xff"), element(0x04, sequence(oid(f"{ARC}.1"))))], Kind.TEST),
        ([b"\x30\x82\0" + usages(f"{ARC}.1")[1:]], Kind.TEST),
    ],
    ids=str,
)
def test_usages_are_read_through_whatever_stands_beside_them(extensions, kinds):
    assert certificate.read(handmade(extensions=extensions)).kinds is kinds


@pytest.mark.parametrize(
    "extensions",
    [
        [usages(f"{ARC}.1"), usages(f"{ARC}.2")],
        [sequence(EKU)],
        [sequence(EKU, element(0x04, b"no DER"))],
        [sequence(EKU, element(0x04, oid(f"{ARC}.1")))],
        [usages(f"{ARC}.1"), b"\x30\x81"],
        [usages(f"{ARC}.1")[:-1]],
        [sequence(oid("2.5.29.14"), element(0x04))] * 80 + [usages(f"{ARC}.1")],
        [EKU],
    ],
    ids=str,
)
def test_usages_that_are_in_doubt_are_refused_and_never_overlooked(extensions):
    assert flaw(handmade(extensions=extensions)) is Flaw.CERTIFICATE


def at(*times):
    found = certificate.read(handmade(times=[element(tag, written) for tag, written in times]))
    return found.not_before, found.not_after


def second(*date):
    return int(datetime(*date, tzinfo=UTC).timestamp())


def test_times_are_read_in_every_spelling():
    short, full = (UTC_TIME, b"261118110640Z"), (GENERALIZED_TIME, b"20261118110640Z")
    assert at(short, full) == (NOW_S, NOW_S)
    assert at((UTC_TIME, b"2611181106Z"), (GENERALIZED_TIME, b"202611181106")) == (NOW_S - 40, NOW_S - 40)
    assert at((UTC_TIME, b"261118130640+0200"), (GENERALIZED_TIME, b"20261118110640.5Z")) == (NOW_S, NOW_S)
    assert at((UTC_TIME, b"491231235959Z"), (GENERALIZED_TIME, b"99991231235959Z")) == (
        second(2049, 12, 31, 23, 59, 59),
        second(9999, 12, 31, 23, 59, 59),
    )
    assert at((UTC_TIME, b"700101000000+1400"), (GENERALIZED_TIME, b"00010101000000+1400")) == (0, 0)
    assert at((UTC_TIME, b"990101000000Z"), (UTC_TIME, b"500101000000Z")) == (second(1999, 1, 1), 0)


@pytest.mark.parametrize(
    "time",
    [
        *((UTC_TIME, b""), (UTC_TIME, b"261318110640Z"), (UTC_TIME, b"tomorrow"), (0x02, b"261118110640Z")),
        *((GENERALIZED_TIME, b"00001118110640Z"), (GENERALIZED_TIME, b"20261118110660.5")),
        *((GENERALIZED_TIME, b"20260230000000Z"), (GENERALIZED_TIME, b"20261118110640+9900")),
    ],
)
def test_what_is_no_time_is_refused(time):
    with pytest.raises(WireError) as caught:
        at((UTC_TIME, b"261118110640Z"), time)
    assert caught.value.flaw is Flaw.CERTIFICATE


def info_of(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def rsa_info(modulus, exponent):
    numbers = sequence(element(0x02, b"\0" + modulus), element(0x02, exponent))
    return sequence(sequence(oid("1.2.840.113549.1.1.1"), element(0x05)), element(0x03, b"\0" + numbers))


def test_keys_are_read_in_every_spelling():
    point = SIGNER.key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    curve = sequence(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"))
    assert certificate.read(handmade(info=sequence(curve, element(0x03, b"\0" + point)))).key == SIGNER.public
    numbers = RSA.key.public_key().public_numbers()
    plain = rsa_info(numbers.n.to_bytes(256), b"\1\0\1")
    assert certificate.read(handmade(info=plain)).key == RSA.public
    for_pss = plain.replace(oid("1.2.840.113549.1.1.1") + b"\5\0", oid("1.2.840.113549.1.1.10"))
    for_pss = for_pss.replace(b"\x30\x0d\x06", b"\x30\x0b\x06")
    for_pss = for_pss[:2] + (int.from_bytes(for_pss[2:4]) - 2).to_bytes(2) + for_pss[4:]
    assert certificate.read(handmade(info=for_pss)).key == RSA.public


@pytest.mark.parametrize(
    "info",
    [
        info_of(ec.generate_private_key(ec.SECP384R1())),
        info_of(ed25519.Ed25519PrivateKey.generate()),
        rsa_info(b"\xff" * 128, b"\1\0\1"),
        rsa_info(b"\xff" * 513, b"\1\0\1"),
        rsa_info(b"\xff" * 256, b"\1\0\0\0\1"),
        sequence(b"no key"),
    ],
    ids=["P-384", "Ed25519", "RSA 1024", "RSA 4104", "large exponent", "nothing"],
)
def test_other_keys_are_refused(info):
    assert flaw(handmade(info=info)) is Flaw.ALG


WHOLE = handmade(extensions=[usages(f"{ARC}.1")])


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30",
        WHOLE[:-1],
        WHOLE + b"\0",
        WHOLE[1:],
        b"\x31" + WHOLE[1:],
        b"\x30\x80" + WHOLE[4:] + b"\0\0",
        b"\x30\x85\xff\xff\xff\xff\xff",
        b"\x3f\x30" + WHOLE,
        sequence(),
        sequence(element(0x04, b"x")),
        sequence(sequence()),
        sequence(sequence(element(0x02, b"\5"))),
        handmade(times=()),
        handmade(times=(element(UTC_TIME, b"261118110640Z"),)),
        handmade(info=element(0x04, b"x")),
        handmade(more=(element(0xA3, sequence()),), extensions=[]),
    ],
)
def test_what_is_no_certificate_is_refused(der):
    assert flaw(der) is Flaw.CERTIFICATE


def test_one_without_a_version_or_with_unique_ids_is_read():
    assert certificate.read(handmade(version=b"")).key == SIGNER.public
    found = certificate.read(handmade(more=(element(0x81, b"\0x"),), extensions=[usages(f"{ARC}.1")]))
    assert found.kinds is Kind.TEST


def test_size_comes_first():
    assert flaw(bytes(certificate.MAX_BYTES + 1)) is Flaw.SIZE


@given(st.binary(max_size=200))
def test_any_bytes_are_a_certificate_or_refused(data):
    for der in (data, sequence(data), handmade(info=data), handmade(extensions=[data])):
        with contextlib.suppress(WireError):
            certificate.read(der)


STRICT_REFUSALS = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.UnsupportedGeneralNameType,
)
STRICT_KINDS = {f"{ARC}.1": Kind.TEST, f"{ARC}.2": Kind.VACCINATION, f"{ARC}.3": Kind.RECOVERY}


@given(st.data())
def test_a_damaged_certificate_says_what_a_strict_reader_finds_in_it(data):
    damaged = bytearray(FOR_TESTS.certificate)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(WireError, *STRICT_REFUSALS), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # strict readers warn of serials
        found = certificate.read(bytes(damaged))
        strict = x509.load_der_x509_certificate(bytes(damaged))
        assert found.not_before == max(0, int(strict.not_valid_before_utc.timestamp()))
        assert found.not_after == max(0, int(strict.not_valid_after_utc.timestamp()))
        assert found.key == PublicKey.from_cryptography(strict.public_key())
        kinds = Kind(0)
        for usage in strict.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value:
            kinds |= STRICT_KINDS.get(usage.dotted_string, Kind(0))
        assert found.kinds is (kinds or EVERY_KIND)
