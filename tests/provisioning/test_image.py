"""What stands on a gate's card: the table and its files agree, the units fit the firmware and its drivers."""

import importlib.util
import os
import re
import shutil
import subprocess
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from device.firmware import __main__ as runner
from device.firmware.config import example, read
from provisioning import card, image
from provisioning.command import CARD_DATA

HERE = image.HERE
GATE = HERE / "systemd" / "jixiang-gate.service"
DRIVERS = Path(runner.__file__).parents[1] / "drivers"
MB = 1 << 20
IDLE_MB = 80
SUFFIX = {"M": MB, "G": MB << 10}
SCRIPT = HERE / "libexec" / "jixiang-card"
needs_ext4 = pytest.mark.skipif(
    not (shutil.which("mkfs.ext4") and shutil.which("blkid")), reason="needs e2fsprogs and util-linux"
)

I2C_MAJOR = 89  # include/linux/i2c.h; the minor is the number of the bus
# What each class of device is opened by; a driver that goes takes its line of the unit with it.
OPENED_BY = {
    "char-gpiochip": ("gpio.py", "gpiozero"),
    "/dev/char/89:1": ("mlx90614.py", "smbus2"),
    "/dev/spidev0.0": ("display.py", "luma"),
    "/dev/spidev0.1": ("display.py", "luma"),
    "char-video4linux": ("camera.py", "picamera2"),
    "char-media": ("camera.py", "picamera2"),
    "char-dma_heap": ("camera.py", "picamera2"),
}


def unit(path):
    """Section -> key -> the values in their order; systemd repeats keys, which configparser cannot."""
    found = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in path.read_text().splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match[1]
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[section][key].append(value)
    return found


@pytest.fixture
def service():
    return unit(GATE)["Service"]


def seconds(text):
    return float(text.removesuffix("s"))


def megabytes(text):
    return int(text[:-1]) * SUFFIX[text[-1]] // MB


def test_the_table_names_every_file_and_nothing_else():
    files = {str(path.relative_to(HERE)) for path in HERE.rglob("*") if path.is_file()}
    files = {name for name in files if not name.endswith((".py", ".pyc", ".md"))}
    assert {item.source for item in image.MANIFEST} == files


def test_no_two_files_have_the_same_place():
    places = [item.destination for item in image.MANIFEST]
    assert len(set(places)) == len(places)
    assert all(place.startswith("/") for place in places)


def test_only_a_program_may_be_run():
    for item in image.MANIFEST:
        program = item.path.read_text().startswith("#!")
        assert item.mode == (0o755 if program else 0o644), item.source
        assert bool(item.path.stat().st_mode & 0o100) is program, item.source


def test_every_file_says_why_it_is_there():
    silent = {"boot/config.txt", "boot/cmdline.txt"}  # parts of somebody else's file
    for item in image.MANIFEST:
        if item.source not in silent:
            assert item.path.read_text().startswith("#"), item.source


def test_the_readme_names_every_file_with_its_place():
    readme = (HERE / "README.md").read_text()
    for item in image.MANIFEST:
        assert f"`{item.source}`" in readme, item.source
        assert f"`{item.destination}`" in readme, item.destination


def test_what_is_enabled_is_in_the_table():
    names = {Path(item.destination).name for item in image.MANIFEST}
    assert set(image.ENABLED) <= names
    for name in image.ENABLED:
        assert unit(HERE / "systemd" / name)["Install"]["WantedBy"] == ["multi-user.target"]


def item(source):
    (found,) = [item for item in image.MANIFEST if item.source == source]
    return found


@pytest.mark.parametrize("source", ["boot/config.txt", "boot/cmdline.txt", "etc/sysctl.conf"])
@pytest.mark.parametrize("present", ["", "console=tty1 root=PARTUUID=1234abcd-02 rootwait\n", "[pi4]\na=b"])
def test_placing_a_file_twice_changes_nothing(source, present):
    once = item(source).placed(present)
    assert item(source).placed(once) == once


def test_the_kernels_line_stays_one_line_and_keeps_its_words():
    line = item("boot/cmdline.txt").placed("root=PARTUUID=1234abcd-02 rootwait panic=10\n")
    assert line.startswith("root=PARTUUID=1234abcd-02 rootwait panic=10 ")
    assert line.count("panic=10") == 1
    assert line.count("\n") == 1
    # A Pi's firmware switches the memory controller off, without which MemoryMax says nothing.
    assert "cgroup_enable=memory" in line.split()


