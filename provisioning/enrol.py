"""A gate's key made on board and its certificate fetched with a ticket; a power cut costs nothing."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from device.firmware.config import GateConfig
from provisioning import durable
from provisioning.errors import FieldError, UsageError
from provisioning.est import Server
from wire import enrolment
from wire.enrolment import Ticket
from wire.errors import WireError
from wire.keys import PrivateKey, PublicKey


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What came of it: the fingerprint people compare, the certificate's dates, and warnings in words."""

    gate: str
    fingerprint: str
    begins: datetime
    ends: datetime
    warnings: tuple[str, ...]


def read_ticket(text: str, gate: str) -> Ticket:
    """The ticket that was scanned or typed, if it is for this gate; UsageError in words otherwise."""
    try:
        ticket = enrolment.decode(text)
    except WireError as error:
        raise UsageError(f"{error.detail}; nothing was sent") from error
    if ticket.gate_id != gate:
        raise UsageError(
            f"the ticket is for gate {ticket.gate_id}, this is gate {gate}; nothing was sent,"
            f" ask for a ticket: jx-fleet gate token {gate}"
        )
    return ticket


def enrol(config: GateConfig, server: Server, now: datetime, wait_s: float) -> Enrolled:
    """Take the gate from a ticket to a certificate; may be run again after whatever interrupted it.

    The key is durable before it is first used, and used again; the certificate is written last, so a gate
    finds all of it or is not enrolled.
    """
    key_path, certificate_path, authority_path = (
        config.path(name) for name in (config.broker.key, config.broker.certificate, config.broker.authority)
    )
    authority = server.authority()
    try:
        durable.make_directory(key_path.parent)
        key = _key(key_path)
        certificate = server.enrol(authority, signing_request(key, config.gate), wait_s)
        _check(certificate, authority, key, config.gate)
        durable.write(authority_path, authority.public_bytes(Encoding.PEM))
        durable.write(certificate_path, certificate.public_bytes(Encoding.PEM))
    except OSError as error:
        raise FieldError(f"{error.filename} cannot be written ({error.strerror}); check the card") from error
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return Enrolled(
        config.gate, key.public.fingerprint, begins, ends, _warnings(server.ticket, certificate, now)
    )


def signing_request(key: PrivateKey, gate: str) -> bytes:
    """A DER PKCS#10 request for the gate's own name, signed by its key."""
    private = key.crypto()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, gate)])
    names = x509.SubjectAlternativeName([x509.DNSName(gate)])
    builder = x509.CertificateSigningRequestBuilder(name).add_extension(names, critical=False)
    return builder.sign(private, hashes.SHA256()).public_bytes(Encoding.DER)


def _key(path: Path) -> PrivateKey:
    """The key of this board: the one that is there, or a new one, durable before it is returned."""
    if path.exists():
        try:
            key = PrivateKey.from_pem(path.read_bytes())
        except WireError as error:
            raise FieldError(f"{path} is damaged; it was kept, move it away and enrol again") from error
        if not isinstance(key.crypto(), ec.EllipticCurvePrivateKey):
            raise FieldError(f"{path} is not a P-256 key; it was kept, move it away and enrol again")
        path.chmod(0o600)
        return key
    key = PrivateKey.generate()
    durable.write(path, key.to_pem(), secret=True)
    return key


def _check(certificate: x509.Certificate, authority: x509.Certificate, key: PrivateKey, gate: str) -> None:
    """Keep only what is the authority's word about this very key and gate."""
    try:
        certificate.verify_directly_issued_by(authority)
        same = PublicKey.from_cryptography(certificate.public_key()) == key.public
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        named = gate in names.get_values_for_type(x509.DNSName)
    except (ValueError, TypeError, InvalidSignature, WireError, x509.ExtensionNotFound) as error:
        raise FieldError(
            "the certificate is not one of the ticket's authority; it was not kept, try again"
        ) from error
    if not (same and named):
        raise FieldError("the certificate is for another key or gate; it was not kept, try again")


def _warnings(ticket: Ticket, certificate: x509.Certificate, now: datetime) -> tuple[str, ...]:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    found = []
    if not begins <= now <= ends:
        found.append(
            f"this board's clock is wrong: it says {now:%Y-%m-%d %H:%M}, the certificate is good from"
            f" {begins:%Y-%m-%d %H:%M}; the gate will take signed time from its fleet"
        )
    elif now.timestamp() > ticket.expires:
        found.append("by this board's clock the ticket had expired, by the server's it had not: one is wrong")
    if ticket.wifi_name is not None:
        found.append("the ticket names a Wi-Fi, which this command does not set up")
    return tuple(found)
