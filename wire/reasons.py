"""Every reason a gate can give, and the verdict it stands for; `reason_words` has their words."""

from enum import IntEnum


class Verdict(IntEnum):
    """What a gate decides about the person in front of it, or about itself."""

    ADMIT = 1
    DENY = 2
    REFER = 3
    WAIT = 4
    HINT = 5
    OUT_OF_SERVICE = 6
    EVACUATE = 7


class Colour(IntEnum):
    """Status values of a person: draft-ietf-oauth-status-list, application-specific from 0x3 on."""

    GREEN = 0x0
    REVOKED = 0x1
    YELLOW = 0xC
    ORANGE = 0xD
    RED = 0xE
    NO_INFORMATION = 0xF


class Reason(IntEnum):
    """Why. The hundreds digit is the verdict; numbers are never used again for another meaning."""

    GREEN = 101
    PAPER_ADMITTED = 102
    NO_INFORMATION_ADMITTED = 103
    LIST_NOT_HELD_ADMITTED = 104
    STAFF = 105
    PAPER_CHECKED = 106
    MEASURED_AGAIN = 107
    REGISTERED = 108
    FOREIGN_ADMITTED = 109
    FOREIGN_CHECKED = 110
    UNKNOWN_ISSUER = 201
    BAD_SIGNATURE = 202
    EXPIRED = 203
    PROOF_OLD = 204
    PROOF_FUTURE = 205
    PROOF_REPLAYED = 206
    INDEX_OUTSIDE = 207
    REVOKED = 208
    MALFORMED = 209
    ORANGE = 210
    RED = 211
    FEVER = 212
    PASSED_BEFORE = 213
    LIST_NOT_HELD_DENIED = 214
    PAPER_DENIED = 215
    COLOUR_UNKNOWN = 216
    PROOF_MISSING = 217
    DOCUMENT_DIFFERS = 218
    NOT_YET_VALID = 219
    FOREIGN_DENIED = 220
    FOREIGN_POSITIVE = 221
    YELLOW = 301
    NO_INFORMATION = 302
    LIST_NOT_HELD = 303
    PAPER = 304
    NO_TEMPERATURE = 305
    TEMPERATURE_UNSURE = 306
    CLOCK_DOUBT = 307
    TRUST_OLD = 308
    LIST_OLD = 309
    AMBIENT_OUTSIDE = 310
    STAFF_NOT_LISTED = 311
    JOURNAL_FAILED = 312
    STAFF_HOURS = 313
    FOREIGN = 314
    DOSES_MISSING = 315
    DOSES_OUTSIDE = 316
    TEST_OLD = 317
    RECOVERY_OUTSIDE = 318
    NOTHING_COUNTS = 319
    FULL = 401
    VISITORS_LATER = 402
    NOT_A_CODE = 501
    SEVERAL_CODES = 502
    MORE_PARTS = 503
    NO_ASSIGNMENT = 601
    NO_PERMISSION = 602
    OUTSIDE_HOURS = 603
    CLOSED_BY_AUTHORITY = 604
    FAULT = 605
    ENROLLING = 606
    FIRE = 701


def verdict_of(reason: Reason) -> Verdict:
    """The one verdict a reason stands for."""
    return Verdict(reason // 100)
