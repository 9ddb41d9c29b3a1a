"""A card drawn for a small screen: 128×64 in black and white, or 240×320 in colour."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from PIL import Image, ImageDraw, ImageFont

from device.drivers import DisplayMode
from device.firmware.screens import Card, Shape

FONT_FILE: Final = Path(__file__).parent / "assets" / "noto-sans-sc-gate.ttf"
SPACE: Final = 4
# Chinese breaks between any two characters but these words, and never before a comma.
_WORDS: Final = re.compile(r"(?:无法|识别|读取|手机|健康码|工作人员|一个|人数已满|.)，?")

Box: TypeAlias = tuple[float, float, float]
"""Left, top, side of a square."""
Pen: TypeAlias = ImageDraw.ImageDraw
Ink: TypeAlias = str | int


def draw(card: Card, size: tuple[int, int], mode: DisplayMode) -> Image.Image:
    """The picture of a card, `size` wide and high, in Pillow's mode "1" or "RGB"."""
    if mode == "1":
        ground, ink = (1, 0) if card.colours.inverted else (0, 1)
        image = Image.new("1", size, ground)
        _draw_wide(ImageDraw.Draw(image), card, size, (ink, ground))
        return image
    image = Image.new("RGB", size, card.colours.ground)
    _draw_tall(ImageDraw.Draw(image), card, size, (card.colours.ink, card.colours.ground))
    return image


def _draw_wide(pen: Pen, card: Card, size: tuple[int, int], inks: tuple[Ink, Ink]) -> None:
    """Figure at the left, Chinese at its right, English below: for 128×64."""
    width, height = size
    pen.fontmode = "1"
    side = 36
    SHAPES[card.shape](pen, (3, 2, side), *inks)
    left, room = side + 7, width - side - 8
    zh = _wrapped(card.zh, room, 16, 2)
    top = (side + 1 - 19 * len(zh)) // 2
    for number, line in enumerate(zh):
        pen.text((left, top + 19 * number), line, font=_font(16), fill=inks[0])
    _draw_english(pen, card, (width, height), 40, inks[0])


def _draw_english(pen: Pen, card: Card, size: tuple[int, int], top: int, ink: Ink) -> None:
    """One line of 12 or two of 10 pixels, words set apart by whole pixels so that they stay words."""
    width, height = size
    text = f"{card.en} {card.code}".strip()
    points = 12 if _spaced(text, 12) <= width - 4 else 10
    lines = (text,) if points == 12 else _wrapped(text, width - 8, 10, 2)  # noqa: PLR2004 - as chosen above
    first = top + (height - top - 11 * len(lines)) // 2 - 2
    for number, line in enumerate(lines):
        left = (width - _spaced(line, points)) // 2
        for word in line.split(" "):
            pen.text((left, first + 11 * number), word, font=_font(points), fill=ink)
            left += _width(word, points) + SPACE


def _spaced(text: str, points: int) -> int:
    words = text.split(" ")
    return sum(_width(word, points) for word in words) + SPACE * (len(words) - 1)


def _width(text: str, points: int) -> int:
    return round(_font(points).getlength(text, mode="1"))


def _draw_tall(pen: Pen, card: Card, size: tuple[int, int], inks: tuple[Ink, Ink]) -> None:
    """Figure above, Chinese large under it, English and code below: for 240×320."""
    width, height = size
    side, foot = 116, height - 44
    SHAPES[card.shape](pen, ((width - side) / 2, 20, side), *inks)
    blocks = [
        (points, line)
        for points, text in ((34, card.zh), (20, card.en))
        for line in _wrapped(text, width - 16, points, 2)
    ]
    top = (side + 24 + foot - sum(points * 1.3 for points, _ in blocks)) / 2
    for points, line in blocks:
        pen.text((width / 2, top), line, font=_font(points), fill=inks[0], anchor="ma")
        top += points * 1.3
    if card.code:
        pen.text((width / 2, height - 14), card.code, font=_font(22), fill=inks[0], anchor="ms")


@cache
def _font(points: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT_FILE, points)


@cache
def _wrapped(text: str, room: int, points: int, most: int) -> tuple[str, ...]:
    """Lines that fit into `room` pixels, as even as can be; no word is broken, Chinese or English."""
    font = _font(points)
    if font.getlength(text) <= room:
        return (text,)
    glue = " " if " " in text else ""
    parts = text.split(glue) if glue else _WORDS.findall(text)
    cuts = [(glue.join(parts[:cut]), glue.join(parts[cut:])) for cut in range(1, len(parts))]
    return min(cuts, key=lambda lines: max(font.getlength(line) for line in lines))[:most]


