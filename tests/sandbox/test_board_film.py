import struct
import threading

import numpy as np
import pytest

from sandbox.board.film import SEQUENCE_AT, Film, FilmError


def test_a_reader_sees_what_the_writer_shows(tmp_path):
    writer = Film.create(tmp_path / "film", 64, 48)
    reader = Film.open(tmp_path / "film")
    picture = np.arange(64 * 48, dtype=np.uint16).astype(np.uint8).reshape(48, 64)
    before = reader.sequence
    writer.show(picture)
    target = np.empty((48, 64), np.uint8)
    assert reader.copy_into(target) == reader.sequence != before
    assert (target == picture).all()


def test_a_reader_never_sees_half_a_picture(tmp_path):
    writer = Film.create(tmp_path / "film", 640, 480)
    reader = Film.open(tmp_path / "film")
    pictures = [np.full((480, 640), level, np.uint8) for level in range(200)]

    def play():
        for picture in pictures:
            writer.show(picture)

    thread = threading.Thread(target=play)
    target = np.empty((480, 640), np.uint8)
    thread.start()
    while thread.is_alive():
        reader.copy_into(target)
        assert target.min() == target.max()
    thread.join()


def test_a_writer_that_died_in_the_middle_is_an_error_not_a_picture(tmp_path):
    Film.create(tmp_path / "film", 64, 48)
    with (tmp_path / "film").open("rb+") as file:
        file.seek(SEQUENCE_AT)
        file.write(struct.pack("<Q", 7))
    with pytest.raises(FilmError, match="stopped in the middle"):
        Film.open(tmp_path / "film").copy_into(np.empty((48, 64), np.uint8))


def test_a_picture_of_another_size_is_refused(tmp_path):
    film = Film.create(tmp_path / "film", 64, 48)
    with pytest.raises(FilmError, match="takes"):
        film.show(np.zeros((64, 48), np.uint8))


@pytest.mark.parametrize("content", [b"x" * 64, b"x" * 4096, b"JXFILM01" + b"\xff" * 4096])
def test_a_file_that_is_no_film_is_refused(tmp_path, content):
    (tmp_path / "film").write_bytes(content)
    with pytest.raises(FilmError, match="not a film"):
        Film.open(tmp_path / "film")
