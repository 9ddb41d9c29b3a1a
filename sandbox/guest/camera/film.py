"""What libcamera's virtual camera sees: numbered JPEG files, in a ring, read when the camera is opened."""

import io
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PLACE: Final = "/var/lib/jx-film"
"""Every file in it is a picture: one that is not makes libcamera try again for ever."""
WIDTH, HEIGHT = 1280, 720
QUALITY: Final = 92
CONFIGURATION: Final = f"""\
%YAML 1.1
---
"film":
  supported_formats:
  - width: {WIDTH}
    height: {HEIGHT}
    frame_rates:
    - 15
  frames:
    path: "{PLACE}/"
  location: "CameraLocationFront"
  model: "film"
"""
"""Each picture is shown four times in a row (libcamera, src/libcamera/pipeline/virtual)."""


class Guest(Protocol):
    """What of a guest is needed to change its film."""

    def sh(self, script: str, *, timeout_s: float = ..., check: bool = ...) -> str:
        """Run a shell script."""

    def put(self, path: str, data: bytes, mode: int = ...) -> None:
        """Write a file."""


def developed(luma: NDArray[np.uint8]) -> bytes:
    """A height × width picture as the virtual camera takes it; it reads colour JPEG alone."""
    whole = io.BytesIO()
    Image.fromarray(luma).convert("RGB").save(whole, "JPEG", quality=QUALITY)
    return whole.getvalue()


def numbered(pictures: Iterable[NDArray[np.uint8]]) -> dict[str, bytes]:
    """File name to JPEG, in the order in which they are shown."""
    return {f"{number}.jpg": developed(luma) for number, luma in enumerate(pictures)}


def lay_in(guest: Guest, pictures: Sequence[NDArray[np.uint8]]) -> None:
    """Change the whole film. Nobody may open the camera meanwhile; who has it open sees the old one."""
    guest.sh(f"rm -f {PLACE}/*")
    for name, jpeg in numbered(pictures).items():
        guest.put(f"{PLACE}/{name}", jpeg)