def _corners(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    """The three finder patterns and one alignment pattern of a QR code."""
    left, top, side = box
    eye = side * 0.36
    for x, y in ((0.0, 0.0), (side - eye, 0.0), (0.0, side - eye)):
        thick = max(2, round(eye / 7))
        pen.rectangle(_square(left + x, top + y, eye), outline=ink, width=thick)
        inner = eye * 3 / 7
        pen.rectangle(_square(left + x + (eye - inner) / 2, top + y + (eye - inner) / 2, inner), fill=ink)
    dot = side * 0.12
    for x, y in ((0.66, 0.66), (0.88, 0.66), (0.66, 0.88), (0.88, 0.88), (0.77, 0.77), (0.44, 0.44)):
        pen.rectangle(_square(left + x * side, top + y * side, dot), fill=ink)


def _square(left: float, top: float, side: float) -> tuple[int, int, int, int]:
    return (round(left), round(top), round(left + side) - 1, round(top + side) - 1)


def _dots(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    left, top, side = box
    for x in (0.16, 0.5, 0.84):
        pen.circle((left + x * side, top + side / 2), side * 0.13, fill=ink)


def _thermometer(pen: Pen, box: Box, ink: Ink, ground: Ink) -> None:
    left, top, side = box
    x, thick, bulb = left + side * 0.42, side * 0.13, side * 0.2
    stem = (x - thick, top, x + thick, top + side * 0.8)
    pen.rounded_rectangle(stem, radius=thick, fill=ink)
    pen.circle((x, top + side - bulb), bulb, fill=ink)
    wall = max(2, side * 0.05)
    pen.rounded_rectangle(
        (stem[0] + wall, top + wall, stem[2] - wall, top + side * 0.45), radius=thick - wall, fill=ground
    )
    for y in (0.14, 0.3, 0.46):
        at = top + y * side
        pen.line((left + side * 0.68, at, left + side * 0.86, at), fill=ink, width=max(2, round(side / 18)))


def _line(pen: Pen, box: Box, points: tuple[tuple[float, float], ...], ink: Ink) -> None:
    left, top, side = box
    width = max(3, round(side * 0.14))
    at = [(left + x * side, top + y * side) for x, y in points]
    pen.line(at, fill=ink, width=width, joint="curve")
    for end in (at[0], at[-1]):
        pen.circle(end, width / 2, fill=ink)


def _tick(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    _line(pen, box, ((0.1, 0.55), (0.38, 0.83), (0.92, 0.2)), ink)


def _cross(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    _line(pen, box, ((0.15, 0.15), (0.85, 0.85)), ink)
    _line(pen, box, ((0.85, 0.15), (0.15, 0.85)), ink)


def _bell(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    left, top, side = box
    pen.circle((left + side * 0.5, top + side * 0.1), side * 0.09, fill=ink)
    pen.pieslice(
        (left + side * 0.2, top + side * 0.1, left + side * 0.8, top + side * 0.7), 180, 360, fill=ink
    )
    skirt = ((0.2, 0.39), (0.8, 0.39), (0.83, 0.62), (0.96, 0.78), (0.04, 0.78), (0.17, 0.62))
    pen.polygon([(left + x * side, top + y * side) for x, y in skirt], fill=ink)
    pen.circle((left + side * 0.5, top + side * 0.89), side * 0.1, fill=ink)


def _hand(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    """A hand held up: wait."""
    left, top, side = box
    finger, pitch = side * 0.12, side * 0.18
    for number, high in enumerate((0.14, 0.02, 0.06, 0.2)):
        x = left + side * 0.1 + pitch * number
        pen.rounded_rectangle((x, top + high * side, x + finger, top + side * 0.6), finger / 2, fill=ink)
    palm = (left + side * 0.1, top + side * 0.52, left + side * 0.76, top + side * 0.98)
    pen.rounded_rectangle(palm, radius=side * 0.16, fill=ink)
    thumb = ((left + side * 0.72, top + side * 0.78), (left + side * 0.9, top + side * 0.5))
    pen.line(thumb, fill=ink, width=max(3, round(finger)))
    for end in thumb:
        pen.circle(end, finger / 2, fill=ink)


def _triangle(pen: Pen, box: Box, ink: Ink, ground: Ink) -> None:
    left, top, side = box
    corners = [(0.5, 0.04), (0.98, 0.92), (0.02, 0.92)]
    pen.polygon([(left + x * side, top + y * side) for x, y in corners], fill=ink)
    middle, half = left + side * 0.5, max(1.5, side * 0.05)
    pen.rectangle((middle - half, top + side * 0.34, middle + half, top + side * 0.64), fill=ground)
    pen.circle((middle, top + side * 0.78), half * 1.25, fill=ground)


def _runner(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    """An arrow out of a door frame, as on signs of escape routes."""
    left, top, side = box
    thick = max(3, round(side * 0.1))
    frame = [(0.45, 0.06), (0.05, 0.06), (0.05, 0.94), (0.45, 0.94)]
    pen.line([(left + x * side, top + y * side) for x, y in frame], fill=ink, width=thick)
    pen.rectangle((left + side * 0.25, top + side * 0.43, left + side * 0.65, top + side * 0.57), fill=ink)
    head = [(0.6, 0.22), (0.98, 0.5), (0.6, 0.78)]
    pen.polygon([(left + x * side, top + y * side) for x, y in head], fill=ink)


SHAPES: Final[Mapping[Shape, Callable[[Pen, Box, Ink, Ink], None]]] = {
    Shape.CORNERS: _corners,
    Shape.DOTS: _dots,
    Shape.THERMOMETER: _thermometer,
    Shape.TICK: _tick,
    Shape.CROSS: _cross,
    Shape.BELL: _bell,
    Shape.HAND: _hand,
    Shape.TRIANGLE: _triangle,
    Shape.RUNNER: _runner,
}
