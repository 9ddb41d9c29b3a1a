"""Commands for documents on their way between offices: countersign, take, withdraw, status."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from fleet.ceremony import act, carried, desk, progress, signatures
from fleet.ceremony.act import Manner
from fleet.ceremony.carried import Carried, Taken
from fleet.ceremony.office import PARTIAL, WHOLE, Office, load
from fleet.ceremony.terminal import Heard, OfficeDir, Out, PassFile, Yes, compare, confirm, say, tell, voice
from fleet.errors import FleetError
from fleet.keys import fingerprints
from fleet.keys.cards import Card
from fleet.keys.phrases import moment
from fleet.keys.sealed import replace_private
from wire.documents import Root, Trust

Files = Annotated[
    list[Path], typer.Argument(help="Files or directories that another office or the server gave.")
]


def countersign(
    files: Files,
    office_dir: OfficeDir,
    out: Out,
    passphrase_file: PassFile = None,
    heard: Heard = None,
    yes: Yes = False,
) -> None:
    """Take what is complete, show what other officers have begun to sign, ask, sign it too."""
    found = carried.read(files)
    manner = Manner(voice=voice(passphrase_file), out=out, heard=heard or (), yes=yes)
    whole, open_ = _apart(load_or_new(office_dir), found)
    _report(_take(office_dir, Carried(whole, found.cards), heard))
    open_ += _newer(load_or_new(office_dir), whole)  # whatever its name says: it is not complete
    if not open_:
        tell("这里没有需要会签的文件 / nothing here waits for more signatures")
    for name, data in open_:
        held = load(office_dir)
        proposal = desk.review_document(held, data, int(time.time()))
        act.perform(held, proposal, name, manner, (data,), found.cards)


def take(
    files: Files,
    office_dir: OfficeDir,
    heard: Heard = None,
    instead: Annotated[
        bool, typer.Option("--instead", help="Follow these documents where this office holds others.")
    ] = False,
) -> None:
    """Remember what other offices have completed, and join signatures with those given here."""
    found = carried.read(files)
    if not found.documents:
        raise FleetError(
            f"no root or trust document lies in {', '.join(map(str, files))}; nothing was changed"
        )
    _report(_take(office_dir, found, heard, instead=instead))


def withdraw(
    proposal: Annotated[str, typer.Argument(help="root-2.partial, for instance; see: status")],
    office_dir: OfficeDir,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Give a proposal up that still lacks signatures, so that another can be signed."""
    tell("已带走的签名收不回来：对方若凑齐签名，该文件仍然有效。")
    tell("Signatures that were carried away cannot be called back: with enough others they still count.")
    if not yes and not confirm("撤回吗？ Withdraw it?"):
        raise FleetError("nothing was changed")
    aside = carried.withdraw(load(office_dir), proposal)
    tell(f"{proposal} → {aside.name}")


def give(office_dir: OfficeDir, out: Out) -> None:
    """Write what this office holds again, to be carried: all roots, the newest trust document, what waits."""
    held = load(office_dir)
    names = [f"root-{root.version}{WHOLE}" for root in held.roots]
    names += [f"trust-{held.trust.version}{WHOLE}"] if held.trust else []
    names += [f"{kind}-{found.version}{PARTIAL}" for kind, found in carried.proposals(held)]
    names += [card.file_name for card in (held.cards or {}).values()]
    for name in names:
        replace_private(out / name, (held.directory / name).read_bytes())
    tell(f"{out}: {len(names)} 个文件 / files")


def status(office_dir: OfficeDir) -> None:
    """Say what is in force here, what waits, who has signed it and who is missing."""
    held = load(office_dir)
    if held.roots:
        lines = [
            f"根 / root {held.root.version}  – {moment(held.root.expires)}",
            f"指纹 / fingerprint {fingerprints.of_root(held.root)}",
            f"信任 / trust {held.trust.version}  – {moment(held.trust.expires)}"
            if held.trust
            else "还没有信任文件 / no trust document yet",
        ]
        say("现行 / in force", lines)
    for kind, found in carried.proposals(held):
        _say_proposal(held, kind, found)
    if not carried.proposals(held):
        tell("没有等待签名的文件 / nothing waits for signatures")


def _say_proposal(held: Office, kind: str, found: Root | Trust) -> None:
    data = held.kept(kind, found.version) or b""
    counted = signatures.tallies(found, data, signatures.rules(held, found))
    lines = [line for tally in counted for line in progress.of_tally(held, tally)]
    if isinstance(found, Root):
        lines.insert(0, f"指纹 / fingerprint {fingerprints.of_root(found)}")
    say(f"等待 / waits: {kind}-{found.version}.partial", lines)


def cards_in(places: Sequence[Path]) -> tuple[tuple[Card, bytes], ...]:
    """The key cards in some directories."""
    return carried.read(places).cards


def load_or_new(office_dir: Path) -> Office:
    """An office, which may have keys only."""
    return load(office_dir)


def _apart(held: Office, found: Carried) -> tuple[tuple[tuple[str, bytes], ...], list[tuple[str, bytes]]]:
    """What can be taken, and what other officers have begun to sign."""
    open_ = [one for one in _newer(held, found.documents) if one[0].endswith(PARTIAL)]
    return tuple(one for one in found.documents if one not in open_), open_


def _newer(held: Office, documents: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Those that are later than what is complete here."""
    newest = {Root: len(held.roots), Trust: held.trust.version if held.trust else 0}
    claimed = ((one, desk.unverified(one[1])) for one in documents)
    return [one for one, said in claimed if said.version > newest[type(said)]]


def _take(
    office_dir: Path, found: Carried, heard: Sequence[str] | None, *, instead: bool = False
) -> list[Taken]:
    def first(root: Root) -> None:
        compare("root-1", fingerprints.of_root(root), heard)

    return carried.take(office_dir, found, first, instead=instead)


def _report(taken: Iterable[Taken]) -> None:
    for one in taken:
        zh, en = progress.BECAME[one.became]
        tell(f"{one.name}: {zh} {one.more}".rstrip() + f" / {en} {one.more}".rstrip())
