import os
import sqlite3
from contextlib import closing

import pytest

from device.firmware.store import Store
from sandbox.guest.autopsy import AutopsyError, read, taken, unusual, whole
from sandbox.guest.card import data_offset
from wire.messages import ClockTrust, Entry, Event

GATE = "0123456789ab"


def test_a_log_that_is_replayed_is_nothing_unusual_and_all_else_is():
    said = """jixiang-data: recovering journal
jixiang-data: Clearing orphaned inode 14 (uid=998, gid=998, mode=0100600, size=0)
Setting free inodes count to 32753 (was 32754)
jixiang-data: 17/32768 files (5.9% non-contiguous), 10299/135168 blocks
"""
    assert unusual(said) == []
    damage = "jixiang-data: Inode 17 has an invalid extent node (blk 2113, lblk 0)"
    assert unusual(said + damage) == [damage]


def test_the_data_partition_is_taken_out_with_its_holes(tmp_path):
    card = tmp_path / "card.img"
    offset, size = data_offset(), 1 << 20
    with card.open("wb") as file:
        file.truncate(offset + size)
        file.seek(offset + 4096 * 5)
        file.write(b"here")
        file.seek(4096)
        file.write(b"not this")
    image = taken(card, tmp_path)
    assert image.stat().st_size == size
    with image.open("rb") as file:
        assert os.lseek(file.fileno(), 0, os.SEEK_DATA) == 4096 * 5
        file.seek(4096 * 5)
        assert file.read(4) == b"here"


@pytest.fixture
def place(tmp_path):
    place = tmp_path / "files"
    place.mkdir()
    return place


def test_files_without_a_journal_are_a_gate_that_never_began(place):
    (place / "gate.toml").touch()
    remains = read(place, GATE, replayed=False)
    assert (remains.journal, remains.events, remains.files) == (b"", {}, {"gate.toml"})
    with closing(sqlite3.connect(place / "gate.db")) as db:
        db.execute("PRAGMA journal_mode = WAL")  # the power went before the tables were made
    assert read(place, GATE, replayed=False).journal == b""


def test_a_journal_is_read_from_its_log_and_its_card_needs_its_root(place):
    store = Store.open(place / "gate.db", GATE, journal_limit_bytes=1 << 24)
    for _ in range(3):
        store.append(Entry(sequence=0, previous=bytes(32), at_ms=1, clock=ClockTrust.NONE, kind=Event.BOOT))
    store.close()
    with pytest.raises(AutopsyError, match="root is lost"):
        read(place, GATE, replayed=True)


def test_a_damaged_file_is_told(place):
    path = place / "gate.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (x)")
        db.executemany("INSERT INTO t VALUES (?)", [(os.urandom(500),) for _ in range(50)])
    db.close()
    data = bytearray(path.read_bytes())
    data[4096 * 2 : 4096 * 3] = os.urandom(4096)
    path.write_bytes(data)
    with pytest.raises(AutopsyError, match=r"finds gate\.db damaged"):
        whole(path)
