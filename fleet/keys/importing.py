"""Published keys on their way into a trust document: whose they are, and how they join what is there."""

import functools
import hashlib
import operator
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fleet.errors import FleetError
from fleet.keys import countries, published_keys
from fleet.keys.published import DID, JWKS, Published
from fleet.keys.published_keys import Span, Usable
from fleet.keys.published_rows import Row
from wire import cbor, schema
from wire.documents import ForeignIssuer, ForeignKey, Trust
from wire.errors import WireError
from wire.foreign.keys import PassKey
from wire.foreign.passes import Format
from wire.topics import ISSUER_ID

_NAME: Final = schema.text(80)
_URI: Final = schema.text(128)
_SLUG: Final = 11  # characters of a host that fit into an id after "nzcp-"
Ident = tuple[bytes, PassKey]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a person says about the keys of a file; empty where the file or its form says it."""

    system: Format | None = None
    id: str = ""
    name_zh: str = ""
    name_en: str = ""
    iss: str = ""
    only: frozenset[str] = frozenset()
    """Countries by their codes; empty: all."""
    skip_expired: bool = False
    exactly: bool = False
    """What a file does not name any more leaves its issuer."""
    renew: bool = False
    """Give keys that stand there already the dates of this import, where their publisher has none."""
    removed: frozenset[tuple[str, str]] = frozenset()
    """Issuers with key ids in hex, or with "*", that were taken out here and are not to come back unasked."""


@dataclass(slots=True)
class Gathered:
    """What files hold for us: issuers with their keys, and every row that gives none, with the reason."""

    issuers: dict[str, ForeignIssuer] = field(default_factory=dict)
    keys: dict[str, dict[Ident, Usable]] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    odd: list[tuple[str, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an import does to one issuer."""

    issuer: ForeignIssuer
    added: int
    changed: int
    removed: int
    unchanged: int
    ended: int


def gather(files: Sequence[tuple[str, Published]], options: Options, trust: Trust, span: Span) -> Gathered:
    """Read every key of some files; `trust` says which issuers have a name already."""
    found = Gathered()
    for name, published in files:
        system = _system(name, published, options)
        for row in published.rows:
            found.counts["rows"] += 1
            where = f"{name}: {row.where}"
            try:
                _take(found, where, row, system, options, trust, span)
            except (WireError, FleetError) as error:
                reason = error.detail if isinstance(error, WireError) else str(error)
                found.left_out.append((where, reason))
    found.issuers = {name: issuer for name, issuer in found.issuers.items() if name in found.keys}
    return found


def _system(name: str, published: Published, options: Options) -> Format:
    """Of which system the keys are: as the form says, unless somebody knows that a JWK set has others."""
    system = options.system or published.form.format
    if system is not published.form.format and published.form is not JWKS:
        raise FleetError(
            f"{name} is {published.form.name}, which has keys of {published.form.format.name} passes; "
            "nothing was changed"
        )
    if system is Format.SHC and published.form is JWKS and not options.iss:
        raise FleetError(
            f"{name} is a JWK set and does not say whose it is: give the issuer's address as it stands in "
            "its cards, --iss https://…; nothing was changed"
        )
    if options.iss and published.form is DID and any(row.iss != options.iss for row in published.rows):
        raise FleetError(f"{name} is the DID document of somebody else than --iss says; nothing was changed")
    return system


def _take(
    found: Gathered, where: str, row: Row, system: Format, options: Options, trust: Trust, span: Span
) -> None:
    usable = published_keys.read(row, system, span)
    code = published_keys.country(row) if system is Format.HC1 else ""
    if (options.only and code not in options.only) or (options.iss and row.iss not in {"", options.iss}):
        found.counts["of others"] += 1
        return
    ended = usable.key.not_after <= span.now
    if ended and options.skip_expired:
        found.counts["expired"] += 1
        return
    issuer = _home(found, row, system, code, options, trust)
    ident = (usable.key.kid, usable.key.key)
    if _comes_back(issuer, ident, options, trust):
        raise FleetError("it was removed here before: --again takes it back")
    held = found.keys.setdefault(issuer, {})
    if ident in held:
        found.counts["twice"] += 1
        usable = _joined(held[ident], usable)
    elif any(ident in others for name, others in found.keys.items() if name != issuer):
        found.odd.append((where, "another issuer of this import has the same key"))
    held[ident] = usable
    found.counts["undated"] += not usable.dated
    found.odd += [(where, words) for words in usable.odd]
    if usable.key.not_before >= usable.key.not_after:
        found.odd.append((where, "it ends before it begins and never counts"))


def _comes_back(name: str, ident: Ident, options: Options, trust: Trust) -> bool:
    """Whether a key was removed, with its issuer or alone, and has not been taken back since."""
    issuer = next((issuer for issuer in trust.foreign if issuer.id == name), None)
    if issuer is None:
        return any(removed == name for removed, _ in options.removed)
    present = any((row.kid, row.key) == ident for row in issuer.keys)
    return not present and (name, ident[0].hex()) in options.removed


def _joined(one: Usable, other: Usable) -> Usable:
    """The same key twice: a certificate was renewed around it, or it stands in two files.

    Who says nothing of dates or of uses does not lengthen or widen what somebody else said.
    """
    both = (one, other)
    dated = [usable.key for usable in both if usable.dated] or [one.key, other.key]
    limited = [usable.key for usable in both if usable.limited] or [one.key, other.key]
    key = replace(
        one.key,
        not_before=min(key.not_before for key in dated),
        not_after=max(key.not_after for key in dated),
        kinds=functools.reduce(operator.or_, (key.kinds for key in limited)),
    )
    return Usable(
        key=key, dated=one.dated or other.dated, limited=one.limited or other.limited, odd=other.odd
    )


