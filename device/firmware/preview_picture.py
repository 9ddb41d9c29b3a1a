"""One frame and what was found in it as a picture for an installer; what is found can not be read from it."""

from typing import Final, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from device.drivers import Luma
from device.firmware.lettering import names_font
from device.firmware.preview import BINS, Found, Kind, Points, View

WIDTH: Final = 1280
EDGE: Final = 28
ROW: Final = 44
PANEL: Final = 330
VALUES: Final = 365
"""Where the values of the table begin."""
HISTOGRAM: Final = (370, 190)

PAPER_WHITE, INK, FAINT_INK, LINE = "#ffffff", "#14213d", "#5b6474", "#d5d9e0"
GOOD, WARN = "#0b6e4f", "#8a5a00"

KINDS: Final = {
    Kind.PHONE: "手机健康码 · phone code",
    Kind.PAPER: "纸质健康码 · paper code",
    Kind.FOREIGN: "其他体系的证明 · pass of another system",
    Kind.DAMAGED: "残缺的健康码 · damaged code",
    Kind.OTHER: "其他二维码 · another QR code",
}

LEAST_MODULE_PX: Final = 3.0
"""Below it the decode rate falls (bench/decode.py: 480p at arm's length)."""
LEAST_SPARE: Final = 0.5
LEAST_SHARP: Final = 0.08
"""Where a code of 5 pixels a module begins to fail in the simulation's pictures; a sharp lens has 0.3."""
MOST_WHITE: Final = 0.05
LEAST_RATE: Final = 0.6


class Line(NamedTuple):
    """One finding: in words, its value, its limit, and what helps when it does not hold."""

    zh: str
    en: str
    value: str
    holds: bool | None
    """None: there was nothing to measure."""
    fix: str


def lines(view: View) -> tuple[Line, ...]:
    """The findings in the order in which an installer can do something about them."""
    codes = [one for one in view.found if one.kind is not Kind.OTHER]
    smallest = min((one.module_px for one in codes), default=None)
    spare = min((one.spare for one in codes), default=None)
    rungs = ", ".join(dict.fromkeys(one.rung for one in view.found))
    told = f"{len(view.found)} ({rungs})" if rungs else "0"
    least = LEAST_RATE * view.wanted_per_s
    rate = f"{view.rate_per_s:.1f} / {view.wanted_per_s:g} (> {least:g})"
    return (
        Line("二维码", "codes", told, bool(codes), "举起一张健康码 · hold a code up"),
        _least("每模块像素", "pixels a module", smallest, LEAST_MODULE_PX, "拿近一点 · hold it closer"),
        _least("纠错余量", "correction left", spare, LEAST_SPARE, "避开反光 · avoid the glare"),
        _least("清晰度", "sharpness", view.sharpness, LEAST_SHARP, "调整对焦 · adjust the focus"),
        _light(view),
        Line(
            "帧率", "pictures a second", rate, view.rate_per_s >= least, "检查供电、散热 · check power, heat"
        ),
    )


def _light(view: View) -> Line:
    if view.dark:
        return Line("曝光", "exposure", "一片黑 · black", False, "揭开镜头 · uncover the lens")
    told = f"{view.white:.1%} (< {MOST_WHITE:.0%})"
    return Line("过亮", "burnt out", told, view.white <= MOST_WHITE, "调低 exposure_value · lower it")


def _least(zh: str, en: str, value: float | None, least: float, fix: str) -> Line:
    share = least < 1
    told = "—" if value is None else (f"{value:.0%}" if share else f"{value:.1f}")
    limit = f"{least:.0%}" if share else f"{least:g}"
    return Line(zh, en, f"{told} (> {limit})", None if value is None else value >= least, fix)


def draw(luma: Luma, view: View) -> Image.Image:
    """The frame with outlines above, the findings below; WIDTH pixels wide."""
    scale = WIDTH / luma.shape[1]
    height = round(luma.shape[0] * scale)
    seen = Image.fromarray(_veiled(luma, view)).resize((WIDTH, height), Image.Resampling.BICUBIC)
    whole = Image.new("RGB", (WIDTH, height + PANEL), PAPER_WHITE)
    whole.paste(seen, (0, 0))
    pen = ImageDraw.Draw(whole)
    for one in view.found:
        _outline(pen, one, scale, height)
    _histogram(pen, view, (EDGE, height + 70))
    _table(pen, view, (EDGE * 2 + HISTOGRAM[0], height + 26))
    return whole


