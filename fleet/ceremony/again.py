"""Answers that were signed here and got lost on their way to the server."""

from dataclasses import replace

from fleet.ceremony.office import Office
from fleet.keys import paper
from wire import envelope
from wire.documents import Role, Root, Trust


def trust_again(trust: Trust, root: Root) -> Trust:
    """The same trust document as its next version, for the keys of `root` to sign."""
    expires = root.issued + (trust.expires - trust.issued)
    return replace(trust, version=trust.version + 1, issued=root.issued, expires=expires)


def lost(office: Office, request: paper.Request) -> tuple[Root | Trust, ...]:
    """What this office answered to a request that builds upon an earlier root; nothing if it did not.

    An answer of two documents may have been interrupted between them: then the second is made now.
    """
    if not 1 <= request.root < office.root.version:
        return ()
    before, after = office.roots[request.root - 1 : request.root + 1]
    if paper.digest(before) != request.root_digest:
        return ()
    if request.act == "sign-root":
        return (after,) if envelope.write_body(after).hex() == request.body else ()
    if after is not office.root or not _did(request, before, after):
        return ()
    if office.trust is None:
        return (after,)
    signed = _by_keys_of(office, before, after)
    return (after, office.trust if signed else trust_again(office.trust, after))


def _by_keys_of(office: Office, before: Root, after: Root) -> bool:
    """Whether the trust document held is signed as a step from one root to the next asks for."""
    held = office.kept("trust", office.trust.version) if office.trust else None
    if held is None:
        return False
    signers = {signature.header.kid for signature in envelope.parse(Trust, held).signatures}
    old, new = (set(root.roles[Role.TRUST].kids) for root in (before, after))
    return new - old <= signers <= new


def _did(request: paper.Request, before: Root, after: Root) -> bool:
    """Whether the step between two roots is what an act of the desk makes of the first."""
    old, new = set(before.roles[Role.TRUST].kids), set(after.roles[Role.TRUST].kids)
    if request.act == "new-trust-key":
        return old < new
    return request.act == "drop-trust-key" and old - new == {bytes.fromhex(request.key)} and new < old
