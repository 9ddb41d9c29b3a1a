"""Answers that were signed here and got lost on their way to the server."""

from dataclasses import replace

from fleet.ceremony.office import Office
from fleet.keys import paper
from wire import envelope
from wire.documents import Role, Root, Trust
from wire.errors import WireError


def trust_again(trust: Trust, root: Root) -> Trust:
    """The same trust document as its next version, for the keys of `root` to sign."""
    expires = root.issued + (trust.expires - trust.issued)
    return replace(trust, version=trust.version + 1, issued=root.issued, expires=expires)


def lost(office: Office, request: paper.Request) -> tuple[Root | Trust, ...]:
    """What this office answered to a request that builds upon an earlier root; nothing if it did not.

    An answer of two documents may have been interrupted between them: then the second is made now. While
    other officers' signatures are missing the answer is the root that is pending.
    """
    known = (*office.roots, *([office.pending] if office.pending else []))
    if not 1 <= request.root < len(known):
        return ()
    before, after = known[request.root - 1 : request.root + 1]
    if paper.digest(before) != request.root_digest or not _did(request, before, after):
        return ()
    if after is not known[-1] or office.trust is None:
        return (after,)
    if after is office.pending:
        return (after, _beside(office, after)) if _needed(request, office, before, after) else (after,)
    signed = by_keys_of(office, before, after)
    unneeded = request.act == "sign-root" and signed and office.trust.issued != after.issued
    # What was signed beside the root may have been replaced since: it is not led back to the root's date.
    replaced = not signed and office.trust.issued > after.issued and _holds(office, after)
    if unneeded or replaced:
        return (after,)
    return (after, office.trust if signed else trust_again(office.trust, after))


def _beside(office: Office, root: Root) -> Trust:
    """The trust document that belongs to the pending root."""
    if office.draft is not None and office.draft.issued == root.issued:
        return office.draft
    if office.trust is None:
        raise ValueError("there is a trust document where one is asked for again")
    return trust_again(office.trust, root)


def _needed(request: paper.Request, office: Office, before: Root, after: Root) -> bool:
    return request.act != "sign-root" or not by_keys_of(office, before, after)


def by_keys_of(office: Office, before: Root, after: Root) -> bool:
    """Whether the trust document held is signed as a step from one root to the next asks for."""
    held = office.kept("trust", office.trust.version) if office.trust else None
    if held is None or not _holds(office, after):
        return False
    old, new = before.roles[Role.TRUST], after.roles[Role.TRUST]
    signers = {signature.header.kid for signature in envelope.parse(Trust, held).signatures}
    return (set(new.kids) - set(old.kids)) <= signers <= set(new.kids)


def _holds(office: Office, root: Root) -> bool:
    """Whether the trust document held is signed by the threshold of a root."""
    held = office.kept("trust", office.trust.version) if office.trust else None
    try:
        envelope.verify(Trust, held or b"", root.keys_of(Role.TRUST), root.roles[Role.TRUST].threshold)
    except WireError:
        return False
    return True


def _did(request: paper.Request, before: Root, after: Root) -> bool:
    """Whether the step between two roots is what an act of the desk makes of the first."""
    if request.act == "sign-root":
        return envelope.write_body(after).hex() == request.body
    old, new = set(before.roles[Role.TRUST].kids), set(after.roles[Role.TRUST].kids)
    if request.act == "new-trust-key":
        return old < new
    return request.act == "drop-trust-key" and old - new == {bytes.fromhex(request.key)} and new < old
