import random
import time

import numpy as np
import pytest
import segno
import zxingcpp
from PIL import Image

from device.firmware.scan import grid_of, is_black
from sandbox.optics import EASY, HARD, ORDINARY, covered_scene, crowd, empty_scene, photograph

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def code(seed):
    text = "".join(random.Random(seed).choices(ALPHANUMERIC, k=450))
    drawn = segno.make(text, error="m", mode="alphanumeric", boost_error=False)
    assert drawn.version == 13
    return text, np.array([list(row) for row in drawn.matrix_iter(border=4)], np.uint8) ^ 1


def read_share(scene, count, seed):
    rng = np.random.default_rng(seed)
    read = 0
    for number in range(count):
        text, modules = code(number)
        picture = photograph(modules * 255, scene, rng)
        found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
        read += any(one.text == text for one in found)
    return read / count


def test_ordinary_pictures_of_full_codes_are_read():
    assert read_share(ORDINARY, 24, seed=20) >= 0.95


def test_hard_pictures_are_hard_but_not_hopeless():
    assert 0.2 <= read_share(HARD, 16, seed=23) <= 0.95


def test_pictures_have_the_cameras_shape_and_use_its_range():
    picture = photograph(code(1)[1] * 255, ORDINARY, np.random.default_rng(1))
    assert picture.shape == (720, 1280)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert picture.max() - picture.min() > 100


def test_the_same_seed_gives_the_same_picture_and_another_a_different_one():
    modules = code(2)[1] * 255
    first, again, other = (photograph(modules, EASY, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


def test_a_code_may_come_as_an_image_of_any_scale():
    text, modules = code(5)
    image = Image.fromarray(modules * 255).resize((77 * 5, 77 * 5), Image.Resampling.NEAREST)
    found = zxingcpp.read_barcodes(photograph(image, EASY, np.random.default_rng(6)))
    assert [one.text for one in found] == [text]


def test_nothing_is_read_from_an_empty_scene():
    picture = empty_scene(np.random.default_rng(7))
    assert picture.shape == (720, 1280)
    assert zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode) == []


@pytest.mark.parametrize("seed", range(4))
def test_a_picture_is_drawn_in_a_small_part_of_a_second(seed):
    modules = code(seed)[1] * 255
    rng = np.random.default_rng(seed)
    photograph(modules, ORDINARY, rng)
    begun_s = time.process_time()
    photograph(modules, ORDINARY, rng)
    # 40 to 60 ms measured; the limit only catches a change of kind.
    assert time.process_time() - begun_s < 0.3


@pytest.mark.parametrize("count", [1, 2, 7, 12])
def test_a_crowd_of_codes_fills_the_picture_and_each_can_be_read(count):
    codes = [code(seed) for seed in range(count)]
    picture = crowd([modules * 255 for _, modules in codes], EASY, np.random.default_rng(2))
    assert picture.shape == (720, 1280)
    found = {one.text for one in zxingcpp.read_barcodes(picture)}
    assert found == {text for text, _ in codes}


def test_a_covered_lens_shows_black_and_an_empty_entrance_does_not():
    rng = np.random.default_rng(3)
    assert is_black(grid_of(covered_scene(rng)))
    assert not is_black(grid_of(empty_scene(rng)))
    assert not is_black(grid_of(photograph(code(1)[1] * 255, ORDINARY, rng)))
