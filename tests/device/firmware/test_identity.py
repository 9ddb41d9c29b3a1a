import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from device.firmware.errors import GateError
from device.firmware.identity import close_key, signer
from wire.keys import PrivateKey

GATE, OTHER = "0123456789ab", "ba9876543210"


def certificate(key, name, alternative=None):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, today, today + dt.timedelta(90))
    if alternative:
        names = x509.SubjectAlternativeName([x509.DNSName(alternative)])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def key():
    return PrivateKey.generate()


@pytest.fixture
def files(tmp_path, key):
    (tmp_path / "gate.pem").write_bytes(certificate(key.crypto(), "gate", GATE))
    (tmp_path / "gate.key").write_bytes(key.to_pem())
    return tmp_path / "gate.pem", tmp_path / "gate.key"


def test_key_and_certificate_of_this_gate_are_taken(files, key):
    assert signer(*files, GATE).public == key.public
    files[0].write_bytes(certificate(key.crypto(), GATE))
    assert signer(*files, GATE).public == key.public


def test_another_gates_certificate_is_refused_and_both_are_named(files, key):
    files[0].write_bytes(certificate(key.crypto(), OTHER, OTHER))
    with pytest.raises(GateError, match=rf"gate\.pem is for {OTHER}, this is gate {GATE}"):
        signer(*files, GATE)


@pytest.mark.parametrize("stranger", [PrivateKey.generate().crypto(), rsa.generate_private_key(65537, 2048)])
def test_a_key_that_is_not_the_certificates_is_refused(files, stranger):
    files[0].write_bytes(certificate(stranger, GATE, GATE))
    with pytest.raises(GateError, match=r"gate\.pem is not for the key in .*gate\.key"):
        signer(*files, GATE)


def test_a_sealed_damaged_or_missing_file_is_named(files, key):
    for data in (key.to_pem(b"secret"), b"nothing", b""):
        files[1].write_bytes(data)
        with pytest.raises(GateError, match=r"gate\.key: .*enrol"):
            signer(*files, GATE)
    files[1].unlink()
    with pytest.raises(GateError, match=r"gate\.key cannot be read"):
        signer(*files, GATE)
    files[0].write_bytes(b"nothing")
    with pytest.raises(GateError, match=r"gate\.pem is not a certificate"):
        signer(*files, GATE)


def test_a_key_that_others_can_read_is_closed_and_said_once(files):
    files[1].chmod(0o644)
    assert close_key(files[1])
    assert files[1].stat().st_mode & 0o777 == 0o600
    assert not close_key(files[1])
    with pytest.raises(GateError, match="chmod"):
        close_key(files[1].with_name("nothing"))
