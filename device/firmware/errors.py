"""The one error root of the firmware, and the closed list of why a document is not believed."""

from enum import StrEnum

from wire.reasons import Reason


class GateError(Exception):
    """Something a gate could not do; the text names what was wrong, what was kept and what to do."""


class CardError(GateError):
    """The card cannot be used just now (full, read-only, gone): whoever starts waits until it can."""


class JournalError(GateError):
    """An event could not be kept, or what is kept is damaged; nothing may be opened on its account."""


class Refusal(StrEnum):
    """Why a signed document was not believed; stable words that stand in events and on pages."""

    UNKNOWN_KEY = "unknown_key"
    EXPIRED_KEY = "expired_key"
    WRONG_ROLE = "wrong_role"
    WRONG_ISSUER = "wrong_issuer"
    THRESHOLD = "threshold"
    SIGNATURE = "signature"
    ROLLBACK = "rollback"
    SKIPPED_VERSION = "skipped_version"
    EXPIRED = "expired"
    AUDIENCE = "audience"
    NONCE = "nonce"
    BASE = "base"
    MALFORMED = "malformed"
    OVERSIZED = "oversized"


class Refused(GateError):  # noqa: N818 - it is what happened to a document, not a mistake of the gate
    """A document that is not believed; whatever was believed before still stands."""

    def __init__(self, reason: Refusal, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}; what was believed before still stands")
        self.reason = reason
        self.detail = detail


class Unrecognised(GateError):  # noqa: N818 - it is what happened to a code, not a mistake of the gate
    """A code that this gate does not recognise; `reason` is the verdict's."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason.name}: {detail}")
        self.reason = reason
