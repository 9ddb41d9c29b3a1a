"""One-use enrolment tokens: bound to a gate, kept as a digest, used up with the certificate they buy.

A gate whose answer was lost on the way may ask again with the same token *and the same key* for `REPEAT_S`;
it gets the same certificate. With any other key a used token is refused: that is somebody else, or a gate
that lost its key, and both need a new token from a person.
"""

import hashlib
import hmac
import secrets
from typing import Final

from cryptography import x509
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fleet import audit
from fleet.enrol.authority import Authority, public_pem, requested_key
from fleet.errors import ConflictError, NotFoundError, RefusedError
from fleet.gates import steps
from fleet.models import EnrolToken, Gate, GateKey
from wire import cbor
from wire.enrolment import SECRET_BYTES
from wire.keys import PublicKey

LIFE_S: Final = 24 * 3600
REPEAT_S: Final = 600


class WrongTokenError(RefusedError):
    """The token is unknown, of another gate, expired or withdrawn; EST answers 401."""


def issue(session: Session, gate: str, now: int, life_s: int = LIFE_S, actor: str = "command") -> bytes:
    """Make a token for a known gate, withdraw its unused ones; return the secret, which is kept nowhere."""
    row = session.get(Gate, gate)
    if row is None:
        raise NotFoundError(
            f"gate {gate} is not known; nothing was made, add it first: jx-fleet gate add {gate}"
        )
    if row.revoked_at is not None:
        raise ConflictError(f"gate {gate} is revoked; nothing was made, first: jx-fleet gate restore {gate}")
    withdraw(session, gate, now)
    secret = secrets.token_bytes(SECRET_BYTES)
    session.add(EnrolToken(digest=_digest(secret), gate_id=gate, created_at=now, expires_at=now + life_s))
    audit.append(session, now, actor, "gate.token", gate=gate, expires=now + life_s)
    return secret


def withdraw(session: Session, gate: str, now: int) -> None:
    """Make the unused tokens of a gate worthless."""
    unused = (EnrolToken.gate_id == gate, EnrolToken.used_at.is_(None), EnrolToken.withdrawn_at.is_(None))
    session.execute(update(EnrolToken).where(*unused).values(withdrawn_at=now))


def redeem(
    session: Session, authority: Authority, gate: str, secret: bytes, request: bytes, now: int
) -> x509.Certificate:
    """Exchange a token for a certificate over the key of the DER request, all in `session`'s one transaction.

    Earlier keys of the gate are revoked: a token means that a person vouches for this board now.
    Raises WrongTokenError, ConflictError (used with another key, or gate revoked), RefusedError (request).
    """
    key = PublicKey.from_cryptography(requested_key(request))
    token = _find(session, gate, secret, now)
    row = session.get_one(Gate, gate)
    if row.revoked_at is not None:
        raise ConflictError("this gate is revoked; ask for it to be restored")
    if token.used_at is not None:
        return _again(session, token, key, now)
    _own(session, gate, key)
    certificate = authority.sign_gate(request, gate, now)
    live = (GateKey.gate_id == gate, GateKey.revoked_at.is_(None))
    session.execute(update(GateKey).where(*live).values(revoked_at=now))
    kept = _keep(session, gate, key, certificate)
    token.used_at, token.issued_serial = now, kept.serial
    row.enrolled_at = now
    steps.advance(session, row)
    audit.append(session, now, f"gate:{gate}", "gate.enrol", kid=key.kid.hex(), serial=kept.serial)
    return certificate


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _find(session: Session, gate: str, secret: bytes, now: int) -> EnrolToken:
    digest = _digest(secret)
    token = session.scalars(select(EnrolToken).where(EnrolToken.digest == digest).with_for_update()).first()
    # The look-up is by digest, so its timing tells nothing about secrets; the comparisons add nothing either.
    if token is None or not hmac.compare_digest(token.digest, digest) or token.gate_id != gate:
        raise WrongTokenError("the token is not valid for this gate; ask for a new one")
    if token.withdrawn_at is not None:
        raise WrongTokenError("the token was replaced by a newer one or withdrawn; ask for a new one")
    if token.used_at is None and now >= token.expires_at:
        raise WrongTokenError("the token has expired; ask for a new one")
    return token


def _again(session: Session, token: EnrolToken, key: PublicKey, now: int) -> x509.Certificate:
    """The certificate that this token bought already, for the same key within REPEAT_S."""
    bought = session.get(GateKey, token.issued_serial)
    used_s = now - (token.used_at or 0)
    if bought is None or bought.cose_key != cbor.encode(key.cose()) or bought.revoked_at or used_s > REPEAT_S:
        raise ConflictError("the token was used already; ask for a new one")
    return x509.load_pem_x509_certificate(bought.certificate_pem.encode())


def _own(session: Session, gate: str, key: PublicKey) -> None:
    """Refuse a key that stands in another gate's certificate: a card was copied."""
    others = select(GateKey.serial).where(GateKey.kid == key.kid, GateKey.gate_id != gate)
    if session.scalars(others.limit(1)).first() is not None:
        raise ConflictError("this key belongs to another gate; make a new key on this board, then try again")


def _keep(session: Session, gate: str, key: PublicKey, certificate: x509.Certificate) -> GateKey:
    row = GateKey(
        serial=f"{certificate.serial_number:x}",
        gate_id=gate,
        kid=key.kid,
        cose_key=cbor.encode(key.cose()),
        certificate_pem=public_pem(certificate).decode(),
        not_before=int(certificate.not_valid_before_utc.timestamp()),
        not_after=int(certificate.not_valid_after_utc.timestamp()),
    )
    session.add(row)
    session.flush()
    return row
