import os

import pytest

from sandbox.errors import SandboxError
from sandbox.guest import host


def test_missing_programs_are_told_as_packages_once_each():
    assert host.missing(lambda program: None if program in {"mke2fs", "debugfs", "mcopy"} else "/x") == [
        "e2fsprogs",
        "mtools",
    ]
    assert host.missing(lambda _: "/x") == []


def test_without_root_it_says_what_to_do_and_installs_nothing(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(host, "missing", lambda _: ["mmdebstrap"])
    monkeypatch.setattr(host, "apt", lambda _: pytest.fail("nothing may be installed"))
    with pytest.raises(
        SandboxError, match=r"needs root.*sudo apt-get install mmdebstrap; then sudo make hil"
    ):
        host.prepare(lambda _: None)


def test_without_apt_it_names_the_packages(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host.shutil, "which", lambda _: None)
    with pytest.raises(SandboxError, match=r"missing here\. Debian has them in: .*mmdebstrap"):
        host.prepare(lambda _: None)


def test_what_is_missing_is_installed_and_said(monkeypatch):
    said, done = [], []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host, "missing", lambda _: ["mtools"])
    monkeypatch.setattr(host, "apt", done.append)
    monkeypatch.setattr(host.shutil, "which", lambda _: "/usr/bin/apt-get")
    host.prepare(said.append)
    assert said == ["installing mtools"]
    assert [words[0] for words in done] == ["update", "install"]
    assert done[1][-1] == "mtools"


def test_only_debians_own_archive_counts_and_the_first_is_taken():
    told = "Debian|Debian-Security|http://a/sec\nDebian|Debian|http://a/debian\nGoogle|x|http://b\nDebian|Debian|http://a/debian\nDebian|Debian|http://c"
    assert host.sites(told) == ["http://a/debian", "http://c"]
    assert host.sites("") == []


def test_a_mirror_that_was_named_is_taken(monkeypatch):
    monkeypatch.setenv(host.MIRROR_VARIABLE, "http://here/debian")
    assert host.mirror() == "http://here/debian"


def test_without_any_archive_it_says_how_to_name_one(monkeypatch):
    monkeypatch.delenv(host.MIRROR_VARIABLE, raising=False)
    monkeypatch.setattr(host, "_sites", list)
    monkeypatch.setattr(host, "apt", lambda _: None)
    with pytest.raises(SandboxError, match=host.MIRROR_VARIABLE):
        host.mirror()
