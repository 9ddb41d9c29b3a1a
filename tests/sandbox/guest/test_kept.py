import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.guest.kept import Kept, digest


def named(text):
    def make(place):
        (place / "thing").write_text(text)

    return make


def test_a_thing_is_made_once_while_nothing_changes(tmp_path):
    kept = Kept(tmp_path / "kept")
    first = kept.get("tree", ["a"], named("one"))
    again = kept.get("tree", ["a"], named("two"))
    assert again == first
    assert (first / "thing").read_text() == "one"


def test_something_newer_takes_its_place_and_leaves_other_names_alone(tmp_path):
    kept = Kept(tmp_path)
    other, longer = kept.get("wheel", ["a"], named("w")), kept.get("tree-of-life", ["a"], named("t"))
    old = kept.get("tree", ["a"], named("one"))
    new = kept.get("tree", ["b"], named("two"))
    assert not old.exists()
    assert (new / "thing").read_text() == "two"
    assert other.exists()
    assert longer.exists()


def test_what_fails_leaves_nothing_and_the_old_thing_stays(tmp_path):
    kept = Kept(tmp_path)
    old = kept.get("tree", ["a"], named("one"))

    def fail(place):
        (place / "half").write_text("…")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.get("tree", ["b"], fail)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == [old]


def test_what_a_killed_run_left_goes_with_the_next(tmp_path):
    dead = tmp_path / f"tree.unfinished-{2**22 + 1}"  # beyond pid_max
    alive = tmp_path / f"tree.unfinished-{os.getppid()}"
    for place in (dead, alive):
        place.mkdir()
    Kept(tmp_path).get("tree", ["a"], named("one"))
    assert not dead.exists()
    assert alive.exists()


def test_order_names_and_borders_count(tmp_path):
    file, same = tmp_path / "a", tmp_path / "b"
    file.write_bytes(b"x")
    same.write_bytes(b"x")
    told = [["ab", "c"], ["a", "bc"], ["c", "ab"], [file], [same], [b"x"], []]
    assert len({digest(parts) for parts in told}) == len(told)
    assert digest([file]) == digest([Path(file)])


def test_two_who_want_the_same_make_it_once(tmp_path):
    made, begun, go = [], threading.Event(), threading.Event()

    def make(place):
        begun.set()
        assert go.wait(5)
        made.append(place)

    kept = Kept(tmp_path)
    with ThreadPoolExecutor(2) as both:
        first = both.submit(kept.get, "tree", ["a"], make)
        assert begun.wait(5)
        second = both.submit(kept.get, "tree", ["a"], make)
        go.set()
        assert first.result(10) == second.result(10)
    assert len(made) == 1
