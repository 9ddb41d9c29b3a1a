"""A card drawn for a small screen: 128×64 in black and white, or 240×320 in colour."""

from typing import Final

from PIL import Image, ImageDraw

from device.drivers import DisplayMode
from device.firmware.figures import SHAPES, Ink, Pen
from device.firmware.lettering import font, put_spaced, spaced, widest, wrapped, wrapped_spaced
from device.firmware.screens import AMBER, Card, Shape, footer, named

_ZH_POINTS: Final = (20, 16, 14, 12)
SHORT: Final = 3
"""Lines that leave room for the large figure."""
LANGUAGES: Final = 2
"""Turns that one trouble takes on a screen with room for one language at a time."""


def turns(card: Card, mode: DisplayMode) -> int:
    """How many different pictures a card takes turns through."""
    return max(1, len(card.troubles)) * (LANGUAGES if mode == "1" and card.troubles else 1)


def draw(card: Card, size: tuple[int, int], mode: DisplayMode, turn: int = 0) -> Image.Image:
    """The picture of a card, `size` wide and high, in Pillow's mode "1" or "RGB"; `turn` counts from 0."""
    if mode == "1":
        ground, ink = (1, 0) if card.colours.inverted else (0, 1)
        image = Image.new("1", size, ground)
        pen = ImageDraw.Draw(image)
        pen.fontmode = "1"
        wide = _WIDE.get(card.shape, _draw_wide) if card.troubles else _draw_wide
        wide(pen, card, size, (ink, ground), turn)
        return image
    image = Image.new("RGB", size, card.colours.ground)
    tall = _TALL.get(card.shape, _draw_tall) if card.troubles else _draw_tall
    tall(ImageDraw.Draw(image), card, size, (card.colours.ink, card.colours.ground), turn)
    return image


def _draw_wide(pen: Pen, card: Card, size: tuple[int, int], inks: tuple[Ink, Ink], _turn: int) -> None:
    """Figure at the left, Chinese at its right, English below: for 128×64."""
    width, height = size
    side = 36
    SHAPES[card.shape](pen, (3, 2, side), *inks)
    left, room = side + 7, width - side - 8
    zh = wrapped(card.zh, room, 16, 2)
    top = (side + 1 - 19 * len(zh)) // 2
    for number, line in enumerate(zh):
        pen.text((left, top + 19 * number), line, font=font(16), fill=inks[0])
    _english(pen, f"{card.en}  {card.code}".strip(), (40, height), width, inks[0])


def _english(pen: Pen, text: str, rows: tuple[int, int], width: int, ink: Ink) -> None:
    """One line of 12 or two of 10 pixels in the middle of these rows."""
    points = 12 if spaced(text, font(12)) <= width - 4 else 10
    lines = wrapped_spaced(text, width - 4, points, 2)
    _column(pen, lines, points, rows, width, ink)


