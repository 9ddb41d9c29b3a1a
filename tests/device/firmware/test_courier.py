"""What goes out when: everything, in time, and never more under way than the line should carry."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from device.firmware import courier
from device.firmware.courier import Courier, Due, Events


class Shelf:
    """A journal in memory: events are their sequence as text."""

    def __init__(self, count=0):
        self.head = 0
        self.open = {}
        for _ in range(count):
            self.append()

    def append(self, size=8):
        self.head += 1
        self.open[self.head] = str(self.head).encode().rjust(size)

    def receipt(self, events):
        for sequence in range(events.first, events.last + 1):
            self.open.pop(sequence, None)

    def pending(self, after, limit):
        return [(n, self.open[n]) for n in sorted(self.open) if n > after][:limit]


def batches(outgoing):
    return [one for one in outgoing if isinstance(one, Events)]


def sequences(outgoing):
    return [n for batch in batches(outgoing) for n in range(batch.first, batch.last + 1)]


def online(shelf, mono=0.0):
    one = Courier(shelf)
    one.connected(mono)
    return one


def test_nothing_goes_out_without_a_line():
    shelf = Shelf(3)
    one = Courier(shelf)
    assert one.next(0.0) == ()
    one.connected(0.0)
    one.lost()
    assert one.next(1.0) == ()


def test_a_connection_begins_with_hello_and_the_state():
    assert tuple(online(Shelf()).next(0.0)) == (Due.HELLO, Due.STATE)


def test_the_state_follows_every_ten_seconds_and_at_every_change():
    one = online(Shelf())
    one.next(0.0)
    assert one.next(9.9) == ()
    assert one.next(10.0) == (Due.STATE,)
    one.changed(11.0)
    assert one.next(11.0) == (Due.STATE,)
    assert one.next(20.9) == ()


def test_a_checkpoint_follows_every_minute():
    one = online(Shelf())
    said = [due for second in range(181) for due in one.next(float(second)) if due is Due.CHECKPOINT]
    assert len(said) == 3


def test_hello_is_said_again_when_asked():
    one = online(Shelf())
    one.next(0.0)
    one.hello_again(5.0)
    assert one.next(5.0) == (Due.HELLO,)


def test_a_live_event_goes_at_once_and_before_the_backlog():
    shelf = Shelf(500)
    one = online(shelf)
    one.next(0.0)
    shelf.append()
    shelf.receipt(Events(1, (b"",) * 50))
    ready = batches(one.next(0.1))
    assert (ready[0].first, ready[0].last) == (501, 501)
    assert (ready[1].first, ready[1].last) == (201, 250)


def test_the_backlog_keeps_to_its_window_and_goes_on_with_receipts():
    shelf = Shelf(500)
    one = online(shelf)
    ready = batches(one.next(0.0))
    assert sequences(ready) == list(range(1, 201))
    assert len(ready) == courier.WINDOW
    assert batches(one.next(1.0)) == []
    shelf.receipt(ready[2])
    assert sequences(one.next(2.0)) == list(range(201, 251))


def test_live_traffic_does_not_starve_the_backlog():
    shelf = Shelf(50)
    one = online(shelf)
    one._back = one._border = 50  # the backlog comes later, below
    for _ in range(10):
        shelf.append()
        one.next(0.0)
    one._back = 0
    assert sequences(one.next(0.0)) == list(range(1, 51))


def test_what_gets_no_receipt_is_sent_again():
    shelf = Shelf(3)
    one = online(shelf)
    one.next(0.0)
    assert sequences(one.next(courier.RESEND_AFTER_S - 0.1)) == []
    assert sequences(one.next(courier.RESEND_AFTER_S)) == [1, 2, 3]


def test_live_events_that_get_no_receipt_are_sent_again():
    shelf = Shelf()
    one = online(shelf)
    shelf.append()
    assert sequences(one.next(0.0)) == [1]
    assert sequences(one.next(100.0)) == [1]


def test_a_gap_ends_a_batch():
    shelf = Shelf(6)
    del shelf.open[3]
    ready = batches(online(shelf).next(0.0))
    assert [(batch.first, batch.last) for batch in ready] == [(1, 2), (4, 6)]


def test_a_batch_stays_below_the_size_of_a_message():
    shelf = Shelf()
    for _ in range(100):
        shelf.append(size=1024)
    for batch in batches(online(shelf).next(0.0)):
        assert sum(len(event) + 3 for event in batch.events) <= courier._ROOM


def test_a_batch_has_at_most_fifty_events():
    assert max(len(batch.events) for batch in batches(online(Shelf(500)).next(0.0))) == 50


def test_what_the_line_did_not_take_is_due_again():
    shelf = Shelf(2)
    one = online(shelf)
    for outgoing in one.next(0.0):
        one.not_sent(outgoing, 0.0)
    ready = one.next(0.0)
    assert {Due.HELLO, Due.STATE} <= set(ready)
    assert sequences(ready) == [1, 2]


def test_without_receipts_live_events_wait_like_the_backlog():
    shelf = Shelf()
    one = online(shelf)
    sent = 0
    for _ in range(courier.MOST_UNDER_WAY + 20):
        shelf.append()
        sent += len(batches(one.next(0.0)))
    assert sent == courier.MOST_UNDER_WAY


def test_a_live_event_that_is_gone_already_is_passed_over():
    shelf = Shelf()
    one = online(shelf)
    shelf.append()
    shelf.open.clear()
    assert batches(one.next(0.0)) == []
    shelf.append()
    assert sequences(one.next(0.0)) == [2]


def test_when_receipts_are_taken_back_everything_goes_again():
    shelf = Shelf(4)
    one = online(shelf)
    (batch,) = batches(one.next(0.0))
    shelf.receipt(batch)
    one.next(1.0)
    for number in range(1, 5):
        shelf.open[number] = b"again"
    one.again()
    assert sequences(one.next(2.0)) == [1, 2, 3, 4]


class Line:
    """A courier, its journal, and a line on which batches are lost, refused and receipted."""

    def __init__(self, backlog):
        self.shelf = Shelf(backlog)
        self.one = online(self.shelf)
        self.way = []
        self.mono = 0.0

    def do(self, step):
        self.mono += 11.0 if step == "tick" else 1.0
        actions = {
            "append": self.shelf.append,
            "again": self.one.again,
            "lose": lambda: self.way and self.way.pop(0),
            "receipt": lambda: self.way and self.shelf.receipt(self.way.pop()),
            "break": self.break_off,
        }
        actions.get(step, lambda: None)()
        ready = batches(self.one.next(self.mono))
        if step == "refuse":
            for batch in ready:
                self.one.not_sent(batch, self.mono)
        else:
            self.way += ready

    def break_off(self):
        self.one.lost()
        self.one.connected(self.mono)
        self.way.clear()


STEPS = ("append", "tick", "receipt", "lose", "break", "refuse", "again")


@given(steps=st.lists(st.sampled_from(STEPS), max_size=80), backlog=st.integers(0, 300))
def test_everything_arrives_whatever_is_lost_on_the_way(steps, backlog):
    line = Line(backlog)
    for step in steps:
        line.do(step)
        under_way = sorted(line.one._under_way)
        assert len(under_way) <= courier.MOST_UNDER_WAY + courier.WINDOW
        assert all(a[1] < b[0] for a, b in pairwise(under_way))
    for _ in range(400):
        line.mono += courier.RESEND_AFTER_S
        for batch in batches(line.one.next(line.mono)):
            line.shelf.receipt(batch)
    assert line.shelf.open == {}
