"""New keys and the first root: made at one desk, or from the cards of officers who keep their own keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fleet.ceremony import keyring, passphrase, seal, token
from fleet.ceremony.keyring import Voice
from fleet.ceremony.office import Office, load
from fleet.errors import FleetError
from fleet.keys import cards
from fleet.keys.cards import Card
from fleet.keys.offline import ROOT_LIFE_S, check
from fleet.keys.sealed import (
    OFFLINE,
    ONLINE,
    key_file,
    open_role_key,
    pass_file,
    seal_role_key,
    write_private,
)
from wire import envelope
from wire.documents import EVERYBODY, Role, RoleKeys, Root
from wire.keys import PrivateKey, PublicKey

LABEL: Final = "jx-{role}"  # CKA_LABEL of a key that is made in a token


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many root and trust keys there are, and how many of them must sign."""

    root_keys: int = 3
    root_threshold: int = 2
    trust_keys: int = 2
    trust_threshold: int = 1

    def check(self) -> None:
        """FleetError for numbers that cannot be."""
        check(Role.ROOT, self.root_threshold, self.root_keys)
        check(Role.TRUST, self.trust_threshold, self.trust_keys)


def create(directory: Path, fleet_keys: Path, plan: Plan, secret: str, now: int) -> Office:
    """Make all keys and root version 1; both directories must be new or empty, and apart.

    The office gets root and trust keys; `fleet_keys`, to be carried to the server, the online keys.
    """
    plan.check()
    passphrase.check(secret)
    _apart(directory, fleet_keys)
    counts = {Role.ROOT: plan.root_keys, Role.TRUST: plan.trust_keys}
    keys = {role: [PrivateKey.generate() for _ in range(count)] for role, count in counts.items()}
    office = Office(directory, (), None)
    for role in OFFLINE:
        for number, key in enumerate(keys[role], 1):
            keep_key(office, role, key, f"{role.value} key {number}", secret)
    public = {role: [key.public for key in keys[role]] for role in OFFLINE}
    root = first_root(public | _online_keys(fleet_keys), thresholds(plan), now)
    data = envelope.sign(root, keys[Role.ROOT])
    write_private(fleet_keys / "root-1.cbor", data)
    office.keep(root, data, complete=True)
    return load(directory)


def thresholds(plan: Plan) -> dict[Role, int]:
    """The plan's thresholds by role."""
    return {Role.ROOT: plan.root_threshold, Role.TRUST: plan.trust_threshold}


def gather(office: Office, others: Sequence[Card], fleet_keys: Path, plan: Plan, now: int) -> Root:
    """Root version 1 from this office's cards and those of other officers, unsigned.

    The server's online keys are made in `fleet_keys`, or taken as they lie there from an interrupted try.
    """
    if office.roots:
        raise FleetError(f"{office.directory} has a root already; the next one: jx-fleet ceremony change")
    by_kid = {card.key.kid: card for card in (*(office.cards or {}).values(), *others)}
    chosen = sorted(by_kid.values(), key=lambda card: (card.role, card.label, card.key.kid))
    public = {role: [card.key for card in chosen if card.role is role] for role in OFFLINE}
    needed = thresholds(plan)
    for role in OFFLINE:
        check(role, needed[role], len(public[role]))
    pending = office.pending
    root = first_root(public | _online_keys(fleet_keys), needed, pending.issued if pending else now)
    if pending is not None and pending != root:
        raise FleetError(
            "this desk has begun another first root; nothing was made. To begin again: "
            "jx-fleet ceremony withdraw root-1.partial"
        )
    return root


def _online_keys(directory: Path) -> dict[Role, list[PublicKey]]:
    """The online keys that lie in a directory to be carried to the server; missing ones are made."""
    for role in ONLINE:
        if not key_file(directory, role).exists():
            pass_file(directory, role).unlink(missing_ok=True)  # of an interrupted try: it opens nothing
            seal_role_key(directory, role, PrivateKey.generate())
    return {role: [open_role_key(directory, role).public] for role in ONLINE}


def first_root(keys: Mapping[Role, Sequence[PublicKey]], needed: Mapping[Role, int], now: int) -> Root:
    """Root version 1 with these keys; every online role needs one signature."""
    return Root(
        version=1,
        issued=now,
        expires=now + ROOT_LIFE_S,
        audience=EVERYBODY,
        keys=tuple(key for role in Role for key in keys[role]),
        roles={
            role: RoleKeys(threshold=needed.get(role, 1), kids=tuple(key.kid for key in keys[role]))
            for role in Role
        },
    )


def keep_key(office: Office, role: Role, key: PrivateKey, label: str, secret: str) -> Card:
    """Seal a key in the office, and keep its card."""
    office.add_sealed(role, key.public.kid, seal.sealed(key, passphrase.check(secret)))
    return _keep_card(office, cards.write(role, label, key))


def made_before(office: Office, role: Role, label: str) -> Card | None:
    """The card of a key of this office that has this label already."""
    mine = {held.kid for held in office.own_keys()}
    found = [card for card in (office.cards or {}).values() if (card.role, card.label) == (role, label)]
    return next((card for card in found if card.key.kid in mine), None)


def make_sealed(office: Office, role: Role, label: str, voice: Voice) -> Card:
    """A new key in a sealed file; one whose card an interruption left unwritten is taken up instead."""
    cards.check_label(label)
    known = {*(office.cards or {}), *(key.kid for root in office.roots for key in root.keys)}
    for held in office.own_keys():
        if held.role is role and not held.in_token and held.kid not in known:
            return _keep_card(office, cards.write(role, label, keyring.unseal(held, voice)))
    return keep_key(office, role, PrivateKey.generate(), label, voice.for_new())


def make_in_token(office: Office, role: Role, label: str, token_label: str, voice: Voice) -> Card:
    """A new key in a token; one that an interruption left in it without being known here is taken up."""
    cards.check_label(label)
    known = {card.key for card in (office.cards or {}).values()}
    pin = keyring.pin_for(voice, token_label)
    with token.session(voice.module, token_label, pin, writing=True) as opened:
        place, key = token.make(opened, token_label, LABEL.format(role=role.value), known)
        if not any(held.kid == key.public.kid for held in office.own_keys()):
            office.add_token(role, place, key.public)
        return _keep_card(office, cards.write(role, label, key))


def _keep_card(office: Office, data: bytes) -> Card:
    card = cards.decode(data)
    office.add_card(card, data)
    return card


def _apart(directory: Path, fleet_keys: Path) -> None:
    apart(directory, fleet_keys)
    for path in (directory, fleet_keys):
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise FleetError(
                f"{path} is not an empty directory; nothing was made, choose a new one. If it is what an "
                "interrupted create left (no root-1.cbor in both), remove both directories and begin again"
            )
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)


def apart(directory: Path, fleet_keys: Path) -> None:
    """FleetError unless an office and the keys for the server lie apart."""
    office, carried = directory.resolve(), fleet_keys.resolve()
    if office == carried or office in carried.parents or carried in office.parents:
        raise FleetError("the office and the keys for the server must lie apart; nothing was made")
