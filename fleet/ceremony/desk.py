"""The signing desk: what a request would really sign, and every reason to refuse it.

A request is refused when
- it builds upon another root than this office's newest;
- its version is not the next one (root) or not later than the one in force (trust);
- this office has signed that version already with other contents;
- the words it carries are not the words for what it would sign;
- it is for somebody in particular, or ends before it begins or has ended already;
- it comes from the future, by this machine's clock, or this clock is behind what was signed already.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fleet.ceremony import signatures
from fleet.ceremony.again import by_keys_of, lost, trust_again
from fleet.ceremony.office import Office
from fleet.errors import FleetError
from fleet.keys import dates, fingerprints, offline, paper
from fleet.keys.cards import Card
from fleet.keys.offline import Change
from fleet.keys.phrases import loud, moment
from fleet.keys.words import root_words, trust_words
from wire import envelope
from wire.documents import EVERYBODY, Role, Root, Trust
from wire.errors import WireError
from wire.keys import PrivateKey

AGAIN: Final = "此前已签署过相同内容，再次给出同一文件 / signed here before: the same answer again"
NEW_LABEL: Final = "made at this desk"


class RefusedRequestError(FleetError):
    """The desk will not sign this request; nothing was signed."""


@dataclass(frozen=True, slots=True)
class Made:
    """A key that is made for a review, and kept when it is signed."""

    role: Role
    key: PrivateKey
    label: str


@dataclass(frozen=True, slots=True)
class Review:
    """What would be signed, in order."""

    documents: tuple[Root | Trust, ...]
    words: tuple[str, ...]
    made: tuple[Made, ...] = ()


def review(office: Office, request: paper.Request, now: int) -> Review:
    """What the request would sign, with words from the documents themselves; RefusedRequestError."""
    if answered := lost(office, request):
        return Review(answered, (AGAIN, *_anew(office, answered)))
    _same_root(office, request)
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
    if isinstance(document, Root):
        return with_trust(office, document)
    return Review((document,), (*words, *_ended(office, now)))


def _anew(office: Office, answered: Sequence[Root | Trust]) -> Iterator[str]:
    """What an answer brings that was not complete here before."""
    for document in answered:
        if isinstance(document, Trust) and office.trust and document.version > office.trust.version:
            yield from trust_words(office.trust, document)


def _ended(office: Office, now: int) -> Iterator[str]:
    if office.root.expires <= now:
        until = moment(office.root.expires)
        yield loud(
            f"现行根文件已于 {until} 过期，须先签下一版根文件",
            f"the root in force ended {until}: no gate believes this before the next root is signed",
        )


def _same_root(office: Office, request: paper.Request) -> None:
    held = office.root
    if request.root == held.version and request.root_digest == paper.digest(held):
        return
    ours = {root.version: paper.digest(root) for root in office.roots}
    start = f"request {request.number} is for another root than this office's version {held.version}"
    if request.root in ours and ours[request.root] != request.root_digest:
        advice = (
            f"its root version {request.root} is another one than that of {office.directory}: it comes from "
            "another fleet, or from the other side of a split. Do not go on before you know which"
        )
    elif request.root > held.version:
        advice = (
            f"it builds upon version {request.root}: on the server, jx-fleet keys export DIR, then here "
            "jx-fleet ceremony take DIR"
        )
    else:
        advice = (
            f"it builds upon version {request.root}: bring the newer roots to the server (requests accept), "
            "whose requests are written anew for them (requests export)"
        )
    raise RefusedRequestError(f"{start}; nothing was signed. {advice}")


def review_document(office: Office, data: bytes, now: int) -> Review:
    """What another officer's partly signed document says; RefusedRequestError as for a request."""
    document = unverified(data)
    if not office.roots:
        return _review_first(document, now)
    if _check(office, document, now):
        return Review((document,), (AGAIN,))
    if isinstance(document, Root):
        return Review((document,), root_words(office.root, document))
    return Review((document,), (*trust_words(office.trust, document), *_ended(office, now)))


