"""A gate's equipment that does as a test says, and somebody who answers as a test says."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from device.drivers import (
    DriverError,
    Frame,
    InputChange,
    Sample,
    SensorFault,
    SensorIdentity,
    ThermometerCounters,
)
from device.firmware.checks import registry
from device.firmware.checks.context import Context, Files
from device.firmware.checks.finding import Grade
from device.firmware.config import example, read

GATE = "0123456789ab"
NOW_S = 1_795_000_000


class Time:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self):
        self.now_s = 100.0

    def sleep(self, seconds):
        self.now_s += seconds

    def __call__(self):
        return self.now_s


class Bench:
    """Every driver of a gate in one; `broken` names those that raise."""

    size, mode = (128, 64), "1"

    def __init__(self, time):
        self.time, self.broken = time, set()
        self.luma, self.period_s, self.number = scene(), 1 / 15, 0
        self.counters = ThermometerCounters()
        self.who = SensorIdentity("00112233aabbccdd", 0.98, "DCI", 5)
        self.ambient_c, self.object_c, self.noise_c, self.fitted = 22.0, 23.0, 0.0, True
        self.levels, self.changes, self.energised = {}, [], []
        self.moves = None  # the contact that the relay moves
        self.shown, self.played = [], []

    def _need(self, what):
        if what in self.broken:
            raise DriverError(f"{what} is broken; mend it")

    def camera(self):
        self._need("camera")
        return SimpleNamespace(frame=self.frame)

    def frame(self, _timeout_s):
        self.time.sleep(self.period_s)
        self.number += 1
        return Frame(self.luma, self.number, self.time())

    def thermometer(self):
        return self if self.fitted else None

    def identity(self):
        if "thermometer" in self.broken:
            raise SensorFault("no answer", retries=3)
        return self.who

    def read(self):
        if "reads" in self.broken:
            raise SensorFault("no value", retries=3)
        self.noise_c = -self.noise_c
        return Sample(self.object_c + self.noise_c, self.ambient_c, self.time())

    def barrier(self):
        self._need("pins")
        return self

    inputs = signals = barrier

    @property
    def is_open(self):
        return bool(self.energised) and self.energised[-1]

    def open(self):
        self.energised.append(True)

    def close(self):
        self.energised.append(False)

    def poll(self):
        changes, self.changes = self.changes, []
        return tuple(changes)

    def level(self, kind):
        if kind in self.broken:
            raise DriverError("the pin was let go")
        if kind is self.moves:
            return True in self.energised
        return self.levels.get(kind, False)

    def change(self, kind):
        self.changes.append(InputChange(kind, True, self.time()))

    def display(self):
        return self

    def show(self, *what):
        self._need("display")
        self.shown.append(what)


class Somebody:
    """Answers what a test has put down, or nobody."""

    def __init__(self):
        self.says, self.asked = {}, []

    def sure(self, question):
        self.asked.append(question.en)
        return next((answer for part, answer in self.says.items() if part in question.en), None)

    answer = sure


def scene():
    """A picture with edges, as of a code held before the lens."""
    return np.kron(np.indices((24, 40)).sum(axis=0) % 2 * 170 + 40, np.ones((30, 32))).astype(np.uint8)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def bench(time):
    return Bench(time)


@pytest.fixture
def somebody():
    return Somebody()


@pytest.fixture
def config(tmp_path):
    (tmp_path / "data").mkdir()
    return read(example(gate=GATE, data=str(tmp_path / "data"), host="127.0.0.1").encode(), "gate.toml")


@pytest.fixture
def context(config, bench, somebody, time, tmp_path):
    files = Files(config)
    yield Context(
        config=config,
        equipment=bench,
        files=files,
        asks=somebody,
        now_s=NOW_S,
        machine=tmp_path / "machine",
        said_by=lambda _: None,
        monotonic=time,
        sleep=time.sleep,
    )
    files.close()


@pytest.fixture
def run(context):
    """Do one check; findings by the English name of their part."""

    def run(name, **changes):
        found = []
        (check,) = registry.chosen([name], [])
        registry.perform(check, replace(context, **changes), found.append)
        for finding in found:
            told = (
                [finding.value, finding.fix] if finding.grade in {Grade.WARN, Grade.FAIL} else [finding.value]
            )
            assert all(both.zh and both.en for both in told), finding
        return {finding.about.en: finding for finding in found}

    return run


@pytest.fixture
def machine(context):
    """Write a file of the machine."""

    def write(path, text):
        file = context.machine / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    return write
