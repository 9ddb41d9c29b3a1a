"""Signing what was reviewed with every key of an office that may, and remembering it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fleet.ceremony import founding, keyring, signatures
from fleet.ceremony.desk import RefusedRequestError, Review
from fleet.ceremony.keyring import Voice
from fleet.ceremony.office import PARTIAL, WHOLE, Office
from fleet.ceremony.signatures import Tally
from fleet.keys import chain
from wire import envelope
from wire.documents import Root, Trust
from wire.errors import WireError
from wire.keys import Signer


@dataclass(frozen=True, slots=True)
class Signed:
    """One signed document under its file name, and how far it is; `waits` for the root beside it."""

    name: str
    data: bytes
    tallies: tuple[Tally, ...]
    waits: bool = False

    @property
    def complete(self) -> bool:
        """Whether everybody believes it."""
        return not self.waits and not any(tally.short for tally in self.tallies)


def sign(office: Office, proposal: Review, voice: Voice, joined: Sequence[bytes] = ()) -> list[Signed]:
    """Sign every document of a review with every key of this office that may, and remember it.

    `joined` are forms that other officers have signed already; an office without a key for it remembers
    what it was shown. New keys are kept before anything is signed.
    """
    todo = [document for document in proposal.documents if not _whole(office, document)]
    wanted = {kid for document in todo for kid in _may_sign(office, document, proposal)}
    with keyring.opened(office, wanted, voice) as ring:
        signers = dict(ring.signers)
        for made in proposal.made:
            founding.keep_key(office, made.role, made.key, made.label, voice.for_new())
            signers[made.key.public.kid] = made.key
        return list(_each(office, proposal, signers, joined))


def _whole(office: Office, document: Root | Trust) -> bool:
    """Whether this office holds just this document, complete."""
    name = f"{envelope.KINDS[type(document)].name}-{document.version}{WHOLE}"
    path = office.directory / name
    return path.is_file() and signatures.same(document, path.read_bytes())


def _may_sign(office: Office, document: Root | Trust, proposal: Review) -> set[bytes]:
    role = envelope.KINDS[type(document)].role
    beside = [root for root in proposal.documents if isinstance(root, Root)]
    under = [*(signatures.rules(office, document) if document not in beside or office.roots else ()), *beside]
    return {kid for root in under for kid in root.keys_of(role)}


def _each(
    office: Office, proposal: Review, signers: Mapping[bytes, Signer], joined: Sequence[bytes]
) -> Iterable[Signed]:
    first = True
    for document in proposal.documents:
        if isinstance(document, Root):  # an answer that is given again is as old as its root
            office = replace(office, roots=office.roots[: document.version - 1])
        under = signatures.rules(office, document)
        role = envelope.KINDS[type(document)].role
        allowed = {kid for root in under for kid in root.keys_of(role)}
        hands = [signer for kid, signer in signers.items() if kid in allowed]
        whole = _whole(office, document)
        if not hands and first and not whole and not joined:
            raise RefusedRequestError(
                f"this office holds no {role.value} key that may sign this; nothing was signed"
            )
        first = False
        answer = _sign_one(office, document, under, [] if whole else hands, joined)
        yield answer
        if isinstance(document, Root):
            office = _after(office, document, complete=answer.complete)


def _after(office: Office, root: Root, *, complete: bool) -> Office:
    if complete:
        return replace(office, roots=(*office.roots, root), pending=None)
    return replace(office, pending=root)


def _sign_one(
    office: Office,
    document: Root | Trust,
    under: Sequence[Root],
    hands: Sequence[Signer],
    joined: Sequence[bytes],
) -> Signed:
    name = envelope.KINDS[type(document)].name
    kept = office.kept(name, document.version)
    if kept is not None and not signatures.same(document, kept):
        raise RefusedRequestError(
            f"{name} version {document.version} was signed here with other contents; nothing was signed"
        )
    data = signatures.merged(document, [*joined, *([kept] if kept else [])], under, hands)
    return remember(office, document, data)


def remember(office: Office, document: Root | Trust, data: bytes) -> Signed:
    """Keep a form of a document as what it is: complete, or a partial that says how far it is."""
    under = signatures.rules(office, document)
    counted = signatures.tallies(document, data, under)
    waits = isinstance(document, Trust) and under == (office.pending,)
    complete = not waits and not any(tally.short for tally in counted)
    office.keep(document, data, complete=complete)
    name = f"{envelope.KINDS[type(document)].name}-{document.version}"
    return Signed(name + (WHOLE if complete else PARTIAL), data, counted, waits)


def settle(office: Office) -> list[Signed]:
    """Finish what waited for a root that has come since; nothing if there is none. Can be done again."""
    if office.draft is None or office.pending is not None:
        return []
    data = office.kept("trust", office.draft.version)
    try:
        chain.next_trust(office.root, office.trust, data or b"")
    except WireError:
        return []
    return [remember(office, office.draft, data or b"")]
