"""The certificate authority of one fleet: it signs gates' requests and makes the services' certificates."""

import ipaddress
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fleet.errors import FleetError, RefusedError
from wire.keys import PublicKey

DAY_S: Final = 86_400
CA_LIFE_S: Final = 3650 * DAY_S
GATE_LIFE_S: Final = 365 * DAY_S
SERVICE_LIFE_S: Final = 365 * DAY_S
SKEW_S: Final = 3600  # certificates begin this long ago: clocks of others may be behind
MAX_CSR_BYTES: Final = 4096  # a P-256 request has about 300
_SIGNING: Final = {"digital_signature": True}
_CA_USAGE: Final = {"key_cert_sign": True, "crl_sign": True}


def _usage(allowed: dict[str, bool]) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names})


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def key_name(gate: str, kid: bytes) -> str:
    """Second DNS name in a gate's certificate: a broker that maps by it tells an old key from a new one."""
    return f"{kid.hex()}.{gate}"


def write_secret(path: Path, data: bytes) -> None:
    """Keep `data` durably in a new file that only its owner may read; an existing file is an error."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """PKCS#8 PEM without a passphrase: the file's mode guards it, as TLS servers need it unattended."""
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, shape, serialization.NoEncryption())


def public_pem(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


class Authority:
    """A P-256 key and its self-signed certificate; `create` once, `load` from then on."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self.certificate = certificate

    @classmethod
    def create(cls, name: str, now: int) -> Self:
        """Make a new authority called `name`, valid for ten years."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(subject, subject, key.public_key(), now, CA_LIFE_S)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(_CA_USAGE), critical=True)
        return cls(key, builder.sign(key, hashes.SHA256()))

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read ca.pem and ca.key; FleetError when they are missing or do not belong together."""
        try:
            certificate = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
            key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise FleetError(f"{directory} holds no readable authority; restore ca.pem and ca.key") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise FleetError(f"ca.pem and ca.key in {directory} do not belong together; restore both")
        return cls(key, certificate)

    def save(self, directory: Path) -> None:
        """Write ca.key (0600), then ca.pem; existing files are an error, never overwritten."""
        write_secret(directory / "ca.key", private_pem(self._key))
        write_secret(directory / "ca.pem", public_pem(self.certificate))

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 over the DER certificate: what a token tells a gate to trust."""
        return self.certificate.fingerprint(hashes.SHA256())

    def sign_gate(self, request: bytes, gate: str, now: int) -> x509.Certificate:
        """Certify the key of a DER PKCS#10 request for `gate`, whatever names the request asks for.

        RefusedError when it is too long, unreadable, not P-256, or not signed by its own key.
        """
        key = requested_key(request)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, gate)])
        names = [x509.DNSName(gate), x509.DNSName(key_name(gate, PublicKey.from_cryptography(key).kid))]
        return self._sign(subject, key, names, [ExtendedKeyUsageOID.CLIENT_AUTH], (now, GATE_LIFE_S))

    def issue_service(
        self, service: str, names: list[str], *, serves: bool, now: int
    ) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        """Make key and certificate for a server (serverAuth) or for a client of the broker (clientAuth)."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, service)])
        usage = ExtendedKeyUsageOID.SERVER_AUTH if serves else ExtendedKeyUsageOID.CLIENT_AUTH
        general = [_general_name(name) for name in names]
        return key, self._sign(subject, key.public_key(), general, [usage], (now, SERVICE_LIFE_S))

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        names: list[x509.GeneralName] | list[x509.DNSName],
        usages: list[x509.ObjectIdentifier],
        span: tuple[int, int],
    ) -> x509.Certificate:
        builder = _builder(subject, self.certificate.subject, key, *span)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(_SIGNING), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return builder.add_extension(issuer, critical=False).sign(self._key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: int, life_s: int
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
    builder = builder.not_valid_before(_at(now - SKEW_S)).not_valid_after(_at(now + life_s))
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def requested_key(request: bytes) -> ec.EllipticCurvePublicKey:
    """The public key of a DER PKCS#10 request that proves possession of it; RefusedError otherwise."""
    if len(request) > MAX_CSR_BYTES:
        raise RefusedError(f"the certificate request is longer than {MAX_CSR_BYTES} bytes")
    try:
        asked = x509.load_der_x509_csr(request)
        key = asked.public_key()
        proven = asked.is_signature_valid
    except Exception as error:  # parsers of hostile bytes raise more than they document
        raise RefusedError("the certificate request cannot be read; send a DER PKCS#10 request") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RefusedError("the key of the certificate request is not P-256")
    if not proven:
        raise RefusedError("the certificate request is not signed by its own key")
    return key
