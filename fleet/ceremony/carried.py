"""What others carry to an office: files read within bounds, and documents taken over or joined."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fleet.ceremony import desk, signatures, signing
from fleet.ceremony.office import MAX_DOCUMENT_BYTES, PARTIAL, WHOLE, Office, document, load
from fleet.errors import FleetError
from fleet.keys import cards, chain, fingerprints
from fleet.keys.cards import Card
from wire import envelope
from wire.documents import Root, Trust
from wire.errors import WireError

MOST_FILES: Final = 256  # of one directory; a chain of roots, its trust documents, cards
_UNTOUCHED: Final = {"held", "older", "unsigned"}
_PATTERNS: Final = ("root-*", "trust-*")


class SplitError(FleetError):
    """Two different documents exist under one version; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What lay in the files, roots first, each by version; nothing of it is believed yet."""

    documents: tuple[tuple[str, bytes], ...]
    cards: tuple[tuple[Card, bytes], ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file: kept, joined, held, aside, waiting, unsigned; with the name it has here."""

    name: str
    became: str
    more: str = ""


def read(paths: Sequence[Path]) -> Carried:
    """Documents and cards of files and directories; FleetError for what cannot be read or is too much."""
    files = [file for path in paths for file in _spread(path)]
    if len(files) > MOST_FILES:
        raise FleetError(f"{len(files)} files are more than {MOST_FILES}; give a directory with less in it")
    found, known = [], []
    for file in files:
        if file.name.endswith(cards.SUFFIX):
            data = document(file)
            known.append((_card(file.name, data), data))
        else:
            found.append((file.name, _bounded(file)))
    return Carried(tuple(sorted(found, key=_order)), tuple(known))


def _card(name: str, data: bytes) -> Card:
    try:
        return cards.decode(data)
    except FleetError as error:
        raise FleetError(f"{name}: {error}") from error


