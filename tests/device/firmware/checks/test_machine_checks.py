"""What each check of the machine and of the gate's files says."""

import datetime as dt
import sqlite3
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from device.drivers import SensorIdentity
from device.firmware import calibration
from device.firmware.checks import journal as journal_check
from device.firmware.checks import storage
from device.firmware.checks.context import said_by
from device.firmware.checks.finding import Grade
from device.firmware.live import Running, Told
from device.firmware.store import Store
from wire.keys import PrivateKey
from wire.messages import ClockTrust, Entry, Event

GATE = "0123456789ab"
NOW_S = 1_795_000_000
DAY_S = 86_400
PASS, WARN, FAIL, SKIP, NOTE = Grade.PASS, Grade.WARN, Grade.FAIL, Grade.SKIP, Grade.NOTE


def grades(found):
    return {part: finding.grade for part, finding in found.items()}


def running(**changes):
    told = {"gate": GATE, "pid": 77, "written_at": 0.0, "uptime_s": 1.0, "firmware": "1", "ready": True}
    return Running(Told(**told | {"lane": "idle"} | changes), 0.5)


@pytest.mark.parametrize(
    ("told", "grade"), [("0x0", PASS), ("0x50000", WARN), ("0x50005", FAIL), ("0x20000", PASS)]
)
def test_undervoltage_now_fails_and_once_warns(run, told, grade):
    assert run("power", said_by=lambda _: f"throttled={told}")[""].grade is grade


