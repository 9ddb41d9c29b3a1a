import ast
import runpy
import sys
from pathlib import Path

import pytest

import sandbox.bootstrap as boot

SOURCE = Path(boot.__file__)


def test_it_is_python_3_8_and_imports_only_the_standard_library():
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 8))
    named = [
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    assert {name.split(".")[0] for name in named} <= set(sys.stdlib_module_names)


def test_an_old_python_is_told_what_to_install():
    said = boot.problem((3, 8), "linux", None) or ""
    assert "3.11" in said
    assert "Python 3.8" in said
    assert "apt install" in said


def test_a_python_without_venv_is_told_what_to_install():
    said = boot.problem((3, 12), "linux", "ensurepip") or ""
    assert "ensurepip" in said
    assert "python3-venv" in said


def test_windows_is_sent_to_wsl():
    assert "WSL" in (boot.problem((3, 12), "win32", None) or "")


def test_a_good_python_has_no_problem():
    assert boot.problem((3, 11), "linux", None) is None
    assert boot.missing_module() is None


def test_without_a_purpose_it_says_how_it_is_used(capsys):
    assert boot.main([]) == 2
    assert "usage" in capsys.readouterr().out


def test_the_packages_of_a_lock_are_known_by_their_lines():
    assert boot.packages("a-b==1 \\\n    --hash=sha256:00\n    # via x\nC.d==2 \\\n") == {1: "a-b", 4: "C.d"}


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "locks").mkdir()
    for name in ("run", "dev"):
        (tmp_path / "locks" / f"{name}.lock").write_text(f"{name}==1\n")
    (tmp_path / ".venv").mkdir()
    return tmp_path


def mark(checkout, name):
    digest = boot.digest(boot.lock_of(checkout, name))
    (checkout / ".venv" / f".jx-{name}").write_text(digest)


def test_a_finished_environment_is_not_made_again_until_its_lock_changes(checkout):
    assert not boot.is_ready(checkout, checkout / ".venv", "demo")
    mark(checkout, "run")
    assert boot.is_ready(checkout, checkout / ".venv", "demo")
    assert not boot.is_ready(checkout, checkout / ".venv", "dev")
    (checkout / "locks" / "run.lock").write_text("run==2\n")
    assert not boot.is_ready(checkout, checkout / ".venv", "demo")


def test_the_development_environment_serves_the_demo_too(checkout):
    mark(checkout, "dev")
    assert boot.is_ready(checkout, checkout / ".venv", "demo")


def test_the_commands_run_from_the_checkout(checkout):
    (checkout / ".venv" / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    (checkout / ".venv" / "bin").mkdir()
    boot.put_project(checkout, checkout / ".venv")
    launcher = checkout / ".venv" / "bin" / "jx-gate"
    assert launcher.stat().st_mode & 0o111
    assert "device.firmware.command" in launcher.read_text()
    pth = checkout / ".venv" / "lib" / "python3.11" / "site-packages" / "jixiang-gate.pth"
    assert pth.read_text().strip() == str(checkout)


def test_a_failed_installation_shows_the_installers_last_words(checkout, capsys):
    fake = checkout / "pip"
    fake.write_text(
        "#!/bin/sh\necho 'Processing /mirror/run.whl (from -r run.lock (line 1))'\n"
        "echo 'THESE PACKAGES DO NOT MATCH THE HASHES'\nexit 1\n"
    )
    fake.chmod(0o755)
    with pytest.raises(SystemExit):
        boot.install(str(fake), checkout / "locks" / "run.lock")
    said = capsys.readouterr().out
    assert "1/1 run" in said
    assert "DO NOT MATCH THE HASHES" in said
    assert "try again" in said


def test_the_file_runs_as_a_program(monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(SOURCE)])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(SOURCE), run_name="__main__")
    assert end.value.code == 2
