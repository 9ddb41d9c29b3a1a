"""The two screens a gate can have, as their buses see them: bytes in, the picture a person sees out."""

import errno
import os
from dataclasses import dataclass, field
from typing import NamedTuple

OLED_ADDRESS = 0x3C
OLED_SIZE = (128, 64)
LCD_SIZE = (320, 240)

_ARGUMENTS = {0x21: 2, 0x22: 2} | dict.fromkeys((0x20, 0x81, 0x8D, 0xA8, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB), 1)
"""How many bytes follow each command (SSD1306 datasheet rev. 1.1, tables 9-1 and 10-1); others: none."""


class Picture(NamedTuple):
    """What a screen shows: packed as Pillow's "1", or RGB bytes, row after row from the top left."""

    mode: str
    size: tuple[int, int]
    pixels: bytes
    lit: bool


@dataclass
class OledChip:
    """An SSD1306 of 128 × 64 in horizontal addressing mode, mounted the way luma sets it up."""

    unplugged: bool = False
    lit: bool = False
    pictures: int = 0
    memory: bytearray = field(default_factory=lambda: bytearray(128 * 8))
    inverted: bool = False
    _columns: tuple[int, int] = (0, 127)
    _pages: tuple[int, int] = (0, 7)
    _at: tuple[int, int] = (0, 0)

    def write(self, data: bytes) -> None:
        """Take a control byte and commands or picture data after it."""
        if self.unplugged:
            self.lit = False  # without power nothing is remembered
            raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))
        if data[:1] == b"\x40":
            self._fill(data[1:])
        elif data[:1] == b"\x00":
            self._obey(data[1:])

    def exchange(self, written: bytes, count: int) -> bytes:
        """Give the status byte: bit 6 says that the display is off."""
        self.write(written)
        return bytes([0 if self.lit else 0x40]) * count

    def picture(self) -> Picture:
        """Return what a person sees."""
        width, height = OLED_SIZE
        rows = bytearray(width * height // 8)
        flip = 0xFF if self.inverted else 0
        for index, column in enumerate(self.memory if self.lit else b""):
            x, page, bits = index % width, index // width, column ^ flip
            for bit in range(8):
                if bits >> bit & 1:
                    rows[((page * 8 + bit) * width + x) // 8] |= 0x80 >> (x % 8)
        return Picture("1", OLED_SIZE, bytes(rows), self.lit)

    def _obey(self, commands: bytes) -> None:
        at = 0
        while at < len(commands):
            command = commands[at]
            count = _ARGUMENTS.get(command, 0)
            arguments = commands[at + 1 : at + 1 + count]
            at += 1 + count
            if len(arguments) < count:
                return  # cut short: the chip goes on waiting, and the next control byte ends that
            if command in {0xAE, 0xAF}:
                self.lit = command == 0xAF  # noqa: PLR2004 -- display on
            elif command in {0xA6, 0xA7}:
                self.inverted = command == 0xA7  # noqa: PLR2004 -- inverse display
            elif command == 0x21:  # noqa: PLR2004 -- column address
                self._columns = (arguments[0] & 127, arguments[1] & 127)
                self._at = (self._columns[0], self._at[1])
            elif command == 0x22:  # noqa: PLR2004 -- page address
                self._pages = (arguments[0] & 7, arguments[1] & 7)
                self._at = (self._at[0], self._pages[0])

    def _fill(self, data: bytes) -> None:
        column, page = self._at
        for byte in data:
            self.memory[page * 128 + column] = byte
            column += 1
            if column > self._columns[1]:
                column, page = self._columns[0], page + 1
                if page > self._pages[1]:
                    page = self._pages[0]
                    self.pictures += 1
        self._at = (column, page)


@dataclass
class LcdChip:
    """An ST7789 or ILI9341 of 240 × 320 on SPI, three bytes a pixel, laid on its side as luma sets it up."""

    lit: bool = False
    pictures: int = 0
    memory: bytearray = field(default_factory=lambda: bytearray(320 * 240 * 3))
    _command: int = 0
    _arguments: bytearray = field(default_factory=bytearray)
    _columns: tuple[int, int] = (0, 319)
    _rows: tuple[int, int] = (0, 239)
    _at: int = 0

    def transfer(self, data: bytes, *, command: bool) -> None:
        """Take bytes; the level of the data/command wire says which."""
        if command:
            for byte in data:
                self._begin(byte)
        elif self._command == 0x2C:  # noqa: PLR2004 -- RAMWR
            self._fill(data)
        else:
            self._arguments += data
            self._apply()

    def picture(self) -> Picture:
        """Return what is in its memory, on its side: a quarter turn makes it upright."""
        return Picture("RGB", LCD_SIZE, bytes(self.memory), self.lit)

    def _begin(self, command: int) -> None:
        self._command, self._at = command, 0
        self._arguments.clear()
        if command in {0x28, 0x29}:
            self.lit = command == 0x29  # noqa: PLR2004 -- DISPON
        if command == 0x2C:  # noqa: PLR2004 -- RAMWR
            self.pictures += 1

    def _apply(self) -> None:
        if self._command in {0x2A, 0x2B} and len(self._arguments) == 4:  # noqa: PLR2004 -- two 16-bit ends
            window = (int.from_bytes(self._arguments[:2]), int.from_bytes(self._arguments[2:]))
            if self._command == 0x2A:  # noqa: PLR2004 -- CASET
                self._columns = window
            else:
                self._rows = window

    def _fill(self, data: bytes) -> None:
        width = (self._columns[1] - self._columns[0] + 1) * 3
        while data and self._at < width * (self._rows[1] - self._rows[0] + 1):
            row, offset = divmod(self._at, width)
            part, data = data[: width - offset], data[width - offset :]
            start = ((self._rows[0] + row) * LCD_SIZE[0] + self._columns[0]) * 3 + offset
            self.memory[start : start + len(part)] = part
            self._at += len(part)
