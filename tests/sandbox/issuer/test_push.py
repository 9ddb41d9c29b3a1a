import threading

import pytest

from sandbox.issuer.authority import Authority
from sandbox.issuer.push import PATHS, Courier, send_waiting
from wire.reasons import Colour

NOW = 1_800_000_000


@pytest.fixture
def authority(tmp_path):
    one = Authority.open(tmp_path, 7, NOW)
    authority_taken = send_waiting(one, lambda *_: 204)
    assert authority_taken is None
    yield one
    one.close()


class Fleet:
    """Answers with a status, or not at all."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.received = []

    def __call__(self, path, content_type, data):
        answer = self.answers.pop(0) if self.answers else 204
        if answer is None:
            raise ConnectionRefusedError(111, "refused")
        self.received.append((path, content_type, data))
        return answer


def test_a_change_is_sent_as_a_delta_first_and_then_as_the_whole_list(authority):
    fleet = Fleet()
    authority.recolour(4, Colour.YELLOW, NOW)
    assert send_waiting(authority, fleet) is None
    assert [path for path, _, _ in fleet.received] == [PATHS["delta"], PATHS["list"]]
    assert fleet.received[1][2] == authority.token()
    assert authority.waiting() == ()


@pytest.mark.parametrize("answer", [None, 500, 503])
def test_what_the_fleet_did_not_take_waits_and_is_sent_again(authority, answer):
    authority.recolour(4, Colour.YELLOW, NOW)
    assert send_waiting(authority, Fleet(answer)) is not None
    assert len(authority.waiting()) == 2
    assert send_waiting(authority, Fleet()) is None
    assert authority.waiting() == ()


def test_an_unknown_issuer_keeps_its_list_until_it_is_known(authority):
    authority.recolour(4, Colour.YELLOW, NOW)
    assert "403" in (send_waiting(authority, Fleet(403, 403)) or "")
    assert [parcel.kind for parcel in authority.waiting()] == ["list"]


def test_a_delta_without_its_base_is_repaired_by_the_list(authority):
    fleet = Fleet(409, 204)
    authority.recolour(4, Colour.YELLOW, NOW)
    assert send_waiting(authority, fleet) is None
    assert fleet.received[-1][0] == PATHS["list"]


def test_the_courier_sends_a_change_at_once_and_stops_when_told(authority):
    arrived = threading.Event()

    def send(path, _content_type, _data):
        if path == PATHS["list"]:
            arrived.set()
        return 204

    courier = Courier(authority, send, lambda _: None)
    courier.start()
    authority.recolour(4, Colour.YELLOW, NOW)
    assert arrived.wait(10)
    courier.stop()
    assert not courier.is_alive()