def _veiled(luma: Luma, view: View) -> Luma:
    """A copy in which the middle of every code that was found is a mosaic: it shows nobody's code."""
    copy = np.array(luma)
    for one in view.found:
        across, down = zip(*one.corners, strict=True)
        side = max(8, round(max(max(across) - min(across), max(down) - min(down)) * 0.35))
        x, y = round(sum(across) / 4) - side, round(sum(down) / 4) - side
        part = copy[max(0, y) : y + 2 * side, max(0, x) : x + 2 * side]
        size = (part.shape[1], part.shape[0])
        few = Image.fromarray(part).resize((4, 4), Image.Resampling.BOX)
        part[:] = np.asarray(few.resize(size, Image.Resampling.NEAREST))
    return copy


def _outline(pen: ImageDraw.ImageDraw, one: Found, scale: float, height: int) -> None:
    """A frame around the code, in its orientation, and a label that stays inside the picture."""
    colour = WARN if one.kind in {Kind.OTHER, Kind.DAMAGED} else GOOD
    corners: Points = tuple((x * scale, y * scale) for x, y in one.corners)
    pen.line((*corners, corners[0]), fill=PAPER_WHITE, width=8, joint="curve")
    pen.line((*corners, corners[0]), fill=colour, width=4, joint="curve")
    label = KINDS[one.kind]
    font = names_font(22)
    wide = round(pen.textlength(label, font)) + 20
    left = round(min(max(0, min(x for x, _ in corners)), WIDTH - wide))
    below = max(y for _, y in corners) + 10
    top = round(below if below + 36 <= height else max(0, min(y for _, y in corners) - 46))
    pen.rounded_rectangle((left, top, left + wide, top + 36), 6, fill=colour, outline=PAPER_WHITE, width=2)
    pen.text((left + 10, top + 18), label, PAPER_WHITE, font, anchor="lm")


def _histogram(pen: ImageDraw.ImageDraw, view: View, at: tuple[int, int]) -> None:
    """How bright how much of the picture is; burnt out to the right."""
    (left, top), (wide, high) = at, HISTOGRAM
    pen.text((left, top - 46), "亮度 · brightness", INK, names_font(22))
    pen.rectangle((left, top, left + wide, top + high), outline=LINE)
    counts = np.sqrt(view.histogram / max(1, int(view.histogram.max())))  # small peaks matter too
    step = wide / BINS
    for number, count in enumerate(counts):
        burnt = number == BINS - 1
        x, y = left + number * step, top + high - float(count) * (high - 8)
        pen.rectangle((x, y, x + step - 1, top + high), fill=WARN if burnt else INK)
    font = names_font(18)
    pen.text((left, top + high + 8), f"黑 · black {view.black:.1%}", FAINT_INK, font)
    end = f"过亮 · burnt out {view.white:.1%}"
    pen.text((left + wide, top + high + 8), end, FAINT_INK, font, anchor="ra")


def _table(pen: ImageDraw.ImageDraw, view: View, at: tuple[int, int]) -> None:
    """A line for each finding: a sign, the words, the value; where it does not hold, what helps."""
    left, top = at
    names, small = names_font(22), names_font(18)
    for number, line in enumerate(lines(view)):
        y = top + number * (ROW + 4) + ROW // 2
        _sign(pen, (left + 12, y), holds=line.holds)
        pen.text((left + 40, y), f"{line.zh} · {line.en}", INK, names, anchor="lm")
        failed = line.holds is False
        value = WARN if failed else INK
        pen.text((left + VALUES, y), line.value, value, names, anchor="lm")
        if failed:
            reach = left + VALUES + pen.textlength(line.value, names)
            pen.text((reach + 18, y + 1), line.fix, WARN, small, anchor="lm")
        pen.line((left, y + ROW // 2 + 2, WIDTH - EDGE, y + ROW // 2 + 2), LINE)


def _sign(pen: ImageDraw.ImageDraw, middle: tuple[int, int], *, holds: bool | None) -> None:
    """A tick, an exclamation mark or a dot: shape before colour."""
    x, y = middle
    if holds is None:
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=LINE)
    elif holds:
        pen.line((x - 9, y, x - 3, y + 7, x + 10, y - 8), fill=GOOD, width=4, joint="curve")
    else:
        pen.polygon((x, y - 11, x + 12, y + 10, x - 12, y + 10), fill=WARN)
        pen.line((x, y - 4, x, y + 3), fill=PAPER_WHITE, width=3)
        pen.point((x, y + 7), fill=PAPER_WHITE)
