"""Texts of the QR codes in a picture file."""

import io
import warnings
from pathlib import Path
from typing import Final

import zxingcpp
from PIL import Image, UnidentifiedImageError

from device.firmware.errors import GateError

MOST_BYTES: Final = 32 * 2**20
MOST_PIXELS: Final = 40_000_000  # a phone's picture has 12 to 50 million; a QR code needs none of that
_BEGINNINGS: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*")


def is_picture(data: bytes) -> bool:
    """Whether bytes begin like a picture of a kind read here."""
    return data.startswith(_BEGINNINGS)


def texts(data: bytes) -> list[str]:
    """The text of every QR code in a picture; GateError when it cannot be read or holds none."""
    if len(data) > MOST_BYTES:
        raise GateError(f"图片过大，请缩小 · the picture has more than {MOST_BYTES} bytes; make it smaller")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            grey = _grey(data)
    except Image.DecompressionBombError as error:
        raise GateError(
            f"图片过大，请缩小 · the picture has more than {MOST_PIXELS} pixels; make it smaller"
        ) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning) as error:
        raise GateError(
            "图片无法读取 · the picture cannot be read: damaged, or of a kind not known here"
        ) from error
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    if not found:
        raise GateError(
            "图片中没有找到二维码，请拍大、拍清、拍正 · "
            "no QR code was found in the picture; make it larger, sharper and straight"
        )
    return [barcode.text for barcode in found]


def _grey(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise GateError(
                f"图片过大，请缩小 · the picture has more than {MOST_PIXELS} pixels; make it smaller"
            )
        return picture.convert("L")


def given(argument: str, standard_input: bytes | None) -> list[str]:
    """The texts behind an argument: "-" is standard input, a file's name its content, all else itself."""
    if argument == "-":
        return _content(standard_input or b"", "standard input")
    try:
        path = Path(argument)
        is_file = path.is_file()
    except (OSError, ValueError):  # a text that is no possible name: too long, or with a zero in it
        is_file = False
    if not is_file:
        return [argument]
    try:
        with path.open("rb") as file:
            return _content(file.read(MOST_BYTES + 1), argument)
    except OSError as error:
        raise GateError(f"{argument} 无法读取 · cannot be read ({error.strerror})") from error


def _content(data: bytes, name: str) -> list[str]:
    if is_picture(data):
        return texts(data)
    if len(data) > MOST_BYTES:
        raise GateError(
            f"{name} 过大，请只给一个码 · has more than {MOST_BYTES} bytes; nothing was read, give one code"
        )
    try:
        text = data.decode().strip("\r\n")
    except UnicodeDecodeError as error:
        raise GateError(f"{name} 既不是图片也不是文本 · is neither a picture known here nor text") from error
    if not text:
        raise GateError(f"{name} 是空的 · is empty")
    return [text]
