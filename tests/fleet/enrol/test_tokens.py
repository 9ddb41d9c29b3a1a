"""Tokens: used once, by one key, in time, for one gate."""

import threading

import pytest
from sqlalchemy import func, select

from fleet.enrol import tokens
from fleet.errors import ConflictError, FleetError, NotFoundError, RefusedError
from fleet.models import Audit, EnrolToken, Gate, GateKey

GATE = "0123456789ab"
NOW = 1_790_000_000
OTHER = "ba9876543210"


@pytest.fixture
def secret(database):
    with database.session() as session:
        return tokens.issue(session, GATE, NOW)


def redeem(database, authority, secret, board, *, gate=GATE, now=NOW + 1):
    with database.session() as session:
        return tokens.redeem(session, authority, gate, secret, board.request(), now)


def count(database, column) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count(column)))


def test_a_token_buys_one_certificate_and_the_gate_is_enrolled(database, authority, secret, board):
    certificate = redeem(database, authority, secret, board)
    with database.reading() as session:
        key = session.scalars(select(GateKey)).one()
        gate = session.get_one(Gate, GATE)
        told = session.scalars(select(Audit).order_by(Audit.id.desc())).first()
    assert int(key.serial, 16) == certificate.serial_number
    assert (gate.state, gate.enrolled_at) == ("enrolled", NOW + 1)
    assert (told.actor, told.action) == (f"gate:{GATE}", "gate.enrol")


def test_only_the_digest_of_a_token_is_kept(database, secret):
    with database.reading() as session:
        row = session.scalars(select(EnrolToken)).one()
    assert row.digest != secret
    assert len(secret) == 16


def test_a_used_token_is_refused_for_another_key(database, authority, secret, board, thief):
    redeem(database, authority, secret, board)
    with pytest.raises(ConflictError, match="used already"):
        redeem(database, authority, secret, thief)
    assert count(database, GateKey.serial) == 1


def test_a_lost_answer_can_be_fetched_again_with_the_same_key(database, authority, secret, board):
    first = redeem(database, authority, secret, board)
    again = redeem(database, authority, secret, board, now=NOW + tokens.REPEAT_S)
    assert again == first
    assert count(database, GateKey.serial) == 1


def test_a_lost_answer_cannot_be_fetched_for_ever(database, authority, secret, board):
    redeem(database, authority, secret, board)
    with pytest.raises(ConflictError, match="used already"):
        redeem(database, authority, secret, board, now=NOW + 2 + tokens.REPEAT_S)


def test_a_revoked_certificate_is_not_handed_out_again(database, authority, secret, board):
    redeem(database, authority, secret, board)
    with database.session() as session:
        session.scalars(select(GateKey)).one().revoked_at = NOW + 2
    with pytest.raises(ConflictError):
        redeem(database, authority, secret, board)


@pytest.mark.parametrize(
    ("gate", "wrong", "now", "why"),
    [
        (GATE, bytes(16), NOW, "not valid"),
        (OTHER, None, NOW, "not valid"),
        ("f" * 12, None, NOW, "not valid"),
        (GATE, None, NOW + tokens.LIFE_S, "expired"),
    ],
    ids=["wrong token", "another gate's token", "unknown gate", "expired"],
)
def test_a_token_that_does_not_fit_is_refused(database, authority, secret, board, gate, wrong, now, why):
    with pytest.raises(tokens.WrongTokenError, match=why):
        redeem(database, authority, wrong or secret, board, gate=gate, now=now)
    assert count(database, GateKey.serial) == 0


def test_a_newer_token_replaces_the_older(database, authority, secret, board):
    with database.session() as session:
        newer = tokens.issue(session, GATE, NOW)
    with pytest.raises(tokens.WrongTokenError, match="replaced"):
        redeem(database, authority, secret, board)
    assert redeem(database, authority, newer, board)


def test_a_bad_request_does_not_use_the_token_up(database, authority, secret, board):
    with pytest.raises(RefusedError), database.session() as session:
        tokens.redeem(session, authority, GATE, secret, b"nonsense", NOW)
    assert redeem(database, authority, secret, board)


def test_a_new_board_takes_over_and_the_old_key_is_revoked(database, authority, secret, board, thief):
    redeem(database, authority, secret, board)
    with database.session() as session:
        second = tokens.issue(session, GATE, NOW + 10)
    redeem(database, authority, second, thief, now=NOW + 20)
    with database.reading() as session:
        revoked = session.scalars(select(GateKey.revoked_at).order_by(GateKey.revoked_at)).all()
    assert sorted(revoked, key=str) == [NOW + 20, None]


def test_a_key_of_another_gate_is_refused(database, authority, secret, board):
    redeem(database, authority, secret, board)
    with database.session() as session:
        second = tokens.issue(session, OTHER, NOW)
    with pytest.raises(ConflictError, match="another gate"):
        redeem(database, authority, second, board, gate=OTHER)


def test_a_revoked_gate_gets_neither_token_nor_certificate(database, authority, secret, board):
    with database.session() as session:
        session.get_one(Gate, GATE).revoked_at = NOW
    with pytest.raises(ConflictError, match="restored"):
        redeem(database, authority, secret, board)
    with pytest.raises(ConflictError, match="restore"), database.session() as session:
        tokens.issue(session, GATE, NOW)


def test_a_token_for_an_unknown_gate_is_not_made(database):
    with pytest.raises(NotFoundError, match="gate add"), database.session() as session:
        tokens.issue(session, "f" * 12, NOW)


def test_of_many_concurrent_uses_exactly_one_succeeds(database, authority, secret, new_board):
    boards = [new_board() for _ in range(8)]
    start, outcomes = threading.Barrier(len(boards)), []

    def attempt(board):
        start.wait()
        try:
            outcomes.append(redeem(database, authority, secret, board))
        except FleetError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=attempt, args=(board,)) for board in boards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(not isinstance(outcome, FleetError) for outcome in outcomes) == 1
    assert all(isinstance(outcome, ConflictError) for outcome in outcomes if isinstance(outcome, FleetError))
    assert count(database, GateKey.serial) == 1