def test_our_settings_of_the_board_hold_for_every_model():
    config = item("boot/config.txt").placed("[pi5]\ndtparam=x\n")
    assert config == "[pi5]\ndtparam=x\n\n[all]\ninclude jixiang.txt\n"


def test_the_bus_is_no_faster_than_the_thermometer_allows():
    settings = (HERE / "boot" / "jixiang.txt").read_text()
    (baudrate,) = re.findall(r"i2c_arm_baudrate=(\d+)", settings)
    assert int(baudrate) <= 100_000
    assert "dtparam=watchdog=on" in settings


def test_the_service_starts_the_firmware_that_is_here(service):
    (start,) = service["ExecStart"]
    program, isolated, flag, module, option, config = start.split()
    assert (program, isolated, flag, option) == ("/opt/jixiang-gate/bin/python", "-I", "-m", "--config")
    assert importlib.util.find_spec(f"{module}.__main__").origin == runner.__file__
    assert Path(config) == CARD_DATA / card.CONFIGURATION


def test_directories_are_those_of_the_configuration(service):
    default = read(example().encode(), "gate.toml")
    mount = unit(HERE / "systemd" / "data.mount")["Mount"]
    assert default.data == str(CARD_DATA) == f"/var/lib/{service['StateDirectory'][0]}" == mount["Where"][0]
    assert default.run == f"/run/{service['RuntimeDirectory'][0]}" == service["WorkingDirectory"][0]
    assert unit(GATE)["Unit"]["RequiresMountsFor"] == [default.data]


def test_without_its_partition_the_gate_says_so_on_its_display_and_is_tried_again():
    trouble = unit(HERE / "systemd" / "jixiang-trouble.service")
    gate = unit(HERE / "systemd" / "jixiang-gate.service")
    assert gate["Unit"]["OnFailure"] == gate["Unit"]["Conflicts"] == ["jixiang-trouble.service"]
    assert trouble["Unit"]["OnSuccess"] == ["jixiang-gate.service"]
    assert trouble["Unit"]["ConditionPathIsMountPoint"] == [f"!{CARD_DATA}"]
    (start,) = trouble["Service"]["ExecStart"]
    assert "-m device.firmware.trouble --config /boot/firmware/jixiang/gate.toml" in start
    assert set(trouble["Service"]["DeviceAllow"]) < set(gate["Service"]["DeviceAllow"])


def test_the_mounts_name_is_what_systemd_asks_for():
    where = unit(HERE / "systemd" / "data.mount")["Mount"]["Where"][0]
    # systemd-escape --path: slashes become dashes, so a dash is written in hexadecimal.
    assert where[1:].replace("-", r"\x2d").replace("/", "-") + ".mount" == image.MOUNT


def test_systemd_waits_for_the_partition_as_long_as_making_it_may_take():
    data = unit(HERE / "systemd" / "jixiang-data.service")["Service"]
    device = unit(HERE / "systemd" / "data-device.conf")["Unit"]
    assert seconds(device["JobRunningTimeoutSec"][0]) > seconds(data["TimeoutStartSec"][0])
    assert image.DEVICE.removesuffix(".device") in unit(HERE / "systemd" / "data.mount")["Unit"]["After"][0]
    assert f"/{image.DEVICE}.d/" in item("systemd/data-device.conf").destination


def test_the_watchdog_fits_what_the_firmware_feeds(service):
    watchdog_s = seconds(service["WatchdogSec"][0])
    assert watchdog_s >= 5 * runner.WATCHDOG_S  # a worn card holds an fsync up for seconds
    assert runner.STUCK_S + watchdog_s <= 30  # a gate that hangs serves again within half a minute
    manager = unit(HERE / "etc" / "watchdog.conf")["Manager"]
    assert seconds(manager["RuntimeWatchdogSec"][0]) <= 15  # the longest that a Pi's watchdog counts


def test_the_service_never_gives_up_and_stops_in_time(service):
    assert unit(GATE)["Unit"]["StartLimitIntervalSec"] == ["0"]
    assert service["Restart"] == ["always"]
    assert seconds(service["TimeoutStopSec"][0]) < 15  # before the board's watchdog ends the shutdown
    assert "ExecStopPost" not in service


def test_the_gate_waits_neither_for_the_network_nor_for_the_time():
    text = " ".join(line for line in GATE.read_text().splitlines() if not line.startswith("#"))
    assert not re.search(r"network|time-sync|time-set", text)


