from dataclasses import replace

import pytest

from device.firmware.readiness import Documents, Parts, ready, shown, troubles
from wire.health import TROUBLES, Severity, Trouble
from wire.policy import DEFAULT
from wire.reasons import Reason

NOW = 1_795_000_000
ENDS = NOW + 90 * 86_400


@pytest.fixture
def documents(authority):
    return Documents(
        root=authority.root(), trust=authority.trust(), assignment=authority.assignment(), lists=(NOW - 60,)
    )


PARTS = Parts(certificate_ends=ENDS)


def look(documents, parts=PARTS, now_s=NOW, doubt_ms=5):
    return troubles(documents, parts, DEFAULT, now_s, doubt_ms)


def test_a_gate_that_has_everything_has_no_trouble(documents):
    assert look(documents) == frozenset()
    assert ready(frozenset())
    assert shown(frozenset()) is None


BROKEN = {
    Trouble.CAMERA: {"camera": False},
    Trouble.CAMERA_DARK: {"camera_dark": True},
    Trouble.CAMERA_SLOW: {"camera_slow": True},
    Trouble.CALIBRATION: {"calibration_foreign": True},
    Trouble.CALIBRATION_DUE: {"calibration_due": True},
    Trouble.EMISSIVITY: {"emissivity_differs": True},
    Trouble.STANDS_OPEN: {"stands_open": True},
    Trouble.DOES_NOT_OPEN: {"does_not_open": True},
    Trouble.CONTACT_CHATTERS: {"chatters": True},
    Trouble.VENUE_STALE: {"venue_stale": True},
    Trouble.THERMOMETER: {"thermometer": False},
    Trouble.BARRIER: {"barrier": False},
    Trouble.DISPLAY: {"display": False},
    Trouble.SIGNALS: {"signals": False},
    Trouble.JOURNAL: {"journal": False},
    Trouble.JOURNAL_FULL: {"journal_nearly_full": True},
    Trouble.DISK: {"disk_free_bytes": 1_000_000},
    Trouble.BACKLOG: {"backlog": 1_000},
    Trouble.OFFLINE: {"online": False},
    Trouble.NOT_ENROLLED: {"certificate_ends": None},
    Trouble.CERTIFICATE_ENDING: {"certificate_ends": NOW + 29 * 86_400},
    Trouble.ORDERED_OUT: {"ordered_out": True},
    Trouble.FIRE: {"fire": True},
    Trouble.TAMPER: {"tamper": True},
}


@pytest.mark.parametrize("trouble", BROKEN, ids=lambda t: t.name.lower())
def test_a_part_that_is_wrong_is_named(documents, trouble):
    assert look(documents, replace(PARTS, **BROKEN[trouble])) == {trouble}


@pytest.mark.parametrize("wrong", [{"unkept": True}, {"disk_free_bytes": 0}])
def test_a_card_that_takes_nothing_is_named(documents, wrong):
    assert look(documents, replace(PARTS, **wrong)) == {Trouble.DISK}


def test_enough_room_on_the_card_is_no_trouble(documents):
    assert look(documents, replace(PARTS, disk_free_bytes=10**9)) == frozenset()


def test_documents_that_are_missing_old_or_withheld_are_named(documents):
    assert look(replace(documents, root=None)) == {Trouble.NO_ROOT}
    assert look(replace(documents, trust=None)) == {Trouble.NO_TRUST}
    assert look(replace(documents, assignment=None)) == {Trouble.NO_ASSIGNMENT}
    assert look(replace(documents, withheld=True)) == {Trouble.DOCUMENT_WITHHELD}
    assert look(replace(documents, lists=(None, NOW - 86_401, NOW))) == {Trouble.NO_LIST, Trouble.LIST_OLD}
    trust = replace(documents.trust, issued=NOW - 31 * 86_400)
    assert look(replace(documents, trust=trust)) == {Trouble.TRUST_OLD}
    assert look(replace(documents, trust=replace(trust, expires=NOW))) == {Trouble.TRUST_EXPIRED}
    root = replace(documents.root, expires=NOW)
    assert look(replace(documents, root=root)) == {Trouble.TRUST_EXPIRED}


def test_an_assignment_that_does_not_let_people_in_now_is_named(documents):
    def with_(**changes):
        return look(replace(documents, assignment=replace(documents.assignment, **changes)))

    assert with_(expires=NOW) == {Trouble.ASSIGNMENT_EXPIRED}
    assert with_(permission=None) == {Trouble.NO_PERMISSION}
    assert with_(closed=True) == {Trouble.CLOSED}
    assert with_(closed_days=((NOW + 480 * 60) // 86_400,)) == {Trouble.CLOSED}


@pytest.mark.parametrize("doubt_ms", [None, 10_001])
def test_a_doubtful_clock_is_named(documents, doubt_ms):
    assert look(documents, doubt_ms=doubt_ms) == {Trouble.CLOCK_DOUBT}


@pytest.mark.parametrize("trouble", Trouble, ids=lambda t: t.name.lower())
def test_what_blocks_has_something_to_show_and_nothing_else_does(trouble):
    blocks = TROUBLES[trouble].severity is Severity.BLOCKS
    assert ready(frozenset({trouble})) is not blocks
    assert (shown(frozenset({trouble})) is not None) is blocks


def test_the_gravest_reason_is_shown():
    assert shown(frozenset({Trouble.CLOSED, Trouble.CAMERA})) is Reason.FAULT