def _review_first(document: Root | Trust, now: int) -> Review:
    if not isinstance(document, Root) or document.version != 1 or document.audience != EVERYBODY:
        raise RefusedRequestError("this office knows no root yet, so the first it signs is root version 1")
    _dated(document, now)
    return Review((document,), root_words(None, document))


def unverified(data: bytes) -> Root | Trust:
    """The document in a file, whoever signed it; RefusedRequestError if there is none."""
    kinds: tuple[type[Root], type[Trust]] = (Root, Trust)
    for kind in kinds:
        try:
            found: Root | Trust = envelope.read_body(kind, envelope.parse(kind, data).payload)
        except WireError:
            continue
        return found
    raise RefusedRequestError("this is neither a root nor a trust document; nothing was changed")


def new_trust_key(office: Office, now: int) -> Review:
    """The next root with one more trust key, and the trust document signed again with it."""
    made = Made(Role.TRUST, PrivateKey.generate(), NEW_LABEL)
    added = Card(made.role, made.label, made.key.public)
    root = offline.next_root(office.root, Change(add=(added,)), clock(office, now))
    return with_trust(office, root, (made,), always=True)


def drop_trust_key(office: Office, kid: bytes, now: int) -> Review:
    """The next root without one trust key, and the trust document signed again without it."""
    trust = office.root.keys_of(Role.TRUST)
    if kid not in trust or len(trust) <= office.root.roles[Role.TRUST].threshold:
        raise RefusedRequestError("that is no trust key of this root, or too few would be left")
    root = offline.next_root(office.root, Change(remove=(trust[kid],)), clock(office, now))
    return with_trust(office, root, always=True)


def with_trust(office: Office, root: Root, made: Sequence[Made] = (), *, always: bool = False) -> Review:
    """A review of the next root; with the trust document again if its signers would not do any more."""
    free_for(office, root)
    words = root_words(office.root, root)
    if office.trust is None or (not always and by_keys_of(office, office.root, root)):
        return Review((root,), words, tuple(made))
    trust = trust_again(office.trust, root)
    return Review((root, trust), (*words, *trust_words(office.trust, trust)), tuple(made))


def free_for(office: Office, document: Root | Trust) -> None:
    """RefusedRequestError if this office has signed other contents under the document's version."""
    name = envelope.KINDS[type(document)].name
    kept = office.kept(name, document.version)
    if kept is None or signatures.same(document, kept):
        return
    mine = unverified(kept)
    seen = f" (fingerprint {fingerprints.of_root(mine)})" if isinstance(mine, Root) else ""
    raise RefusedRequestError(
        f"{name} version {document.version} was signed here with other contents{seen}; nothing was signed. "
        "Agree with the other officers which one it is to be; to give this office's up: "
        f"jx-fleet ceremony withdraw {name}-{document.version}.partial"
    )


def _check(office: Office, document: Root | Trust, now: int) -> bool:
    """Refuse a document that must not be signed; True when this office has signed just this before."""
    held: Root | Trust | None = office.root if isinstance(document, Root) else office.trust
    name = envelope.KINDS[type(document)].name
    version = held.version if held else 0
    if document.version != version + 1:
        signed = office.kept(name, document.version)
        # The same contents again are no rollback: an answer was lost on its way to the server.
        if signed is None or not signatures.same(document, signed):
            later = document.version > version
            raise RefusedRequestError(
                f"{name} version {document.version} does not follow version {version}; nothing was signed"
                + (". What is missing here: jx-fleet keys export on the server, then ceremony take" * later)
            )
        return True
    free_for(office, document)
    if document.audience != EVERYBODY:
        raise RefusedRequestError(f"a {name} document is for everybody; nothing was signed")
    if not max(document.issued, now) < document.expires:
        raise RefusedRequestError(f"the {name} document has ended already; nothing was signed")
    _dated(document, now)
    return False


def clock(office: Office, now: int) -> int:
    """`now`, for documents that are made here; FleetError when it is behind those that this office holds."""
    return dates.clock(now, office.root, office.trust)


def _dated(document: Root | Trust, now: int) -> None:
    if wrong := dates.ahead(document, now):
        raise RefusedRequestError(f"{wrong}. Nothing was signed")
