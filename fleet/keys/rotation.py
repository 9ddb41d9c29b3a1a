"""Rotating keys: for each kind, the document that brings a new key in, and the one that takes a key out."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from fleet import audit
from fleet.errors import ConflictError, FleetError
from fleet.keys import addresses, issuers, ledger, offline, proposals, sealed, steps
from fleet.keys.offline import Change
from fleet.keys.proposals import Wish
from fleet.keys.steps import Step
from fleet.models import Rotation
from wire.documents import IssuerKey, Role, RoleKeys, Root, Trust
from wire.keys import PrivateKey, PublicKey

ONLINE: Final = {role.value: role for role in sealed.ONLINE}
NEXT, OLD = "next", "old"  # labels of key files


def start_issuer(session: Session, issuer: str, key: IssuerKey, now: int, actor: str) -> Rotation:
    """Bring a new key of an issuer in; the present one of the same use leaves at the end."""
    trust = _trust(session)
    found = issuers.find(trust, issuer)
    if any(row.key == key.key for row in found.keys):
        raise ConflictError(f"issuer {issuer} has this key already; nothing was changed")
    present = [row.key.kid.hex() for row in found.keys if row.use is key.use and row.not_after > now]
    if not present:
        raise FleetError(f"issuer {issuer} has no valid key of that use to replace; use: trust add-issuer")
    wanted = issuers.with_issuer(trust, replace(found, keys=(*found.keys, key)))
    # The key that ends first is the one that leaves.
    ends = {row.key.kid.hex(): row.not_after for row in found.keys}
    old = min(present, key=lambda kid: ends[kid])
    row = _begin(session, "issuer", f"{issuer}:{key.use.name.lower()}", now, actor)
    steps.note(row, issuer=issuer, old=old, new=key.key.kid.hex())
    _ask(session, row, Wish("sign-trust", _renewed(session, wanted, now)), Step.ASKED, now, actor)
    return row


def start_trust(session: Session, old: str | None, now: int, actor: str) -> Rotation:
    """Have the desk make a new trust key; `old` (kid as hex) leaves at the end, else the first one."""
    kids = [kid.hex() for kid in ledger.needed_root(session).roles[Role.TRUST].kids]
    if old is not None and old not in kids:
        raise FleetError(f"{old} is no trust key of the root in force; it has {', '.join(kids)}")
    row = _begin(session, "trust", "trust", now, actor)
    steps.note(row, old=old or kids[0], before=",".join(kids))
    _ask(session, row, Wish("new-trust-key"), Step.ASKED, now, actor)
    return row


def start_root(session: Session, change: Change, now: int, actor: str) -> Rotation:
    """Ask for the next root: officers' keys come in and leave, thresholds and dates change, in one step."""
    root = offline.next_root(ledger.needed_root(session), change, now)
    row = _begin(session, "root", "root", now, actor)
    coming = ",".join(card.key.kid.hex() for card in change.add)
    steps.note(row, new=coming, old=",".join(key.kid.hex() for key in change.remove))
    _ask(session, row, Wish("sign-root", root), Step.ASKED, now, actor)
    return row


def start_list(session: Session, issuer: str, move: addresses.Move, now: int, actor: str) -> Rotation:
    """Bind lists of an issuer to a new address as well; the old one leaves at the end."""
    wanted, pairs = addresses.both(_trust(session), issuer, move)
    row = _begin(session, "list", f"{issuer}:lists", now, actor)
    old, new = ("\n".join(uris) for uris in zip(*((p.old.uri, p.new.uri) for p in pairs), strict=True))
    steps.note(row, issuer=issuer, old=old, new=new)
    _ask(session, row, Wish("sign-trust", _renewed(session, wanted, now)), Step.ASKED, now, actor)
    return row


def start_online(session: Session, keys: Path, role: Role, now: int, actor: str) -> Rotation:
    """Make a new online key, sealed beside the present one, and ask for a root with both."""
    root = ledger.needed_root(session)
    present = sealed.open_role_key(keys, role).public
    fresh = PrivateKey.generate()
    row = _begin(session, role.value, role.value, now, actor)
    steps.note(row, old=present.kid.hex(), new=fresh.public.kid.hex())
    wanted = _root_with(root, role, fresh.public, now)
    _ask(session, row, Wish("sign-root", wanted), Step.ASKED, now, actor)
    for path in (sealed.key_file(keys, role, NEXT), sealed.pass_file(keys, role, NEXT)):
        path.unlink(missing_ok=True)  # of a rotation that was given up: no document names that key
    sealed.seal_role_key(keys, role, fresh, NEXT)
    return row


def advance(session: Session, keys: Path, row: Rotation, now: int, actor: str, *, anyway: bool) -> None:
    """Go on: to `active` when every gate holds the new key (or `anyway`), then ask for the old to leave."""
    if row.state == "published":
        lacking = steps.adoption(session, row).lacking
        if lacking and not anyway:
            raise ConflictError(
                f"{len(lacking)} gates do not hold the new key yet; nothing was changed. "
                "See: rotate status; go on without them: --anyway"
            )
        if row.kind in ONLINE:
            _switch(keys, ONLINE[row.kind], str(row.detail["new"]))
        steps.take(session, row, Step.ADOPTED, now, actor)
        if row.kind == "root":
            steps.take(session, row, Step.FINISHED, now, actor)
    elif row.state == "active":
        _ask(session, row, _leaving(session, row, row.detail["old"], now), Step.LEAVING, now, actor)
    elif row.state == "retired" and steps.is_overtaken(session, row):
        kid = _new_kid(session, row) if row.detail.get("undone") else row.detail["old"]
        _ask(session, row, _leaving(session, row, kid, now), Step.LEAVING, now, actor)
    else:
        raise ConflictError(f"rotation {row.id} is {row.state}; it goes on when its request is answered")