def _column(
    pen: Pen, lines: tuple[str, ...], points: int, rows: tuple[int, int], width: int, ink: Ink
) -> None:
    """Lines in the middle of these rows and of the screen, by what is inked of them."""
    english = lines[0].isascii()
    # Of a line the font keeps some rows free above: capitals stand lower than hanzi, and reach less deep.
    above, inked = (points // 3, points + 1) if english else (points // 4, points)
    pitch = points + (1 if english else 3)
    first = rows[0] + (rows[1] - rows[0] - pitch * (len(lines) - 1) - inked) // 2 - above
    for number, line in enumerate(lines):
        left = (width - spaced(line, font(points))) // 2
        put_spaced(pen, (left, first + pitch * number), line, font(points), ink)


def _wide_trouble(pen: Pen, card: Card, size: tuple[int, int], inks: tuple[Ink, Ink], turn: int) -> None:
    """Out of service: figure and words in one row, below them one trouble in one language at a time."""
    width, height = size
    ink, line = inks[0], 22
    SHAPES[card.shape](pen, (2, 0, 21), *inks)
    trouble = card.troubles[turn // LANGUAGES % len(card.troubles)]
    zh, en = named(trouble)
    if turn % LANGUAGES == 0:
        pen.text((26, -1), card.zh, font=font(14), fill=ink)
        room = width - 2 - 26 - round(font(14).getlength(card.zh, mode="1"))
        code = font(12 if font(12).getlength(card.code) < room else 10)
        pen.text((width - 2, 10), card.code, font=code, fill=ink, anchor="rm")
        points = next(p for p in _ZH_POINTS if p == _ZH_POINTS[-1] or _fits(zh, width - 8, p))
        rows = wrapped(zh, width - 8, points, 2)
    else:
        one = spaced(card.en, font(12)) <= width - 28
        for number, words in enumerate(wrapped_spaced(card.en, width - 28, 12 if one else 10, 2)):
            put_spaced(pen, (26, 3 if one else 11 * number - 3), words, font(12 if one else 10), ink)
        points = 12
        rows = wrapped_spaced(en, width - 4, points, 3)
    pen.line((0, line, width, line), fill=ink)
    _column(pen, rows, points, (line + 1, height), width, ink)


def _fits(zh: str, room: int, points: int) -> bool:
    """Whether Chinese fits at this size: in one line where it is large, in two where it is small."""
    lines = wrapped(zh, room, points, 1 if points == _ZH_POINTS[0] else 2)
    return widest(lines, font(points)) <= room


def _wide_footer(pen: Pen, card: Card, size: tuple[int, int], inks: tuple[Ink, Ink], turn: int) -> None:
    """Idle: what it always says, smaller, and a bar that names one trouble in one language at a time."""
    width, height = size
    ink, ground = inks
    SHAPES[card.shape](pen, (2, 2, 22), ink, ground)
    pen.text((29, 0), card.zh, font=font(16), fill=ink)
    _english(pen, card.en, (25, 40), width, ink)
    bar = 40
    pen.rectangle((0, bar, width, height), fill=ink)
    zh, en = footer(card.troubles[turn // LANGUAGES % len(card.troubles)])
    if turn % LANGUAGES:
        _english(pen, en, (bar, height), width, ground)
        return
    points = 16 if font(16).getlength(zh) <= width - 4 else 12
    _column(pen, (zh,), points, (bar, height), width, ground)


def _stack(pen: Pen, blocks: list[tuple[int, str]], rows: tuple[float, float], width: int, ink: Ink) -> None:
    """Lines of (points, words) one under another, in the middle of these rows."""
    top = (rows[0] + rows[1] - sum(points * 1.3 for points, _ in blocks)) / 2
    for points, line in blocks:
        pen.text((width / 2, top), line, font=font(points), fill=ink, anchor="ma")
        top += points * 1.3


def _blocks(room: int, *texts: tuple[int, str, int]) -> list[tuple[int, str]]:
    """Lines of (points, text, most lines)."""
    return [
        (points, line) for points, text, most in texts for line in wrapped(text, room, points, most) if text
    ]


def _draw_tall(pen: Pen, card: Card, size: tuple[int, int], inks: tuple[Ink, Ink], _turn: int) -> None:
    """Figure above, Chinese large under it, English and code below: for 240×320."""
    width, height = size
    blocks = _blocks(width - 16, (34, card.zh, 2), (20, card.en, 2))
    side = 116 if len(blocks) <= SHORT else 98
    SHAPES[card.shape](pen, ((width - side) / 2, 16, side), *inks)
    _stack(pen, blocks, (side + 20, height - 44), width, inks[0])
    if card.code:
        pen.text((width / 2, height - 12), card.code, font=font(22), fill=inks[0], anchor="ms")


def _tall_trouble(pen: Pen, card: Card, size: tuple[int, int], inks: tuple[Ink, Ink], turn: int) -> None:
    """Out of service: the words, a line, and one trouble in both languages; which of how many below."""
    width, height = size
    side, line, ink = 88, 196, inks[0]
    SHAPES[card.shape](pen, ((width - side) / 2, 16, side), *inks)
    _stack(
        pen, _blocks(width - 16, (32, card.zh, 1), (18, f"{card.en} {card.code}", 2)), (106, line), width, ink
    )
    pen.line((24, line, width - 24, line), fill=ink, width=2)
    number = turn % len(card.troubles)
    zh, en = named(card.troubles[number])
    several = len(card.troubles) > 1
    rows = (line + 4, height - (24 if several else 8))
    blocks = _blocks(width - 16, (24, zh, 1), (17, en, 2))
    if max(font(points).getlength(text) for points, text in blocks) > width - 16:
        blocks = _blocks(width - 16, (20, zh, 2), (14, en, 3))
    _stack(pen, blocks, rows, width, ink)
    if several:
        count = f"{number + 1}/{len(card.troubles)}"
        pen.text((width / 2, height - 8), count, font=font(14), fill=ink, anchor="ms")


def _tall_footer(pen: Pen, card: Card, size: tuple[int, int], inks: tuple[Ink, Ink], turn: int) -> None:
    """Idle: what it always says, and a bar that names one trouble in both languages."""
    width, height = size
    side, bar = 116, height - 76
    SHAPES[card.shape](pen, ((width - side) / 2, 16, side), *inks)
    blocks = _blocks(width - 16, (34, card.zh, 2), (20, card.en, 2))
    _stack(pen, blocks, (side + 20, bar), width, inks[0])
    pen.rectangle((0, bar, width, height), fill=AMBER.ground)
    pen.rectangle((0, bar, width, bar + 2), fill=AMBER.ink)
    zh, en = footer(card.troubles[turn % len(card.troubles)])
    _stack(pen, _blocks(width - 16, (20, zh, 1), (15, en, 2)), (bar + 3, height - 4), width, AMBER.ink)


_WIDE: Final = {Shape.TRIANGLE: _wide_trouble, Shape.CORNERS: _wide_footer}
_TALL: Final = {Shape.TRIANGLE: _tall_trouble, Shape.CORNERS: _tall_footer}
