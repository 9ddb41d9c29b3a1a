"""The signing desk: what a request would really sign, every reason to refuse it, the signatures.

A request is refused when
- it builds upon another root than this office's newest;
- its version is not the next one (root) or not later than the one in force (trust);
- this office has signed that version already with other contents;
- the words it carries are not the words for what it would sign;
- it is for somebody in particular, or ends before it begins or has ended already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fleet.ceremony.again import lost, trust_again
from fleet.ceremony.office import ROOT_LIFE_S, Office
from fleet.errors import FleetError
from fleet.keys import paper
from fleet.keys.words import root_words, trust_words
from wire import cose, envelope
from wire.documents import EVERYBODY, Role, RoleKeys, Root, Trust
from wire.errors import WireError
from wire.keys import PrivateKey, PublicKey

AGAIN: Final = "此前已签署过相同内容，再次给出同一文件 / signed here before: the same answer again"


class RefusedRequestError(FleetError):
    """The desk will not sign this request; nothing was signed."""


@dataclass(frozen=True, slots=True)
class Review:
    """What would be signed, in order; `made` are keys that are made for it and kept when it is signed."""

    documents: tuple[Root | Trust, ...]
    words: tuple[str, ...]
    made: tuple[tuple[Role, PrivateKey], ...] = ()


@dataclass(frozen=True, slots=True)
class Signed:
    """One signed document under its file name; `complete` when its threshold is met."""

    name: str
    data: bytes
    complete: bool
    words: str


def review(office: Office, request: paper.Request, now: int) -> Review:
    """What the request would sign, with words from the documents themselves; RefusedRequestError."""
    if answered := lost(office, request):
        return Review(answered, (AGAIN,))
    if request.root != office.root.version or request.root_digest != paper.digest(office.root):
        raise RefusedRequestError(
            f"request {request.number} is for another root than this office's version {office.root.version}; "
            "nothing was signed"
        )
    if request.act == "new-trust-key":
        return new_trust_key(office, now)
    if request.act == "drop-trust-key":
        return drop_trust_key(office, bytes.fromhex(request.key), now)
    document = paper.body_of(request)
    if _check(office, document, now):
        return Review((document,), (AGAIN,))
    words = paper.words_for(request.act, document, office.root, office.trust)
    if words != request.words:
        raise RefusedRequestError(
            f"request {request.number} does something else than its words say; nothing was signed. "
            "It would do: " + "; ".join(words)
        )
    return Review((document,), tuple(words))


def review_document(office: Office, data: bytes, now: int) -> Review:
    """What another officer's partly signed document says; RefusedRequestError as for a request."""
    document = _unverified(data)
    if _check(office, document, now):
        return Review((document,), (AGAIN,))
    if isinstance(document, Root):
        return Review((document,), root_words(office.root, document))
    return Review((document,), trust_words(office.trust, document))


def _unverified(data: bytes) -> Root | Trust:
    try:
        return envelope.read_body(Root, envelope.parse(Root, data).payload)
    except WireError:
        pass
    try:
        return envelope.read_body(Trust, envelope.parse(Trust, data).payload)
    except WireError as error:
        raise RefusedRequestError("this is neither a root nor a trust document") from error


def new_trust_key(office: Office, now: int) -> Review:
    """The next root with one more trust key, and the trust document signed again with it."""
    key = PrivateKey.generate()
    kids = (*office.root.roles[Role.TRUST].kids, key.public.kid)
    root = _next_root(office.root, (*office.root.keys, key.public), kids, now)
    return _with_trust_again(office, root, ((Role.TRUST, key),))


def drop_trust_key(office: Office, kid: bytes, now: int) -> Review:
    """The next root without one trust key, and the trust document signed again without it."""
    trust = office.root.roles[Role.TRUST]
    left = tuple(k for k in trust.kids if k != kid)
    if len(left) == len(trust.kids) or len(left) < trust.threshold:
        raise RefusedRequestError("that is no trust key of this root, or too few would be left")
    root = _next_root(office.root, tuple(k for k in office.root.keys if k.kid != kid), left, now)
    return _with_trust_again(office, root, ())


