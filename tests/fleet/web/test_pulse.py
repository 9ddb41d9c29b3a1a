"""The stream: told of commits made elsewhere, capped, ended by the session's end and by the server's."""

import threading

import pytest

from fleet.db import open_database
from fleet.models import Meta
from fleet.web import pulse as module
from fleet.web.context import EXTENSION
from fleet.web.pulse import Pulse, stream


@pytest.fixture
def pulse(console_database):
    made = Pulse(console_database, limit=2)
    yield made
    made.stop()


@pytest.fixture
def elsewhere(console_database, tmp_path):  # noqa: ARG001 - the file must exist
    """Another connection to the same file, as another process has it."""
    with open_database(tmp_path / "fleet.db") as other:

        def commit(key):
            with other.session() as session:
                session.add(Meta(key=key, value=""))

        yield commit


def test_a_commit_made_elsewhere_is_told(pulse, elsewhere):
    assert pulse.admit()
    events = stream(pulse, lambda: True, lambda: "11:00:00")
    assert next(events).endswith("event: beat\ndata: 11:00:00\n\n")
    threading.Timer(0.3, elsewhere, ["a"]).start()
    assert next(events) == "event: changed\ndata: 11:00:00\n\n"


def test_while_nothing_happens_it_beats(pulse, monkeypatch):
    monkeypatch.setattr(module, "BEAT_S", 0.01)
    monkeypatch.setattr(module, "CALM_S", 0.0)
    assert pulse.admit()
    events = stream(pulse, lambda: True, lambda: "11:00:15")
    assert [next(events).splitlines()[-2] for _ in range(3)] == ["data: 11:00:15"] * 3


def test_places_are_limited_and_given_back(pulse):
    assert [pulse.admit() for _ in range(3)] == [True, True, False]
    pulse.leave()
    assert pulse.admit()


def test_the_end_of_a_session_ends_its_stream(pulse, monkeypatch):
    monkeypatch.setattr(module, "BEAT_S", 0.01)
    assert list(stream(pulse, lambda: False, lambda: "")) == ["retry: 2000\nevent: beat\ndata: \n\n"]


def test_a_stopping_server_ends_every_stream_and_admits_no_more(pulse):
    events = stream(pulse, lambda: True, lambda: "")
    next(events)
    pulse.stop()
    assert list(events) == []
    assert not pulse.admit()


def test_a_stream_has_an_end_of_its_own(pulse, monkeypatch):
    monkeypatch.setattr(module, "LIFE_S", 0.0)
    assert len(list(stream(pulse, lambda: True, lambda: ""))) == 1


def test_the_page_gives_its_place_back_when_the_browser_goes(signed_in, app):
    shared = app.extensions[EXTENSION].pulse
    answer = signed_in.get("/live", buffered=False)
    assert answer.mimetype == "text/event-stream"
    assert shared.streams == 1
    answer.close()
    assert shared.streams == 0
    shared.stop()


def test_when_all_places_are_taken_the_page_is_told_to_ask_instead(signed_in, app):
    shared = app.extensions[EXTENSION].pulse
    while shared.admit():
        pass
    assert signed_in.get("/live").status_code == 503
    shared.stop()