def _home(found: Gathered, row: Row, system: Format, code: str, options: Options, trust: Trust) -> str:
    """The id of the issuer that a row belongs to; a new one is made up with its names."""
    iss = "" if system is Format.HC1 else _address(row.iss or options.iss, system)
    name = options.id or _known(found, trust, system, iss) or _fresh(found, trust, system, iss, code)
    if name in found.issuers:
        if (found.issuers[name].format, found.issuers[name].iss) != (system, iss):
            raise FleetError(f"it is of another system or address than the other keys of {name}")
        return name
    if not ISSUER_ID.fullmatch(name) or any(issuer.id == name for issuer in trust.issuers):
        raise FleetError(f"{name} names an issuer of codes, or has not 1 to 16 characters from a-z 0-9 -")
    held = next((issuer for issuer in trust.foreign if issuer.id == name), None)
    if held is not None and (held.format, held.iss) != (system, iss):
        raise FleetError(f"{name} is of another system or address in the trust document")
    zh, en = _named(row, iss, code, options, name)
    found.issuers[name] = ForeignIssuer(
        id=name,
        name_zh=options.name_zh or (held.name_zh if held else zh),
        name_en=options.name_en or (held.name_en if held else en),
        format=system,
        iss=iss,
        keys=(),
    )
    return name


def _address(iss: str, system: Format) -> str:
    """What an issuer calls itself; WireError or FleetError for what no pass of the system has."""
    beginning = "https://" if system is Format.SHC else "did:web:"
    if not iss.startswith(beginning) or len(iss) == len(beginning) or iss.endswith("/") or not iss.isascii():
        raise FleetError(f"an issuer of {system.name} passes is named {beginning}… without a / at the end")
    return _URI.load(iss)


def _known(found: Gathered, trust: Trust, system: Format, iss: str) -> str:
    """The id under which an address is known already."""
    everybody = (*found.issuers.values(), *trust.foreign)
    return next((i.id for i in everybody if iss and (i.format, i.iss) == (system, iss)), "")


def _fresh(found: Gathered, trust: Trust, system: Format, iss: str, code: str) -> str:
    prefix = system.name.lower()
    if system is Format.HC1:
        return f"{prefix}-{code.lower()}" if code else prefix
    domain = ".".join(_host(iss).lower().split(".")[-2:])
    slug = "".join(sign if sign.isalnum() else "-" for sign in domain)[:_SLUG].strip("-")
    taken = {*found.issuers, *(i.id for i in trust.foreign), *(i.id for i in trust.issuers)}
    name = f"{prefix}-{slug}"
    return name if name not in taken else f"{prefix}-{hashlib.sha256(iss.encode()).hexdigest()[:8]}"


def _named(row: Row, iss: str, code: str, options: Options, name: str) -> tuple[str, str]:
    if not iss:
        return countries.names(code) if not options.id or code else (name, name)
    try:
        said = _NAME.load(row.name)
    except WireError:
        said = ""
    return (said or _host(iss)[:80],) * 2


def _host(iss: str) -> str:
    return re.split("[/:%]", iss.removeprefix("https://").removeprefix("did:web:"))[0]


def merged(trust: Trust, found: Gathered, options: Options, now: int) -> tuple[Trust, list[Change]]:
    """`trust` with what was gathered, and what that does to each issuer."""
    held = {issuer.id: issuer for issuer in trust.foreign}
    changes: list[Change] = []
    for name, issuer in sorted(found.issuers.items()):
        before = {(k.kid, k.key): k for k in (held[name].keys if name in held else ())}
        fresh = {
            ident: _kept(usable, before.get(ident), renew=options.renew)
            for ident, usable in found.keys[name].items()
        }
        after = fresh if options.exactly else before | fresh
        found.counts["over"] += sum(
            1
            for ident, usable in found.keys[name].items()
            if not usable.dated and fresh[ident].not_after <= now
        )
        made = replace(issuer, keys=tuple(sorted(after.values(), key=_order)))
        changes.append(_change(made, before, after, now))
        held[name] = made
    return replace(trust, foreign=tuple(held.values())), changes


def _kept(usable: Usable, before: ForeignKey | None, *, renew: bool) -> ForeignKey:
    """Who publishes neither dates nor uses of a key has not changed those that it has."""
    if before is None:
        return usable.key
    key = usable.key if usable.limited else replace(usable.key, kinds=before.kinds)
    if usable.dated or renew:
        return key
    return replace(key, not_before=before.not_before, not_after=before.not_after)


def _change(
    made: ForeignIssuer, before: Mapping[Ident, ForeignKey], after: Mapping[Ident, ForeignKey], now: int
) -> Change:
    both = before.keys() & after.keys()
    changed = sum(1 for ident in both if before[ident] != after[ident])
    return Change(
        issuer=made,
        added=len(after.keys() - both),
        changed=changed,
        removed=len(before.keys() - both),
        unchanged=len(both) - changed,
        ended=sum(1 for row in after.values() if row.not_after <= now),
    )


def _order(row: ForeignKey) -> tuple[bytes, bytes]:
    return row.kid, cbor.encode(row.key.cose())