def test_memory_is_limited_above_what_the_gate_needs(service):
    high, most = (megabytes(service[key][0]) for key in ("MemoryHigh", "MemoryMax"))
    assert IDLE_MB * 3 <= high < most
    assert most <= 512 * 3 // 4  # the smallest board has 512 MB
    assert most < IDLE_MB + 256  # the largest packet of MQTT does not fit


def test_every_device_is_one_that_a_driver_opens(service):
    allowed = dict(line.split() for line in service["DeviceAllow"])
    assert set(allowed) == set(OPENED_BY)
    assert set(allowed.values()) == {"rw"}
    for driver, library in OPENED_BY.values():
        assert re.search(rf"\b(from|import) {library}\b", (DRIVERS / driver).read_text()), driver
    default = read(example().encode(), "gate.toml")
    assert f"/dev/char/{I2C_MAJOR}:{default.thermometer.bus}" in allowed
    assert f"/dev/char/{I2C_MAJOR}:{default.display.bus}" in allowed
    assert service["DevicePolicy"] == ["closed"]


def test_the_groups_are_those_that_own_the_devices(service):
    rules = (HERE / "etc" / "udev.rules").read_text()
    groups = set(service["SupplementaryGroups"][0].split())
    assert set(re.findall(r'GROUP="(\w+)"', rules)) == groups
    made = re.findall(r"^g (\w+)", (HERE / "etc" / "sysusers.conf").read_text(), re.MULTILINE)
    assert groups - {"video"} == set(made)
    assert re.search(rf"^u {service['User'][0]} ", (HERE / "etc" / "sysusers.conf").read_text(), re.MULTILINE)


def test_the_gates_account_may_use_the_parts_from_a_terminal_too(service):
    lines = [line.split() for line in (HERE / "etc" / "sysusers.conf").read_text().splitlines()]
    members = {line[2] for line in lines if line[:2] == ["m", "jixiang-gate"]}
    assert members == set(service["SupplementaryGroups"][0].split())


def test_every_command_that_the_documents_give_to_sudo_is_where_sudo_looks():
    docs = HERE.parents[1] / "docs"
    text = "".join((docs / name).read_text() for name in ("operations.md", "field-guide.md"))
    commands = set(re.findall(r"sudo (?:-u \S+ )?(jx-\w+)", text))
    assert commands == {Path(name).name for name in image.LINKS}
    assert "/data " not in text
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text())["project"]
    assert commands <= set(project["scripts"])
    for name, target in image.LINKS.items():
        assert f"{target} " in (HERE / "README.md").read_text(), name


def test_sound_is_a_drop_in_for_gates_that_speak(service):
    drop_in = unit(HERE / "systemd" / "voice.conf")["Service"]
    assert drop_in["DeviceAllow"] == ["char-alsa rw"]
    assert not any("alsa" in line or "snd" in line for line in service["DeviceAllow"])
    assert item("systemd/voice.conf").when == "voice"


def test_the_root_is_read_only_and_the_data_partition_is_not():
    text = (HERE / "etc" / "overlayroot.local.conf").read_text()
    # Without recurse=0 both releases put every mount below the root in memory (raspi-config issue 288).
    assert 'overlayroot="tmpfs:recurse=0"' in text
    assert set(image.PACKAGES) == {"overlayroot", "busybox"}
    options = unit(HERE / "systemd" / "data.mount")["Mount"]["Options"][0].split(",")
    assert {"noatime", "nodev", "nosuid", "noexec"} <= set(options)
    assert "ro" in unit(HERE / "systemd" / "boot.conf")["Mount"]["Options"][0].split(",")


def test_logs_stay_in_memory():
    journal = unit(HERE / "etc" / "journald.conf")["Journal"]
    assert journal["Storage"] == ["volatile"]
    assert megabytes(journal["RuntimeMaxUse"][0]) <= 64


def run(*words, **more):
    return subprocess.run(
        ["sh", SCRIPT, *words], capture_output=True, text=True, timeout=60, check=False, **more
    )


def partition(tmp_path, contents=b""):
    path = tmp_path / "partition"
    path.write_bytes(contents)
    os.truncate(path, 128 * MB)
    return path


@needs_ext4
def test_a_blank_partition_is_formatted_once(tmp_path):
    path = partition(tmp_path)
    assert run("make", path).returncode == 0
    label = subprocess.run(
        ["blkid", "-p", "-o", "value", "-s", "LABEL", path], capture_output=True, check=True
    )
    assert label.stdout.decode().strip() == image.DATA_LABEL
    before = path.read_bytes()
    again = run("make", path)
    assert (again.returncode, again.stdout) == (0, "")
    assert path.read_bytes() == before


