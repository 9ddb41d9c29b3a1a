"""The card's faults: full, read-only, torn: no loop of starts, nothing acknowledged lost, and it heals."""

import os
import sqlite3
import subprocess

import pytest

from device.firmware.config import example, read
from device.firmware.errors import CardError, GateError, JournalError
from device.firmware.gate import CARD_ROOT, believed
from device.firmware.narrate import Narrator
from device.firmware.notify import Systemd
from device.firmware.patience import patiently
from device.firmware.restore import restore
from device.firmware.stop import Stop
from device.firmware.store import Store
from wire.health import Trouble
from wire.messages import ClockTrust, Entry, Event
from wire.reasons import Reason
from wire.topics import All

GATE = "0123456789ab"
NOW_MS = 1_795_000_000_000
PLENTY = 1 << 30
PAGE = 4_096


def an_entry(kind=Event.PASSAGE, **more):
    return Entry(
        sequence=0,
        previous=bytes(32),
        at_ms=NOW_MS,
        clock=ClockTrust.SIGNED,
        kind=kind,
        subject=bytes(16),
        **more,
    )


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 3 MB."""
    place = tmp_path / "card"
    place.mkdir()
    made = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", place], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("needs to be allowed to mount a file system")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(place):
    """Leave no byte free."""
    with (place / "ballast").open("wb", buffering=0) as ballast:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    ballast.write(bytes(size))
            except OSError:
                continue
    return place / "ballast"


def until_full(store):
    """Append until the card takes no more; how many events were acknowledged."""
    while True:
        try:
            store.append(an_entry())
        except JournalError:
            return store.head


def test_a_full_card_stops_the_gate_in_words_and_room_on_it_lets_it_go_on(small_disk, world_at):
    world = world_at(small_disk / "gate.db")
    world.online()
    world.run(1)
    ballast = fill(small_disk)
    head = until_full(world.store)
    said = len(world.said.getvalue().splitlines())
    opened = world.hands.opened
    world.show(world.code(1))
    world.run(60)
    assert world.hands.opened == opened
    assert Trouble.JOURNAL in world.stage.health.found
    assert not world.stage.health.ready
    lines = world.said.getvalue().splitlines()[said:]
    assert sum("journal failed" in line for line in lines) == 1
    assert len(lines) <= 6
    assert world.store.head == head
    assert world.store.verify_chain() == head
    ballast.unlink()
    world.leave()
    world.show(world.code(2))
    assert world.verdicts()[-1] is Reason.GREEN
    assert world.hands.opened == opened + 1
    assert Trouble.JOURNAL not in world.stage.health.found
    assert [entry.about for entry in world.journal(Event.FAULT_END)] == [int(Trouble.JOURNAL)]


def test_what_was_acknowledged_on_a_full_card_is_there_after_the_next_start(small_disk):
    store = Store.open(small_disk / "gate.db", GATE, journal_limit_bytes=PLENTY)
    fill(small_disk)
    head = until_full(store)
    assert head >= 200  # the log was given its room at the start
    store.close()
    (small_disk / "ballast").unlink()
    again = Store.open(small_disk / "gate.db", GATE, journal_limit_bytes=PLENTY)
    assert (again.head, again.verify_chain(), again.set_aside) == (head, head, None)
    again.close()


def test_a_gate_that_starts_on_a_full_card_waits_with_words_and_goes_on(small_disk):
    ballast = fill(small_disk)
    out, waits = Lines(), []

    class Stopping(Stop):
        def wait(self, _timeout=None):
            waits.append(1)
            if len(waits) == 3:
                ballast.unlink()
            return False

    store = patiently(
        lambda: Store.open(small_disk / "gate.db", GATE, journal_limit_bytes=PLENTY),
        (NoScreen(), Lamps()),
        Narrator("words", out),
        Systemd(None),
        Stopping(),
    )
    assert store.append(an_entry()).sequence == 1
    assert len(waits) == 3
    assert len(out.lines) == 1
    assert "check the card" in out.lines[0]
    store.close()


def test_a_gate_told_to_stop_while_it_waits_stops():
    stopping = Stop()

    def never():
        stopping.set()
        raise CardError("gone")

    assert (
        patiently(never, (NoScreen(), Lamps()), Narrator("words", Lines()), Systemd(None), stopping) is None
    )


class Lines:
    """Somebody who reads the log."""

    def __init__(self):
        self.lines = []

    def write(self, text):
        self.lines += [line for line in text.splitlines() if line]

    def flush(self):
        pass


class NoScreen:
    size, mode = (0, 0), "1"

    def show(self, _image):
        raise AssertionError

    def close(self):
        pass


class Lamps:
    def show(self, _lamp, _sound):
        pass


def test_a_card_that_turned_read_only_is_waited_for(small_disk):
    store = Store.open(small_disk / "gate.db", GATE, journal_limit_bytes=PLENTY)
    head = store.append(an_entry()).sequence
    store.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(CardError, match="check the card"):
        Store.open(small_disk / "gate.db", GATE, journal_limit_bytes=PLENTY)
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    again = Store.open(small_disk / "gate.db", GATE, journal_limit_bytes=PLENTY)
    assert (again.head, again.set_aside) == (head, None)
    again.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "gate.db"


def filled(path, events=2_000):
    """A journal of many pages, with documents beside it, closed in order; its events and its journal."""
    store = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    with store._changing():
        for _ in range(events):
            placed, data = store._placed(an_entry())
            store._insert(placed, data)
    refusal = store.append(an_entry(Event.REFUSALS, counts={Reason.BAD_SIGNATURE: 3}))
    store.keep("trust", "", 7, b"t" * 900)
    store.keep("assignment", "", 3, b"a" * 900)
    store.take_up(b"c" * 16, 2**40, 0)
    store.floor_ms = NOW_MS
    journal = store.journal
    store.close()
    return journal, refusal.sequence


def pages_of(path, name):
    """The pages of one table or index, root first."""
    with sqlite3.connect(path) as db:
        ((root,),) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,))
    db.close()
    data, found, seen = path.read_bytes(), [root], 0
    while seen < len(found):
        start = (found[seen] - 1) * PAGE
        page, seen = data[start : start + PAGE], seen + 1
        if page[0] in {0x05, 0x02}:  # interior pages: https://sqlite.org/fileformat2.html#b_tree_pages
            count = int.from_bytes(page[3:5])
            cells = [int.from_bytes(page[12 + 2 * n : 14 + 2 * n]) for n in range(count)]
            found += [int.from_bytes(page[at : at + 4]) for at in cells] + [int.from_bytes(page[8:12])]
    return found


def tear(path, page, at=0, bytes_=64):
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE + at)
        file.write(b"\xa5" * bytes_)


@pytest.mark.parametrize("where", ["first leaf", "middle leaf", "last leaf", "root"])
def test_a_torn_page_of_events_costs_the_journal_and_nothing_else(path, where):
    journal, _ = filled(path)
    pages = pages_of(path, "event")
    leaves = pages[1:]
    chosen = {
        "first leaf": leaves[0],
        "middle leaf": leaves[len(leaves) // 2],
        "last leaf": leaves[-1],
        "root": pages[0],
    }
    tear(path, chosen[where])
    store = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    assert store.set_aside is not None  # whoever comes with a reader finds there what can still be read
    assert store.journal != journal
    assert store.kept("trust") == [("", 7, b"t" * 900)]
    assert store.kept("assignment") == [("", 3, b"a" * 900)]
    assert store.executed(b"c" * 16)
    assert store.floor_ms == NOW_MS
    assert store.append(an_entry()).sequence == 1
    store.close()
    again = Store.open(path, GATE, journal_limit_bytes=PLENTY)  # no loop: the next start is an ordinary one
    assert again.set_aside is None
    again.close()


@pytest.mark.parametrize("index", ["refusals", "received"])
def test_a_torn_page_of_an_index_costs_nothing(path, index):
    journal, head = filled(path)
    tear(path, pages_of(path, index)[0])
    store = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    assert (store.set_aside, store.journal, store.head) == (None, journal, head)
    assert store.verify_chain() == head
    assert store._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()


@pytest.mark.parametrize(
    ("at", "bytes_"),
    [(0, 16), (60, 4), (68, 4), (24, 8), (0, PAGE)],
    ids=["magic", "version", "application", "counter", "all"],
)
def test_a_torn_header_is_no_later_format_and_no_loop(path, at, bytes_):
    journal, _ = filled(path)
    tear(path, 1, at, bytes_)
    store = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    assert (store.set_aside is None) is (store.journal == journal)
    assert store.append(an_entry()).sequence >= 1
    store.close()


def test_a_torn_log_ends_where_it_is_torn(path, tmp_path):
    store = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    for _ in range(50):
        store.append(an_entry())
    cut = tmp_path / "cut"
    cut.mkdir()
    for suffix in ("", "-wal"):
        (cut / f"gate.db{suffix}").write_bytes(path.with_name(f"gate.db{suffix}").read_bytes())
    journal = store.journal
    store.close()
    log = cut / "gate.db-wal"
    torn = bytearray(log.read_bytes())
    end = max(at for at in range(0, len(torn), 64) if any(torn[at : at + 64]))
    torn[end - 2_000 : end] = b"\xa5" * 2_000  # the last frame: what no sync had vouched for
    log.write_bytes(torn)
    again = Store.open(cut / "gate.db", GATE, journal_limit_bytes=PLENTY)
    assert (again.journal, again.set_aside) == (journal, None)
    assert again.head >= 49
    assert again.verify_chain() == again.head
    again.close()


def test_a_journal_of_a_newer_firmware_is_read_on_by_an_older_one(path):
    store = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    store.append(an_entry())
    placed, data = store._placed(an_entry(word="x"))
    later = data.replace(b"\x05\x01", b"\x05\x18\xc8", 1)  # a kind 200 that nobody knows yet
    store._insert(placed, data)
    store._db.execute("UPDATE event SET data = ? WHERE sequence = 2", (later,))
    store.close()
    older = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    assert (older.set_aside, older.head) == (None, 2)
    assert [entry.sequence for entry in older.newest(10)] == [1]
    older.append(an_entry())
    assert older.verify_chain() == 3
    assert older.pending(1, 1) == [(2, later)]
    older.close()


def test_a_file_of_a_later_format_is_kept_whole_and_named(path):
    filled(path, 10)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 2")
    db.close()
    before = path.read_bytes()
    with pytest.raises(GateError, match="update the firmware"):
        Store.open(path, GATE, journal_limit_bytes=PLENTY)
    assert path.read_bytes() == before


def test_a_page_torn_while_the_gate_runs_is_mended_as_at_a_start(served):
    for _ in range(2_000):
        placed, data = served.store._placed(an_entry())
        served.store._insert(placed, data)
    served.store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path, journal = served.store._path, served.store.journal
    tear(path, pages_of(path, "event")[3])
    served.store._db.execute("PRAGMA cache_size = 0")
    served.store._db.execute("PRAGMA shrink_memory")
    served.broker.connected = False
    served.run(1)
    served.broker.connected = True
    served.run(20)
    assert served.store.journal != journal
    assert served.store.set_aside.exists()
    lines = served.said.getvalue()
    assert lines.count("journal damaged") == 1
    served.show(served.code(5))
    assert served.verdicts()[-1] is Reason.GREEN
    assert served.stage.health.ready


def test_corrupt_documents_are_dropped_by_name_and_the_rest_believed(path, authority):
    store = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    store.keep("trust", "", 1, authority.sign(authority.trust())[:-3])
    store.keep("assignment", "", 1, authority.sign(authority.assignment()))
    store.keep("list", "jl/0", 1, b"\xff" * 30)
    store.keep("root", "2", 2, b"")
    restored = restore(store, authority.sign(authority.root()))
    assert restored.beliefs.assignment is not None
    assert restored.beliefs.trust is None
    assert {name.split(":")[0] for name in restored.dropped} == {"trust 1", "root 2", "jl/0"}
    store.close()


def test_a_root_file_that_is_torn_is_replaced_by_what_was_kept_of_it(tmp_path, authority):
    config = read(example(gate=GATE, data=str(tmp_path)).encode(), "x")
    file, out = tmp_path / "root.1.jx", Lines()
    good = authority.sign(authority.root())
    store = Store.open(tmp_path / "gate.db", GATE, journal_limit_bytes=PLENTY)
    for torn in (b"", good[:-9], b"\xa5" * len(good)):
        file.write_bytes(torn)
        store.forget([(CARD_ROOT, "")])
        with pytest.raises(CardError, match="prepare the card"):
            believed(config, store, Narrator())
        file.write_bytes(good)
        assert believed(config, store, Narrator()).root.version == 1
        file.write_bytes(torn)
        assert believed(config, store, Narrator("words", out)).root.version == 1
    file.unlink()
    assert believed(config, store, Narrator("words", out)).root.version == 1
    assert all("root of the card replaced" in line for line in out.lines)
    store.close()


def test_a_believed_document_that_could_not_be_kept_is_written_again_before_a_restart(served):
    served.store._db.execute("PRAGMA query_only = 1")
    served.down(All.TRUST, served.authority.trust(2))
    served.run(6)
    assert served.beliefs.trust.version == 2
    assert served.gate.office.unkept
    assert dict(served.store.names("trust")) == {}
    served.store._db.execute("PRAGMA query_only = 0")
    served.run(6)
    assert not served.gate.office.unkept
    assert dict(served.store.names("trust")) == {"": 2}