@pytest.mark.parametrize(("alarm", "grade"), [("0", PASS), ("1", WARN)])
def test_without_the_pi_tool_the_kernel_is_asked(run, machine, alarm, grade):
    machine("sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
    machine("sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    machine("sys/class/hwmon/hwmon1/in0_lcrit_alarm", f"{alarm}\n")
    assert run("power")[""].grade is grade


def test_what_a_machine_cannot_tell_is_a_note(run):
    for name in ("power", "heat", "memory"):
        assert run(name)[""].grade is NOTE


@pytest.mark.parametrize(("told", "grade"), [("48123", PASS), ("76000", WARN), ("84000", FAIL), ("x", NOTE)])
def test_a_hot_processor_warns_before_it_slows_down(run, machine, told, grade):
    machine("sys/class/thermal/thermal_zone0/temp", told)
    assert run("heat")[""].grade is grade


def test_memory_is_asked_of_the_machine_the_process_and_the_service(run, machine):
    machine("proc/meminfo", "MemTotal: 900000 kB\nMemAvailable: 512000 kB\n")
    machine("proc/77/status", "Name: python\nVmRSS: 200000 kB\n")
    machine("sys/fs/cgroup/system.slice/jixiang-gate.service/memory.max", "200000000")
    machine("sys/fs/cgroup/system.slice/jixiang-gate.service/memory.current", "190000000")
    assert grades(run("memory", running=running())) == {
        "available": PASS, "the gate's own": WARN, "limit of the service": WARN,
    }  # fmt: skip
    machine("sys/fs/cgroup/system.slice/jixiang-gate.service/memory.max", "max")
    assert run("memory", running=running(pid=78))["limit of the service"].grade is WARN
    assert run("memory", running=running(pid=78))["the gate's own"].grade is NOTE


MOUNTS = """\
22 1 0:21 / / {root},relatime - {kind} /dev/root rw
30 22 179:3 / {data} rw,relatime - ext4 /dev/mmcblk0p3 rw
"""


@pytest.mark.parametrize(
    ("root", "kind", "grade"), [("ro", "ext4", PASS), ("rw", "overlay", PASS), ("rw", "ext4", WARN)]
)
def test_the_root_is_read_only_and_the_data_apart(run, machine, config, root, kind, grade):
    machine("proc/self/mountinfo", MOUNTS.format(root=root, kind=kind, data=config.data))
    assert run("storage")["partitions"].grade is grade


def test_data_on_the_root_is_a_warning(run, machine):
    machine("proc/self/mountinfo", MOUNTS.format(root="ro", kind="ext4", data="/elsewhere"))
    assert run("storage")["partitions"].grade is WARN


def test_a_card_that_writes_slowly_is_told_with_its_milliseconds(run, monkeypatch):
    clock = iter(range(10_000))
    assert run("storage", monotonic=lambda: next(clock) * 0.05)["durable write"].grade is WARN
    assert run("storage", monotonic=lambda: next(clock) * 0.5)["durable write"].grade is FAIL
    assert run("storage", monotonic=lambda: 1.0)["durable write"].grade is PASS

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    found = run("storage")["durable write"]
    assert (found.grade, found.value.en) == (FAIL, "No space left on device")


def test_a_data_partition_that_is_not_there_fails(run, config):
    Path(config.data).rmdir()
    assert grades(run("storage")) == {"": FAIL}


@pytest.fixture
def kept(authority, config):
    """The files of a gate that has worked for a while."""
    data = Path(config.data)
    (data / "root.1.jx").write_bytes(authority.sign(authority.root()))
    store = Store.open(data / "gate.db", GATE, journal_limit_bytes=1 << 20)
    store.keep("trust", "", 1, authority.sign(authority.trust()))
    store.keep("assignment", "", 1, authority.sign(authority.assignment()))
    store.keep("list", "jl/0", 1, authority.list(authority.token()))
    for _ in range(3):
        store.append(Entry(sequence=0, previous=bytes(32), at_ms=1, clock=ClockTrust.NONE, kind=Event.BOOT))
    store.floor_ms = (NOW_S - 60) * 1000
    store.close()
    return data


@pytest.mark.usefixtures("kept")
def test_the_clock_may_not_stand_before_what_was_signed(run, machine):
    assert run("clock")["system time"].grade is PASS
    assert run("clock", now_s=NOW_S - DAY_S)["system time"].grade is FAIL
    assert run("clock")["kept by"].grade is WARN
    assert run("clock", said_by=lambda _: "yes")["kept by"].grade is PASS
    machine("sys/class/rtc/rtc0/name", "pcf8523")
    assert run("clock")["kept by"].grade is PASS


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(("doubt_ms", "grade"), [(None, WARN), (200, PASS), (60_000, WARN)])
def test_the_running_gate_says_how_far_its_time_can_be_trusted(run, doubt_ms, grade):
    assert run("clock", running=running(clock_doubt_ms=doubt_ms))["signed time"].grade is grade


@pytest.mark.usefixtures("kept")
def test_the_journal_is_read_and_verified(run):
    found = run("journal")
    assert grades(found) == {"chain": PASS, "not sent yet": PASS}
    assert "3" in found["chain"].value.en


def test_a_journal_that_was_changed_fails(run, kept):
    db = sqlite3.connect(kept / "gate.db")
    db.execute("UPDATE event SET data = (SELECT data FROM event WHERE sequence = 1) WHERE sequence = 2")
    db.commit()
    db.close()
    assert grades(run("journal")) == {"chain": FAIL}


@pytest.mark.usefixtures("kept")
def test_a_backlog_is_a_warning(run, monkeypatch):
    monkeypatch.setattr(journal_check, "BACKLOG_EVENTS", 2)
    assert run("journal")["not sent yet"].grade is WARN


def test_files_that_cannot_be_read_fail_in_words(run):
    for name in ("journal", "documents", "clock"):
        found = run(name)[""]
        assert found.grade is FAIL
        assert "gate.db" in found.value.en
        assert "Error" not in found.value.en


@pytest.mark.usefixtures("kept")
def test_documents_are_judged_as_readiness_does(run):
    found = run("documents")
    assert grades(found) == {"root": PASS, "trust": PASS, "assignment": PASS, "lists": WARN}
    assert "missing" in found["lists"].value.en
    later = run("documents", now_s=NOW_S + 40 * DAY_S)
    assert later["trust"].grade is WARN
    assert later["assignment"].grade is FAIL


def test_a_document_that_is_not_believed_is_named(run, kept):
    store = Store.open(kept / "gate.db", GATE, journal_limit_bytes=1 << 20)
    store.keep("trust", "", 2, b"nothing")
    store.close()
    found = run("documents")
    assert found["trust"].grade is FAIL
    assert "not believed any more" in found[""].value.en


def certificate(key, days, name=GATE):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.fromtimestamp(NOW_S, dt.UTC)
    begun = now - dt.timedelta(400)
    built = x509.CertificateBuilder(subject, subject, key.public_key(), 1, begun, now + dt.timedelta(days))
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(("days", "grade"), [(90, PASS), (7, WARN), (-3, FAIL)])
def test_a_certificate_that_ends_is_told_in_time(run, config, days, grade):
    key = PrivateKey.generate()
    config.path("gate.pem").write_bytes(certificate(key.crypto(), days))
    config.path("gate.key").write_bytes(key.to_pem())
    config.path("gate.key").chmod(0o600)
    assert grades(run("certificate")) == {"left": grade, "key and name": PASS, "key file": PASS}


def test_a_key_of_others_or_for_others_to_read_fails(run, config):
    key = PrivateKey.generate()
    config.path("gate.pem").write_bytes(certificate(key.crypto(), 90))
    found = run("certificate")
    assert (found["key and name"].grade, found["key file"].grade) == (FAIL, FAIL)
    config.path("gate.key").write_bytes(PrivateKey.generate().to_pem())
    config.path("gate.key").chmod(0o644)
    found = run("certificate")
    assert (found["key and name"].grade, found["key file"].value.en) == (FAIL, "0644")
    assert found["key file"].fix.en.startswith("chmod 600")


def test_a_gate_without_a_certificate_is_not_enrolled(run):
    assert run("certificate")[""].value.en == "not enrolled"


def record(**changes):
    day = dt.datetime.fromtimestamp(NOW_S, dt.UTC).date()
    told = calibration.Record(
        sensor="00112233aabbccdd",
        variant="DCI",
        emissivity=0.98,
        offset_c=0.1,
        gain=1.0,
        residual_c=0.1,
        points=((35.0, 34.9), (39.0, 38.9)),
        made=day - dt.timedelta(30),
        due=day + dt.timedelta(30),
        operator="op-7",
        black_body="BB-1",
    )
    return calibration.text(type(told)(**{f: getattr(told, f) for f in told.__struct_fields__} | changes))


def test_a_calibration_is_this_sensors_and_not_overdue(run, config, bench):
    assert run("calibration")[""].grade is WARN
    config.path("calibration.toml").write_text(record())
    assert grades(run("calibration")) == {"dates": PASS, "sensor": PASS}
    assert run("calibration", now_s=NOW_S + 60 * DAY_S)["dates"].grade is WARN
    bench.who = SensorIdentity("ffffffffffffffff", 0.98, "DCI", 5)
    assert run("calibration")["sensor"].grade is FAIL
    bench.broken = {"thermometer"}
    assert run("calibration")["sensor"].grade is SKIP
    config.path("calibration.toml").write_text("nonsense")
    assert run("calibration")[""].grade is FAIL


def test_while_the_gate_runs_its_word_about_the_sensor_counts(run, config, bench):
    config.path("calibration.toml").write_text(record())
    bench.broken = {"thermometer"}
    assert run("calibration", busy=True, running=running())["sensor"].grade is PASS
    told = running(troubles=("calibration",))
    assert run("calibration", busy=True, running=told)["sensor"].grade is FAIL


def test_programs_of_the_system_are_asked_and_need_not_be_there():
    assert said_by(("echo", "yes")) == "yes"
    assert said_by(("false",)) is None
    assert said_by(("there-is-no-such-program",)) is None


@pytest.mark.usefixtures("kept")
def test_findings_carry_a_fix_in_both_languages(run):
    for name in ("documents", "certificate", "clock", "calibration"):
        for finding in run(name, now_s=NOW_S + 400 * DAY_S).values():
            if finding.grade in {WARN, FAIL}:
                assert finding.fix.zh, (name, finding)
                assert finding.fix.en, (name, finding)


def test_what_this_account_may_not_read_is_neither_missing_nor_damaged(run, monkeypatch):
    def opened(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", opened)
    for name in ("certificate", "journal", "documents", "clock"):
        (found,) = run(name).values()
        assert "run it with sudo" in found.value.en, name
    assert "enrol" not in str(run("certificate"))
    assert "chown" in run("calibration")[""].value.en
    assert "black body" not in str(run("calibration"))
