"""Keys and issuers that must not count any more: out at once, in one request, whatever else is under way."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet import audit
from fleet.errors import FleetError, NotFoundError
from fleet.keys import foreign_words, issuers, ledger, proposals, steps, words
from fleet.keys.proposals import Wish
from fleet.keys.steps import Step
from fleet.models import Audit, Rotation, SigningRequest
from wire.documents import ForeignIssuer, ForeignKey, Issuer, IssuerKey, Trust

MIN_KID: Final = 6
"""Characters of a key id that are enough to name it, if no other key of the issuer begins with them."""


REMOVED: Final = "trust.removed"  # in the audit log
EVERY_KEY: Final = "*"


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes: an issuer with all its keys, or those of its keys that have the id in `kid`."""

    issuer: str
    kid: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The request for a removal, and what became of other things that were under way."""

    row: SigningRequest
    notes: tuple[str, ...]


def ask(session: Session, removal: Removal, now: int, actor: str) -> Asked:
    """Ask for a trust document without a key or an issuer; NotFoundError when it has none.

    What waits for a signature is carried along, rotations included: nobody has to finish them first, and a
    key whose successor waits leaves together with its coming. What that adds to the removal is said loudly.
    """
    held = ledger.trust(session)
    draft = issuers.renewed(proposals.draft(session), held.version + 1 if held else 1, now)
    wanted, gone = without(draft, removal)
    notes, followers = _clear(session, now, actor)
    row = proposals.make(session, Wish("sign-trust", wanted), now, actor)
    notes += _carried_along(held, removal, row, followers, now)
    for rotation in steps.under_way(session):
        notes += _follow(session, rotation, rotation in followers, gone, removal, row, now, actor)
    kids = EVERY_KEY if removal.kid is None else ",".join(sorted(gone))
    audit.append(
        session, now, actor, "trust.removed", issuer=removal.issuer, keys=kids, reason=removal.reason
    )
    return Asked(row, tuple(notes))


def removed(session: Session) -> frozenset[tuple[str, str]]:
    """What was ever asked to be taken out: issuers with key ids in hex, or with EVERY_KEY."""
    rows = session.scalars(select(Audit.detail).where(Audit.action == REMOVED))
    details = [json.loads(detail) for detail in rows]
    return frozenset((row["issuer"], key) for row in details for key in row["keys"].split(","))


def coming_back(session: Session, issuer: Issuer) -> list[str]:
    """Ids of the keys in a description that were taken out, alone or with their issuer, and not put back."""
    gone, draft = removed(session), proposals.draft(session)
    present = [other for other in (draft.issuers if draft else ()) if other.id == issuer.id]
    standing = {_hex(row) for other in present for row in other.keys}
    whole = not present and (issuer.id, EVERY_KEY) in gone
    kids = [_hex(row) for row in issuer.keys]
    return [kid for kid in kids if kid not in standing and (whole or (issuer.id, kid) in gone)]


def without(trust: Trust, removal: Removal) -> tuple[Trust, frozenset[str]]:
    """`trust` after a removal, and the ids (hex) of the keys that went."""
    found = issuers.find_any(trust, removal.issuer)
    if removal.kid is None:
        return issuers.without_issuer(trust, removal.issuer), frozenset(_hex(row) for row in found.keys)
    named = _named(found, removal.kid)
    if isinstance(found, ForeignIssuer):
        foreign = replace(found, keys=tuple(row for row in found.keys if _hex(row) not in named))
        others = tuple(foreign if other is found else other for other in trust.foreign)
        return replace(trust, foreign=others), named
    issuer = replace(found, keys=tuple(row for row in found.keys if _hex(row) not in named))
    return replace(
        trust, issuers=tuple(issuer if other is found else other for other in trust.issuers)
    ), named


def _named(issuer: Issuer | ForeignIssuer, kid: str) -> frozenset[str]:
    rows: list[IssuerKey | ForeignKey] = [*issuer.keys]
    exactly = {_hex(row) for row in rows if kid in _spellings(row)}
    if exactly:
        return frozenset(exactly)
    near = {_hex(row) for row in rows if any(name.startswith(kid) for name in _spellings(row))}
    if len(kid) < MIN_KID or not near:
        raise NotFoundError(
            f"{issuer.id} has no key of this id; nothing was changed. See: trust show --keys {issuer.id}"
        )
    if len(near) > 1:
        raise FleetError(
            f"{len(near)} keys of {issuer.id} begin so; nothing was changed: give more of the id"
        )
    return frozenset(near)


def _hex(row: IssuerKey | ForeignKey) -> str:
    return row.kid.hex() if isinstance(row, ForeignKey) else row.key.kid.hex()


def _spellings(row: IssuerKey | ForeignKey) -> set[str]:
    return {_hex(row), foreign_words.whole(row.kid)} if isinstance(row, ForeignKey) else {_hex(row)}


def _carried_along(
    held: Trust | None, removal: Removal, row: SigningRequest, followers: Sequence[Rotation], now: int
) -> list[str]:
    """What a request says that the removal alone would not, and how to have that alone."""
    if held is None:
        return []
    alone = issuers.renewed(held, held.version + 1, now)
    with suppress(NotFoundError):  # what goes stands in something that waits, and nowhere else
        alone, _ = without(alone, removal)
    more = [line for line in row.words.split("\n") if line not in words.trust_words(held, alone)]
    if not more:
        return []
    undo = [f"jx-fleet rotate undo {rotation.id}" for rotation in followers]
    give_up = ", ".join(undo or [f"jx-fleet requests withdraw {row.id}"])
    return [
        "ATTENTION: this request does more than the removal, for it carries along what waited:",
        *(f"  {line}" for line in more),
        f"To have the removal alone: {give_up}, then give this command again; ask for the rest afterwards.",
    ]


def _clear(session: Session, now: int, actor: str) -> tuple[list[str], list[Rotation]]:
    """Take back what waits for the trust document; the rotations among it follow the new request."""
    notes: list[str] = []
    followers: list[Rotation] = []
    for waiting in proposals.awaiting(session):
        rotation = steps.of_request(session, waiting.id)
        if waiting.kind == "sign-trust":
            proposals.withdraw(session, waiting, now, actor)
            followers += [rotation] if rotation else []
            notes.append(f"Request {waiting.id} is carried along in this one.")
        elif waiting.kind != "sign-root" and rotation is not None and rotation.state == "awaiting":
            proposals.withdraw(session, waiting, now, actor)
            steps.take(session, rotation, Step.UNDONE, now, actor)
            notes.append(f"Rotation {rotation.id} of the trust key was given up: start it again afterwards.")
        elif waiting.kind != "sign-root":
            notes.append(f"Request {waiting.id} waits as well: have this one signed and accepted first.")
    return notes, followers


def _follow(  # noqa: PLR0913, PLR0917 - one rotation, and everything that decides about it
    session: Session,
    rotation: Rotation,
    follows: bool,
    gone: frozenset[str],
    removal: Removal,
    row: SigningRequest,
    now: int,
    actor: str,
) -> list[str]:
    """Let one rotation wait for the new request, or end with it because one of its keys goes."""
    ends = rotation.detail.get("issuer") == removal.issuer and (
        removal.kid is None or bool(gone & {rotation.detail.get("old"), rotation.detail.get("new")})
    )
    said = [f"Rotation {rotation.id} of {rotation.key_label} ends with this."]
    if ends and rotation.state == "awaiting" and (removal.kid is None or rotation.detail["new"] in gone):
        steps.take(session, rotation, Step.UNDONE, now, actor)
        return said
    if ends and rotation.state in {"published", "active"}:
        steps.note(rotation, request=row.id)
        steps.take(session, rotation, Step.LEAVING, now, actor)
        return said
    if follows:
        steps.note(rotation, request=row.id)
    return []