def _spread(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    names = [file for pattern in _PATTERNS for file in sorted(path.glob(pattern))]
    return [file for file in names if file.suffix in {WHOLE, PARTIAL} or file.name.endswith(cards.SUFFIX)]


def _bounded(file: Path) -> bytes:
    data = document(file)
    if len(data) > MAX_DOCUMENT_BYTES:
        raise FleetError(f"{file.name} is longer than any document; it was not read further")
    return data


def _order(named: tuple[str, bytes]) -> tuple[bool, int]:
    try:
        found = desk.unverified(named[1])
    except FleetError as error:
        raise FleetError(f"{named[0]}: {error}") from error
    return isinstance(found, Trust), found.version


def take(directory: Path, carried: Carried, compare: Callable[[Root], None], *, instead: bool) -> list[Taken]:
    """Keep what is complete and join what is partial; each step is whole before the next.

    `compare` raises unless a person confirms the first root's fingerprint. `instead` gives this office's
    version of a split up.
    """
    become = []
    office = load(directory)
    for _, data in carried.documents:
        found = desk.unverified(data)
        if isinstance(found, Root):
            taken = _root(office, found, data, compare, instead=instead)
        else:
            taken = _trust(office, found, data, instead=instead)
        become.append(taken)
        if taken.became not in _UNTOUCHED:
            settled = signing.settle(load(directory))
            become += [Taken(done.name, "kept") for done in settled]
            office = load(directory)
    name_keys(office, carried.cards)
    return become


def _root(
    office: Office, root: Root, data: bytes, compare: Callable[[Root], None], *, instead: bool
) -> Taken:
    name = f"root-{root.version}"
    if root.version <= len(office.roots):
        if root == office.roots[root.version - 1]:
            return Taken(name + WHOLE, "held")
        if root.version == 1:
            raise FleetError("this root-1 is of another ceremony than this office; nothing was changed")
        if not instead:
            raise SplitError(_split(name, fingerprints.of_root(office.roots[root.version - 1]), data))
        chain.next_root(office.roots[root.version - 2], data)
        _give_up(office, root.version)
        office = load(office.directory)
    if root.version > len(office.roots) + 1:
        raise FleetError(
            f"{name} cannot be taken: version {len(office.roots) + 1} has to come first; bring it too"
        )
    try:
        chain.next_root(office.root, data) if office.roots else chain.first_root(data)
    except WireError:
        return _joined(office, root, data)
    if not office.roots and root != office.pending:
        compare(root)
    aside = _out_of_the_way(office, root)
    office.keep(root, data, complete=True)
    return Taken(name + WHOLE, "aside" if aside else "kept", aside)


def _trust(office: Office, trust: Trust, data: bytes, *, instead: bool) -> Taken:
    name = f"trust-{trust.version}"
    held = office.kept("trust", trust.version)
    if held is not None and signatures.same(trust, held) and trust == office.trust:
        return Taken(name + WHOLE, "held")
    if office.trust is not None and trust.version <= office.trust.version:
        if trust.version < office.trust.version:
            return Taken(name + WHOLE, "older")
        if not instead:
            raise SplitError(_split(name, "", data))
        chain.next_trust(office.root, None, data)
        office.set_aside(name + WHOLE)
        office = load(office.directory)
    try:
        chain.next_trust(office.root, office.trust, data)
    except WireError:
        return _joined(office, trust, data)
    aside = _out_of_the_way(office, trust)
    office.keep(trust, data, complete=True)
    return Taken(name + WHOLE, "aside" if aside else "kept", aside)


def _joined(office: Office, found: Root | Trust, data: bytes) -> Taken:
    """A partial form joins this office's; one that was never signed here is only told of."""
    name = f"{envelope.KINDS[type(found)].name}-{found.version}{PARTIAL}"
    kept = office.kept(envelope.KINDS[type(found)].name, found.version)
    if kept is None:
        return Taken(name, "unsigned")
    desk.free_for(office, found)
    data = signatures.merged(found, [kept, data], signatures.rules(office, found), ())
    done = signing.remember(office, found, data)
    short = any(tally.short for tally in done.tallies)
    return Taken(done.name, "kept" if done.complete else "joined" if short else "waiting")


def _out_of_the_way(office: Office, found: Root | Trust) -> str:
    """Set a proposal aside that lost against a complete document of the same version; its new name."""
    name = f"{envelope.KINDS[type(found)].name}-{found.version}{PARTIAL}"
    mine = office.directory / name
    if not mine.is_file() or signatures.same(found, mine.read_bytes()):
        return ""
    return _set_aside(office, name).name


def _set_aside(office: Office, name: str) -> Path:
    """Set a proposal aside; with a root, the trust document that was made beside it."""
    beside, pending = office.draft, office.pending
    if name.startswith("root") and beside and pending and beside.issued == pending.issued:
        office.set_aside(f"trust-{beside.version}{PARTIAL}")
    return office.set_aside(name)


def _give_up(office: Office, version: int) -> None:
    """Set this office's roots from `version` on aside, and what only they vouch for.

    In an order in which the office can be opened whenever the power goes.
    """
    for kind, found in proposals(office):
        office.set_aside(f"{kind}-{found.version}{PARTIAL}")
    for path in sorted(office.directory.glob(f"trust-*{WHOLE}"), reverse=True):
        if not any(_vouches(root, path) for root in office.roots[: version - 1]):
            office.set_aside(path.name)
    for root in reversed(office.roots[version - 1 :]):
        office.set_aside(f"root-{root.version}{WHOLE}")


def _vouches(root: Root, path: Path) -> bool:
    try:
        chain.next_trust(root, None, document(path))
    except WireError:
        return False
    return True


def _split(name: str, mine: str, data: bytes) -> str:
    found = desk.unverified(data)
    theirs = fingerprints.of_root(found) if isinstance(found, Root) else ""
    seen = f" (here {mine}, there {theirs})" if theirs else ""
    return (
        f"another {name} than the one held here exists{seen}; nothing was changed. Both are complete: "
        "gates and server follow the one that was accepted first. If that is the other one: "
        "jx-fleet ceremony take --instead"
    )


def name_keys(office: Office, found: Iterable[tuple[Card, bytes]]) -> None:
    """Keep the cards of keys that stand in a root: whoever signed the root has vouched for them."""
    roots = (*office.roots, *([office.pending] if office.pending else []))
    stand = {key for root in roots for key in root.keys}
    for card, data in found:
        if card.key in stand and card.key.kid not in (office.cards or {}):
            office.add_card(card, data)


def withdraw(office: Office, name: str) -> Path:
    """Give a proposal up that is not complete; what was carried away before may still be completed."""
    names = [f"{kind}-{found.version}{PARTIAL}" for kind, found in proposals(office)]
    if name not in names:
        listed = ", ".join(names) or "none"
        raise FleetError(f"{name} is no proposal that waits here ({listed}); nothing was changed")
    return _set_aside(office, name)


def proposals(office: Office) -> list[tuple[str, Root | Trust]]:
    """What waits here for more signatures, the root first."""
    waiting: list[tuple[str, Root | Trust | None]] = [("root", office.pending), ("trust", office.draft)]
    return [(kind, found) for kind, found in waiting if found is not None]
