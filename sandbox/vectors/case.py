"""One case: a text, the keys and the moment by which it is judged, what has to come of it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sandbox import foreign
from sandbox.vectors import layers
from wire.foreign import jwk
from wire.foreign.keys import PassKey
from wire.keys import PrivateKey

CLOCK: Final = 1_795_000_000
"""2026-11-18T11:06:40Z."""
DAY_S: Final = 86_400

Trust = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What one file says. `reason` None: it is valid."""

    name: str
    about: str
    format: str
    qr: str | tuple[str, ...]
    trust: tuple[Trust, ...]
    reason: str | None = None
    clock: int = CLOCK

    def document(self) -> dict[str, Any]:
        """As the file has it."""
        texts = [self.qr] if isinstance(self.qr, str) else list(self.qr)
        return {
            "about": self.about,
            "format": self.format,
            "qr": self.qr if isinstance(self.qr, str) else texts,
            "clock": self.clock,
            "trust": list(self.trust),
            "valid": self.reason is None,
            "reason": self.reason,
            "layers": layers.taken_apart(texts),
        }


def certified(*signers: foreign.Signer) -> tuple[Trust, ...]:
    """Trust in document signers."""
    return tuple({"kid": _text(each.kid), "cert": _text(each.certificate)} for each in signers)


def named(issuer: str, key: PassKey, kid: bytes) -> tuple[Trust, ...]:
    """Trust in one key of somebody who is known by name."""
    return ({"iss": issuer, "kid": _text(kid), "jwk": jwk.write(key)},)


def own(issuer: str, *signers: PrivateKey) -> tuple[Trust, ...]:
    """Trust in keys of an issuer of JX1 codes."""
    return tuple(row for each in signers for row in named(issuer, each.public, each.public.kid))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def flipped(text: str, at: int) -> str:
    """A text with another character of Base45 and of digits in one place."""
    return text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1 :]


def many(cases: Sequence[Case]) -> tuple[Case, ...]:
    """These cases; ValueError when two have one name."""
    names = [(case.format, case.name) for case in cases]
    if len(set(names)) != len(names):
        raise ValueError("two cases have one name")
    return tuple(cases)
