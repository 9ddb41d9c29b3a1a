import io
from types import SimpleNamespace

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


def tried(monkeypatch, luma, frames, found=()):
    """Name and picture size of every rung that some frames of a scene try."""
    seen = []

    def read(rung, frame):
        seen.append((rung.name, rung.prepare(frame).shape))
        return found

    monkeypatch.setattr(scan.Rung, "read", read)
    history = History()
    for _ in range(frames):
        _, history = look(luma, history)
    return seen


def test_the_costly_rungs_take_turns(monkeypatch):
    seen = tried(monkeypatch, scene(), 4)
    assert [name for name, _ in seen] == [
        *("quick", "half", "softened"),
        *("quick", "half", "blurred"),
        *("quick", "half", "magnified"),
        *("quick", "half", "thorough"),
    ]
    sizes = dict(seen)
    assert sizes["quick"] == sizes["half"] == (360, 640)
    assert sizes["softened"] == (719, 1279)
    assert sizes["blurred"] == (718, 1278)
    assert sizes["magnified"] == (840, 1120)
    assert sizes["thorough"] == (720, 1280)


def test_a_small_picture_is_never_halved(monkeypatch):
    seen = tried(monkeypatch, scene(width=320, height=240), 3)
    assert [name for name, _ in seen] == ["plain", "softened", "plain", "blurred", "plain", "magnified"]
    assert dict(seen)["magnified"] == (480, 640)


def test_a_rung_tells_where_its_picture_begins_in_the_frame():
    magnified = next(rung for rung in scan.COSTLY if rung.name == "magnified")
    assert magnified.origin(scene()) == (360, 150)
    assert magnified.origin(scene(width=320, height=240)) == (0, 0)
    assert scan.HALF.origin(scene()) == (0, 0)


def test_odd_rows_and_columns_are_halved_too():
    halved = scan._halved(np.full((481, 641), 7, np.uint8))
    assert halved.shape == (240, 320)
    assert (halved == 7).all()


def code(text):
    return SimpleNamespace(text=text)


def test_the_climb_ends_where_something_was_found_but_goes_on_past_a_poster_now_and_then(monkeypatch):
    seen = tried(monkeypatch, scene(), 6, found=[code("JX1:POSTER")])
    per_frame = [1, 1, 3, 1, 1, 3]
    assert len(seen) == sum(per_frame)


def test_a_code_beside_a_poster_that_is_easier_to_read_is_found(monkeypatch):
    whole = scan.Rung.read

    def read(rung, luma):
        found = whole(rung, luma)
        return (
            found if rung.name in {"half", "softened"} else [one for one in found if one.text == "JX1:POSTER"]
        )

    monkeypatch.setattr(scan.Rung, "read", read)
    luma, history = scene(qr("JX1:POSTER"), qr("JX1:PERSON")), History()
    for _ in range(scan.LOOK_BESIDE):
        seen, history = look(luma, history)
    assert set(seen.texts) == {"JX1:POSTER", "JX1:PERSON"}


def test_of_many_codes_a_few_are_told_and_what_claims_to_be_a_code_before_posters():
    posters = [qr(f"https://example.org/{number}", scale=3) for number in range(6)]
    assert len(read(scene(*posters, qr("JX1:ONE", scale=3)))) == scan.MOST_CODES
    assert "JX1:ONE" in read(scene(*posters, qr("JX1:ONE", scale=3)))


def test_a_visitor_is_told_beside_a_wall_of_codes(monkeypatch):
    wall = [f"JX1:{number}" for number in range(9)]
    tried(monkeypatch, scene(), 0, found=[code(text) for text in [*wall, "JX1:VISITOR"]])
    seen, _ = look(scene(), History(marks=frozenset(map(scan.mark_of, wall))))
    assert seen.texts[0] == "JX1:VISITOR"
    assert len(seen.texts) == scan.MOST_CODES


def test_a_text_longer_than_a_code_can_be_is_not_kept(monkeypatch):
    tried(monkeypatch, scene(), 0, found=[code("9" * 7090), code(""), code("JX1:A")])
    seen, history = look(scene(), History())
    assert seen.texts == ("JX1:A",)
    assert history.marks == {scan.mark_of("JX1:A")}


def dark(noise=3.0, width=1280, height=720):
    return np.random.default_rng(1).normal(8, noise, (height, width)).clip(0, 255).astype(np.uint8)


def test_a_cap_on_the_lens_is_black_whatever_the_noise():
    for noise in (0.0, 3.0, 12.0):
        assert scan.is_black(scan.grid_of(dark(noise)))


@pytest.mark.parametrize("width", [640, 1280, 1920])
def test_a_dim_room_with_a_lit_phone_is_not_black(width):
    height = width * 9 // 16
    luma = dark(width=width, height=height)
    luma[height // 3 : height // 2, width // 3 : width // 2] = 120
    assert not scan.is_black(scan.grid_of(luma))
    assert not scan.is_black(scan.grid_of(scene(width=width, height=height)))


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
