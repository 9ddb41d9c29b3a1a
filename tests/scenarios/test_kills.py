"""A gate process that is killed again and again while people pass: nothing lost, nobody counted twice."""

import random
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from sandbox.board.client import Board
from wire import messages
from wire.messages import Event
from wire.reasons import Reason, Verdict

pytestmark = pytest.mark.timeout(240)
KILLS, RELAY = 10, 17
NOBODY = np.full((720, 1280), 90, np.uint8)


@pytest.fixture
def mortal(a_whole_gate, shared_authority, tmp_path):
    with tempfile.TemporaryDirectory(prefix="jx") as path:
        gate = a_whole_gate(Path(path), shared_authority, tmp_path)
        try:
            yield gate
        finally:
            gate.stop()
            gate.board.close()


def revive(gate):
    """Start it again, with the contacts at rest and whoever stood there still standing there."""
    gate.process = gate.start()
    gate.board.close()
    gate.board = Board.connect(gate.path / "s", wait_s=30)
    gate.board.set(pin={"16": False, "20": False}, object_c=35.0, ambient_c=23.0)


def test_ten_kills_while_people_pass_lose_nothing_and_count_nobody_twice(mortal, qr):
    dice = random.Random()
    mortal.serving()
    numbers, seeds = [], []
    for _ in range(KILLS):
        text, number = mortal.phone()
        numbers.append(number)
        mortal.board.set(object_c=35.0)
        mortal.film.show(qr(text))
        seeds.append(dice.uniform(0, 1.5))
        time.sleep(seeds[-1])  # any moment: before the code is read, at the journal, at the relay, after it
        mortal.process.kill()
        mortal.process.wait(15)
        before = len(mortal.states())
        revive(mortal)
        assert mortal.board.pins().get(RELAY, 0) == 0
        mortal.until(lambda number=number: mortal.passages(number), f"a verdict; killed after {seeds}")
        mortal.film.show(NOBODY)
        mortal.board.set(object_c=23.0)
        mortal.until(
            lambda before=before: mortal.states()[before:] and mortal.states()[-1].lane == "idle", "idle"
        )
    mortal.process.terminate()
    assert mortal.process.wait(15) == 0
    whole, kept = mortal.store(
        lambda store: (store.verify_chain() == store.head, dict(store.pending(0, 10_000)))
    )
    assert whole
    entries = mortal.store(lambda store: store.newest(10_000))
    assert [one.sequence for one in entries] == list(range(1, len(entries) + 1))
    told = {messages.read_entry(data).sequence: data for data in mortal.kept.values()}
    written = {one.sequence: messages.write(one) for one in entries}
    assert told.items() <= written.items(), (
        f"what the fleet acknowledged is gone or another; killed after {seeds}"
    )
    assert kept.items() <= written.items()
    for number in numbers:
        mine = [e for e in entries if e.kind is Event.PASSAGE and e.subject == number.to_bytes(16)]
        assert len(mine) >= 1
        assert [e.verdict for e in mine].count(Verdict.ADMIT) <= 1, f"killed after {seeds}"
    boots = [one for one in entries if one.kind is Event.BOOT]
    assert len(boots) == KILLS + 1


def test_a_gate_that_was_killed_still_knows_who_passed(mortal, qr):
    mortal.serving()
    text, number = mortal.phone()
    mortal.board.set(object_c=35.0)
    mortal.film.show(qr(text))
    mortal.until(lambda: mortal.passages(number) == [Reason.GREEN], "the first visit")
    mortal.walk_through(moves=True)
    mortal.until(lambda: Event.PASSED in [one.kind for one in mortal.events().values()], "the passage")
    mortal.process.kill()
    mortal.process.wait(15)
    mortal.film.show(NOBODY)
    before = len(mortal.states())
    revive(mortal)
    mortal.until(lambda: mortal.states()[before:] and mortal.states()[-1].lane == "idle", "it serves")
    again, _ = mortal.phone(number)
    mortal.film.show(qr(again))
    mortal.until(lambda: len(mortal.passages(number)) == 2, "the second answer")
    assert mortal.passages(number) == [Reason.GREEN, Reason.PASSED_BEFORE]
