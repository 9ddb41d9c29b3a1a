"""`jx-fleet` when something is wrong: one sentence with a next step, exit code 1, never a traceback."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from fleet import founding
from fleet.config import load_settings
from fleet.enrol.authority import Authority

NOW = 1_790_000_000
COMMANDS = (("gate", "list"), ("status",), ("serve",), ("run", "web"))


def command(directory: Path, *words: str) -> list[str]:
    return [sys.executable, "-c", "from fleet.server import main; main()", *words, "--dir", str(directory)]


def jx(directory: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(command(directory, *words), capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.fixture
def fleet(tmp_path):
    founding.found(tmp_path / "fleet", founding.Wishes(password="correct horse battery"), NOW)
    return tmp_path / "fleet"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_without_a_fleet_it_says_how_to_make_one(tmp_path, words):
    code, said = jx(tmp_path / "none", *words)
    assert (code, said.count("\n")) == (1, 1)
    assert f"jx-fleet init --dir {tmp_path / 'none'}" in said


@pytest.mark.parametrize(
    ("words", "broken", "why"),
    [
        (("gate", "list"), b"= 1\n", "line 1"),
        (("serve",), b"new_key = 1\n", "new_key"),
        (("init",), b"\xff\xfe", "UTF-8"),
        (("status",), b"[web]\nport = 0", "port"),
    ],
    ids=["no TOML", "unknown key", "no text", "no port"],
)
def test_broken_settings_are_named(fleet, words, broken, why):
    (fleet / "fleet.toml").write_bytes(broken)
    code, said = jx(fleet, *words)
    assert (code, said.count("\n")) == (1, 1)
    assert "fleet.toml" in said
    assert why in said


def test_settings_that_cannot_be_read_are_not_no_settings(fleet):
    (fleet / "fleet.toml").unlink()
    (fleet / "fleet.toml").mkdir()
    code, said = jx(fleet, "gate", "list")
    assert code == 1
    assert "cannot be read" in said


@pytest.mark.parametrize("words", [("gate", "list"), ("serve",), ("init",)], ids=" ".join)
def test_a_database_of_a_newer_version_is_left_alone(fleet, words):
    with sqlite3.connect(fleet / "fleet.db") as opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
    opened.close()
    code, said = jx(fleet, *words)
    assert (code, said.count("\n")) == (1, 1)
    assert "newer version" in said


@pytest.mark.parametrize("words", [("gate", "list"), ("init",)], ids=" ".join)
def test_a_database_that_is_none_asks_for_the_backup(fleet, words):
    for path in fleet.glob("fleet.db-*"):
        path.unlink()
    (fleet / "fleet.db").write_bytes(b"no database at all " * 500)
    code, said = jx(fleet, *words)
    assert code == 1
    assert "restore it from a backup" in said


def test_a_file_is_no_directory_for_a_fleet(tmp_path):
    (tmp_path / "file").write_text("")
    code, said = jx(tmp_path / "file", "init")
    assert code == 1
    assert "choose another --dir" in said


def test_two_who_found_at_once_found_one_fleet(tmp_path):
    place = tmp_path / "fleet"
    both = [
        subprocess.Popen(command(place, "init"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [one.communicate(timeout=60) for one in both]
    assert [one.returncode for one in both] == [0, 0], told
    assert sum("password:" in out for out, _ in told) == 1
    assert sum("made  database" in out for out, _ in told) == 1
    Authority.load(place / "ca")
    load_settings(place)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own, as large as a test asks for."""
    place, mounted = tmp_path / "disk", []
    place.mkdir()

    def mount(size: str) -> Path:
        options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        done = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
        if done.returncode and not os.environ.get("CI"):
            pytest.skip(f"this account may not mount a small disk: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        mounted.append(place)
        return place

    yield mount
    for one in mounted:
        subprocess.run(["umount", str(one)], check=True)


@pytest.mark.parametrize("size", ["4k", "16k", "128k"])
def test_on_a_full_disk_it_says_so_and_goes_on_once_there_is_room(small_disk, size):
    disk = small_disk(size)
    code, said = jx(disk / "fleet", "init")
    assert (code, said.count("\n")) == (1, 1), said
    assert "room" in said
    subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
    assert jx(disk / "fleet", "init") == (0, "")
    assert jx(disk / "fleet", "gate", "list") == (0, "")


def test_a_fleet_whose_disk_is_full_keeps_what_it_has(fleet, small_disk):
    disk = small_disk("1m")
    shutil.copytree(fleet, disk / "fleet")
    free = os.statvfs(disk)
    (disk / "filler").write_bytes(bytes(free.f_bavail * free.f_bsize))
    code, said = jx(disk / "fleet", "gate", "add", "0123456789ab")
    assert (code, said.count("\n")) == (1, 1), said
    assert "room" in said
    (disk / "filler").unlink()
    assert jx(disk / "fleet", "gate", "add", "0123456789ab") == (0, "")
