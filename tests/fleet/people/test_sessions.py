"""Signed-in browsers: what stands, what ends, and what the table can and cannot tell."""

import pytest

from fleet.models import UserSession
from fleet.people import directory, sessions

NOW = 1_795_230_000


@pytest.fixture
def people(console_database, town):
    town.add_person(console_database, "wang", now=NOW)
    town.add_person(console_database, "li", now=NOW)
    return console_database


def begin(database, login="wang", now=NOW):
    with database.session() as session:
        return sessions.begin(session, directory.get(session, login), "browser", now)


def found(database, token, now=NOW):
    with database.reading() as session:
        return sessions.find(session, sessions.token_digest(token), now)


def test_a_token_finds_its_person(people):
    assert found(people, begin(people)).login == "wang"


def test_the_table_does_not_hold_the_token(people):
    token = begin(people)
    with people.reading() as session:
        (row,) = session.query(UserSession).all()
    assert token.encode() not in row.token_digest
    assert row.token_digest == sessions.token_digest(token)


def test_a_session_ends_after_it_was_idle(people):
    token = begin(people)
    assert found(people, token, NOW + sessions.IDLE_S - 1) is not None
    assert found(people, token, NOW + sessions.IDLE_S) is None


def test_use_keeps_a_session_but_not_beyond_its_absolute_end(people):
    token = begin(people)
    for hour in range(0, sessions.ABSOLUTE_S, sessions.IDLE_S - 10):
        with people.session() as session:
            sessions.touch(session, sessions.token_digest(token), NOW + hour)
    last = NOW + sessions.ABSOLUTE_S
    with people.session() as session:
        sessions.touch(session, sessions.token_digest(token), last - 1)
    assert found(people, token, last - 1) is not None
    assert found(people, token, last) is None


def test_a_disabled_account_has_no_session(people):
    token = begin(people)
    with people.session() as session:
        assert directory.disable(session, directory.get(session, "wang"), NOW, "command:test") == 1
    assert found(people, token) is None


def test_a_new_password_ends_every_other_session(people):
    kept, other = begin(people), begin(people)
    with people.session() as session:
        user = directory.get(session, "wang")
        keep = sessions.token_digest(kept)
        assert directory.set_password(session, user, "digest", NOW, "command:test", keep=keep) == 1
    assert found(people, kept) is not None
    assert found(people, other) is None


def test_one_person_cannot_end_the_session_of_another(people):
    mine, theirs = begin(people, "wang"), begin(people, "li")
    me, they = found(people, mine), found(people, theirs)
    with people.session() as session:
        (row,) = sessions.listed(session, they, NOW)
        assert not sessions.end_named(session, me, row.name)
        assert sessions.end_named(session, they, row.name)
    assert found(people, theirs) is None
    assert found(people, mine) is not None


def test_beginning_anew_removes_the_persons_dead_sessions(people):
    begin(people)
    begin(people, now=NOW + sessions.IDLE_S + 1)
    with people.reading() as session:
        assert session.query(UserSession).count() == 1


def test_an_unknown_token_finds_nobody(people):
    assert found(people, "no such token") is None


def test_a_session_does_not_outlive_its_account_even_if_nobody_ended_it(people):
    token = begin(people)
    with people.session() as session:
        directory.get(session, "wang").disabled_at = NOW
    assert found(people, token) is None
