"""The line to the broker: what may wait for the one who reads."""

import queue

import pytest

from fleet import link
from fleet.link import Connected, Inbox, Message


def test_what_waits_is_bounded_in_bytes_and_room_comes_back(monkeypatch):
    monkeypatch.setattr(link, "MOST_WAITING_BYTES", 100)
    inbox = Inbox()
    for _ in range(5):
        inbox.put(Message("t", bytes(40)))
    assert inbox.dropped == 3
    inbox.put(Connected())
    assert inbox.get(0).payload == bytes(40)
    inbox.put(Message("t", b"again"))
    assert inbox.dropped == 3
    assert [type(inbox.get(0)) for _ in range(3)] == [Message, Connected, Message]
    with pytest.raises(queue.Empty):
        inbox.get(0)


def test_what_waits_is_bounded_in_number(monkeypatch):
    monkeypatch.setattr(link, "MOST_WAITING", 2)
    inbox = Inbox()
    for _ in range(5):
        inbox.put(Message("t", b""))
    assert inbox.dropped == 3
