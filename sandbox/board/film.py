"""What a virtual camera sees: one brightness picture in a shared file, replaced at will by one writer."""

import mmap
import struct
import time
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

MAGIC = b"JXFILM01"
HEADER = struct.Struct("<8sIIQ")
"""Magic, width, height, sequence. An odd sequence: the writer is at work; then the brightness rows follow."""
SEQUENCE = struct.Struct("<Q")
SEQUENCE_AT = 16
PICTURE_AT = 64
TORN_WAIT_S = 0.0005
TORN_TRIES = 200

Luma = NDArray[np.uint8]


class FilmError(Exception):
    """The shared picture is not one, or its writer died in the middle of a picture."""


class Film:
    """One picture shared between a writer and a reader; the reader never sees half of it (a seqlock)."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        magic, self.width, self.height, _ = HEADER.unpack_from(memory)
        if magic != MAGIC or len(memory) < PICTURE_AT + self.width * self.height:
            raise FilmError("not a film: create it with Film.create")
        self._picture = np.frombuffer(
            memory, dtype=np.uint8, count=self.width * self.height, offset=PICTURE_AT
        ).reshape(self.height, self.width)

    @classmethod
    def create(cls, path: Path, width: int, height: int) -> Self:
        """Make the file, black; the writer's end. An older one at this path is replaced."""
        fresh = path.with_name(path.name + ".new")
        with fresh.open("wb+") as file:
            file.truncate(PICTURE_AT + width * height)
            memory = mmap.mmap(file.fileno(), 0)
        HEADER.pack_into(memory, 0, MAGIC, width, height, 2)
        fresh.replace(path)
        return cls(memory)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open what a writer made; the reader's end. Raises `OSError` or `FilmError`."""
        with path.open("rb") as file:
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    @property
    def sequence(self) -> int:
        """Changes with each picture."""
        (value,) = SEQUENCE.unpack_from(self._memory, SEQUENCE_AT)
        return int(value)

    def show(self, luma: Luma) -> None:
        """Put this height × width picture in front of the camera."""
        if luma.shape != (self.height, self.width) or luma.dtype != np.uint8:
            raise FilmError(f"{luma.shape} {luma.dtype} picture: this film takes {self._picture.shape} uint8")
        begun = self.sequence | 1
        SEQUENCE.pack_into(self._memory, SEQUENCE_AT, begun)
        self._picture[:] = luma
        SEQUENCE.pack_into(self._memory, SEQUENCE_AT, begun + 1)

    def copy_into(self, target: Luma) -> int:
        """Copy the picture into a height × width array; returns the sequence it had."""
        for _ in range(TORN_TRIES):
            before = self.sequence
            if not before & 1:
                np.copyto(target, self._picture)
                if self.sequence == before:
                    return before
            time.sleep(TORN_WAIT_S)
        raise FilmError("the writer of this film stopped in the middle of a picture")
