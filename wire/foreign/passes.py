"""What a pass of another system says, whichever system it is of: one result for all readers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any, Final

from wire.errors import Flaw, WireError
from wire.foreign import keys
from wire.foreign.keys import PassAlg, PassKey

MAX_TEXT: Final = 4_296
"""What a QR code of version 40-L holds in alphanumeric mode; a chunked card is that much a chunk."""


class Format(IntEnum):
    """Systems of passes."""

    HC1 = 1
    """EU Digital COVID Certificate."""
    SHC = 2
    """SMART Health Card."""
    NZCP = 3
    """New Zealand COVID Pass."""


class Kind(IntFlag):
    """What a statement is about; together, what a key may sign (the extended key usages of a DSC)."""

    TEST = 1
    VACCINATION = 2
    RECOVERY = 4
    PASS = 8
    """A pass that says nothing but that it is one."""


EVERY_KIND: Final = Kind.TEST | Kind.VACCINATION | Kind.RECOVERY | Kind.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One thing that a pass states. Times are unix seconds; what its kind does not have is None."""

    kind: Kind
    at: int | None = None
    """The newest dose, the sample, the first positive test."""
    doses: int | None = None
    doses_needed: int | None = None
    positive: bool | None = None
    """Of a test."""
    begins: int | None = None
    ends: int | None = None
    """A recovery's own validity, as its issuer stated it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What a pass says. Nobody's name is in here; `number` is what its issuer tells it from others by."""

    format: Format
    issuer: str
    """As the pass itself has it: a country, a URL, a DID."""
    issued: int | None
    not_before: int | None
    expires: int | None
    number: bytes
    statements: tuple[Statement, ...]

    @property
    def over_at(self) -> int | None:
        """The first second in which it is not valid any more; None: it never ends.

        EU certificates and cards are valid in the second of `exp` (HCERT 1.0, 3.3.5, and SMART Health Cards
        reject what is past it), NZ passes end with it (RFC 8392, 3.1.4).
        """
        return self.expires if self.expires is None or self.format is Format.NZCP else self.expires + 1

    @property
    def kinds(self) -> Kind:
        """Everything that it states something about."""
        kinds = Kind(0)
        for statement in self.statements:
            kinds |= statement.kind
        return kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """A parsed pass whose signature nobody has checked: good for choosing a key, for nothing else."""

    body: Pass
    alg: PassAlg
    kid: bytes
    """As in the header; a key id that is text there in UTF-8; empty when there is none."""
    covers: tuple[bytes, ...]
    """What may have been signed; more than one where real signers read the standard differently."""
    signature: bytes
    claims: Mapping[str, Any]
    """Everything that it says, as JSON has it, for `explain`: names too, so this is never kept."""

    def verify(self, key: PassKey) -> Pass:
        """The body, if the signature is `key`'s; else WireError(ALG) or WireError(SIGNATURE)."""
        if keys.alg_of(key) is not self.alg:
            raise WireError(Flaw.ALG, "the header names another algorithm than the key's")
        for covered in self.covers:
            try:
                keys.verify(key, self.signature, covered)
            except WireError:
                continue
            return self.body
        raise WireError(Flaw.SIGNATURE, "the signature does not verify")
