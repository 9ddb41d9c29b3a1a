"""Whether one text holds by the keys that are given with it, and the first reason why not."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from device.firmware.keyring import Given, Key, meanings
from wire import code, policy
from wire.errors import Flaw, WireError
from wire.foreign import reader, shc
from wire.foreign.passes import Format, Pass, Unverified
from wire.keys import PublicKey

JX1: Final = "JX1"
MAX_OF_ONE_ID: Final = 64
"""Keys that are tried for one text. Ids are cut short, so two keys may share one; a thousand is an attack."""


class Why(StrEnum):
    """What can be wrong with something that could be read, in the order in which it is looked at.

    Together with the words of `Flaw` these are all reasons; none of them ever changes.
    """

    KID = Flaw.KID.value
    CERTIFICATE = Flaw.CERTIFICATE.value
    ALG = Flaw.ALG.value
    SIGNATURE = Flaw.SIGNATURE.value
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    KEY_EXPIRED = "dsc_expired"
    KEY_NOT_YET_VALID = "dsc_not_yet_valid"
    KEY_USAGE = "key_usage"
    PROOF_MISSING = "proof_missing"
    PROOF_FUTURE = "proof_future"
    PROOF_OLD = "proof_old"


_ORDER: Final = tuple(Why)
_OF_KEYS: Final = {flaw.value: Why(flaw.value) for flaw in (Flaw.KID, Flaw.ALG, Flaw.SIGNATURE)}
_PREFIXES: Final = (
    (code.PREFIX, JX1),
    ("HC1:", Format.HC1.name),
    (shc.PREFIX.upper(), Format.SHC.name),
    ("NZCP:/", Format.NZCP.name),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """`reason` is None when everything holds; `claims` is what the text says of itself, true or not."""

    reason: str | None
    format: str | None = None
    claims: Mapping[str, Any] | None = None


def answer(held: Sequence[str], trusted: Sequence[Given], now_s: int) -> Answer:
    """Check a text, or the texts of all parts of a card, against keys and a clock.

    The parts of a card may also stand in one text, a line each.
    """
    first = held[0]
    beginning = first[:8].upper()
    named = next((name for prefix, name in _PREFIXES if beginning.startswith(prefix)), None)
    try:
        if code.is_code(first) and len(held) == 1:
            found = code.parse(first)
            return Answer(_of_code(found, trusted, now_s), JX1, _code_claims(found))
        parts = first.split(None, shc.MAX_CHUNKS) if len(held) == 1 and named == Format.SHC.name else held
        foreign = reader.parse(parts[0]) if len(parts) == 1 else shc.parse(parts)
    except WireError as error:
        return Answer(error.flaw.value, named)
    return Answer(_of_pass(foreign, trusted, now_s), named, foreign.claims)


def doubts(found: Unverified, key: Key, now_s: int) -> Iterator[Why]:
    """Everything that speaks against a pass by this key, in order; WireError when it did not sign it."""
    found.verify(key.key)
    yield from _undated(found.body, now_s)
    yield from _outdated(key, now_s)
    if found.body.kinds & ~key.kinds:
        yield Why.KEY_USAGE


def _of_pass(found: Unverified, trusted: Iterable[Given], now_s: int) -> Why | None:
    """Why a pass does not hold. The `iss` of an EU certificate is free text: only its key id names a key."""
    body = found.body
    kids = meanings(found.kid) if found.kid else frozenset[bytes]()
    rows = (row for row in trusted if body.format is Format.HC1 or row.issuer == body.issuer)
    return _first_wrong(rows, kids, lambda key: doubts(found, key, now_s))


def _of_code(found: code.Unverified, trusted: Iterable[Given], now_s: int) -> Why | None:
    claims = found.claims
    rows = (row for row in trusted if row.issuer in {None, claims.issuer})

    def wrong(key: Key) -> Iterator[Why]:
        if not isinstance(key.key, PublicKey):
            raise WireError(Flaw.ALG, "codes are not signed with such keys")
        code.verify(found, key.key)
        if claims.expires <= now_s:
            yield Why.EXPIRED
        yield from _outdated(key, now_s)
        if claims.paper is None:
            yield from _unproved(found.proof_issued, now_s)

    return _first_wrong(rows, frozenset({found.kid}), wrong)


def _first_wrong(
    rows: Iterable[Given], kids: frozenset[bytes], wrong: Callable[[Key], Iterator[Why]]
) -> Why | None:
    """None when all holds by one of the keys of that id; else what is wrong by that which leads furthest."""
    furthest = [Why.KID]
    for row in islice((row for row in rows if row.names(kids)), MAX_OF_ONE_ID):
        try:
            reason = next(wrong(row.opened()), None)
        except WireError as error:
            reason = _OF_KEYS.get(error.flaw.value, Why.CERTIFICATE)
        if reason is None:
            return None
        furthest.append(reason)
    return max(furthest, key=_ORDER.index)


def _outdated(key: Key, now_s: int) -> Iterator[Why]:
    if key.not_after is not None and now_s > key.not_after:
        yield Why.KEY_EXPIRED
    if key.not_before is not None and now_s < key.not_before:
        yield Why.KEY_NOT_YET_VALID


def _undated(body: Pass, now_s: int) -> Iterator[Why]:
    if body.over_at is not None and now_s >= body.over_at:
        yield Why.EXPIRED
    begins = body.issued if body.not_before is None else body.not_before
    if begins is not None and now_s < begins:
        yield Why.NOT_YET_VALID


def _unproved(issued: int | None, now_s: int) -> Iterator[Why]:
    """What is wrong with a phone's proof by the windows of a gate that nobody set otherwise."""
    if issued is None:
        yield Why.PROOF_MISSING
    elif issued > now_s + policy.DEFAULT.proof_future_s:
        yield Why.PROOF_FUTURE
    elif issued < now_s - policy.DEFAULT.proof_past_s:
        yield Why.PROOF_OLD


def _code_claims(found: code.Unverified) -> dict[str, Any]:
    """What a code says, but for the subject and the name on paper: nobody outside a gate needs them."""
    claims = found.claims
    return {
        "iss": claims.issuer,
        "iat": claims.issued,
        "exp": claims.expires,
        "status": {"status_list": {"idx": claims.index, "uri": claims.list_uri}},
        "kind": "phone" if claims.paper is None else "paper",
        "proof": found.proof_issued,
    }
