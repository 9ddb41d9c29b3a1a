"""The office directory: an officer's keys, and every document that was ever signed with them."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import msgspec

from fleet.ceremony.token import Place
from fleet.errors import FleetError
from fleet.keys import cards, chain, fingerprints, sticks
from fleet.keys.cards import Card
from fleet.keys.issuers import public_key
from fleet.keys.sealed import OFFLINE, read_private, replace_private, write_private
from wire import cbor, envelope
from wire.documents import Role, Root, Trust
from wire.errors import WireError
from wire.keys import PublicKey

MAX_DOCUMENT_BYTES: Final = max(envelope.KINDS[kind].max_bytes for kind in (Root, Trust))
D = TypeVar("D", Root, Trust)

SEALED, TOKEN, PARTIAL, WHOLE = ".key", ".token", ".partial", ".cbor"
_KEY_NAME: Final = re.compile(r"(root|trust)-([0-9a-f]{16})")


class _TokenFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a key lies in a token; which library speaks to it is never said by a file."""

    format: Literal[1] = 1
    key: Annotated[str, msgspec.Meta(max_length=512)]
    token: Annotated[str, msgspec.Meta(max_length=32)]
    id: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2})+$", max_length=128)]


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key of this office: its role and id, the file that seals it or says in which token it lies."""

    role: Role
    kid: bytes
    path: Path

    @property
    def in_token(self) -> bool:
        """Whether it lies in a token."""
        return self.path.suffix == TOKEN


@dataclass(frozen=True, slots=True)
class Office:
    """What is known without a passphrase.

    `pending` is the next root while signatures are missing, `draft` the next trust document; `cards` are
    those of this office's own keys and of others' that were compared aloud or stand in a root.
    """

    directory: Path
    roots: tuple[Root, ...]
    trust: Trust | None
    pending: Root | None = None
    draft: Trust | None = None
    cards: Mapping[bytes, Card] | None = None

    @property
    def root(self) -> Root:
        """The root in force; FleetError while none is known here."""
        if not self.roots:
            raise FleetError(
                f"{self.directory} knows no root yet: bring one from another office or the server, then: "
                "jx-fleet ceremony take"
            )
        return self.roots[-1]

    def own_keys(self) -> list[HeldKey]:
        """Every key of this office, sealed or in a token; by name."""
        found = []
        for path in sorted(self.directory.iterdir()):
            name = _KEY_NAME.fullmatch(path.stem)
            if name and path.suffix in {SEALED, TOKEN}:
                found.append(HeldKey(Role(name[1]), bytes.fromhex(name[2]), path))
        return found

    def label(self, key: PublicKey) -> str:
        """What a key is called by people: its label, if a card is known, and its fingerprint."""
        card = (self.cards or {}).get(key.kid)
        short = "-".join(fingerprints.of_key(key).split("-")[:2])
        return f"{card.label} {short}…" if card else f"{short}…"

    def add_sealed(self, role: Role, kid: bytes, pem: bytes) -> None:
        """Keep a sealed key."""
        write_private(self._key_path(role, kid, SEALED), pem)

    def add_token(self, role: Role, place: Place, key: PublicKey) -> None:
        """Keep in which token a key lies."""
        written = _TokenFile(key=cbor.encode(key.cose()).hex(), token=place.token, id=place.id.hex())
        write_private(self._key_path(role, key.kid, TOKEN), msgspec.json.encode(written) + b"\n")

    def add_card(self, card: Card, data: bytes) -> None:
        """Keep a card, so that its key has a name here."""
        replace_private(self.directory / card.file_name, data)

    def kept(self, kind: str, version: int) -> bytes | None:
        """The signed document of that version, complete or not, if this office has signed it."""
        for end in (WHOLE, PARTIAL):
            path = self.directory / f"{kind}-{version}{end}"
            if path.is_file():
                return path.read_bytes()
        return None

    def keep(self, document: Root | Trust, data: bytes, *, complete: bool) -> None:
        """Remember a signed document; a complete one takes the place of its partial form."""
        name = f"{envelope.KINDS[type(document)].name}-{document.version}"
        whole, partial = self.directory / (name + WHOLE), self.directory / (name + PARTIAL)
        if not complete:
            replace_private(partial, data)
            return
        if not whole.is_file():
            write_private(whole, data)
        partial.unlink(missing_ok=True)

    def set_aside(self, name: str) -> Path:
        """Take a document out of use but not away: its file gets a name that nothing reads."""
        path = self.directory / name
        aside = path.with_name(f"{name}.aside-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}")
        return path.replace(aside)

    def _key_path(self, role: Role, kid: bytes, end: str) -> Path:
        if role not in OFFLINE:
            raise FleetError(f"a {role.value} key does not belong in the office")
        return self.directory / f"{role.value}-{kid.hex()}{end}"


def read_token(path: Path) -> tuple[Place, PublicKey]:
    """Where a key lies in which token; FleetError if the file says nothing of the kind."""
    try:
        said = msgspec.json.decode(read_private(path), type=_TokenFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FleetError(f"{path.name} is damaged; restore it from a backup of the office") from error
    return Place(said.token, bytes.fromhex(said.id)), public_key(said.key)


def load(directory: Path) -> Office:
    """Open an office; the chain of its roots is verified from version 1 on."""
    if not directory.is_dir():
        raise FleetError(
            f"{directory} is missing; make an office with: jx-fleet ceremony create, or: ceremony key"
        )
    try:
        roots = _chain(directory)
        trust = _newest_trust(directory, roots)
        pending = _draft(directory, Root, len(roots) + 1)
        draft = _newest_draft(directory, trust)
    except WireError as error:
        raise FleetError(f"a document in {directory} is damaged: {error}; restore the directory") from error
    return Office(directory, roots, trust, pending, draft, _cards(directory))


def document(path: Path) -> bytes:
    """The bytes of a document, never more than one byte too many; FleetError if there are none."""
    return sticks.read(path, MAX_DOCUMENT_BYTES)


def _chain(directory: Path) -> tuple[Root, ...]:
    if not (directory / f"root-1{WHOLE}").is_file():
        if next(directory.glob(f"root-*{WHOLE}"), None):
            raise FleetError(f"{directory / 'root-1.cbor'} is missing; restore the directory")
        return ()
    root = chain.first_root(document(directory / f"root-1{WHOLE}"))
    roots = [root]
    while (path := directory / f"root-{root.version + 1}{WHOLE}").is_file():
        root = chain.next_root(root, document(path))
        roots.append(root)
    return tuple(roots)


def _draft(directory: Path, kind: type[D], version: int) -> D | None:
    path = directory / f"{envelope.KINDS[kind].name}-{version}{PARTIAL}"
    if not path.is_file():
        return None
    return envelope.read_body(kind, envelope.parse(kind, document(path)).payload)


def _newest_draft(directory: Path, trust: Trust | None) -> Trust | None:
    newest = max(_versions(directory, f"trust-*{PARTIAL}"), default=0)
    if newest <= (trust.version if trust else 0):
        return None
    return _draft(directory, Trust, newest)


def _versions(directory: Path, pattern: str) -> list[int]:
    names = [path.stem.removeprefix("trust-") for path in directory.glob(pattern)]
    return [int(name) for name in names if name.isdecimal()]


def _newest_trust(directory: Path, roots: Iterable[Root]) -> Trust | None:
    """The newest complete trust document; it may have been signed under an earlier root than the newest."""
    newest = max(_versions(directory, f"trust-*{WHOLE}"), default=None)
    if newest is None:
        return None
    data = document(directory / f"trust-{newest}{WHOLE}")
    last: WireError | None = None
    for root in reversed(tuple(roots)):
        try:
            return chain.next_trust(root, None, data)
        except WireError as error:
            last = error
    raise FleetError(f"trust-{newest}.cbor in {directory} is damaged: {last}; restore the directory")


def _cards(directory: Path) -> dict[bytes, Card]:
    found = [cards.read(path) for path in sorted(directory.glob(f"*{cards.SUFFIX}"))]
    return {card.key.kid: card for card in found}
