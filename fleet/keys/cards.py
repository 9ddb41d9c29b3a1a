"""Key cards: the public half of an officer's key, with its label, signed by the key itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from fleet.errors import FleetError
from fleet.keys import issuers, sticks
from wire import cbor
from wire.documents import Role
from wire.errors import WireError
from wire.keys import PublicKey, Signer

SUFFIX: Final = ".card.json"
MAX_FILE_BYTES: Final = 4_096
MAX_LABEL: Final = 40  # characters
_HEX: Final = r"^([0-9a-f]{2})+$"


class _Paper(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file: JSON; `proof` is the key's own signature over everything else in it."""

    format: Literal[1] = 1
    role: Literal["root", "trust"]
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_LABEL)]
    key: Annotated[str, msgspec.Meta(pattern=_HEX, max_length=512)]
    proof: Annotated[str, msgspec.Meta(pattern=_HEX, min_length=128, max_length=128)]


@dataclass(frozen=True, slots=True)
class Card:
    """A key that somebody holds, for which role, and what it is called (a place: "north safe")."""

    role: Role
    label: str
    key: PublicKey

    @property
    def file_name(self) -> str:
        """The name under which it is carried."""
        return f"{self.role.value}-{self.key.kid.hex()}{SUFFIX}"


def check_label(label: str) -> str:
    """The label, if it can be printed in one line; FleetError otherwise."""
    if not 1 <= len(label) <= MAX_LABEL or not label.isprintable() or label != label.strip():
        raise FleetError(f"a label has 1 to {MAX_LABEL} printable characters, such as: north safe")
    return label


def write(role: Role, label: str, signer: Signer) -> bytes:
    """The file of a card; its proof shows that the key is held by whoever made it."""
    key = cbor.encode(signer.public.cose()).hex()
    proof = signer.sign(_claim(role.value, check_label(label), key)).hex()
    paper = _Paper(role="root" if role is Role.ROOT else "trust", label=label, key=key, proof=proof)
    return msgspec.json.format(msgspec.json.encode(paper), indent=2) + b"\n"


def decode(data: bytes) -> Card:
    """A card whose proof holds; FleetError otherwise."""
    if len(data) > MAX_FILE_BYTES:
        raise FleetError(f"a key card has at most {MAX_FILE_BYTES} bytes; this is something else")
    try:
        paper = msgspec.json.decode(data, type=_Paper)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FleetError(f"this is no key card: {error}; nothing was changed") from error
    key = issuers.public_key(paper.key)
    try:
        key.verify(bytes.fromhex(paper.proof), _claim(paper.role, paper.label, paper.key))
    except WireError as error:
        raise FleetError("the key card is not signed by its own key; nothing was changed") from error
    return Card(Role(paper.role), check_label(paper.label), key)


def read(path: Path) -> Card:
    """A card from its file; FleetError if it cannot be read or is none."""
    return decode(sticks.read(path, MAX_FILE_BYTES))


def _claim(role: str, label: str, key: str) -> bytes:
    # Text that begins like this is never the CBOR array that a document's signature covers.
    return f"jx-key-card 1 {role} {key} {label}".encode()
