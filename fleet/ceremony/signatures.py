"""Signatures of many officers on one document: joined, counted, and who is missing. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fleet.ceremony.office import Office
from wire import envelope
from wire.cose import Signature
from wire.documents import Role, Root, Trust
from wire.errors import WireError
from wire.keys import PublicKey, Signer


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a document is for one root: whose keys have signed, whose have not."""

    root: int
    role: Role
    threshold: int
    signed: tuple[PublicKey, ...]
    missing: tuple[PublicKey, ...]

    @property
    def short(self) -> int:
        """How many more signatures are needed."""
        return max(0, self.threshold - len(self.signed))


class _Given:
    """A signature that somebody else made, in the place of a signer."""

    def __init__(self, public: PublicKey, signature: bytes) -> None:
        self.public = public
        self._signature = signature

    def sign(self, message: bytes) -> bytes:
        """The signature, if it is one over `message`; WireError otherwise."""
        self.public.verify(self._signature, message)
        return self._signature


def rules(office: Office, document: Root | Trust) -> tuple[Root, ...]:
    """The roots whose thresholds a document has to meet.

    A root answers to the one before and to itself. A trust document that was made beside the next root (it
    has its date) answers to that one, any other to the root in force.
    """
    if isinstance(document, Root):
        return (document,) if document.version == 1 else (office.root, document)
    pending = office.pending
    beside = pending is not None and pending.issued == document.issued
    return (pending,) if beside and pending else (office.root,)


def same(document: Root | Trust, data: bytes) -> bool:
    """Whether `data` is a signed form, complete or not, of just this document."""
    try:
        return envelope.parse(type(document), data).payload == envelope.write_body(document)
    except WireError:
        return False


def merged(
    document: Root | Trust, forms: Iterable[bytes], under: Sequence[Root], signers: Iterable[Signer]
) -> bytes:
    """One form with every valid signature of `forms` and one of each signer; by keys of the role alone."""
    role = envelope.KINDS[type(document)].role
    keys = {kid: key for root in under for kid, key in root.keys_of(role).items()}
    by_kid: dict[bytes, Signer] = {}
    for form in forms:
        if same(document, form):
            by_kid.update(_valid(envelope.parse(type(document), form).signatures, keys))
    by_kid |= {signer.public.kid: signer for signer in signers}
    return envelope.sign(document, [by_kid[kid] for kid in sorted(by_kid)])


def _valid(signatures: Iterable[Signature], keys: dict[bytes, PublicKey]) -> dict[bytes, Signer]:
    found: dict[bytes, Signer] = {}
    for signature in signatures:
        key = keys.get(signature.header.kid or b"")
        try:
            if key is not None:
                signature.verify(key)
                found[key.kid] = _Given(key, signature.signature)
        except WireError:
            continue  # damaged or forged: it is not carried on
    return found


def tallies(document: Root | Trust, data: bytes, under: Sequence[Root]) -> tuple[Tally, ...]:
    """How far `data`, a form of `document`, is for each root; only valid signatures count."""
    role = envelope.KINDS[type(document)].role
    counted = []
    for root in under:
        keys = root.keys_of(role)
        good = _valid(envelope.parse(type(document), data).signatures, keys)
        counted.append(
            Tally(
                root.version,
                role,
                root.roles[role].threshold,
                tuple(keys[kid] for kid in root.roles[role].kids if kid in good),
                tuple(keys[kid] for kid in root.roles[role].kids if kid not in good),
            )
        )
    return tuple(counted)
