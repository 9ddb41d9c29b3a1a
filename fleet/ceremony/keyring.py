"""Opening an office's keys: sealed files with passphrases, tokens with a PIN, for one act at a time."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fleet.ceremony import passphrase, token
from fleet.ceremony.office import HeldKey, Office, read_token
from fleet.errors import FleetError
from fleet.keys.sealed import read_private
from wire.errors import WireError
from wire.keys import PrivateKey, Signer

if TYPE_CHECKING:
    import pkcs11

TRIES: Final = 3


@dataclass(slots=True)
class Voice:
    """What an officer says to open keys: from private files, or asked for."""

    passphrases: list[str] = field(default_factory=list)
    pin: str | None = None
    module: Path | None = None
    ask: Callable[[str], str] | None = None
    """Given what for, the passphrase or PIN somebody types; empty to leave that key out."""
    ask_new: Callable[[], str] | None = None
    """A passphrase for keys to come, typed twice."""
    typed: list[str] = field(default_factory=list)
    """What was typed for one key is tried for the next; nothing is sealed with it unless it opened one."""
    good: list[str] = field(default_factory=list)
    """Passphrases that have opened something."""
    left_out: list[str] = field(default_factory=list)
    """Why keys that might have signed did not."""

    @classmethod
    def of(cls, said: str) -> "Voice":
        """One passphrase and nobody to ask."""
        return cls([said])

    def for_new(self) -> str:
        """What to seal a new key with: what opened another one, or was given, or is asked for."""
        for said in (*self.good, *self.passphrases):
            return passphrase.check(said)
        if self.ask_new is None:
            raise FleetError("a new key needs a passphrase and none was given; nothing was made")
        self.passphrases.append(passphrase.check(self.ask_new()))
        return self.passphrases[-1]


@dataclass(frozen=True, slots=True)
class Ring:
    """Keys that opened, by kid, and those that were left out, with the reason."""

    signers: Mapping[bytes, Signer]
    left_out: Mapping[bytes, str]


@contextmanager
def opened(office: Office, wanted: Collection[bytes], voice: Voice, *, strict: bool = True) -> Iterator[Ring]:
    """The keys of an office among `wanted`, usable inside.

    `strict`: FleetError if there are some and none opens.
    """
    signers: dict[bytes, Signer] = {}
    left_out: dict[bytes, str] = {}
    with ExitStack() as stack:
        tokens = _Tokens(voice, stack)
        for held in office.own_keys():
            if held.kid in wanted:
                try:
                    signers[held.kid] = _open(held, voice, tokens)
                except FleetError as error:
                    left_out[held.kid] = str(error)
                    voice.left_out.append(str(error))
        if strict and left_out and not signers:
            raise FleetError(next(iter(left_out.values())))
        yield Ring(signers, left_out)


class _Tokens:
    """Sessions with tokens: one each, and a PIN is offered to each only once."""

    def __init__(self, voice: Voice, stack: ExitStack) -> None:
        self._voice = voice
        self._stack = stack
        self._sessions: dict[str, pkcs11.Session | FleetError] = {}

    def session(self, label: str) -> "pkcs11.Session":
        """The session with a token; FleetError, the same one again, if it did not open."""
        if label not in self._sessions:
            self._sessions[label] = self._begin(label)
        found = self._sessions[label]
        if isinstance(found, FleetError):
            raise found
        return found

    def _begin(self, label: str) -> "pkcs11.Session | FleetError":
        try:
            pin = pin_for(self._voice, label)
            return self._stack.enter_context(token.session(self._voice.module, label, pin))
        except FleetError as error:
            return error


def pin_for(voice: Voice, label: str) -> str:
    """The PIN of a token; FleetError if nobody says one."""
    pin = voice.pin or (voice.ask(f"PIN · token {label}") if voice.ask else "")
    if not pin:
        raise FleetError(f"token {label!r} was left out: no PIN was given")
    return pin


def _open(held: HeldKey, voice: Voice, tokens: _Tokens) -> Signer:
    if not held.in_token:
        return unseal(held, voice)
    place, public = read_token(held.path)
    if public.kid != held.kid:
        raise FleetError(f"{held.path.name} names another key than its name says; restore it from a backup")
    return token.find(tokens.session(place.token), place, public)


def unseal(held: HeldKey, voice: Voice) -> PrivateKey:
    """A sealed key with a passphrase that was given, or is asked for; FleetError if none opens it."""
    pem = read_private(held.path)
    for said in _tries(held, voice):
        key = _try(pem, said)
        if key is None:
            continue
        if key.public.kid != held.kid:
            raise FleetError(
                f"{held.path.name} holds another key than its name says; restore it from a backup"
            )
        if said not in voice.good:
            voice.good.append(said)
        return key
    raise FleetError(
        f"{held.path.name} does not open: wrong passphrase or damaged file; nothing was signed with it"
    )


def _tries(held: HeldKey, voice: Voice) -> Iterator[str]:
    """What may open a key: first what opened others, then what was given, then what is typed."""
    yield from dict.fromkeys((*voice.good, *voice.passphrases, *voice.typed))
    for _ in range(TRIES if voice.ask else 0):
        said = voice.ask(held.path.stem) if voice.ask else ""
        if not said:
            return
        voice.typed.append(said)
        yield said


def _try(pem: bytes, said: str) -> PrivateKey | None:
    try:
        return PrivateKey.from_pem(pem, said.encode())
    except WireError:
        return None
