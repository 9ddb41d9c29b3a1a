"""One picture on loan, as picamera2 lends it."""

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
        self.stream_map = dict(picam2.stream_map)
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
            self.config, self.stream_map = {}, {}

    def get_metadata(self) -> dict[str, Any]:
        """Return what the camera says about this picture."""
        return self._metadata

    def make_buffer(self, name: str) -> NDArray[np.uint8]:
        """Return a copy of the plain bytes."""
        return np.array(self._memory(name), dtype=np.uint8)

    def make_array(self, name: str) -> NDArray[np.uint8]:
        """Return a copy in the shape that picamera2 gives this format."""
        with MappedArray(self, name) as mapped:
            return np.array(mapped.array)

    def _memory(self, name: str) -> NDArray[np.uint8]:
        if name not in self.stream_map:
            raise RuntimeError(f"Stream {name!r} is not defined")
        memory: NDArray[np.uint8] = self.picam2.mapped(self.request)
        return memory


class MappedArray:
    """The buffer itself as an array, no copy."""

    def __init__(
        self,
        request: CompletedRequest,
        stream: str,
        reshape: bool = True,
        write: bool = True,  # noqa: ARG002 -- picamera2's own argument; its array is writeable all the same
    ) -> None:
        self._request = request
        self._stream = request.stream_map[stream]
        self._reshape = reshape
        self._array: NDArray[np.uint8] | None = None

    def __enter__(self) -> Self:
        array = self._request.picam2.mapped(self._request.request)
        if self._reshape:
            config = self._request.config[self._stream]
            (width, height), stride = config["size"], config["stride"]
            array = array.reshape(height * 3 // 2, stride)
            if config["format"] in {"NV12", "NV21"}:
                array = array[:, :width]
        self._array = array.view()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del self._array

    @property
    def array(self) -> NDArray[np.uint8] | None:
        """The bytes; None before `with`, and after it picamera2 has no such attribute any more."""
        return self._array
