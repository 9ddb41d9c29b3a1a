import io

import numpy as np
import pytest
import segno
from PIL import Image

from device.firmware import scan
from device.firmware.scan import LOOK_AGAIN, LOOK_ANYWAY, History, look

TEXT = "JX1:" + "6BFOXN-TS0BI$ZD" * 20


def qr(text=TEXT, scale=4):
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="png", scale=scale, border=4)
    return np.array(Image.open(out).convert("L"))


def scene(*codes, width=1280, height=720):
    luma = np.full((height, width), 90, np.uint8)
    for number, code in enumerate(codes):
        x = 20 + number * (width // max(1, len(codes)))
        luma[20 : 20 + code.shape[0], x : x + code.shape[1]] = code
    return luma


def read(luma, frames=8):
    """The texts of the first frames of a scene in which everything has just moved."""
    history = History()
    for _ in range(frames):
        seen, history = look(luma, history)
        if seen is not None and seen.texts:
            return set(seen.texts)
    return set()


def test_a_code_is_read_in_the_first_frame():
    seen, history = look(scene(qr()), History())
    assert seen.texts == (TEXT,)
    assert history.frames == 1


def test_every_code_in_view_is_told():
    assert read(scene(qr("JX1:ONE"), qr("JX1:TWO"))) == {"JX1:ONE", "JX1:TWO"}


def test_a_small_picture_is_read_at_full_size():
    assert read(scene(qr("JX1:SMALL"), width=320, height=240)) == {"JX1:SMALL"}


def test_light_on_dark_is_read_within_a_few_frames():
    assert read(255 - scene(qr())) == {TEXT}


def test_a_coarse_grid_over_the_code_is_read_after_blurring(monkeypatch):
    seen = []
    monkeypatch.setattr(scan, "_decode", lambda luma, **_: seen.append(luma.shape) or scan.Seen())
    history = History()
    for _ in range(2):
        _, history = look(scene(), history)
    assert seen == [(360, 640), (718, 1278), (360, 640), (720, 1280)]


def test_a_strided_view_is_read_without_a_copy():
    padded = np.zeros((720, 1344), np.uint8)
    padded[:, :1280] = scene(qr())
    view = padded[:, :1280]
    view.flags.writeable = False
    assert not view.flags.c_contiguous
    assert read(view) == {TEXT}


def test_nothing_moves_nothing_is_read_except_now_and_then():
    history, looked = History(), 0
    luma = scene()
    for _ in range(scan.AWAKE_FRAMES + 10 * LOOK_ANYWAY):
        seen, history = look(luma, history)
        looked += seen is not None
    assert looked <= scan.AWAKE_FRAMES + 11


def test_noise_is_no_motion_and_a_hand_is():
    rng = np.random.default_rng(5)
    still = History(grid=scan.grid_of(scene()))
    noisy = np.clip(scene().astype(int) + rng.normal(0, 5, (720, 1280)), 0, 255).astype(np.uint8)
    assert look(noisy, still)[0] is None
    hand = scene()
    hand[300:420, 500:700] = 200
    assert look(hand, still)[0] is not None


def test_a_code_that_is_held_still_is_read_again_and_again():
    history, looked = History(), 0
    luma = scene(qr())
    for _ in range(scan.AWAKE_FRAMES + 10 * LOOK_AGAIN):
        seen, history = look(luma, history)
        looked += seen is not None
    assert looked >= scan.AWAKE_FRAMES + 9


def test_another_size_begins_anew():
    _, history = look(scene(), History())
    seen, _ = look(scene(width=640, height=480), history)
    assert seen is not None


@pytest.mark.parametrize("scale", [2, 3, 6])
def test_codes_of_several_sizes_are_read(scale):
    assert read(scene(qr(scale=scale))) == {TEXT}