def undo(session: Session, row: Rotation, now: int, actor: str) -> None:
    """Give a rotation up before it is active; what was published already is taken out by a new request."""
    if row.state in {"prepared", "awaiting"}:
        number = row.detail.get("request")
        if number is not None:
            proposals.withdraw(session, proposals.get(session, number), now, actor)
        steps.take(session, row, Step.UNDONE, now, actor)
    elif row.state == "published" and row.kind == "root":
        raise ConflictError(
            f"rotation {row.id} is published, and gates hold its root: it is not taken back. "
            "Ask for the next one: jx-fleet rotate root …"
        )
    elif row.state == "published":
        wish = _leaving(session, row, _new_kid(session, row), now)
        _ask(session, row, wish, Step.LEAVING, now, actor)
        steps.note(row, undone=True)
    else:
        raise ConflictError(f"rotation {row.id} is {row.state}; it can be undone until it is active")


def _begin(session: Session, kind: str, label: str, now: int, actor: str) -> Rotation:
    for other in steps.under_way(session):
        if other.key_label == label:
            raise ConflictError(f"rotation {other.id} of {label} is {other.state}; finish or undo it first")
    row = Rotation(kind=kind, key_label=label, state="prepared", detail={}, created_at=now, updated_at=now)
    session.add(row)
    session.flush()
    audit.append(session, now, actor, "rotation.begun", rotation=row.id, key=label)
    return row


def _ask(session: Session, row: Rotation, wish: Wish, step: Step, now: int, actor: str) -> None:
    request = proposals.ask(session, wish, now, actor)
    steps.note(row, request=request.id)
    steps.take(session, row, step, now, actor)


def _trust(session: Session) -> Trust:
    trust = proposals.draft(session)
    if trust is None:
        raise FleetError("there is no trust document yet; first: jx-fleet trust add-issuer FILE")
    return trust


def _renewed(session: Session, wanted: Trust, now: int) -> Trust:
    held = ledger.trust(session)
    return issuers.renewed(wanted, held.version + 1 if held else 1, now)


def _new_kid(session: Session, row: Rotation) -> str:
    """The key that came in; for a trust key, which the desk made, the one that was not there before."""
    if "new" in row.detail:
        return str(row.detail["new"])
    before = str(row.detail["before"]).split(",")
    root = ledger.needed_root(session)
    return next(kid.hex() for kid in root.roles[Role.TRUST].kids if kid.hex() not in before)


def _leaving(session: Session, row: Rotation, kid: str, now: int) -> Wish:
    """What to ask for so that a key is believed no more."""
    if row.kind == "trust":
        return Wish("drop-trust-key", key=bytes.fromhex(kid))
    if row.kind == "issuer":
        trust = _trust(session)
        found = issuers.find(trust, str(row.detail["issuer"]))
        left = tuple(key for key in found.keys if key.key.kid.hex() != kid)
        wanted = issuers.with_issuer(trust, replace(found, keys=left))
        return Wish("sign-trust", _renewed(session, wanted, now))
    if row.kind == "list":
        wanted = addresses.without(_trust(session), str(row.detail["issuer"]), kid.split("\n"))
        return Wish("sign-trust", _renewed(session, wanted, now))
    return Wish("sign-root", _root_without(ledger.needed_root(session), ONLINE[row.kind], kid, now))


def _root_with(root: Root, role: Role, key: PublicKey, now: int) -> Root:
    kids = (*root.roles[role].kids, key.kid)
    return _next_root(root, role, kids, (*root.keys, key), now)


def _root_without(root: Root, role: Role, kid: str, now: int) -> Root:
    kids = tuple(other for other in root.roles[role].kids if other.hex() != kid)
    return _next_root(root, role, kids, tuple(key for key in root.keys if key.kid.hex() != kid), now)


def _next_root(
    root: Root, role: Role, kids: tuple[bytes, ...], keys: tuple[PublicKey, ...], now: int
) -> Root:
    row = RoleKeys(threshold=root.roles[role].threshold, kids=kids)
    life_s = root.expires - root.issued
    return replace(
        root,
        version=root.version + 1,
        issued=now,
        expires=now + life_s,
        keys=keys,
        roles={**root.roles, role: row},
    )


def _switch(keys: Path, role: Role, kid: str) -> None:
    """Put the next key, `kid`, in the present one's place; the process that uses it sees that and restarts.

    It can be done again from wherever it was interrupted.
    """
    for place in (sealed.key_file, sealed.pass_file):
        present, fresh = place(keys, role), place(keys, role, NEXT)
        if fresh.exists():  # else this one was put in its place before the interruption
            if present.exists():
                present.replace(place(keys, role, OLD))
            fresh.replace(present)
    sealed.sync_directory(keys)
    if sealed.open_role_key(keys, role).public.kid.hex() != kid:
        raise FleetError(f"{role.value}.key is not the key {kid} of this rotation; restore it, then go on")
