"""The thermometer: it answers, is the one that it is said to be, and reads cleanly and quietly."""

import statistics
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from device.drivers import Sample, SensorFault, SensorIdentity, Thermometer
from device.firmware.calibration import same_emissivity
from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import NOT_FITTED, Finding, Grade, graded
from device.firmware.words import Both, plain
from wire.health import Trouble

READS: Final = 50
EVERY_S: Final = 0.1
"""The chip's filter takes 0.14 s: faster tells nothing new."""
MOST_RETRIED: Final = 0.02
"""Of the transfers; a sound bus of a few centimetres has none at all."""
MOST_NOISE_C: Final = 0.15
"""Standard deviation before a steady scene (MLX90614 datasheet: 0.1 °C at the factory's filter)."""
AMBIENT_LOW_C: Final = 5.0
AMBIENT_HIGH_C: Final = 45.0
WIDE_DEG: Final = 35
"""Wider ones see beside a face at 10 cm: 90° spans 20 cm (MLX90614 datasheet, ordering information)."""

_WIRES: Final = Both(
    "检查 VCC、GND、SDA、SCL 四根线，I²C 是否启用", "check its four wires, and that I²C is switched on"
)


def run(context: Context) -> Iterator[Finding]:
    """Ask the chip who it is, and read it fifty times."""
    thermometer, told = context.equipment.thermometer(), context.config.thermometer
    if thermometer is None or told is None:
        yield NOT_FITTED
        return
    try:
        identity = thermometer.identity()
    except SensorFault as error:
        yield Finding(Grade.FAIL, Both("没有应答", str(error)), Both("有应答", "it answers"), _WIRES)
        return
    yield Finding(
        Grade.PASS, Both(f"编号 {identity.id}", f"number {identity.id}"), about=Both("应答", "answer")
    )
    yield _optics(identity)
    yield _emissivity(identity.emissivity, told.emissivity)
    yield from _reads(context, thermometer)


def _optics(identity: SensorIdentity) -> Finding:
    seen = f"{identity.variant}, {identity.view_deg}°"
    value = Both(f"按配置为 {seen}", f"{seen}, as the file says")
    fix = Both(
        "90° 视场在几厘米外就会测到背景：换用 DCI（5°）等窄视场型号，并在 gate.toml 更改 variant",
        "90° sees the background at a few centimetres already: fit a narrow one (DCI, 5°), set variant",
    )
    about = Both("视场", "optics")
    return graded(
        identity.view_deg <= WIDE_DEG, value, plain(f"≤ {WIDE_DEG}°"), fix, bad=Grade.WARN, about=about
    )


def _emissivity(found: float, wanted: float) -> Finding:
    fix = Both(
        "运行 jx-gate emissivity --set，然后断电重启",
        "run jx-gate emissivity --set, then switch its power off and on",
    )
    limit = plain(f"{wanted:.3f}")
    about = Both("发射率", "emissivity")
    return graded(same_emissivity(found, wanted), plain(f"{found:.3f}"), limit, fix, about=about)


def _reads(context: Context, thermometer: Thermometer) -> Iterator[Finding]:
    samples: list[Sample] = []
    failed, before = 0, thermometer.counters
    for _ in range(READS):
        try:
            samples.append(thermometer.read())
        except SensorFault:
            failed += 1
        context.sleep(EVERY_S)
    after = thermometer.counters
    wrong, retried = after.pec_errors - before.pec_errors, after.retries - before.retries
    transfers = 2 * READS
    yield Finding(
        *_bus(failed, wrong, retried, transfers),
        Both("校验", "bus errors"),
    )
    if samples:
        yield _ambient(statistics.median(sample.ambient_c for sample in samples))
        yield _noise([sample.object_c for sample in samples])


def _bus(failed: int, wrong: int, retried: int, transfers: int) -> tuple[Grade, Both, Both, Both]:
    value = Both(
        f"{transfers} 次传输：校验错 {wrong}，重试 {retried}，失败 {failed}",
        f"in {transfers} transfers: {wrong} bad checks, {retried} retries, {failed} failed reads",
    )
    limit = plain(f"≤ {MOST_RETRIED:.0%}")
    fix = Both("缩短线缆，远离继电器和电源线", "shorten its cable, lead it away from relay and mains")
    if failed:
        return Grade.FAIL, value, limit, fix
    if max(wrong, retried) > MOST_RETRIED * transfers:
        return Grade.WARN, value, limit, fix
    return Grade.PASS, value, limit, Both("", "")


def _ambient(ambient_c: float) -> Finding:
    good = AMBIENT_LOW_C <= ambient_c <= AMBIENT_HIGH_C
    fix = Both("让它离开热源、冷风和日光", "keep it from heat, draught and sunlight")
    limit = plain(f"{AMBIENT_LOW_C:.0f}–{AMBIENT_HIGH_C:.0f} °C")
    about = Both("环境温度", "ambient")
    return graded(good, plain(f"{ambient_c:.1f} °C"), limit, fix, bad=Grade.WARN, about=about)


def _noise(object_c: list[float]) -> Finding:
    """Differences from one reading to the next: somebody who walks by is no noise."""
    steps = [after - before for before, after in pairwise(object_c)]
    noise_c = statistics.pstdev(steps) / 2**0.5 if len(steps) > 1 else 0.0
    fix = Both(
        "测试时前方不要有人走动；检查电源是否干净",
        "let nobody move before it; check that its supply is clean",
    )
    value = plain(f"{noise_c:.3f} °C")
    return graded(
        noise_c <= MOST_NOISE_C,
        value,
        plain(f"≤ {MOST_NOISE_C} °C"),
        fix,
        bad=Grade.WARN,
        about=Both("噪声", "noise"),
    )


CHECK: Final = Check(
    name="thermometer",
    title=Both("测温", "thermometer"),
    proves=Both(
        "传感器应答正确、读数干净", "that the sensor answers, is set as it should be, and reads cleanly"
    ),
    run=run,
    hardware=True,
    troubles=(Trouble.THERMOMETER, Trouble.EMISSIVITY),
)
