"""The queue before one lane, in virtual time: how many people a minute, and what they wait for."""

from dataclasses import replace

import pytest

from sandbox.turnstile import CLOSE, ORDINARY, Queue
from wire.code import issue, prove, to_text
from wire.messages import Event

NOW_S = 1_795_000_000
PEOPLE = 12


@pytest.fixture
def walk(authority, beliefs, tmp_path):
    """Let a queue of one style through; gives the report and the journal."""
    time = authority.time(audience="0123456789ab", nonce=b"n" * 16, expires=NOW_S + 86_400)

    def text(number, at_ms):
        claims = authority.claims(subject=number.to_bytes(16))
        credential = issue(claims, authority.codes["jl"])
        return to_text(prove(credential, NOW_S + at_ms // 1000, authority.holder))

    def walked(style):
        queue = Queue(beliefs, time, style, tmp_path / "gate.db")
        report = queue.run(text, PEOPLE)
        entries = queue.gate.stage.book.store.newest(1_000)
        queue.close()
        return report, entries

    return walked


def test_one_lane_passes_forty_people_a_minute_and_the_thermometer_is_what_they_wait_for(walk):
    report, entries = walk(CLOSE)
    assert CLOSE.settle_s == 0.9
    assert report.people == PEOPLE
    assert report.a_minute >= 40
    assert report.bottleneck == "settle"
    passages = [entry for entry in entries if entry.kind is Event.PASSAGE]
    assert len({entry.subject for entry in passages}) == PEOPLE
    assert all(entry.took_ms is not None and entry.took_ms < 2_000 for entry in passages)
    assert len([entry for entry in entries if entry.kind is Event.PASSED]) >= PEOPLE - 1


def test_what_takes_longest_is_named(walk):
    report, _ = walk(replace(ORDINARY, through_s=4.0))
    assert report.bottleneck == "passage"
    assert report.a_minute < 30
