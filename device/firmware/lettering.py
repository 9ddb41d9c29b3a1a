"""Letters on a small screen: the two fonts, and words broken into lines that a person reads at a glance."""

import re
from collections.abc import Callable
from functools import cache
from itertools import accumulate, combinations
from pathlib import Path
from typing import Final

from PIL import ImageDraw, ImageFont

ASSETS: Final = Path(__file__).parent / "assets"
FONT_FILE: Final = ASSETS / "noto-sans-sc-gate.ttf"
"""Every character of the cards, bold."""
NAMES_FILE: Final = ASSETS / "noto-sans-sc-names.otf"
"""The hanzi of GB 2312 and Latin letters, for what nobody knows beforehand; read when first needed."""
_LAYOUT: Final = ImageFont.Layout.BASIC
"""Pillow's other layout needs a library of the system's: screens would differ from gate to gate."""
_MASTER: Final = 1000
UNKNOWN: Final = "〓"
"""Stands for a character without a glyph, as printers have it."""
SPACE: Final = 4
"""Pixels between two English words in black and white."""

# Chinese breaks between any two characters but these words, and never before a mark.
_WORDS: Final = re.compile(
    r"(?:无法|识别|读取|手机|健康码|工作人员|一个|人数已满|收不到|其他通道|的信息|本机|单独|判断|没有|有效的?"
    r"|扫码|许可|闸门|放行时|摄像头|校准|未校准|传感器|发射率|未经|放行|开着|没有|动作|大量|上传|服务器|声光|提示|帧率|过低"
    r"|状态|列表|信任|文件|存储|空间|不足|.)[，。、？！）》”]?"
)
_PLAIN: Final = frozenset(chr(code) for code in range(0x20, 0x7F))
_LETTERS: Final = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿĀāĂăĐđĒēĚěĨĩĪīŃńŇňŌōŎŏŒœŨũŪūŬŭ"
)
"""What Noto Sans CJK has of Latin letters with marks."""
_MARKS: Final = frozenset("·•○□〓＊※，。：；？！（）、“”‘’—…－～／「」《》")


@cache
def font(points: int) -> ImageFont.FreeTypeFont:
    """The cards' font."""
    return ImageFont.truetype(FONT_FILE, points, layout_engine=_LAYOUT)


@cache
def names_font(points: int) -> ImageFont.FreeTypeFont:
    """The font with a glyph for nearly every name."""
    return ImageFont.truetype(NAMES_FILE, points, layout_engine=_LAYOUT)


def has_glyph(character: str) -> bool:
    """Whether the names' font can show this character; see assets/README.md for what it holds."""
    if character in _PLAIN or character in _LETTERS or character in _MARKS:
        return True
    try:
        row = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return 0xB0 <= row <= 0xF7  # noqa: PLR2004 -- GB 2312's rows of hanzi, 16 to 87


def shown(text: str) -> str:
    """The text with a sign for every character that cannot be shown."""
    return "".join(character if has_glyph(character) else UNKNOWN for character in text)


def smooth(text: str, face: ImageFont.FreeTypeFont) -> float:
    """Pixels of a line in shades."""
    return face.getlength(text)


def lines(
    text: str,
    face: ImageFont.FreeTypeFont,
    room: int,
    most: int,
    length: Callable[[str, ImageFont.FreeTypeFont], float] = smooth,
) -> tuple[str, ...]:
    """Lines that fit into `room` pixels, at most so many, as even as can be; no word is broken.

    What does not fit even so comes in `most` lines, the longest as short as can be. Nothing is kept.
    """
    glue = " " if " " in text or text.isascii() else ""
    parts = text.split(" ") if glue else _WORDS.findall(text)
    found: tuple[str, ...] = (text,)
    for count in range(1, min(most, len(parts)) + 1):
        choices = [
            tuple(glue.join(parts[a:b]) for a, b in zip((0, *cuts), (*cuts, len(parts)), strict=True))
            for cuts in combinations(range(1, len(parts)), count - 1)
        ]
        wide = {some: max(length(line, face) for line in some) for some in choices}
        found = min(choices, key=wide.__getitem__)
        if wide[found] <= room:
            break
    return found


def widest(some: tuple[str, ...], face: ImageFont.FreeTypeFont) -> float:
    """Pixels of the longest line in shades."""
    return max(smooth(line, face) for line in some)


@cache
def wrapped(text: str, room: int, points: int, most: int) -> tuple[str, ...]:
    """`lines` of words from the tables, which are few and known: never of anything about a person."""
    return lines(text, font(points), room, most)


@cache
def wrapped_spaced(text: str, room: int, points: int, most: int) -> tuple[str, ...]:
    """The same in black and white."""
    return lines(text, font(points), room, most, spaced)


@cache
def _master(path: str) -> ImageFont.FreeTypeFont:
    """The same letters so large that their widths are not rounded to pixels."""
    return ImageFont.truetype(path, _MASTER, layout_engine=_LAYOUT)


def _ends(word: str, face: ImageFont.FreeTypeFont) -> tuple[int, ...]:
    """Where each letter of a word in black and white ends, in whole pixels.

    Fitted to pixels one by one, letters of 10 pixels would be a tenth too wide, and all of them apart.
    """
    master = _master(str(face.path))
    widths = (master.getlength(character) * face.size / _MASTER for character in word)
    return tuple(round(end) for end in accumulate(widths))


def spaced(text: str, face: ImageFont.FreeTypeFont) -> int:
    """Pixels of a line in black and white, its words apart by whole pixels so that they stay words."""
    words = text.split(" ")
    return sum(_ends(word, face)[-1] for word in words if word) + SPACE * (len(words) - 1)


def put_spaced(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, face: ImageFont.FreeTypeFont, ink: str | int
) -> None:
    """Draw such a line from its top left corner."""
    left, top = at
    for word in text.split(" "):
        ends = (0, *_ends(word, face))
        for character, begin in zip(word, ends, strict=False):
            pen.text((left + begin, top), character, font=face, fill=ink)
        left += ends[-1] + SPACE
