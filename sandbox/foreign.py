"""Health authorities of elsewhere: signers, EU certificates (HC1) and NZ passes (NZCP) of every shape."""

import base64
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from wire import base45
from wire.foreign.hc1 import PREFIX as HC1
from wire.foreign.keys import PassAlg, PassKey, RsaKey
from wire.foreign.nzcp import PREFIX as NZCP
from wire.foreign.passes import Kind
from wire.keys import KID_BYTES, PublicKey

COUNTRY: Final = "HB"
"""Harbour: a country that no list has."""
NZ_ISSUER: Final = "did:web:passes.harbour.example"
NZ_KEY: Final = "key-1"
POSITIVE, NEGATIVE = "260373001", "260415000"
"""SNOMED CT: detected, not detected."""
_ARC: Final = "1.3.6.1.4.1.1847.2021.1"
_MISTYPED_ARC: Final = "1.3.6.1.4.1.0.1847.2021.1"
_USAGES: Final = {Kind.TEST: 1, Kind.VACCINATION: 2, Kind.RECOVERY: 3}
_SHA256: Final = hashes.SHA256()
_ALG, _KID = 1, 4

Entry = dict[str, Any]


def _when(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs passes, and its certificate (DER)."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    certificate: bytes = b""

    @property
    def alg(self) -> PassAlg:
        """What it signs with."""
        return PassAlg.PS256 if isinstance(self.key, rsa.RSAPrivateKey) else PassAlg.ES256

    @property
    def public(self) -> PassKey:
        """With which others verify."""
        public = self.key.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            return PublicKey.from_cryptography(public)
        numbers = public.public_numbers()
        return RsaKey(numbers.n.to_bytes(public.key_size // 8), numbers.e.to_bytes(3))

    @property
    def kid(self) -> bytes:
        """What headers name it by."""
        return hashlib.sha256(self.certificate).digest()[:KID_BYTES]

    def sign(self, message: bytes) -> bytes:
        """Raw signature bytes, as COSE has them."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            pss = padding.PSS(mgf=padding.MGF1(_SHA256), salt_length=padding.PSS.DIGEST_LENGTH)
            return self.key.sign(message, pss, _SHA256)
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(_SHA256)))
        return r.to_bytes(32) + s.to_bytes(32)


class Authority:
    """A country signing authority, which certifies the keys of those who issue."""

    def __init__(self, country: str = COUNTRY) -> None:
        self.country = country
        self._key = ec.generate_private_key(ec.SECP256R1())

    def signer(
        self,
        not_before: int,
        not_after: int,
        *,
        alg: PassAlg = PassAlg.ES256,
        kinds: Kind | None = None,
        mistyped: bool = False,
    ) -> Signer:
        """A new document signer, for `kinds` alone if there are any; validity in unix seconds."""
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = (
            rsa.generate_private_key(65_537, 2_048)
            if alg is PassAlg.PS256
            else ec.generate_private_key(ec.SECP256R1())
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._name("Document signer"))
            .issuer_name(self._name("Country signing authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_when(not_before))
            .not_valid_after(_when(not_after))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        arc = _MISTYPED_ARC if mistyped else _ARC
        usages = [x509.ObjectIdentifier(f"{arc}.{_USAGES[kind]}") for kind in kinds or ()]
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        return Signer(key, builder.sign(self._key, _SHA256).public_bytes(Encoding.DER))

    def _name(self, common: str) -> x509.Name:
        oids = x509.NameOID
        return x509.Name(
            [
                x509.NameAttribute(oids.COUNTRY_NAME, self.country),
                x509.NameAttribute(oids.COMMON_NAME, common),
            ]
        )


def new_signer() -> Signer:
    """A P-256 key without a certificate, as those of NZ passes are."""
    return Signer(ec.generate_private_key(ec.SECP256R1()))


def _entry(number: str, **fields: object) -> Entry:
    head = {"tg": "840539006", "co": COUNTRY, "is": "Ministry of Health, Harbour"}
    return head | {"ci": f"URN:UVCI:01:{COUNTRY}:{number}"} | fields


def vaccination(day: str, done: int = 2, needed: int = 2, number: str = "7A1C", **changes: object) -> Entry:
    """One dose; `day` like 2026-11-01."""
    fields = {"vp": "1119349007", "mp": "EU/1/20/1528", "ma": "ORG-100030215"}
    return _entry(number, **fields, dn=done, sd=needed, dt=day) | changes


def sample(when: str, result: str = NEGATIVE, number: str = "9B2D", **changes: object) -> Entry:
    """One test; `when` like 2026-11-21T08:00:00Z, `result` a SNOMED CT code."""
    fields = {"tt": "LP6464-4", "nm": "PCR", "tc": "Pier 3 testing centre"}
    return _entry(number, **fields, sc=when, tr=result) | changes


def recovery(positive: str, begins: str, ends: str, number: str = "4C3E", **changes: object) -> Entry:
    """One recovery, all three days like 2026-11-01."""
    return _entry(number, fr=positive, df=begins, du=ends) | changes


def certificate(group: str, entries: Sequence[Entry], version: str = "1.3.0", **changes: object) -> Entry:
    """What is certified about one person; `group` is v, t or r."""
    name = {"fn": "Anyperson", "fnt": "ANYPERSON", "gn": "Robin", "gnt": "ROBIN"}
    return {"ver": version, "nam": name, "dob": "1951-01-20", group: list(entries)} | changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a pass is put together; as it stands, as the standards have it."""

    protected: Mapping[int, Any] | bytes | None = None
    """Instead of algorithm and key id: a map, or bytes as they are."""
    unprotected: Mapping[int, Any] | None = None
    signed_as: bytes | None = None
    """The protected header that the signature covers, if not the one that stands there."""
    tags: tuple[int, ...] = (18,)
    """Around the message, outermost first."""
    claim_tags: tuple[int, ...] = ()
    compressed: bool = True


_PLAIN: Final = Shape()


def _tagged(tags: Sequence[int], item: bytes) -> bytes:
    heads = [cbor2.dumps(cbor2.CBORTag(tag, 0))[:-1] for tag in tags]
    return b"".join(heads) + item


def sign1(payload: bytes, signer: Signer, kid: object, shape: Shape = _PLAIN) -> bytes:
    """A COSE_Sign1 of that shape."""
    protected = {_ALG: int(signer.alg), _KID: kid} if shape.protected is None else shape.protected
    header = protected if isinstance(protected, bytes) else cbor2.dumps(dict(protected))
    covers = header if shape.signed_as is None else shape.signed_as
    signature = signer.sign(cbor2.dumps(["Signature1", covers, b"", payload]))
    return _tagged(shape.tags, cbor2.dumps([header, dict(shape.unprotected or {}), payload, signature]))


def hc1_text(message: bytes, *, compressed: bool = True) -> str:
    """The text of the QR code of a signed message."""
    return HC1 + base45.encode(zlib.compress(message, 9) if compressed else message)


def hc1(
    body: object,
    signer: Signer,
    issued: float,
    expires: float,
    *,
    shape: Shape = _PLAIN,
    changes: Mapping[int, object] | None = None,
) -> str:
    """The text of an EU certificate; times in unix seconds, `changes` of its claims (None leaves one out)."""
    claims = {1: COUNTRY, 4: expires, 6: issued, -260: {1: body}} | dict(changes or {})
    payload = cbor2.dumps({claim: value for claim, value in claims.items() if value is not None})
    message = sign1(_tagged(shape.claim_tags, payload), signer, signer.kid, shape)
    return hc1_text(message, compressed=shape.compressed)


def nz_credential(**changes: object) -> Entry:
    """The verifiable credential of a pass; `changes` of its subject."""
    subject = {"givenName": "Robin", "familyName": "Anyperson", "dob": "1951-01-20"}
    return {
        "@context": ["https://www.w3.org/2018/credentials/v1", "https://passes.harbour.example/contexts/v1"],
        "version": "1.0.0",
        "type": ["VerifiableCredential", "PublicCovidPass"],
        "credentialSubject": subject | changes,
    }


def nzcp_text(message: bytes) -> str:
    """The text of the QR code of a signed message."""
    return NZCP + base64.b32encode(message).decode().rstrip("=")


def nzcp(
    signer: Signer,
    not_before: float,
    expires: float,
    *,
    number: object = bytes(range(16)),
    shape: Shape = _PLAIN,
    changes: Mapping[int | str, object] | None = None,
) -> str:
    """The text of an NZ pass; times in unix seconds, `changes` of its claims (None leaves one out)."""
    claims: dict[int | str, object] = {1: NZ_ISSUER, 5: not_before, 4: expires, 7: number}
    claims["vc"] = nz_credential()
    claims.update(changes or {})
    payload = cbor2.dumps({claim: value for claim, value in claims.items() if value is not None})
    return nzcp_text(sign1(_tagged(shape.claim_tags, payload), signer, NZ_KEY.encode(), shape))