@needs_ext4
def test_a_file_system_that_lost_its_first_block_is_mended_and_keeps_its_files(tmp_path):
    path = tmp_path / "partition"
    with path.open("wb") as file:
        file.truncate(256 * MB)
    assert run("make", path).returncode == 0
    (tmp_path / "gate.db").write_text("events")
    subprocess.run(["debugfs", "-w", "-R", f"write {tmp_path}/gate.db gate.db", path], check=True)
    with path.open("r+b") as file:
        file.write(bytes(8192))
    mended = run("make", path)
    assert (mended.returncode, "is restored" in mended.stdout) == (0, True), mended.stderr
    kept = subprocess.run(["debugfs", "-R", "cat gate.db", path], capture_output=True, check=True)
    assert kept.stdout == b"events"
    assert run("make", path).stdout == ""


@needs_ext4
def test_a_large_card_is_laid_out_in_less_than_a_minute(tmp_path):
    path = tmp_path / "partition"
    with path.open("wb") as file:
        file.truncate(118 << 30)  # what is left of a card of 128 GB; a hole, no disk holds it
    assert run("make", path).returncode == 0
    written_mb = path.stat().st_blocks * 512 / MB
    assert written_mb / 10 < 90 / 2  # MB a second: class 10, the slowest card that is sold


@needs_ext4
def test_a_partition_with_something_else_on_it_is_left_alone(tmp_path):
    path = partition(tmp_path)
    subprocess.run(["mkfs.ext4", "-q", "-L", "holiday", path], check=True)
    before = path.read_bytes()
    refused = run("make", path)
    assert refused.returncode == 1
    assert "was left as it is" in refused.stderr
    assert path.read_bytes() == before


@needs_ext4
def test_that_a_partition_stands_in_the_cards_table_is_nothing_that_stands_on_it(tmp_path):
    # Of a partition, which a file is not, blkid also tells its entry in the table.
    path = partition(tmp_path)
    teller = tmp_path / "bin" / "blkid"
    teller.parent.mkdir()
    real = shutil.which("blkid")
    teller.write_text(f'#!/bin/sh\n{real} "$@"\necho PART_ENTRY_SCHEME=dos; echo PART_ENTRY_NUMBER=3\n')
    teller.chmod(0o755)
    environment = {**os.environ, "PATH": f"{teller.parent}:{os.environ['PATH']}"}
    made = run("make", path, env=environment)
    assert (made.returncode, "made the file system" in made.stdout) == (0, True), made.stderr
    assert run("make", path, env=environment).stdout == ""
    subprocess.run(["e2label", path, f"{image.DATA_LABEL}2"], check=True)
    assert "was left as it is" in run("make", path, env=environment).stderr


def test_a_card_without_the_partition_is_refused_in_words(tmp_path):
    refused = run("make", tmp_path / "none")
    assert refused.returncode == 1
    assert "prepare the card again" in refused.stderr


def test_what_the_card_brings_is_copied_once_and_never_replaced(tmp_path):
    boot, data = tmp_path / "boot", tmp_path / "data"
    boot.mkdir()
    data.mkdir()
    (boot / "gate.toml").write_text("first")
    (boot / "root.1.jx").write_bytes(b"\x00root")
    assert run("fill", boot, data).returncode == 0
    assert (data / "gate.toml").stat().st_mode & 0o777 == 0o600
    (boot / "gate.toml").write_text("second")
    assert run("fill", boot, data).stdout == ""
    assert (data / "gate.toml").read_text() == "first"
    assert sorted(path.name for path in data.iterdir()) == ["gate.toml", "root.1.jx"]
    assert (data / "root.1.jx").read_bytes() == b"\x00root"


def test_a_card_that_brings_nothing_is_no_fault(tmp_path):
    assert run("fill", tmp_path, tmp_path).returncode == 0


@pytest.mark.parametrize("words", [(), ("fill",), ("make", "a", "b"), ("format", "x")])
def test_a_wrong_call_says_how(words):
    refused = run(*words)
    assert refused.returncode == 1
    assert "usage" in refused.stderr


def test_the_files_travel_with_the_package():
    settings = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text())
    carried = settings["tool"]["setuptools"]["package-data"]["provisioning.image"]
    for found in image.MANIFEST:
        assert any(Path(found.source).match(pattern) for pattern in carried), found.source
