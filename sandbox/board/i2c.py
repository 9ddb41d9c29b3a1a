"""The kernel's I²C character device, as far as smbus2 uses it: open, close, ioctl on real C structures."""

import ctypes
import errno
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol


class Request(IntEnum):
    """What can be asked of an open bus (include/uapi/linux/i2c-dev.h)."""

    RETRIES = 0x0701
    TIMEOUT = 0x0702
    SLAVE = 0x0703
    SLAVE_FORCE = 0x0706
    FUNCS = 0x0705
    RDWR = 0x0707
    PEC = 0x0708
    SMBUS = 0x0720


class Size(IntEnum):
    """The kinds of SMBus transfer in use (include/uapi/linux/i2c.h)."""

    QUICK = 0
    BYTE = 1
    WORD_DATA = 3
    I2C_BLOCK_DATA = 8


SMBUS_READ = 1
M_RD = 0x0001
TIMEOUT_S = 1.0
"""What an adapter waits for a transfer that does not end until it is told otherwise (i2c-core-base.c)."""
FUNCS = 0x0EFF0008 | 0x00000001
"""I2C_FUNC_SMBUS_EMUL, with PEC, and I2C_FUNC_I2C: what a Pi's i2c-bcm2835 says."""


class Chip(Protocol):
    """A chip on the bus. Raises `OSError` with the errno that the adapter would report."""

    def write(self, data: bytes) -> None:
        """Take the bytes after the address."""

    def exchange(self, written: bytes, count: int) -> bytes:
        """Take bytes, then after a repeated start give `count` bytes."""


@dataclass(slots=True)
class _OpenFile:
    bus: int
    address: int = 0
    pec: bool = False


def crc8(data: bytes) -> int:
    """Return SMBus's packet error code: x^8 + x^2 + x + 1 (SMBus 3.2, 6.4)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ 0x07 if crc & 0x80 else crc << 1
        crc &= 0xFF
    return crc


class I2cDevices:
    """`/dev/i2c-N` for each bus, with chips at their addresses; thread-safe like the kernel's."""

    def __init__(self, buses: dict[int, dict[int, Chip]]) -> None:
        self._buses = buses
        self._files: dict[int, _OpenFile] = {}
        self._lock = threading.Lock()
        self.transfers = 0
        self.timeouts_s = dict.fromkeys(buses, TIMEOUT_S)
        self.retries = dict.fromkeys(buses, 0)
        self.wait = time.sleep
        """How time passes while a bus is stuck; nobody else gets the bus meanwhile."""

    def open(self, path: str, flags: int) -> int:
        """Open a bus; raises `FileNotFoundError` when this board has none of that number."""
        buses = {f"/dev/i2c-{number}": number for number in self._buses}
        if path not in buses:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        # A descriptor of the real kernel keeps the number unique in this process.
        descriptor = os.open(os.devnull, flags)
        with self._lock:
            self._files[descriptor] = _OpenFile(buses[path])
        return descriptor

    def close(self, descriptor: int) -> None:
        """Close a bus."""
        with self._lock:
            self._files.pop(descriptor, None)
        os.close(descriptor)

    def ioctl(self, descriptor: int, request: int, argument: Any = 0) -> int:  # noqa: ANN401 -- an int or any C structure
        """Do one request on one open bus."""
        with self._lock:
            file = self._files.get(descriptor)
            if file is None:
                raise _failed(errno.EBADF)
            match request:
                case Request.TIMEOUT:
                    self.timeouts_s[file.bus] = (
                        int(argument) / 100
                    )  # units of 10 ms, one for the whole adapter
                case Request.RETRIES:
                    self.retries[file.bus] = int(argument)
                case Request.SLAVE | Request.SLAVE_FORCE:
                    file.address = argument
                case Request.FUNCS:
                    argument.value = FUNCS
                case Request.PEC:
                    file.pec = bool(argument)
                case Request.SMBUS:
                    self._transfer(self._smbus, file, argument)
                case Request.RDWR:
                    self._transfer(self._messages, file, argument)
                case _:
                    raise _failed(errno.ENOTTY)
        return 0

    def _transfer(self, transfer: Callable[[_OpenFile, Any], None], file: _OpenFile, argument: Any) -> None:  # noqa: ANN401 -- any C structure
        """One transfer; when the clock is held low it takes as long as the adapter was told to wait."""
        self.transfers += 1
        try:
            transfer(file, argument)
        except OSError as error:
            if error.errno == errno.ETIMEDOUT:
                self.wait(self.timeouts_s[file.bus])
            raise

    def _chip(self, file: _OpenFile, address: int) -> Chip:
        chip = self._buses[file.bus].get(address)
        if chip is None:
            raise _failed(errno.EREMOTEIO)  # i2c-bcm2835: no acknowledge
        return chip

    def _smbus(self, file: _OpenFile, request: Any) -> None:  # noqa: ANN401 -- smbus2's i2c_smbus_ioctl_data
        chip, data = self._chip(file, file.address), request.data
        reading = request.read_write == SMBUS_READ
        match request.size, reading:
            case Size.QUICK, _:
                chip.write(b"")
            case Size.BYTE, True:
                data.contents.byte = chip.exchange(b"", 1)[0]
            case Size.BYTE, False:
                chip.write(bytes([request.command]))
            case Size.WORD_DATA, True:
                data.contents.word = self._read_word(file, chip, request.command)
            case Size.WORD_DATA, False:
                sent = bytes([file.address << 1, request.command]) + int(data.contents.word).to_bytes(
                    2, "little"
                )
                chip.write(sent[1:] + (bytes([crc8(sent)]) if file.pec else b""))
            case Size.I2C_BLOCK_DATA, False:
                count = data.contents.block[0]
                chip.write(bytes([request.command, *data.contents.block[1 : count + 1]]))
            case _:
                raise _failed(errno.EOPNOTSUPP)

    @staticmethod
    def _read_word(file: _OpenFile, chip: Chip, command: int) -> int:
        answer = chip.exchange(bytes([command]), 3 if file.pec else 2)
        sent = bytes([file.address << 1, command, file.address << 1 | 1])
        if file.pec and crc8(sent + answer[:2]) != answer[2]:
            raise _failed(errno.EBADMSG)  # i2c_smbus_check_pec
        return int.from_bytes(answer[:2], "little")

    def _messages(self, file: _OpenFile, request: Any) -> None:  # noqa: ANN401 -- smbus2's i2c_rdwr_ioctl_data
        messages = [request.msgs[index] for index in range(request.nmsgs)]
        written = b""
        for number, message in enumerate(messages):
            chip = self._chip(file, message.addr)
            if message.flags & M_RD:
                answer = chip.exchange(written, message.len)
                ctypes.memmove(message.buf, answer, message.len)
                written = b""
            elif number + 1 < len(messages) and messages[number + 1].flags & M_RD:
                written = ctypes.string_at(message.buf, message.len)
            else:
                chip.write(ctypes.string_at(message.buf, message.len))


def _failed(number: int) -> OSError:
    return OSError(number, os.strerror(number))
