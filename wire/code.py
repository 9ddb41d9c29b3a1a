"""The JX1 code: QR text <-> credential and proof, unverified until its signatures were checked."""

from dataclasses import dataclass
from typing import Final

from wire import base45, cbor, cose, schema
from wire.errors import Flaw, WireError
from wire.keys import KID_BYTES, PublicKey, Signer

PREFIX: Final = "JX1:"
MAX_TEXT: Final = 4296  # what a QR code of version 40-L holds in alphanumeric mode
MAX_BYTES: Final = 2800
PROOF_TYPE: Final = "application/jx-proof+cbor"
SUBJECT_BYTES: Final = 16

# Claim keys: RFC 8392 and draft-ietf-oauth-status-list; keys below -65536 are for private use.
ISS, EXP, IAT, CNF, STATUS = 1, 4, 6, 8, 65535
SUBJECT, PAPER = -70001, -70002
_COSE_KEY: Final = 1  # RFC 8747, 3.1


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperName:
    """What an attendant compares with a document: masked name, last four characters of its number."""

    masked_name: str = schema.field(1, schema.text(32))
    id_tail: str = schema.field(2, schema.text(4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What an issuer states about a subject; times in unix seconds, one of `holder` and `paper` set."""

    issuer: str
    issued: int
    expires: int
    list_uri: str
    index: int
    subject: bytes
    holder: PublicKey | None = None
    paper: PaperName | None = None


@dataclass(frozen=True, slots=True)
class Unverified:
    """A parsed code whose signatures nobody has checked: good for choosing a key, for nothing else."""

    claims: Claims
    kid: bytes
    credential: cose.Signed
    proof: cose.Signed | None
    proof_issued: int | None


@dataclass(frozen=True, slots=True)
class Verified:
    """A code whose issuer signature holds, and whose holder proof holds where there is one.

    Nothing here says that it is in date: the caller compares `claims` and `proof_issued` with a clock.
    """

    claims: Claims
    kid: bytes
    proof_issued: int | None


_PAPER: Final = schema.record(PaperName)
_TIME: Final = schema.uint()
_ISSUER: Final = schema.text(16)
_URI: Final = schema.text(128)
_SUBJECT: Final = schema.bstr(SUBJECT_BYTES)
_INDEX: Final = schema.uint(2**32 - 1)
_KNOWN: Final = frozenset({ISS, EXP, IAT, CNF, STATUS, SUBJECT, PAPER})


def is_code(text: str) -> bool:
    """Whether a text claims to be a JX1 code at all; other texts get a hint, not a denial."""
    return text.startswith(PREFIX)


def parse(text: str) -> Unverified:
    """Read a QR text. Raises WireError; checks limits before it decodes."""
    if len(text) > MAX_TEXT:
        raise WireError(Flaw.SIZE, f"{len(text)} characters where at most {MAX_TEXT} are allowed")
    if not is_code(text):
        raise WireError(Flaw.PREFIX, f"a code begins with {PREFIX}")
    outer = cose.parse_sign1(base45.decode(text[len(PREFIX) :]), max_bytes=MAX_BYTES)
    if outer.header.content_type is None:
        return _unverified(outer, None, None)
    if outer.header.content_type != PROOF_TYPE:
        raise WireError(Flaw.COSE, "neither a credential nor a proof")
    match cbor.decode(outer.payload, max_bytes=MAX_BYTES):
        case [bytes(inner), int(issued)]:
            credential = cose.parse_sign1(inner, max_bytes=MAX_BYTES)
            return _unverified(credential, outer, _TIME.load(issued))
    raise WireError(Flaw.SCHEMA, "a proof is an array of credential and time")


def _unverified(credential: cose.Signed, proof: cose.Signed | None, issued: int | None) -> Unverified:
    if credential.header.content_type is not None or credential.header.typ is not None:
        raise WireError(Flaw.COSE, "something that is not a credential stands in its place")
    if credential.header.kid is None or len(credential.header.kid) != KID_BYTES:
        raise WireError(Flaw.KID, "the credential does not name its key")
    claims = _claims(credential.payload)
    if proof is not None and claims.holder is None:
        raise WireError(Flaw.SCHEMA, "a proof for a credential that names no holder key")
    return Unverified(claims, credential.header.kid, credential, proof, issued)


def _claims(payload: bytes) -> Claims:
    raw = cbor.decode(payload, max_bytes=MAX_BYTES)
    if not isinstance(raw, dict) or not _KNOWN.issuperset(raw):
        raise WireError(Flaw.SCHEMA, "the claims are not a map of the claims known here")
    if (CNF in raw) == (PAPER in raw):
        raise WireError(Flaw.SCHEMA, "a credential is for a phone or for paper, and for one of them")
    match raw.get(STATUS):
        case {"status_list": {"idx": index, "uri": uri, **more}, **others} if not more and not others:
            pass
        case _:
            raise WireError(Flaw.SCHEMA, "the status claim is not a status list reference")
    return Claims(
        issuer=_ISSUER.load(raw.get(ISS)),
        issued=_TIME.load(raw.get(IAT)),
        expires=_TIME.load(raw.get(EXP)),
        list_uri=_URI.load(uri),
        index=_INDEX.load(index),
        subject=_SUBJECT.load(raw.get(SUBJECT)),
        holder=_holder(raw[CNF]) if CNF in raw else None,
        paper=_PAPER.load(raw[PAPER]) if PAPER in raw else None,
    )


def _holder(cnf: object) -> PublicKey:
    if not isinstance(cnf, dict) or set(cnf) != {_COSE_KEY}:
        raise WireError(Flaw.SCHEMA, "the confirmation claim is not a COSE_Key")
    return PublicKey.from_cose(cnf[_COSE_KEY])


def verify(code: Unverified, issuer_key: PublicKey) -> Verified:
    """Check the issuer's signature, and the holder's where there is a proof; else WireError(SIGNATURE)."""
    code.credential.verify(issuer_key)
    if code.proof is not None and code.claims.holder is not None:
        code.proof.verify(code.claims.holder)
    return Verified(code.claims, code.kid, code.proof_issued)


def issue(claims: Claims, signer: Signer) -> bytes:
    """The bytes of a credential: what a wallet keeps, and what stands on paper."""
    body: dict[int, object] = {
        ISS: claims.issuer,
        EXP: claims.expires,
        IAT: claims.issued,
        STATUS: {"status_list": {"idx": claims.index, "uri": claims.list_uri}},
        SUBJECT: claims.subject,
    }
    if claims.holder is not None:
        body[CNF] = {_COSE_KEY: claims.holder.cose()}
    if claims.paper is not None:
        body[PAPER] = _PAPER.dump(claims.paper)
    payload = cbor.encode(body)
    _claims(payload)
    return cose.sign1(payload, cose.Header(kid=signer.public.kid), signer)


def prove(credential: bytes, issued: int, holder: Signer) -> bytes:
    """A fresh proof over a credential by its holder's key; `issued` is unix seconds."""
    payload = cbor.encode([credential, issued])
    return cose.sign1(payload, cose.Header(content_type=PROOF_TYPE), holder)


def to_text(data: bytes) -> str:
    """The QR text of a credential or a proof."""
    return PREFIX + base45.encode(data)
