"""Visitors from abroad: one country's authority with one signer, and the certificates that people bring."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate

from sandbox.errors import SandboxError
from sandbox.foreign import Authority, Signer, certificate, hc1, sample, vaccination

COUNTRY: Final = ("harbour", "港湾", "Harbour")
"""Id, Chinese and English: a country that is made up, as its people are."""
DAY_S: Final = 86_400
DOSE_D, TEST_D = 60, 6
"""How long ago the last dose was, and a test that is too old for any policy here."""
BACK_D, AHEAD_D = 400, 700
"""From when and until when the signer's certificate holds."""
CERTIFICATE: Final = "signer.pem"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody from abroad in the wallet; no resident has the number."""

    number: int
    letter: str
    zh: str
    en: str


VACCINATED: Final = Visitor(901, "A", f"接种证明，{DOSE_D} 天前", f"vaccinated {DOSE_D} days ago")
TESTED: Final = Visitor(902, "B", f"检测阴性，{TEST_D} 天前", f"tested negative {TEST_D} days ago")
VISITORS: Final = {visitor.number: visitor for visitor in (VACCINATED, TESTED)}


class Abroad:
    """The authority, kept in a directory; and everybody's certificate, the same whenever it is shown."""

    def __init__(self, directory: Path, now: int) -> None:
        self.certificate = directory / CERTIFICATE
        """What the authority publishes: the signer's certificate (PEM)."""
        self._signer = _kept(directory) if self.certificate.exists() else _made(directory, now)
        self._texts: dict[tuple[str, int], str] = {}

    def shown(self, visitor: Visitor, now: int) -> str:
        """What a visitor of the wallet holds up."""
        make = self.vaccinated if visitor is VACCINATED else self.tested
        return make(visitor.number, now)

    def vaccinated(self, number: int, now: int) -> str:
        """The certificate of somebody with all doses, weeks ago."""
        given = now - DOSE_D * DAY_S
        body = certificate("v", [vaccination(_day(given), number=f"V{number:04d}")])
        return self._text("v", number, body, given + DAY_S, now)

    def tested(self, number: int, now: int) -> str:
        """The certificate of somebody whose negative test is of last week."""
        taken = now - TEST_D * DAY_S
        body = certificate("t", [sample(f"{_day(taken)}T08:00:00Z", number=f"T{number:04d}")])
        return self._text("t", number, body, taken + DAY_S, now)

    def _text(self, group: str, number: int, body: dict[str, object], issued: int, now: int) -> str:
        """Signed once: what is on paper does not change while somebody holds it up."""
        if (group, number) not in self._texts:
            self._texts[group, number] = hc1(body, self._signer, issued, now + 30 * DAY_S)
        return self._texts[group, number]


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _made(directory: Path, now: int) -> Signer:
    """A new signer; its key is readable by its owner alone, and its certificate comes last."""
    signer = Authority().signer(now - BACK_D * DAY_S, now + AHEAD_D * DAY_S)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(directory / "key.pem", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    (directory / CERTIFICATE).write_bytes(_pem(signer.certificate))
    return signer


def _pem(der: bytes) -> bytes:
    return load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def _kept(directory: Path) -> Signer:
    key = load_pem_private_key((directory / "key.pem").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SandboxError(f"{directory / 'key.pem'} is of another kind; try: make demo-clean")
    known = load_pem_x509_certificate((directory / CERTIFICATE).read_bytes())
    return Signer(key, known.public_bytes(Encoding.DER))
