"""A panel drawn for the attendant: on 128×64 the chosen item alone, on 240×320 the whole menu.

Nothing that is drawn here is kept by it: a panel may hold somebody's masked name.
"""

from typing import Final

from PIL import Image, ImageDraw, ImageFont

from device.drivers import DisplayMode
from device.firmware.figures import Ink, Pen
from device.firmware.lettering import UNKNOWN, lines, names_font, put_spaced, shown, spaced
from device.firmware.panel import Panel
from device.firmware.screens import NAVY

UNREADABLE: Final = ("请看纸上的字", "Read it on the paper")
"""Where a character has no glyph."""
_BARS: Final = {1: 15, 2: 28, 3: 35}
"""Pixels of a title in black and white, by the lines it takes."""
FULL_S: Final = 60
"""Seconds that fill the bar; attendant mode lasts as long by default."""
_PLAIN_POINTS: Final = (20, 16, 14, 12, 11, 10)
TURNS: Final = 2
"""On a small screen a line that has no room for both languages shows them in turn."""


def draw(panel: Panel, size: tuple[int, int], mode: DisplayMode, turn: int = 0) -> Image.Image:
    """The picture of a panel, `size` wide and high, in Pillow's mode "1" or "RGB"; `turn` counts from 0."""
    if mode == "1":
        image = Image.new("1", size, 0)
        pen = ImageDraw.Draw(image)
        pen.fontmode = "1"
        _draw_wide(pen, panel, size, turn)
        return image
    image = Image.new("RGB", size, NAVY.ground)
    _draw_tall(ImageDraw.Draw(image), panel, size)
    return image


def _notes(panel: Panel) -> tuple[tuple[str, ...], bool]:
    """The plain lines as they can be shown, and whether something in them cannot."""
    told = tuple(shown(line) for line in panel.plain)
    return told, any(
        UNKNOWN in line and UNKNOWN not in was for line, was in zip(told, panel.plain, strict=True)
    )


