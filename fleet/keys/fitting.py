"""What a trust document and its signing request have room for, said before one goes to the desk."""

from collections.abc import Sequence
from typing import Final

from fleet.errors import FleetError
from wire import cose, envelope
from wire.documents import Root, Trust
from wire.errors import Flaw, WireError

MOST_LINES: Final = 2_000  # as paper.Request has it
MOST_CHARACTERS: Final = 2_000
MOST_WORDS: Final = 400_000
"""Bytes in all: beside the largest trust document as hex they fit into paper.MAX_FILE_BYTES."""
MOST_ISSUERS: Final = 128  # both as wire.documents has them
MOST_KEYS: Final = 2_000
SIGNATURES_BYTES: Final = cose.MAX_SIGNATURES * 96 + 256
"""64 bytes each and their headers, and the envelope around them."""
MOST_TRUST_BYTES: Final = envelope.KINDS[Trust].max_bytes - SIGNATURES_BYTES


def body(document: Root | Trust) -> bytes:
    """The bytes to be signed, if every gate would read them and they fit; FleetError says what to do."""
    if isinstance(document, Trust):
        _counted(document)
    try:
        data = envelope.write_body(document)  # which refuses what its own reader would refuse
    except WireError as error:
        if error.flaw is not Flaw.SIZE:
            raise FleetError(f"no gate would take this document: {error}; nothing was changed") from error
        raise FleetError(_too_large(document)) from error
    if isinstance(document, Trust) and len(data) > MOST_TRUST_BYTES:
        raise FleetError(_too_large(document))
    return data


def words(lines: Sequence[str]) -> list[str]:
    """The words of a request, if an officer's machine takes that many; FleetError otherwise."""
    whole = sum(len(line.encode()) for line in lines)
    if len(lines) > MOST_LINES or max(map(len, lines), default=0) > MOST_CHARACTERS or whole > MOST_WORDS:
        raise FleetError(
            f"the request would have {len(lines)} lines of words, {whole} bytes, more than its file holds: "
            "ask for the change in several steps, each signed before the next; nothing was changed"
        )
    return list(lines)


def _counted(trust: Trust) -> None:
    if len(trust.foreign) > MOST_ISSUERS:
        raise FleetError(
            f"there would be {len(trust.foreign)} issuers of passes, and gates take {MOST_ISSUERS}: "
            "take some countries (--only), or one issuer for all (--id); nothing was changed"
        )
    for issuer in trust.foreign:
        if len(issuer.keys) > MOST_KEYS:
            raise FleetError(
                f"{issuer.id} would have {len(issuer.keys)} keys, and gates take {MOST_KEYS}: leave out "
                "expired keys (--skip-expired) or what is published no more (--replace); nothing was changed"
            )


def _too_large(document: Root | Trust) -> str:
    if isinstance(document, Root):
        return "the root document would be too large; nothing was changed"
    keys = sum(len(issuer.keys) for issuer in document.foreign)
    return (
        f"the trust document would be larger than {MOST_TRUST_BYTES} bytes, of which gates hold no more "
        f"({keys} keys of {len(document.foreign)} issuers of passes); nothing was changed. Leave out expired "
        "keys (--skip-expired) or countries (--only), or remove issuers: trust remove-issuer"
    )
