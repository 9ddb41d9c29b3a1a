"""The screen: a number is shown on a test card, and somebody says which."""

from collections.abc import Iterator
from typing import Final

from PIL import Image, ImageDraw

from device.drivers import DisplayMode
from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import NOT_FITTED, Finding, Grade, noted
from device.firmware.words import Both, plain
from wire.health import Trouble

STRIPES: Final = ("#ff0000", "#00ff00", "#0000ff", "#ffffff")
_FIX: Final = Both(
    "检查接线、地址和 [display] 的型号", "check its wires, its address and the kind in [display]"
)
_LIMIT: Final = Both("看得到同一个数", "the same number is seen")


def run(context: Context) -> Iterator[Finding]:
    """Show the card and ask. Raises `DriverError`."""
    display = context.equipment.display()
    if display.size == (0, 0):
        yield NOT_FITTED
        return
    number = str(10 + context.now_s % 90)
    display.show(card(number, display.size, display.mode))
    question = Both("屏幕上是什么数字？（没有请按回车）", "Which number is on the screen? (Enter: none)")
    seen = context.asks.answer(question)
    width, height = display.size
    value = plain(f"{width}×{height}")
    if seen is None:
        yield noted(Both(f"{value}，已显示，未询问", f"{value}, shown; nobody was asked"))
    elif seen.strip() == number:
        yield Finding(Grade.PASS, value, _LIMIT)
    else:
        wrong = Both(f"显示 {number}，看到“{seen.strip()}”", f'shows {number}, "{seen.strip()}" was seen')
        yield Finding(Grade.FAIL, wrong, _LIMIT, _FIX)


def card(number: str, size: tuple[int, int], mode: DisplayMode) -> Image.Image:
    """A frame at the very edge, a number, and on a screen with colours a stripe of each."""
    width, height = size
    picture = Image.new(mode, size, "black")
    draw = ImageDraw.Draw(picture)
    middle = height // 2
    if mode == "RGB":
        middle = height * 3 // 8
        for place, colour in enumerate(STRIPES):
            left = place * width // len(STRIPES)
            draw.rectangle((left, height * 3 // 4, left + width // len(STRIPES), height), fill=colour)
    draw.rectangle((0, 0, width - 1, height - 1), outline="white", width=2)
    draw.text((width // 2, middle), number, fill="white", anchor="mm", font_size=min(width, height) // 2)
    return picture


CHECK: Final = Check(
    name="display",
    title=Both("显示屏", "display"),
    proves=Both("屏幕显示正确", "that the screen shows what it is given, the right way up"),
    run=run,
    hardware=True,
    troubles=(Trouble.DISPLAY,),
)