def _fitting(
    text: str, room: int, high: int, sizes: tuple[int, ...], most: int
) -> tuple[ImageFont.FreeTypeFont, tuple[str, ...]]:
    """The largest of these sizes at which the text fits into a box, and its lines there.

    Where none does, it is the smallest, and words are broken.
    """
    for points in sizes:
        face = names_font(points)
        found = lines(text, face, room, max(1, min(most, high // (points + 1))))
        fits = max(spaced(line, face) for line in found) <= room
        if fits and len(found) * (points + 1) <= high:
            return face, found
    return names_font(sizes[-1]), _broken(text, names_font(sizes[-1]), room)


def _broken(text: str, face: ImageFont.FreeTypeFont, room: int) -> tuple[str, ...]:
    """Lines as full as can be, broken anywhere."""
    found = [""]
    for character in text:
        if spaced(found[-1] + character, face) > room:
            found.append("")
        found[-1] += character
    return tuple(line.strip() for line in found)


def _centred(
    pen: Pen, text: str, box: tuple[int, int, int, int], ink: Ink, sizes: tuple[int, ...], *, most: int = 2
) -> None:
    """Words in the middle of a box (left, top, right, bottom), as large as they fit."""
    left, top, right, bottom = box
    face, found = _fitting(text, right - left, bottom - top, sizes, most)
    pitch = int(face.size) + 1
    # The letters of a line stand a fifth of its size below its top.
    first = top + (bottom - top - pitch * len(found)) // 2 - int(face.size) // 5
    for number, line in enumerate(found):
        at = (left + (right - left - spaced(line, face)) // 2, first + pitch * number)
        put_spaced(pen, at, line, face, ink)


def _draw_wide(pen: Pen, panel: Panel, size: tuple[int, int], turn: int) -> None:
    """Title in a bar, plain lines, the chosen item between arrows, and the time that is left."""
    width, height = size
    right, foot = width - 2, height - 3
    place = f"{panel.chosen + 1}/{len(panel.items)}" if len(panel.items) > 1 else ""
    if place:
        right -= spaced(place, names_font(12)) + 3
    told, unreadable = _notes(panel)
    title = _one_line(*(UNREADABLE if unreadable else _title(panel)), right - 2, 12, turn)
    one = spaced(title, names_font(10)) <= right - 2
    bar = 15 if one else _BARS[len(lines(title, names_font(12), right - 2, 3))]
    pen.rectangle((0, 0, width, bar - 1), fill=1)
    put_spaced(pen, (right + 3, -1), place, names_font(12), 0)
    _centred(pen, title, (2, 0, right, bar), 0, (12, 11, 10), most=3)
    top = bar + 1
    if told:
        below = foot - 16 if panel.items else foot
        _wide_plain(pen, told, (2, top, width - 2, below), turn)
        top = below
    if panel.items:
        if len(panel.items) > 1:
            _arrows(pen, width, (top + foot) // 2)
        _wide_item(pen, panel.items[panel.chosen], (8, top, width - 8, foot), turn, alone=not told)
    _time_left(pen, panel, (0, height - 2, width, height), 1)


def _title(panel: Panel) -> tuple[str, str]:
    return panel.zh, panel.en[:1].upper() + panel.en[1:]


def _one_line(zh: str, en: str, room: int, points: int, turn: int) -> str:
    """Both languages if there is room, else one of them in turn."""
    both = f"{zh} {en}"
    return both if spaced(both, names_font(points)) <= room else (zh, en)[turn % TURNS]


def _wide_plain(pen: Pen, told: tuple[str, ...], box: tuple[int, int, int, int], turn: int) -> None:
    """Plain lines in one row if there is room, else one under another, else in turn."""
    left, top, right, bottom = box
    joined = "  ".join(told)
    rows = (joined,) if spaced(joined, names_font(16)) <= right - left else told
    if not all(_has_room(row, right - left, (bottom - top) // len(rows)) for row in rows):
        rows = (told[turn % len(told)],)
    high = (bottom - top) // len(rows)
    for number, row in enumerate(rows):
        at = top + high * number
        _centred(pen, row, (left, at, right, at + high), 1, _PLAIN_POINTS, most=4)


def _has_room(row: str, room: int, high: int) -> bool:
    """Whether a row fits into a box without a broken word."""
    face, found = _fitting(row, room, high, _PLAIN_POINTS, 4)
    return len(found) * (face.size + 1) <= high


def _arrows(pen: Pen, width: int, middle: int) -> None:
    """There is more on either side."""
    pen.polygon([(1, middle), (6, middle - 5), (6, middle + 5)], fill=1)
    pen.polygon([(width - 2, middle), (width - 7, middle - 5), (width - 7, middle + 5)], fill=1)


def _wide_item(
    pen: Pen, item: tuple[str, str], box: tuple[int, int, int, int], turn: int, *, alone: bool
) -> None:
    left, top, right, bottom = box
    if alone:
        middle = (top + bottom) // 2 + 2
        _centred(pen, item[0], (left, top + 1, right, middle), 1, (20, 16, 14, 12))
        _centred(pen, item[1], (left, middle, right, bottom - 1), 1, (14, 12, 11, 10))
        return
    _centred(pen, _one_line(*item, right - left, 12, turn), (left, top, right, bottom - 2), 1, (12, 11, 10))


def _time_left(pen: Pen, panel: Panel, box: tuple[int, int, int, int], ink: Ink) -> None:
    if panel.seconds_left is not None:
        left, top, right, bottom = box
        share = min(1.0, max(0, panel.seconds_left) / FULL_S)
        pen.rectangle((left, top, left + max(1, round((right - left) * share)) - 1, bottom - 1), fill=ink)


def _draw_tall(pen: Pen, panel: Panel, size: tuple[int, int]) -> None:
    """Title on a bar, plain lines large, every item with the chosen one inverse, time left at the foot."""
    width, height = size
    ink, ground = NAVY.ink, NAVY.ground
    foot = height - 8
    zh, en = _title(panel)
    long = max(spaced(zh, names_font(18)), spaced(en, names_font(14))) > width - 16
    bar, middle = (100, 54) if long else (60, 36)
    pen.rectangle((0, 0, width, bar - 1), fill=ink)
    _centred(pen, zh, (8, 6, width - 8, middle), ground, (26, 22, 18))
    _centred(pen, en, (8, middle, width - 8, bar - 4), ground, (16, 14, 12))
    told, unreadable = _notes(panel)
    top = bar
    note = 48 if unreadable else 0
    high, largest = 48, 32
    if told and not panel.items:
        high, largest = min(90, (foot - bar - note) // len(told)), 38
        top += (foot - bar - note - high * len(told)) // 2
    for line in told:
        _centred(pen, line, (8, top, width - 8, top + high), ink, (largest, 28, 24, 20, 16, 14, 12), most=3)
        top += high
    if unreadable:
        _centred(pen, UNREADABLE[0], (8, top, width - 8, top + 24), ink, (18,))
        _centred(pen, UNREADABLE[1], (8, top + 24, width - 8, top + 44), ink, (14,))
        top += note
    if told and panel.items:
        pen.line((16, top, width - 16, top), fill=ink)
    _tall_items(pen, panel, (top + 4, foot - 2), width)
    _time_left(pen, panel, (0, height - 6, width, height), ink)


def _tall_items(pen: Pen, panel: Panel, rows: tuple[int, int], width: int) -> None:
    """As many items as there is room for, the chosen one always among them."""
    if not panel.items:
        return
    top, bottom = rows
    high = min(50, max(34, (bottom - top) // len(panel.items)))
    room = max(1, (bottom - top) // high)
    first = min(max(0, panel.chosen - room // 2), max(0, len(panel.items) - room))
    for row, number in enumerate(range(first, min(first + room, len(panel.items)))):
        zh, en = panel.items[number]
        at = top + row * high
        here = number == panel.chosen
        if here:
            pen.rounded_rectangle((6, at + 1, width - 7, at + high - 2), radius=6, fill=NAVY.ink)
        ink = NAVY.ground if here else NAVY.ink
        middle = at + high * 11 // 20
        _centred(pen, zh, (18, at + 3, width - 18, middle + 1), ink, (20, 18, 16))
        _centred(pen, en, (18, middle + 1, width - 18, at + high - 4), ink, (14, 13, 12, 11))
