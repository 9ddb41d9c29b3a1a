import hashlib
import re
import zipfile

import pytest
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from sandbox.errors import SandboxError
from sandbox.guest import suites, wheels
from sandbox.guest.wheels import Target

BOOKWORM = wheels.target(suites.BOOKWORM, "aarch64")
TRIXIE = wheels.target(suites.TRIXIE, "aarch64")
HASH, OTHER_HASH = "a" * 64, "b" * 64
TWO_PINS = f"""\
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:{HASH} \\
    --hash=sha256:{OTHER_HASH}
    # via jixiang-gate (pyproject.toml)
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:{OTHER_HASH}
"""


def pinned(text, target):
    return {pin.name: str(pin.version) for pin in wheels.read(text, "x.lock", target)}


def wheel(place, name, version, tag, inside=b""):
    """A wheel with next to nothing in it; its hash."""
    path = place / f"{name}-{version}-{tag}.whl"
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(f"{name}.py", inside)
        out.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        out.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        out.writestr(f"{about}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A directory that pip takes for the whole world."""
    place = tmp_path / "index"
    place.mkdir()
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(place))
    return place


@pytest.fixture
def lock(tmp_path):
    def write(*rows):
        path = tmp_path / "some.lock"
        path.write_text("".join(f"{pin} \\\n    --hash=sha256:{digest}\n" for pin, digest in rows))
        return path

    return write


def test_platforms_go_from_the_target_s_own_glibc_down_to_the_first_that_wheels_had():
    assert Target("3.11", "aarch64", (2, 19)).platforms == (
        "manylinux_2_19_aarch64",
        "manylinux_2_18_aarch64",
        "manylinux_2_17_aarch64",
        "manylinux2014_aarch64",
    )
    old = Target("3.11", "x86_64", (2, 36)).platforms
    assert old[0] == "manylinux_2_36_x86_64"
    assert old[-2:] == ("manylinux_2_5_x86_64", "manylinux1_x86_64")
    assert len(old) == 36 - 5 + 1 + 3


@pytest.mark.parametrize(
    ("file", "loads"),
    [
        ("x-1-cp313-cp313-manylinux_2_41_aarch64.whl", True),
        ("x-1-cp313-cp313-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", True),
        ("x-1-cp311-abi3-manylinux_2_28_aarch64.whl", True),
        ("x-1-py3-none-any.whl", True),
        ("x-1-py2.py3-none-any.whl", True),
        ("x-1-py3-none-manylinux_2_17_aarch64.whl", True),
        ("x-1-cp313-cp313-manylinux_2_42_aarch64.whl", False),
        ("x-1-cp313-cp313-manylinux_2_17_x86_64.whl", False),
        ("x-1-cp313-cp313-musllinux_1_2_aarch64.whl", False),
        ("x-1-cp313-cp313t-manylinux_2_17_aarch64.whl", False),
        ("x-1-cp312-cp312-manylinux_2_17_aarch64.whl", False),
        ("x-1-cp314-abi3-manylinux_2_17_aarch64.whl", False),
        ("x-1-py2-none-any.whl", False),
    ],
)
def test_a_wheel_loads_if_python_processor_and_glibc_fit(file, loads):
    assert bool(parse_wheel_filename(file)[3] & TRIXIE.tags) == loads


def test_what_a_target_loads_is_not_what_this_computer_loads():
    assert not BOOKWORM.tags & {tag for tag in sys_tags() if tag.platform.endswith("x86_64")}


def test_markers_are_decided_for_the_target_not_for_this_python():
    assert pinned(TWO_PINS, BOOKWORM) == {"numpy": "2.4.6"}
    assert pinned(TWO_PINS, TRIXIE) == {"numpy": "2.5.5"}


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("platform_machine == 'aarch64'", True),
        ("platform_machine == 'x86_64'", False),
        ("sys_platform == 'linux' and os_name == 'posix' and platform_system == 'Linux'", True),
        ("sys_platform == 'win32'", False),
        ("platform_python_implementation != 'PyPy' and implementation_name == 'cpython'", True),
        ("python_version == '3.13'", True),
        ("implementation_version >= '3.13'", True),
        ("extra == 'doc'", False),
    ],
)
def test_every_marker_has_the_target_s_value(marker, holds):
    assert bool(pinned(f"x==1 ; {marker} --hash=sha256:{HASH}", TRIXIE)) == holds


def test_a_lock_without_a_target_is_read_whole():
    assert len(wheels.read(TWO_PINS, "x.lock", None)) == 2


def test_what_pip_is_given_keeps_every_hash_and_no_marker():
    given = wheels.requirements(wheels.read(TWO_PINS, "x.lock", BOOKWORM))
    assert given == f"numpy==2.4.6 --hash=sha256:{HASH} --hash=sha256:{OTHER_HASH}\n"


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (f"x>=1 --hash=sha256:{HASH}", "does not pin x"),
        (f"x==1.* --hash=sha256:{HASH}", "does not pin x"),
        (f"x==1,!=2 --hash=sha256:{HASH}", "does not pin x"),
        (f"x --hash=sha256:{HASH}", "does not pin x"),
        ("x==1", "does not pin x"),
        ("--index-url somewhere", "no requirement: --index-url"),
        ("-e .", "no requirement"),
    ],
)
def test_a_line_that_is_no_exact_pin_is_refused(row, word):
    with pytest.raises(SandboxError, match=word):
        wheels.read(row, "x.lock", TRIXIE)


