"""Letters on a small screen: the two fonts, and words broken into lines that a person reads at a glance."""

import re
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Final

from PIL import ImageDraw, ImageFont

ASSETS: Final = Path(__file__).parent / "assets"
FONT_FILE: Final = ASSETS / "noto-sans-sc-gate.ttf"
"""Every character of the cards, bold."""
NAMES_FILE: Final = ASSETS / "noto-sans-sc-names.otf"
"""The hanzi of GB 2312 and Latin letters, for what nobody knows beforehand; read when first needed."""
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
    return ImageFont.truetype(FONT_FILE, points)


@cache
def names_font(points: int) -> ImageFont.FreeTypeFont:
    """The font with a glyph for nearly every name."""
    return ImageFont.truetype(NAMES_FILE, points)


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


def lines(text: str, face: ImageFont.FreeTypeFont, room: int, most: int) -> tuple[str, ...]:
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
        found = min(choices, key=lambda some: widest(some, face))
        if widest(found, face) <= room:
            break
    return found


def widest(some: tuple[str, ...], face: ImageFont.FreeTypeFont) -> float:
    """Pixels of the longest line."""
    return max(face.getlength(line) for line in some)


@cache
def wrapped(text: str, room: int, points: int, most: int) -> tuple[str, ...]:
    """`lines` of words from the tables, which are few and known: never of anything about a person."""
    return lines(text, font(points), room, most)


def spaced(text: str, face: ImageFont.FreeTypeFont) -> int:
    """Pixels of a line in black and white, its words apart by whole pixels so that they stay words."""
    words = text.split(" ")
    return sum(round(face.getlength(word, mode="1")) for word in words) + SPACE * (len(words) - 1)


def put_spaced(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, face: ImageFont.FreeTypeFont, ink: str | int
) -> None:
    """Draw such a line from its top left corner."""
    left, top = at
    for word in text.split(" "):
        pen.text((left, top), word, font=face, fill=ink)
        left += round(face.getlength(word, mode="1")) + SPACE
