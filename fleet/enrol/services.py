"""The services' own certificates: made when absent, made again before they run out or when names change."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fleet.config import Paths, Settings
from fleet.enrol.authority import SERVICE_LIFE_S, Authority, private_pem, public_pem, write_secret

RENEW_S: Final = SERVICE_LIFE_S // 3  # with less life left than this, a start renews
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_EVERY_ADDRESS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - left out of certificates, not bound


@dataclass(frozen=True, slots=True)
class Service:
    """A certificate to hold: its file name, the names in it, and whether it serves or asks."""

    name: str
    names: tuple[str, ...]
    serves: bool


def services(settings: Settings) -> tuple[Service, ...]:
    """The table of certificates of a fleet."""
    own = [*LOOPBACK, settings.web.host, settings.est.host, settings.broker.host, settings.broker_name]
    names = tuple(dict.fromkeys(name for name in (*own, *settings.names) if name not in _EVERY_ADDRESS))
    return (
        Service("web", names, serves=True),
        Service("broker", names, serves=True),
        Service("ingest", ("ingest",), serves=False),
        Service("publisher", ("publisher",), serves=False),
    )


def ensure(paths: Paths, settings: Settings, authority: Authority, now: int) -> list[str]:
    """Make every certificate that is missing, nearly over or lacks a name; return the names of those made."""
    due = [service for service in services(settings) if not _serviceable(paths, service, authority, now)]
    for service in due:
        key, certificate = authority.issue_service(
            service.name, list(service.names), serves=service.serves, now=now
        )
        # Servers send the authority along: who knows it by fingerprint only can pick it out there.
        chain = public_pem(certificate) + (public_pem(authority.certificate) if service.serves else b"")
        _replace(paths.key(service.name), private_pem(key))
        _replace(paths.certificate(service.name), chain)
    return [service.name for service in due]


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    write_secret(fresh, data)
    fresh.replace(path)


def _serviceable(paths: Paths, service: Service, authority: Authority, now: int) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(paths.certificate(service.name).read_bytes())
        key = load_pem_private_key(paths.key(service.name).read_bytes(), None)
        certificate.verify_directly_issued_by(authority.certificate)
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    left_s = int(certificate.not_valid_after_utc.timestamp()) - now
    same_key = key.public_key() == certificate.public_key()
    return same_key and left_s > RENEW_S and {str(name.value) for name in held} == set(service.names)
