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


ENDING = {
    Trouble.ROOT_ENDING: ("root", 60, Trouble.TRUST_EXPIRED),
    Trouble.TRUST_ENDING: ("trust", 14, Trouble.TRUST_EXPIRED),
    Trouble.ASSIGNMENT_ENDING: ("assignment", 7, Trouble.ASSIGNMENT_EXPIRED),
}


@pytest.mark.parametrize("trouble", ENDING)
def test_what_will_end_is_told_days_ahead_and_not_any_more_when_it_has_ended(documents, trouble):
    name, days, ended = ENDING[trouble]
    policy = replace(DEFAULT, trust_age_s=400 * 86_400)
    end = NOW + days * 86_400
    body = replace(getattr(documents, name), issued=NOW - 300 * 86_400, expires=end)
    documents = replace(documents, **{name: body})

    def found(now_s):
        now = troubles(replace(documents, lists=()), PARTS, policy, now_s, 5)
        return {one for one in now if one in {*ENDING, *(row[2] for row in ENDING.values())}}

    assert found(NOW - 1) == set()
    assert found(NOW) == {trouble}
    assert trouble not in found(end)
    assert ended in found(end)
    assert TROUBLES[trouble].severity is Severity.NOTE


def test_trust_that_grows_too_old_is_told_ahead_as_well(documents):
    body = replace(documents.trust, issued=NOW - 16 * 86_400, expires=NOW + 90 * 86_400)
    documents = replace(documents, trust=body)
    assert look(documents) == {Trouble.TRUST_ENDING}
    body = replace(documents.trust, issued=NOW - 16 * 86_400 + 1)
    assert look(replace(documents, trust=body)) == frozenset()


def test_what_lasts_for_a_short_time_is_told_of_at_half_of_it(documents):
    half, documents = NOW - 60 + (86_400 + 60) // 2, replace(documents, lists=())
    assert look(documents, now_s=half - 1) == frozenset()
    assert look(documents, now_s=half) >= {Trouble.TRUST_ENDING, Trouble.ASSIGNMENT_ENDING}


def test_a_list_is_told_of_at_half_its_age_and_is_too_old_after_its_own_end_too(documents):
    half = DEFAULT.list_age_s // 2
    assert look(replace(documents, lists=(NOW - half + 1,))) == frozenset()
    assert look(replace(documents, lists=(NOW - half, None))) == {Trouble.LIST_AGING, Trouble.NO_LIST}
    assert look(replace(documents, lists=(NOW,), list_ends=(NOW + 1,))) == frozenset()
    assert look(replace(documents, list_ends=(NOW,))) == {Trouble.LIST_OLD}


def test_a_list_that_its_issuer_ends_soon_is_told_of_at_half_of_its_time(documents):
    lists, ends = (NOW, None, NOW - 3 * 3600), (NOW + 3600, NOW + 3 * 3600)
    assert look(replace(documents, lists=lists[:2], list_ends=ends[:1])) == {Trouble.NO_LIST}
    assert look(replace(documents, lists=lists, list_ends=ends)) == {Trouble.NO_LIST, Trouble.LIST_AGING}
    one = replace(documents, lists=lists[:1], list_ends=ends[:1])
    assert look(one, now_s=NOW + 1799) == frozenset()
    assert look(one, now_s=NOW + 1800) == {Trouble.LIST_AGING}
    assert look(one, now_s=NOW + 3600) == {Trouble.LIST_OLD}


def test_silence_about_what_exists_is_told(documents):
    assert look(replace(documents, silent=True)) == {Trouble.TIME_SILENT}


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
