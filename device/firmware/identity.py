"""Who this gate is on the line: its key and certificate, read, compared, and named when they do not fit."""

import stat
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from device.firmware.errors import GateError
from wire.errors import WireError
from wire.keys import PrivateKey, PublicKey

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def signer(certificate: Path, key: Path, gate: str) -> PrivateKey:
    """The gate's key, if the certificate is for it and for this gate; GateError names the file."""
    found = _certificate(certificate)
    try:
        private = PrivateKey.from_pem(_read(key))
    except WireError as error:
        raise GateError(f"{key}: {error.detail}; nothing was sent, enrol this gate again") from error
    try:
        same = PublicKey.from_cryptography(found.public_key()) == private.public
    except (WireError, ValueError):
        same = False
    if not same:
        raise GateError(f"{certificate} is not for the key in {key}; nothing was sent, enrol this gate again")
    names = _names(found)
    if gate not in names:
        raise GateError(
            f"{certificate} is for {', '.join(sorted(names)) or 'nobody'}, this is gate {gate}; nothing was"
            " sent, enrol this gate or give it its own files"
        )
    return private


def close_key(key: Path) -> bool:
    """Let nobody but the owner read the key; whether others could until now. GateError if they still can."""
    try:
        mode = stat.S_IMODE(key.stat().st_mode)
        if not mode & _OTHERS:
            return False
        key.chmod(mode & ~_OTHERS)
    except OSError as error:
        raise GateError(
            f"others can read {key} ({error.strerror}); nothing was sent, chmod 600 it"
        ) from error
    return True


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(_read(path))
    except ValueError as error:
        raise GateError(f"{path} is not a certificate; nothing was sent, enrol this gate again") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise GateError(
            f"{path} cannot be read ({error.strerror}); nothing was sent, enrol this gate"
        ) from error


def _names(certificate: x509.Certificate) -> set[str]:
    """The common names and DNS names: brokers know a gate by either."""
    common = {str(row.value) for row in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)}
    try:
        others = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return common
    return common.union(others.get_values_for_type(x509.DNSName))