def _next_root(root: Root, keys: tuple[PublicKey, ...], trust: tuple[bytes, ...], now: int) -> Root:
    row = RoleKeys(threshold=root.roles[Role.TRUST].threshold, kids=trust)
    return replace(
        root,
        version=root.version + 1,
        issued=now,
        expires=max(root.expires, now + ROOT_LIFE_S),
        keys=keys,
        roles=dict(root.roles) | {Role.TRUST: row},
    )


def _with_trust_again(office: Office, root: Root, made: tuple[tuple[Role, PrivateKey], ...]) -> Review:
    words = root_words(office.root, root)
    if office.trust is None:
        return Review((root,), words, made)
    trust = trust_again(office.trust, root)
    return Review((root, trust), (*words, *trust_words(office.trust, trust)), made)


def _check(office: Office, document: Root | Trust, now: int) -> bool:
    """Refuse a document that must not be signed; True when this office has signed just this before."""
    held: Root | Trust | None = office.root if isinstance(document, Root) else office.trust
    name = envelope.KINDS[type(document)].name
    version = held.version if held else 0
    if document.version != version + 1:
        signed = office.kept(name, document.version)
        # The same contents again are no rollback: an answer was lost on its way to the server.
        if signed is None or not _same(document, signed):
            raise RefusedRequestError(
                f"{name} version {document.version} does not follow version {version}; nothing was signed"
            )
        return True
    if document.audience != EVERYBODY:
        raise RefusedRequestError(f"a {name} document is for everybody; nothing was signed")
    if not max(document.issued, now) < document.expires:
        raise RefusedRequestError(f"the {name} document has ended already; nothing was signed")
    return False


def _same(document: Root | Trust, signed: bytes) -> bool:
    return envelope.parse(type(document), signed).payload == envelope.write_body(document)


def sign(office: Office, proposal: Review, passphrase: str, joined: Sequence[bytes] = ()) -> list[Signed]:
    """Sign every document of a review with every key of this office that may, and remember it.

    `joined` are forms that another officer has signed already. New keys are kept before anything is signed.
    """
    keys = office.keys(passphrase)
    for role, key in proposal.made:
        office.add_key(role, key, passphrase)
        keys[key.public.kid] = key
    root, answers = office.root, []
    for document in proposal.documents:
        answers.append(_sign_one(office, root, document, keys, joined))
        if isinstance(document, Root):
            root = document
    return answers


def _sign_one(
    office: Office,
    root: Root,
    document: Root | Trust,
    keys: Mapping[bytes, PrivateKey],
    joined: Sequence[bytes],
) -> Signed:
    kind = envelope.KINDS[type(document)]
    kept = office.kept(kind.name, document.version)
    if kept is not None and not _same(document, kept):
        raise RefusedRequestError(
            f"{kind.name} version {document.version} was signed here with other contents; nothing was signed"
        )
    rules = [root, document] if isinstance(document, Root) else [root]
    allowed = {kid for rule in rules for kid in rule.keys_of(kind.role)}
    signers = [key for kid, key in keys.items() if kid in allowed]
    if not signers:
        raise RefusedRequestError(f"this office holds no {kind.name} key of the root in force")
    data = _merged(document, [*joined, *([kept] if kept else [])], signers)
    missing = [words for rule in rules if (words := _missing(rule, kind.role, type(document), data))]
    office.keep(document, data, complete=not missing)
    said = "; ".join(missing) or "complete"
    name = f"{kind.name}-{document.version}.cbor"
    return Signed(name, data, not missing, said)


def _merged(document: Root | Trust, earlier: Sequence[bytes], signers: Sequence[PrivateKey]) -> bytes:
    """One COSE_Sign: an earlier form of the same document, if there is one, with `signers` added."""
    most = envelope.KINDS[type(document)].max_bytes
    data = next((form for form in earlier if _is(document, form)), None)
    if data is None:
        return envelope.sign(document, signers)
    for signer in signers:
        data = cose.add_signature(data, signer, max_bytes=most)
    return data


def _is(document: Root | Trust, data: bytes) -> bool:
    try:
        return _same(document, data)
    except WireError:
        return False


def _missing(rule: Root, role: Role, kind: type[Root | Trust], data: bytes) -> str:
    row = rule.roles[role]
    try:
        envelope.verify(kind, data, rule.keys_of(role), row.threshold)
    except WireError as error:
        return f"not complete for root version {rule.version}: {error.detail}"
    return ""
