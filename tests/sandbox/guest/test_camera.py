import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from sandbox.errors import SandboxError
from sandbox.guest import camera
from sandbox.guest.camera import film, patches


@pytest.fixture
def picamera2(tmp_path):
    """A package that has nothing but the texts that are changed."""
    place = tmp_path / "picamera2"
    for patch in patches.PATCHES:
        path = place / patch.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# before\n{patch.old}# after\n")
    return place


def test_each_patch_changes_its_one_place(picamera2):
    patches.apply(picamera2)
    for patch in patches.PATCHES:
        assert (picamera2 / patch.file).read_text() == f"# before\n{patch.new}# after\n"


@pytest.mark.parametrize("times", [0, 2])
def test_a_text_that_is_not_there_exactly_once_ends_it_and_nothing_was_changed(picamera2, times):
    last = patches.PATCHES[-1]
    (picamera2 / last.file).write_text(last.old * times)
    before = {path: path.read_bytes() for path in picamera2.rglob("*.py")}
    with pytest.raises(SandboxError, match=rf"{last.file} has the text .* {times} times, not once"):
        patches.apply(picamera2)
    assert {path: path.read_bytes() for path in picamera2.rglob("*.py")} == before


def test_a_second_time_is_refused(picamera2):
    patches.apply(picamera2)
    with pytest.raises(SandboxError, match="0 times"):
        patches.apply(picamera2)


def test_a_film_is_numbered_colour_jpeg_of_the_same_brightness():
    grey = np.tile(np.arange(film.WIDTH, dtype=np.uint16) * 255 // film.WIDTH, (film.HEIGHT, 1)).astype(
        np.uint8
    )
    numbered = film.numbered([grey, grey[::-1]])
    assert list(numbered) == ["0.jpg", "1.jpg"]
    with Image.open(io.BytesIO(numbered["0.jpg"])) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (film.WIDTH, film.HEIGHT))
        assert np.abs(np.asarray(picture.convert("L")).astype(int) - grey).max() < 16


def test_the_whole_film_is_changed_before_anything_is_put():
    done = []

    class Recorder:
        def sh(self, script, **_):
            done.append(script)

        def put(self, path, data, mode=0o644):
            done.append((path, data[:2], mode))

    film.lay_in(Recorder(), [np.zeros((film.HEIGHT, film.WIDTH), np.uint8)] * 2)
    assert done == [
        f"rm -f {film.PLACE}/*",
        (f"{film.PLACE}/0.jpg", b"\xff\xd8", 0o644),
        (f"{film.PLACE}/1.jpg", b"\xff\xd8", 0o644),
    ]


def test_a_wheel_that_is_more_than_libraries_is_refused(tmp_path):
    wheel = tmp_path / "picamera2-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as out:
        out.writestr("picamera2-1.data/scripts/run", "")
    with pytest.raises(SandboxError, match="more than libraries"):
        camera.install(tmp_path / "tree", [wheel])


def test_stand_ins_are_sound_and_name_what_picamera2_takes_from_them():
    spaces = {name: {} for name in camera.STAND_INS}
    for name, text in camera.STAND_INS.items():
        exec(compile(text, name, "exec"), spaces[name])
    assert spaces["pykms.py"]["PixelFormat"].NV12 == "NV12"
    assert spaces["pidng/core.py"]["PICAM2DNG"]
    assert spaces["pidng/camdefs.py"]["Picamera2Camera"]
