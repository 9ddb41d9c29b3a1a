"""What the card does not take now is written when it can be: in the order in which it is believed again."""

import pytest

from device.firmware import keeper as keepers
from device.firmware.keeper import Keeper
from device.firmware.restore import delta_name
from device.firmware.store import Store


@pytest.fixture
def store(tmp_path):
    opened = Store.open(tmp_path / "gate.db", "0123456789ab", journal_limit_bytes=1 << 20)
    yield opened
    opened.close()


@pytest.fixture
def keeper(store):
    return Keeper(store)


def broken(store, *, yes=True):
    store._db.execute(f"PRAGMA query_only = {int(yes)}")


def change(keeper, uri, seq):
    keeper.keep("delta", delta_name(uri, seq), seq, b"change")


def seqs(store, kind):
    return sorted(version for _, version in store.names(kind))


def test_what_vouches_for_others_is_written_before_them(store, keeper, monkeypatch):
    store.floor_ms = 9
    broken(store)
    change(keeper, "a", 3)
    keeper.keep("assignment", "", 1, b"assignment")
    keeper.keep("trust", "", 1, b"trust")
    keeper.keep_list("a", 2, b"list", leads_on=True)
    for version in (3, 2):
        keeper.keep("root", str(version), version, b"root")
    keeper.lower_floor(7)
    broken(store, yes=False)
    written, keep = [], store.keep
    monkeypatch.setattr(store, "keep", lambda *row: (written.append((row[0], row[2])), keep(*row)))
    assert keeper.failed
    keeper.settle()
    assert not keeper.failed
    kinds = [("root", 2), ("root", 3), ("trust", 1), ("assignment", 1), ("list", 2), ("delta", 3)]
    assert (written, store.floor_ms) == (kinds, 7)


def test_a_later_root_does_not_reach_the_card_before_one_that_is_owed(store, keeper):
    broken(store)
    keeper.keep("root", "2", 2, b"two")
    broken(store, yes=False)
    keeper.keep("root", "3", 3, b"three")
    assert seqs(store, "root") == [2, 3]
    assert keeper.failed  # until it was shown once more that the card takes something
    keeper.settle()
    assert not keeper.failed


def test_a_whole_list_takes_the_changes_before_it_along_in_one_step(store, keeper):
    keeper.keep_list("a", 1, b"list", leads_on=False)
    for seq in (2, 3, 5):
        change(keeper, "a", seq)
    change(keeper, "a b", 2)
    commits = []
    store._db.set_trace_callback(lambda words: commits.append(words) if words == "COMMIT" else None)
    keeper.keep_list("a", 3, b"list", leads_on=True)
    store._db.set_trace_callback(None)
    assert (commits, store.names("list")) == (["COMMIT"], [("a", 3)])
    assert sorted(store.names("delta")) == [(delta_name("a", 5), 5), (delta_name("a b", 2), 2)]


def test_a_list_that_leads_on_from_none_takes_all_changes_along_also_when_it_was_late(store, keeper):
    change(keeper, "a", 900)
    broken(store)
    change(keeper, "a", 901)
    keeper.keep_list("a", 3, b"list", leads_on=False)
    change(keeper, "a", 4)
    keeper.keep_list("a", 5, b"list", leads_on=True)
    change(keeper, "a", 6)
    broken(store, yes=False)
    keeper.settle()
    assert (store.names("list"), seqs(store, "delta")) == ([("a", 5)], [6])


def test_lists_that_come_after_others_were_to_go_stay(store, keeper):
    keeper.keep_list("a", 1, b"list", leads_on=False)
    keeper.keep_list("b", 1, b"list", leads_on=False)
    change(keeper, "b", 2)
    broken(store)
    keeper.forget_lists_but(["a"])
    keeper.keep_list("c", 1, b"list", leads_on=False)
    broken(store, yes=False)
    keeper.settle()
    assert (sorted(store.names("list")), store.names("delta")) == ([("a", 1), ("c", 1)], [])


def test_a_card_that_takes_nothing_for_long_fills_no_memory_and_forgets_no_root(store, keeper, monkeypatch):
    monkeypatch.setattr(keepers, "MOST_OWED", 5)
    broken(store)
    for seq in range(20):
        change(keeper, "a", seq)
    keeper.keep("root", "2", 2, b"root")
    broken(store, yes=False)
    keeper.settle()
    assert (len(seqs(store, "delta")), seqs(store, "root")) == (5, [2])
