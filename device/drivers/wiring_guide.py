"""What an engineer should know about one gate's wiring: which wire goes where, and what is risky about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from device.drivers import InputKind
from device.drivers.wiring import HEADER, PULLED_UP_AT_RESET, GpioConfig

_SERIAL_PINS: Final = {14, 15}


@dataclass(frozen=True, slots=True)
class Caution:
    """One thing that works and may hurt, in words."""

    zh: str
    en: str


class Wire(NamedTuple):
    """One row of the pin table."""

    gpio: int
    header: int
    zh: str
    en: str
    detail: str


_WORDS: Final[Mapping[str, str]] = {
    "relay": "继电器",
    "door contact": "门磁",
    "passage contact": "通行传感器",
    "fire contact": "消防输入",
    "tamper contact": "防拆开关",
    "button contact": "工作人员按钮",
    "red lamp": "指示灯红",
    "green lamp": "指示灯绿",
    "blue lamp": "指示灯蓝",
    "sounder": "蜂鸣器",
    "I2C data": "I²C 数据",
    "I2C clock": "I²C 时钟",
    "SPI data": "SPI 数据",
    "SPI data in": "SPI 数据输入",
    "SPI clock": "SPI 时钟",
    "SPI select 0": "SPI 片选 0",
    "SPI select 1": "SPI 片选 1",
    "LCD data/command": "液晶屏数据/命令",
    "LCD reset": "液晶屏复位",
    "LCD backlight": "液晶屏背光",
}


def guide(config: GpioConfig) -> tuple[Wire, ...]:
    """Every wire of this gate, in the order of its GPIO numbers."""
    details = {config.relay_pin: f"active {config.relay_active}"}
    details |= {c.pin: f"pull {c.pull}, active {c.active}" for c in config.contacts.values()}
    details |= dict.fromkeys(config.lamp_pins or (), f"active {config.lamp_active}")
    if config.sounder_pin is not None:
        details[config.sounder_pin] = config.sounder
    used = dict(config.taken_pins) | {pin: use for use, pin in config.uses()}
    return tuple(
        Wire(pin, HEADER[pin], _WORDS.get(use, use), use, details.get(pin, ""))
        for pin, use in sorted(used.items())
    )


def cautions(config: GpioConfig) -> tuple[Caution, ...]:
    """What works and may hurt; nothing here stops a gate from starting."""
    return tuple(caution for holds, caution in _CAUTIONS if holds(config))


def _relay_moves_at_boot(config: GpioConfig) -> bool:
    return (config.relay_pin in PULLED_UP_AT_RESET) is (config.relay_active == "high")


def _unseen(config: GpioConfig, kind: InputKind) -> bool:
    contact = config.contacts.get(kind)
    return contact is not None and not contact.broken_is_active


_CAUTIONS: Final[tuple[tuple[Callable[[GpioConfig], bool], Caution], ...]] = (
    (
        lambda config: config.relay_active == "low",
        Caution(
            "继电器低电平有效：引脚释放后可能吸合，请在引脚与 3.3 V 之间接 10 kΩ 上拉电阻，"
            "或改用高电平有效的模块",
            "the relay is active low: it may pull in when its pin is let go; fit 10 kΩ from the pin to "
            "3.3 V, or use an active-high module",
        ),
    ),
    (
        _relay_moves_at_boot,
        Caution(
            "继电器引脚上电时的默认电平会使继电器吸合：高电平有效请用 GPIO 9–27，并加外部偏置电阻",
            "the relay's pin rests at its active level from power-on until the gate starts: with an "
            "active-high relay use GPIO 9 to 27, and fit a resistor that holds it off",
        ),
    ),
    (
        lambda config: config.relay_pin in _SERIAL_PINS,
        Caution(
            "继电器接在串口引脚（GPIO 14/15）上：启动信息会使继电器抖动",
            "the relay is on a serial pin (GPIO 14 or 15): boot messages would make it chatter",
        ),
    ),
    (
        lambda config: _unseen(config, InputKind.FIRE),
        Caution(
            "消防输入断线时不会报火警：请用常闭回路，pull 与 active 设为 up/high",
            "a broken fire wire does not read as fire: use a loop that opens on alarm, pull up, active high",
        ),
    ),
    (
        lambda config: InputKind.FIRE not in config.contacts and config.relay_wiring == "fail-secure",
        Caution(
            "断电时关闭且没有消防输入：消防必须在硬件上直接释放闸门",
            "the way stays shut without power and there is no fire input: the alarm must free it in hardware",
        ),
    ),
    (
        lambda config: _unseen(config, InputKind.TAMPER),
        Caution(
            "防拆线被剪断时不会报警：请用常闭开关，pull 与 active 设为 up/high",
            "a cut tamper wire is not noticed: use a switch that opens with the case, pull up, active high",
        ),
    ),
    (
        lambda config: any(contact.pull == "none" for contact in config.contacts.values()),
        Caution(
            "有触点没有内部上下拉：必须有外部电阻，否则读数漂移",
            "a contact has no pull: without a resistor of its own it reads whatever is in the air",
        ),
    ),
    (
        lambda config: config.barrier == "door" and InputKind.DOOR not in config.contacts,
        Caution(
            "电锁没有门磁：强行打开和未关门都发现不了，每次都通电到脉冲结束",
            "a door strike without a door contact: a forced or held door goes unnoticed, and the strike is "
            "driven for its whole pulse",
        ),
    ),
    (
        lambda config: bool(config.contacts) and config.debounce_s == 0,
        Caution(
            "去抖时间为零：触点抖动会被当作多次动作", "debounce_s is 0: every bounce of a contact counts"
        ),
    ),
)
