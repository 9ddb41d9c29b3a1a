"""One act at the desk: words, fingerprints, a question, signatures, files to carry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.ceremony import carried, progress, signatures, signing, terminal
from fleet.ceremony.desk import Review
from fleet.ceremony.keyring import Voice
from fleet.ceremony.office import PARTIAL, WHOLE, Office, document, load
from fleet.ceremony.signing import Signed
from fleet.errors import FleetError
from fleet.keys.cards import Card
from fleet.keys.sealed import replace_private
from wire import envelope
from wire.documents import Root, Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an act is done: what opens keys, where files go, what was heard, whether anybody is asked."""

    voice: Voice
    out: Path
    heard: Sequence[str] = ()
    yes: bool = False


def perform(
    office: Office,
    proposal: Review,
    title: str,
    manner: Manner,
    joined: Sequence[bytes] = (),
    cards: Iterable[tuple[Card, bytes]] = (),
) -> None:
    """Show a proposal, have new keys compared, ask, sign, write; FleetError leaves everything as it was."""
    known = list(cards)
    forms = [*joined, *(data for found in proposal.documents for data in _lying(found, manner.out))]
    terminal.say(title, (*proposal.words, *progress.of_keys(office, proposal.documents, known)))
    if not manner.yes:
        terminal.meet(office, proposal, [card for card, _ in known], manner.heard)
        if not terminal.confirm("签署吗？ Sign this?"):
            raise FleetError("nothing was signed")
    signed = signing.sign(office, proposal, manner.voice, forms)
    for why in manner.voice.left_out:
        terminal.tell(f"未用 / left out: {why}")
    manner.voice.left_out.clear()
    after = load(office.directory)
    signed += signing.settle(after)
    carried.name_keys(after, known)
    write(load(office.directory), signed, manner.out)


def _lying(found: Root | Trust, out: Path) -> list[bytes]:
    """What lies where the answer will be written: the same document joins, another stays as it is."""
    name = f"{envelope.KINDS[type(found)].name}-{found.version}"
    forms = [document(path) for end in (PARTIAL, WHOLE) if (path := out / (name + end)).is_file()]
    if not all(signatures.same(found, form) for form in forms):
        raise FleetError(
            f"{out} holds another {name}, or a damaged one; nothing was signed. Choose another directory"
        )
    return forms


def _carry(office: Office, path: Path, one: Signed) -> None:
    try:
        replace_private(path, one.data)
        if one.complete:
            path.with_suffix(PARTIAL).unlink(missing_ok=True)
    except OSError as error:
        raise FleetError(
            f"{path} cannot be written: {error.strerror}. {one.name} is signed and kept in the office: take "
            f"a stick with room, then: jx-fleet ceremony give --office {office.directory} --out STICK"
        ) from error


def write(office: Office, signed: Iterable[Signed], out: Path) -> None:
    """Write what is to be carried away, and say how far it is and where it goes."""
    for one in signed:
        path = out / one.name
        _carry(office, path, one)
        terminal.say(one.name, progress.of_signed(office, one))
        terminal.tell(f"wrote {path}")
        for line in progress.following(one, str(out)):
            terminal.tell(line)
