"""Which root and trust documents follow from those before: the rules that server and desk share."""

from wire import envelope
from wire.documents import EVERYBODY, Role, Root, Trust
from wire.errors import Flaw, WireError


def first_root(data: bytes) -> Root:
    """A root version 1 that its own threshold of root keys signed; WireError otherwise."""
    root = _self_signed(data)
    if root.version != 1:
        raise WireError(Flaw.SCHEMA, f"the first root has version 1, this one {root.version}")
    return root


def next_root(current: Root, data: bytes) -> Root:
    """The root right after `current`, signed by the threshold of both; WireError otherwise."""
    root = envelope.verify(Root, data, current.keys_of(Role.ROOT), current.roles[Role.ROOT].threshold)
    if root.version != current.version + 1:
        raise WireError(Flaw.SCHEMA, f"root version {root.version} does not follow version {current.version}")
    return _self_signed(data)


def next_trust(root: Root, current: Trust | None, data: bytes) -> Trust:
    """A later trust document than `current`, signed by `root`'s trust threshold; or WireError."""
    trust = envelope.verify(Trust, data, root.keys_of(Role.TRUST), root.roles[Role.TRUST].threshold)
    if current is not None and trust.version <= current.version:
        raise WireError(
            Flaw.SCHEMA, f"trust version {trust.version} is not later than version {current.version}"
        )
    if trust.audience != EVERYBODY:
        raise WireError(Flaw.SCHEMA, "a trust document is for everybody")
    return trust


def _self_signed(data: bytes) -> Root:
    claimed = envelope.read_body(Root, envelope.parse(Root, data).payload)
    root = envelope.verify(Root, data, claimed.keys_of(Role.ROOT), claimed.roles[Role.ROOT].threshold)
    if root.audience != EVERYBODY:
        raise WireError(Flaw.SCHEMA, "a root document is for everybody")
    return root
