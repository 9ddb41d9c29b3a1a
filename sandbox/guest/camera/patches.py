"""What of the real picamera2 is changed for libcamera's virtual camera, and why; nothing else is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.errors import SandboxError


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One text of one file of picamera2, in another way."""

    file: str
    old: str
    new: str
    why: str


PATCHES: Final = (
    Patch(
        file="picamera2.py",
        old="""\
        raw_config = self.camera.generate_configuration([libcamera.StreamRole.Raw])
        raw_formats = raw_config.at(0).formats
        raw_modes = []
""",
        new="""\
        raw_config = self.camera.generate_configuration([libcamera.StreamRole.Viewfinder])
        raw_formats = raw_config.at(0).formats
        raw_modes = []
""",
        why="every sensor has raw modes, and picamera2 takes its size from them; a virtual camera has none",
    ),
    Patch(
        file="allocators/dmaallocator.py",
        old="""\
                plane = [libcamera.FrameBuffer.Plane()]
                plane[0].fd = fd.get()
                plane[0].offset = 0
                plane[0].length = stream_config.frame_size
""",
        new="""\
                luma_size = stream_config.stride * stream_config.size.height
                plane = [libcamera.FrameBuffer.Plane(), libcamera.FrameBuffer.Plane()]
                plane[0].fd = plane[1].fd = fd.get()
                plane[0].offset, plane[1].offset = 0, luma_size
                plane[0].length, plane[1].length = luma_size, stream_config.frame_size - luma_size
""",
        why="a Pi's driver fills a buffer of one plane; the virtual one writes NV12's colours to the second",
    ),
    Patch(
        file="previews/null_preview.py",
        old="""\
                callback(picam2)

    def __init__""",
        new="""\
                callback(picam2)
            self._abort.wait(0.1)

    def __init__""",
        why="a sensor sets the pace; the virtual camera has none and would take all of a processor",
    ),
)


def apply(package: Path) -> None:
    """Change an unpacked picamera2. SandboxError, and nothing written, unless each text is there once."""
    changed: dict[Path, str] = {}
    for patch in PATCHES:
        path = package / patch.file
        text = changed.get(path) or path.read_text()
        found = text.count(patch.old)
        if found != 1:
            raise SandboxError(
                f"picamera2's {patch.file} has the text that is to be changed {found} times, not once; "
                f"nothing was changed. It is changed because {patch.why}. Compare it with {__file__}"
            )
        changed[path] = text.replace(patch.old, patch.new)
    for path, text in changed.items():
        path.write_text(text)
