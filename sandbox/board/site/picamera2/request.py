"""One picture on loan, as picamera2 0.3 lends it."""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from picamera2.camera import Buffer, Picamera2


class CompletedRequest:
    """A filled buffer; it goes back when as many references were released as were acquired."""

    def __init__(self, request: "Buffer", picam2: "Picamera2") -> None:
        self.request: Buffer | None = request
        self.ref_count = 1
        self.picam2 = picam2
        self.config = dict(picam2.camera_config)
        self._metadata = dict(picam2.metadata)

    def acquire(self) -> None:
        """Take another reference."""
        if self.ref_count == 0:
            raise RuntimeError("CompletedRequest: acquiring lock with ref_count 0")
        self.ref_count += 1

    def release(self) -> None:
        """Drop a reference; the last one gives the buffer back."""
        self.ref_count -= 1
        if self.ref_count < 0:
            raise RuntimeError("CompletedRequest: lock now has negative ref_count")
        if self.ref_count == 0 and self.request is not None:
            self.picam2.requeue(self.request)
            self.request = None

    def get_metadata(self) -> dict[str, Any]:
        """Return what the camera says about this picture."""
        return self._metadata

    def make_buffer(self, name: str) -> NDArray[np.uint8]:
        """Return a copy of the plain bytes."""
        return np.array(self._memory(name), dtype=np.uint8)

    def make_array(self, name: str) -> NDArray[np.uint8]:
        """Return a copy in the shape that picamera2 gives this format."""
        with MappedArray(self, name) as mapped:
            return np.copy(mapped.array)

    def _memory(self, name: str) -> NDArray[np.uint8]:
        if name != "main":
            raise RuntimeError(f"Stream {name!r} is not defined")
        if self.request is None:
            raise RuntimeError("failed to find buffer")
        memory: NDArray[np.uint8] = self.request.memory
        return memory


class MappedArray:
    """The buffer itself as an array, no copy."""

    def __init__(
        self, request: CompletedRequest, stream: str, reshape: bool = True, write: bool = True
    ) -> None:
        self._request = request
        self._stream = stream
        self._reshape = reshape
        self._write = write
        self._array: NDArray[np.uint8] | None = None

    def __enter__(self) -> Self:
        array = self._request._memory(self._stream)  # noqa: SLF001 -- the two are one thing, as in picamera2
        if self._reshape:
            config = self._request.config[self._stream]
            if config["format"] not in {"YUV420", "YVU420"}:
                raise RuntimeError("Format " + config["format"] + " not supported")
            array = array.reshape(config["size"][1] * 3 // 2, config["stride"])
        self._array = array.view()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._array = None

    @property
    def array(self) -> NDArray[np.uint8]:
        """The bytes; only inside `with`."""
        if self._array is None:
            raise RuntimeError("MappedArray is not entered")
        return self._array
