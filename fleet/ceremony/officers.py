"""Commands about who holds keys: a new key, the first root of several officers, the next root."""

import time
from pathlib import Path
from typing import Annotated

import typer

from fleet.ceremony import act, circulate, desk, founding
from fleet.ceremony.act import Manner
from fleet.ceremony.desk import Review
from fleet.ceremony.founding import Plan
from fleet.ceremony.office import Office, load
from fleet.ceremony.terminal import Heard, OfficeDir, Out, PassFile, Yes, compare, say, tell, voice
from fleet.errors import FleetError
from fleet.keys import dates, fingerprints, offline
from fleet.keys.offline import Change
from fleet.keys.sealed import replace_private, sync_directory
from fleet.keys.words import root_words
from wire.documents import Role

RotateAll = Annotated[
    bool, typer.Option("--rotate-all", help="All present keys of the roles that get new ones leave.")
]
Threshold = Annotated[int | None, typer.Option(min=1, max=offline.MOST_KEYS, help="Keys that must sign.")]


def key(
    office_dir: OfficeDir,
    out: Out,
    label: Annotated[str, typer.Option(help="What it is called: a place, such as: north safe.")],
    role: Annotated[str, typer.Option(help="root or trust.")] = "root",
    token: Annotated[str | None, typer.Option(help="Make it in the PKCS#11 token of this label.")] = None,
    passphrase_file: PassFile = None,
) -> None:
    """Make an officer's key, in a sealed file or a token, and its card for the others."""
    if role not in {found.value for found in offline.ROLES}:
        raise FleetError(f"{role!r} is no role of an officer's key: root or trust; nothing was made")
    office_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    sync_directory(office_dir.parent)
    held, said = load(office_dir), voice(passphrase_file)
    before = founding.made_before(held, Role(role), label)
    if before:
        card = before
        tell(f"这把密钥已有，再次给出卡片 / this key exists here already: its card again ({label})")
    elif token:
        card = founding.make_in_token(held, Role(role), label, token, said)
    else:
        card = founding.make_sealed(held, Role(role), label, said)
    replace_private(out / card.file_name, (office_dir / card.file_name).read_bytes())
    say(f"密钥 / key: {card.label}", [f"{role} {fingerprints.of_key(card.key)}"])
    tell(f"把 {out / card.file_name} 带给主持人，并朗读上面的指纹。")
    tell(f"Carry {out / card.file_name} to who leads the ceremony, and read the fingerprint out.")


def found(  # noqa: PLR0913, PLR0917 - each is an option of the command
    cards: Annotated[list[Path], typer.Argument(help="Cards of the other officers' keys, or directories.")],
    office_dir: OfficeDir,
    fleet_keys: Annotated[Path, typer.Option(help="Directory to carry to the server.")],
    out: Out,
    root_threshold: int = 2,
    trust_threshold: int = 1,
    passphrase_file: PassFile = None,
    heard: Heard = None,
) -> None:
    """Lead the first ceremony: root version 1 from everybody's cards, for everybody to countersign."""
    held = load(office_dir)
    founding.apart(office_dir, fleet_keys)
    known = circulate.cards_in(cards)
    own = held.cards or {}
    others = {card.key.kid: card for card, _ in known if card.key.kid not in own}
    for card in others.values():
        compare(f"{card.label} · {card.role.value}", fingerprints.of_key(card.key), heard)
    plan = Plan(root_threshold=root_threshold, trust_threshold=trust_threshold)
    now = dates.clock(int(time.time()), held.pending)
    root = founding.gather(held, list(others.values()), fleet_keys, plan, now)
    manner = Manner(voice=voice(passphrase_file), out=out, heard=[fingerprints.of_root(root)])
    act.perform(held, Review((root,), root_words(None, root)), "root-1", manner, cards=known)
    for card, data in known:
        replace_private(out / card.file_name, data)
    tell("会签时请各位互相朗读 / when the others countersign, read this out to them:")
    tell(f"  root-1 {fingerprints.of_root(root)}")


def change(  # noqa: PLR0913, PLR0917 - each is an option of the command
    office_dir: OfficeDir,
    out: Out,
    add: Annotated[list[Path] | None, typer.Option(help="Card of a key that comes in.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option(help="Key that leaves: ten letters of its fingerprint, or its id.")
    ] = None,
    root_threshold: Threshold = None,
    trust_threshold: Threshold = None,
    rotate_all: RotateAll = False,
    renew: Annotated[bool, typer.Option("--renew", help="Only new dates.")] = False,
    passphrase_file: PassFile = None,
    heard: Heard = None,
    yes: Yes = False,
) -> None:
    """Make the next root: keys come in, leave or are replaced, thresholds and dates change."""
    held = load(office_dir)
    wanted = {Role.ROOT: root_threshold, Role.TRUST: trust_threshold}
    numbers = {role: number for role, number in wanted.items() if number is not None}
    known = circulate.cards_in(add or [])
    if add and not known:
        names = ", ".join(str(path) for path in add)
        raise FleetError(f"no key card (….card.json) lies in {names}; nothing was signed")
    if rotate_all and not known:
        raise FleetError(
            "--rotate-all replaces keys by those of --add, and none was given; nothing was signed"
        )
    if not (known or remove or numbers or renew):
        raise FleetError(
            "say what is to change: --add, --remove, --root-threshold, --trust-threshold, --renew"
        )
    coming = tuple(card for card, _ in known)
    others = offline.all_others(held.root, coming) if rotate_all else ()
    leaving = {*offline.find(held.root, remove or ()), *others}
    asked = Change(add=coming, remove=tuple(leaving), thresholds=numbers)
    proposal = _proposal(held, asked)
    manner = Manner(voice=voice(passphrase_file), out=out, heard=heard or (), yes=yes)
    act.perform(held, proposal, f"root-{held.root.version + 1}", manner, cards=known)
    for card, data in known:
        replace_private(out / card.file_name, data)


def _proposal(held: Office, asked: Change) -> Review:
    """A review of the change; the same again where it was interrupted."""
    pending = held.pending
    if pending is not None and _same_change(held, pending.issued, asked):
        return desk.with_trust(held, offline.next_root(held.root, asked, pending.issued))
    now = desk.clock(held, int(time.time()))
    return desk.with_trust(held, offline.next_root(held.root, asked, now))


def _same_change(held: Office, issued: int, asked: Change) -> bool:
    return offline.next_root(held.root, asked, issued) == held.pending


def rotate_trust(
    office_dir: OfficeDir,
    out: Out,
    passphrase_file: PassFile = None,
    yes: Yes = False,
) -> None:
    """Make a new trust key here, put it into the next root, sign the trust document again with it."""
    held = load(office_dir)
    proposal = desk.new_trust_key(held, int(time.time()))
    manner = Manner(voice=voice(passphrase_file), out=out, yes=yes)
    act.perform(held, proposal, "new-trust-key", manner)
