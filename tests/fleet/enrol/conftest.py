"""A fleet with one authority, one known gate and a database; a board that makes requests."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from fleet.db import open_database
from fleet.enrol.authority import Authority
from fleet.models import Gate

GATE = "0123456789ab"
OTHER = "ba9876543210"
NOW = 1_790_000_000


@dataclass
class Board:
    key: ec.EllipticCurvePrivateKey

    def request(self, name: str = "whatever") -> bytes:
        names = x509.SubjectAlternativeName([x509.DNSName("ingest"), x509.DNSName(OTHER)])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = x509.CertificateSigningRequestBuilder(subject).add_extension(names, critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.fixture
def new_board():
    return lambda: Board(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def board(new_board):
    return new_board()


@pytest.fixture
def thief(new_board):
    return new_board()


@pytest.fixture(scope="session")
def authority():
    return Authority.create("Test authority", NOW - 1000)


@pytest.fixture
def database(tmp_path: Path):
    with open_database(tmp_path / "fleet.db") as opened:
        opened.upgrade()
        with opened.session() as session:
            session.add_all(Gate(id=gate, name=gate, created_at=NOW) for gate in (GATE, OTHER))
        yield opened
