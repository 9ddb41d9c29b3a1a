"""The authority: what it certifies, what it refuses, what it keeps."""

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store
from hypothesis import given
from hypothesis import strategies as st

from fleet.enrol.authority import DAY_S, MAX_CSR_BYTES, Authority, requested_key
from fleet.errors import FleetError, RefusedError
from wire.keys import PublicKey

GATE = "0123456789ab"
NOW = 1_790_000_000


def request_of(key) -> bytes:
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, digest).public_bytes(Encoding.DER)


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind).value


def test_a_gate_gets_its_own_names_whatever_it_asks_for(authority, board):
    certificate = authority.sign_gate(board.request("ingest"), GATE, NOW)
    kid = PublicKey.from_cryptography(board.key.public_key()).kid
    assert certificate.subject.rfc4514_string() == f"CN={GATE}"
    names = extension(certificate, x509.SubjectAlternativeName).get_values_for_type(x509.DNSName)
    assert names == [GATE, f"{kid.hex()}.{GATE}"]
    assert list(extension(certificate, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not extension(certificate, x509.BasicConstraints).ca
    assert certificate.public_key() == board.key.public_key()


def test_a_gate_certificate_lasts_a_year(authority, board):
    certificate = authority.sign_gate(board.request(), GATE, NOW)
    assert int(certificate.not_valid_after_utc.timestamp()) == NOW + 365 * DAY_S
    assert int(certificate.not_valid_before_utc.timestamp()) == NOW - 3600


def test_strict_verifiers_accept_a_service_certificate_for_its_names(authority):
    _, certificate = authority.issue_service("web", ["localhost", "127.0.0.1", "::1"], serves=True, now=NOW)
    policy = PolicyBuilder().store(Store([authority.certificate])).time(certificate.not_valid_before_utc)
    assert policy.build_server_verifier(x509.DNSName("localhost")).verify(certificate, [])


def test_a_client_service_cannot_pose_as_a_server(authority):
    _, certificate = authority.issue_service("ingest", ["ingest"], serves=False, now=NOW)
    assert list(extension(certificate, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.CLIENT_AUTH]


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-384", "secp256k1", "Ed25519", "RSA"],
)
def test_any_key_but_p256_is_refused(key):
    with pytest.raises(RefusedError, match="P-256"):
        requested_key(request_of(key))


def test_a_request_that_its_key_did_not_sign_is_refused(board):
    request = bytearray(board.request())
    request[-1] ^= 1
    with pytest.raises(RefusedError, match=r"not signed|cannot be read"):
        requested_key(bytes(request))


def test_an_oversized_request_is_refused_before_it_is_read():
    with pytest.raises(RefusedError, match="longer"):
        requested_key(bytes(MAX_CSR_BYTES + 1))


@given(st.binary(max_size=400))
def test_bytes_that_are_no_request_are_refused(data):
    with pytest.raises(RefusedError):
        requested_key(data)


def test_what_was_saved_is_loaded_and_its_key_is_private(authority, tmp_path: Path):
    authority.save(tmp_path)
    assert Authority.load(tmp_path).fingerprint == authority.fingerprint
    assert stat.S_IMODE((tmp_path / "ca.key").stat().st_mode) == 0o600


def test_saving_never_overwrites_an_authority(authority, tmp_path: Path):
    authority.save(tmp_path)
    with pytest.raises(FileExistsError):
        Authority.create("Another", NOW).save(tmp_path)
    assert Authority.load(tmp_path).fingerprint == authority.fingerprint


def test_a_key_of_another_authority_is_noticed(authority, tmp_path: Path):
    authority.save(tmp_path)
    (tmp_path / "other").mkdir()
    Authority.create("Another", NOW).save(tmp_path / "other")
    (tmp_path / "other" / "ca.pem").replace(tmp_path / "ca.pem")
    with pytest.raises(FleetError, match="do not belong together"):
        Authority.load(tmp_path)


@pytest.mark.parametrize("damage", [None, b"", b"-----BEGIN CERTIFICATE-----\n"])
def test_a_missing_or_broken_authority_is_named(tmp_path: Path, damage):
    if damage is not None:
        (tmp_path / "ca.pem").write_bytes(damage)
    with pytest.raises(FleetError, match="restore"):
        Authority.load(tmp_path)
