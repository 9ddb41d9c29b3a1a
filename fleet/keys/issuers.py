"""Issuers as operators describe them: a JSON file in, a proposed trust document out."""

import codecs
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from fleet.errors import ConflictError, FleetError, NotFoundError
from fleet.keys import sticks
from wire import cbor
from wire.documents import EVERYBODY, ForeignIssuer, Issuer, IssuerKey, KeyUse, ListRef, Trust
from wire.errors import WireError
from wire.keys import PublicKey
from wire.policy import LOOSEST
from wire.topics import ISSUER_ID

DAY_S: Final = 86_400
TRUST_LIFE_S: Final = 365 * DAY_S
MAX_FILE_BYTES: Final = 262_144
_KEY_BYTES: Final = 256

Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2})+$", max_length=2 * _KEY_BYTES)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=2**40)]


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One key: the COSE_Key as hex, what it signs, from when until when (unix seconds)."""

    key: Hex
    use: Literal["codes", "lists"]
    not_before: Seconds
    not_after: Seconds


class List(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One status list; gates whose id begins with one of `carried_by` hold it."""

    uri: str
    shard: int
    carried_by: tuple[str, ...] = ("",)


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An issuer as its authority describes it."""

    id: str
    name_zh: str
    name_en: str
    keys: Annotated[list[Key], msgspec.Meta(min_length=1)]
    lists: list[List] = []


def public_key(text: str) -> PublicKey:
    """A key from its COSE_Key as hex; FleetError if it is none."""
    try:
        return PublicKey.from_cose(cbor.decode(bytes.fromhex(text), max_bytes=_KEY_BYTES))
    except (ValueError, WireError) as error:
        raise FleetError(f"a key is no COSE_Key in hex: {error}; nothing was changed") from error


def issuer_key(key: PublicKey, use: str, not_before: int, not_after: int) -> IssuerKey:
    """One row of an issuer's keys; `use` is codes or lists."""
    if not not_before < not_after:
        raise FleetError("a key's validity ends before it begins; nothing was changed")
    return IssuerKey(key=key, use=KeyUse[use.upper()], not_before=not_before, not_after=not_after)


def parse(data: bytes) -> Issuer:
    """An issuer from its JSON description; FleetError names what is wrong."""
    try:
        described = msgspec.json.decode(data.removeprefix(codecs.BOM_UTF8), type=Description)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FleetError(f"this is no description of an issuer: {error}; nothing was changed") from error
    if not ISSUER_ID.fullmatch(described.id):
        raise FleetError("an issuer's id has 1 to 16 characters from a-z 0-9 - ; nothing was changed")
    return Issuer(
        id=described.id,
        name_zh=described.name_zh,
        name_en=described.name_en,
        keys=tuple(issuer_key(public_key(k.key), k.use, k.not_before, k.not_after) for k in described.keys),
        lists=tuple(ListRef(uri=r.uri, shard=r.shard, carried_by=r.carried_by) for r in described.lists),
    )


def read(path: Path) -> Issuer:
    """An issuer from its file."""
    data = sticks.read(path, MAX_FILE_BYTES)
    if len(data) > MAX_FILE_BYTES:
        raise FleetError(f"{path} is longer than {MAX_FILE_BYTES} bytes; nothing was changed")
    return parse(data)


def described(issuer: Issuer) -> dict[str, Any]:
    """An issuer as plain values of the shape `parse` reads."""
    return {
        "id": issuer.id,
        "name_zh": issuer.name_zh,
        "name_en": issuer.name_en,
        "keys": [
            {
                "key": cbor.encode(row.key.cose()).hex(),
                "use": row.use.name.lower(),
                "not_before": row.not_before,
                "not_after": row.not_after,
            }
            for row in issuer.keys
        ],
        "lists": [
            {"uri": ref.uri, "shard": ref.shard, "carried_by": list(ref.carried_by)} for ref in issuer.lists
        ],
    }


def renewed(base: Trust | None, version: int, now: int) -> Trust:
    """The contents of `base` as `version`, issued now; an empty document when there is none yet."""
    issued, expires = now, now + TRUST_LIFE_S
    if base is None:
        return Trust(
            version=version, issued=issued, expires=expires, audience=EVERYBODY, issuers=(), bounds=LOOSEST
        )
    return replace(base, version=version, issued=issued, expires=expires)


def with_issuer(trust: Trust, issuer: Issuer) -> Trust:
    """`trust` with an issuer added, or in the place of the one of the same id."""
    if any(foreign.id == issuer.id for foreign in trust.foreign):
        raise ConflictError(f"{issuer.id} is an issuer of passes in the trust document; nothing was changed")
    others = tuple(other for other in trust.issuers if other.id != issuer.id)
    try:
        return replace(trust, issuers=(*others, issuer))
    except ValueError as error:
        raise FleetError(f"{error}; nothing was changed") from error


def without_issuer(trust: Trust, name: str) -> Trust:
    """`trust` without an issuer of codes or of passes; NotFoundError if it is not in it."""
    gone = find_any(trust, name)
    return replace(
        trust,
        issuers=tuple(issuer for issuer in trust.issuers if issuer is not gone),
        foreign=tuple(issuer for issuer in trust.foreign if issuer is not gone),
    )


def find(trust: Trust | None, name: str) -> Issuer:
    """The issuer of this id; NotFoundError if there is none."""
    for issuer in trust.issuers if trust else ():
        if issuer.id == name:
            return issuer
    raise NotFoundError(f"issuer {name} is not in the trust document; see: jx-fleet trust show")


def find_any(trust: Trust | None, name: str) -> Issuer | ForeignIssuer:
    """The issuer of codes or of passes of this id; NotFoundError if there is none."""
    everybody: list[Issuer | ForeignIssuer] = [*trust.issuers, *trust.foreign] if trust else []
    for issuer in everybody:
        if issuer.id == name:
            return issuer
    raise NotFoundError(f"issuer {name} is not in the trust document; see: jx-fleet trust show")
