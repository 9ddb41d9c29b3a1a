"""What people bring to a gate: the table of cases, and how the text of each one's code is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sandbox.abroad import Abroad
from sandbox.issuer.authority import Authority
from sandbox.wallet.purse import Purse
from wire import code
from wire.keys import PrivateKey, PublicKey
from wire.reasons import Colour, Reason


class Case(StrEnum):
    """Why this person is worth watching; the words also stand in scripts."""

    GREEN = "green"
    FEVER = "fever"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"
    NO_INFORMATION = "no-information"
    REVOKED = "revoked"
    SCREENSHOT = "screenshot"
    PRINTED = "printed"
    EXPIRED = "expired"
    FORGED = "forged"
    STRANGER = "stranger"
    PAYMENT = "payment"
    PAPER = "paper"
    TWO_CODES = "two-codes"
    TRAVELLER = "traveller"
    OLD_TEST = "old-test"


@dataclass(frozen=True, slots=True)
class Supplies:
    """Where codes come from."""

    authority: Authority
    purse: Purse
    forger: PrivateKey
    """Signs what the issuer never signed."""
    neighbour: PrivateKey
    """Another province's code key, which no trust document here knows."""
    abroad: Abroad
    """Another country's certificates, which gates here recognise."""


Make = Callable[[Supplies, int, int], str]
"""(supplies, resident's number, now) to the text of a code."""


@dataclass(frozen=True, slots=True)
class Row:
    """One case: how often (of 1000), who can play it, the code, what a gate should say, words for people."""

    share: int
    colour: Colour
    make: Make
    expected: Reason
    zh: str
    en: str


class _Impostor:
    """Signs with its own key under another key's name."""

    def __init__(self, shown: PublicKey, own: PrivateKey) -> None:
        self.public = shown
        self._own = own

    def sign(self, message: bytes) -> bytes:
        return self._own.sign(message)


SCREENSHOT_AGE_S: Final = 180
NEIGHBOUR: Final = "hl"
PAYMENT_TEXT: Final = "https://pay.example/q/8f3a2c77d1"
DAY_S: Final = 86_400


def fresh(supplies: Supplies, number: int, now: int) -> str:
    """The code as the phone shows it now."""
    return supplies.purse.proof(number, now)


def _screenshot(supplies: Supplies, number: int, now: int) -> str:
    return supplies.purse.proof(number, now - SCREENSHOT_AGE_S)


def _printed(supplies: Supplies, number: int, _now: int) -> str:
    return code.to_text(supplies.purse.phone(number).credential)


def _expired(supplies: Supplies, number: int, now: int) -> str:
    holder = supplies.purse.phone(number).holder.public
    old = supplies.authority.issue_phone(number, holder, now, life_s=-DAY_S)
    return supplies.purse.replace(number, old, now)


def _claims(supplies: Supplies, number: int) -> code.Claims:
    credential = supplies.purse.phone(number).credential
    return code.parse(code.to_text(credential)).claims


def _forged(supplies: Supplies, number: int, now: int) -> str:
    signer = _Impostor(supplies.authority.code_key, supplies.forger)
    return supplies.purse.replace(number, code.issue(_claims(supplies, number), signer), now)


def _stranger(supplies: Supplies, number: int, now: int) -> str:
    own = _claims(supplies, number)
    foreign = code.Claims(
        issuer=NEIGHBOUR,
        issued=own.issued,
        expires=own.expires,
        list_uri=f"{NEIGHBOUR}:0",
        index=own.index,
        subject=bytes(reversed(own.subject)),
        holder=own.holder,
    )
    return supplies.purse.replace(number, code.issue(foreign, supplies.neighbour), now)


def _payment(_supplies: Supplies, number: int, _now: int) -> str:
    return f"{PAYMENT_TEXT}{number:04d}"


def _paper(supplies: Supplies, number: int, now: int) -> str:
    return code.to_text(supplies.authority.issue_paper(number, now))


def _traveller(supplies: Supplies, number: int, now: int) -> str:
    return supplies.abroad.vaccinated(number, now)


def _old_test(supplies: Supplies, number: int, now: int) -> str:
    return supplies.abroad.tested(number, now)


CASES: Final[Mapping[Case, Row]] = {
    Case.GREEN: Row(670, Colour.GREEN, fresh, Reason.GREEN, "绿码", "green code"),
    Case.FEVER: Row(40, Colour.GREEN, fresh, Reason.FEVER, "发热", "fever"),
    Case.YELLOW: Row(30, Colour.YELLOW, fresh, Reason.YELLOW, "黄码", "yellow code"),
    Case.ORANGE: Row(20, Colour.ORANGE, fresh, Reason.ORANGE, "橙码", "orange code"),
    Case.RED: Row(20, Colour.RED, fresh, Reason.RED, "红码", "red code"),
    Case.NO_INFORMATION: Row(
        25, Colour.NO_INFORMATION, fresh, Reason.NO_INFORMATION, "无信息", "no information"
    ),
    Case.REVOKED: Row(15, Colour.REVOKED, fresh, Reason.REVOKED, "已撤销的码", "revoked code"),
    Case.SCREENSHOT: Row(30, Colour.GREEN, _screenshot, Reason.PROOF_OLD, "截图", "screenshot"),
    Case.PRINTED: Row(15, Colour.GREEN, _printed, Reason.PROOF_MISSING, "手机码打印件", "printed phone code"),
    Case.EXPIRED: Row(20, Colour.GREEN, _expired, Reason.EXPIRED, "过期的码", "expired code"),
    Case.FORGED: Row(15, Colour.GREEN, _forged, Reason.BAD_SIGNATURE, "伪造的码", "forged code"),
    Case.STRANGER: Row(
        20, Colour.GREEN, _stranger, Reason.UNKNOWN_ISSUER, "未被认可的外省码", "code of an unknown province"
    ),
    Case.PAYMENT: Row(15, Colour.GREEN, _payment, Reason.NOT_A_CODE, "付款码", "payment code"),
    Case.PAPER: Row(25, Colour.GREEN, _paper, Reason.PAPER, "纸质码", "paper code"),
    Case.TWO_CODES: Row(10, Colour.GREEN, fresh, Reason.SEVERAL_CODES, "同时出示两个码", "two codes at once"),
    Case.TRAVELLER: Row(
        20, Colour.GREEN, _traveller, Reason.FOREIGN_ADMITTED, "境外旅客，接种证明", "traveller, vaccinated"
    ),
    Case.OLD_TEST: Row(
        10, Colour.GREEN, _old_test, Reason.TEST_OLD, "境外旅客，检测已过期", "traveller, an old test"
    ),
}