def test_locks_are_joined_and_may_not_disagree(tmp_path):
    one, same, other = (tmp_path / name for name in ("one.lock", "same.lock", "other.lock"))
    one.write_text(f"b==1 --hash=sha256:{HASH}\nA_a==1 --hash=sha256:{HASH}\n")
    same.write_text(f"b==1 --hash=sha256:{HASH}\n")
    other.write_text(f"b==2 --hash=sha256:{HASH}\n")
    assert [pin.name for pin in wheels.pins([one, same], TRIXIE)] == ["a-a", "b"]
    with pytest.raises(SandboxError, match=re.escape("b is pinned to 1 and to 2 (other.lock)")):
        wheels.pins([one, other], TRIXIE)


def test_the_gate_s_own_lock_has_one_numpy_for_each_release():
    versions = {
        target: {pin.name: pin.version for pin in wheels.pins([wheels.GATE], target)}
        for target in (BOOKWORM, TRIXIE)
    }
    assert versions[BOOKWORM].keys() == versions[TRIXIE].keys()
    assert versions[BOOKWORM]["numpy"] < versions[TRIXIE]["numpy"]
    assert "colorama" not in versions[BOOKWORM]


def test_lgpio_is_a_wheel_where_there_is_one_and_never_a_placeholder():
    assert "lgpio" in {pin.name for pin in wheels.pins([wheels.GUEST], BOOKWORM)}
    assert "lgpio" not in {pin.name for pin in wheels.pins([wheels.GUEST], TRIXIE)}
    assert [str(p.version) for p in wheels.read(wheels.GUEST.read_text(), "", None) if p.name == "lgpio"] == [
        "0.2.2.0"
    ]


def test_wheels_for_another_computer_are_fetched_once(index, lock, tmp_path, monkeypatch):
    tag = "cp313-cp313-manylinux_2_40_aarch64"
    rows = [
        ("one==1.0", wheel(index, "one", "1.0", tag)),
        ("two==2", wheel(index, "two", "2", "py3-none-any")),
    ]
    wheel(index, "one", "1.0", "cp311-cp311-manylinux_2_17_x86_64")
    into = tmp_path / "into"
    found = wheels.fetch(lock(*rows), TRIXIE, into)
    assert [path.name for path in found] == [f"one-1.0-{tag}.whl", "two-2-py3-none-any.whl"]
    monkeypatch.setattr(wheels.sys, "executable", "/nowhere/python")
    assert wheels.fetch(lock(*rows), TRIXIE, into) == found


def test_a_wheel_that_was_damaged_where_it_lies_is_fetched_again(index, lock, tmp_path):
    some = lock(("one==1", wheel(index, "one", "1", "py3-none-any")))
    (path,) = wheels.fetch(some, TRIXIE, tmp_path / "into")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert wheels.fetch(some, TRIXIE, tmp_path / "into")[0].read_bytes() == whole


def test_a_package_without_a_wheel_for_the_target_is_named(index, lock, tmp_path):
    digest = wheel(index, "one", "0.2.2", "cp312-cp312-manylinux_2_34_aarch64")
    wheel(index, "one", "0.0.2", "py3-none-any")
    with pytest.raises(SandboxError) as caught:
        wheels.fetch(lock(("one==0.2.2", digest)), TRIXIE, tmp_path / "into")
    assert "no file of one 0.2.2 for Python 3.13 on aarch64 with glibc 2.41" in str(caught.value)
    assert "versions that have one: 0.0.2)" in str(caught.value)


def test_a_file_whose_hash_the_lock_does_not_know_is_named_and_not_kept(index, lock, tmp_path):
    wheel(index, "one", "1", "py3-none-any")
    with pytest.raises(SandboxError, match="does not know the hash of the file of one for Python 3"):
        wheels.fetch(lock(("one==1", HASH)), TRIXIE, tmp_path / "into")
    assert not list((tmp_path / "into").iterdir())


def test_an_index_that_does_not_answer_is_not_called_a_missing_wheel():
    words = (
        "WARNING: Retrying (Retry(total=0)) after connection broken: /simple/one/\n"
        "ERROR: Could not find a version that satisfies the requirement one==1 (from versions: none)\n"
        "ERROR: No matching distribution found for one==1\n"
    )
    assert "does not answer" in wheels.refusal(words, str(TRIXIE))
    assert "no file of one 1" in wheels.refusal(words.split("\n", 1)[1], str(TRIXIE))


def test_other_complaints_are_passed_on_without_pip_s_noise():
    words = (
        "WARNING: Location 'file:///x' is ignored: it is neither a file nor a directory.\nERROR: no space\n"
    )
    assert wheels.refusal(words, "it").splitlines()[1:] == ["ERROR: no space"]


def test_a_source_is_taken_only_where_the_lock_pins_one(lock, tmp_path):
    with pytest.raises(SandboxError, match="pins lgpio 0 times"):
        wheels.source(lock(("one==1", HASH)), "lgpio", tmp_path / "into")
