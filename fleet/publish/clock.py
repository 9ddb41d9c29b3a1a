"""Signed time: what o'clock it is and which versions exist, so that a withheld document shows."""

from collections.abc import Mapping
from typing import Final

from fleet.publish.shelf import Slot
from wire import envelope, topics
from wire.documents import EVERYBODY, Time
from wire.keys import Signer
from wire.topics import All

LIFE_S: Final = 120


def signed(
    shelf: Mapping[str, Slot],
    lists: Mapping[str, int],
    now_ms: int,
    timekeeper: Signer,
    answers: tuple[str, bytes] | None = None,
) -> bytes:
    """A time document for everybody, or one that `answers` a gate's hello: its id and nonce."""
    audience, nonce = answers or (EVERYBODY, None)
    root, trust = (shelf.get(topics.to_all(leaf)) for leaf in (All.ROOT, All.TRUST))
    now = now_ms // 1000
    said = Time(
        version=now_ms,
        issued=now,
        expires=now + LIFE_S,
        audience=audience,
        now_ms=now_ms,
        nonce=nonce,
        root=root.version if root else 0,
        trust=trust.version if trust else 0,
        lists=lists,
    )
    return envelope.sign(said, [timekeeper])
