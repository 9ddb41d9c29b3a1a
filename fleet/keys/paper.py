"""The file a signing request travels in: JSON that a key officer can read, with the bytes to be signed."""

import hashlib
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from fleet.errors import FleetError
from fleet.keys import sticks
from fleet.keys.words import root_words, trust_words
from wire import envelope
from wire.documents import Root, Trust
from wire.errors import WireError

FORMAT: Final = 1
MAX_FILE_BYTES: Final = 1_000_000  # a trust document of 256 kB as hex, and its words
SUFFIX: Final = ".request.json"

Act = Literal["sign-root", "sign-trust", "new-trust-key", "drop-trust-key"]
Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2})*$")]
Text = Annotated[str, msgspec.Meta(max_length=2000)]

# What the acts without a body ask for: the desk makes the documents and says what is in them.
ASKED: Final = {
    "new-trust-key": (
        "请在离线端新建一把信任密钥，写入下一版根文件，并用它重新签署信任文件 / "
        "make a new trust key at the desk, put it into the next root, sign the trust document again with it"
    ),
    "drop-trust-key": (
        "请从下一版根文件中撤去一把信任密钥，并重新签署信任文件：{key} / "
        "take this trust key out of the next root and sign the trust document again without it"
    ),
}


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One signing request; `root` and `root_digest` name the root document it builds upon."""

    format: Literal[1] = FORMAT
    number: Annotated[int, msgspec.Meta(ge=1)]
    act: Act
    words: Annotated[list[Text], msgspec.Meta(max_length=2000)]
    root: Annotated[int, msgspec.Meta(ge=1)]
    root_digest: Hex
    body: Hex = ""
    key: Hex = ""

    @property
    def file_name(self) -> str:
        """The name under which it lies in a directory of requests."""
        return f"{self.number:04d}-{self.act}{SUFFIX}"


def digest(document: Root) -> str:
    """What names a root: SHA-256 over its body, as hex; signatures do not count."""
    return hashlib.sha256(envelope.write_body(document)).hexdigest()


def encode(request: Request) -> bytes:
    """The file of a request: indented JSON."""
    return msgspec.json.format(msgspec.json.encode(request), indent=2) + b"\n"


def decode(data: bytes) -> Request:
    """Read the file of a request; FleetError if it is none."""
    if len(data) > MAX_FILE_BYTES:
        raise FleetError(f"a signing request has at most {MAX_FILE_BYTES} bytes; this is something else")
    try:
        return msgspec.json.decode(data, type=Request)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FleetError(f"this is no signing request: {error}; nothing was signed") from error


def read(path: Path) -> Request:
    """Read a request from its file; FleetError if it cannot be read or is none."""
    return decode(sticks.read(path, MAX_FILE_BYTES))


def body_of(request: Request) -> Root | Trust:
    """The document that a request wants signed, unverified; FleetError if there is none in it."""
    kind: type[Root | Trust] = Root if request.act == "sign-root" else Trust
    try:
        return envelope.read_body(kind, bytes.fromhex(request.body))
    except WireError as error:
        raise FleetError(f"the body of request {request.number} cannot be read: {error}") from error


def words_for(
    act: Act, document: Root | Trust | None, root: Root, trust: Trust | None, key: str = ""
) -> list[str]:
    """The words a request must carry, from what would be signed and what is in force now."""
    if isinstance(document, Root):
        return list(root_words(root, document))
    if isinstance(document, Trust):
        return list(trust_words(trust, document))
    return [ASKED[act].format(key=key)]
