import os
import subprocess
from collections import Counter

from sandbox.guest.points import _HELD, LONG_US, NUMBERS, POINTS, Scene


def test_each_named_point_is_there_once_and_every_scene_has_one():
    assert max(Counter(point.name for point in POINTS).values()) == 1
    assert max(Counter(point.words() for point in POINTS if point.scene is Scene.PASSAGE).values()) == 1
    assert {point.scene for point in POINTS} == set(Scene)


def test_each_point_holds_one_system_call_for_good_before_or_after_it():
    for point in POINTS:
        assert point.call in NUMBERS
        words = point.words()
        side = "exit" if point.after else "enter"
        assert words[-1] == f"inject={point.call}:delay_{side}={LONG_US}:when={point.nth}"
        assert ("-P" in words) == bool(point.path)


def test_nothing_moves_the_barrier_that_is_not_written_before():
    assert all(point.written for point in POINTS if point.moved)
    assert any(point.written and not point.moved for point in POINTS)


def test_who_only_sleeps_is_not_taken_for_held():
    with subprocess.Popen(["sleep", "60"]) as asleep:
        words = ["sh", "-uc", _HELD, "held", str(asleep.pid), str(NUMBERS["fdatasync"]), "3"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False, env=os.environ)
        asleep.kill()
    assert done.returncode == 1
    assert not done.stdout.startswith("t ")
