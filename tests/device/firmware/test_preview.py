"""What an installer sees of a frame, what nobody sees of it, and that no running gate can come here."""

import ast
import io
import os
import stat
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from typer.testing import CliRunner

from device.drivers import DriverError, Frame
from device.firmware import config, live, preview, preview_picture
from device.firmware.command import app
from device.firmware.preview import Kind, kind_of, view
from sandbox import foreign
from sandbox.board.environment import environment
from sandbox.board.film import Film
from sandbox.optics import EASY, ORDINARY, Optics, covered_scene, crowd, empty_scene, photograph
from sandbox.wallet import pictures

HOUSE = Path(__file__).parents[3]
PROGRAM = "from device.firmware.command import main; main()"
RUNNING, INSTALLING = "device.firmware.__main__", "device.firmware.preview"


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def text(authority):
    return authority.text(authority.claims())


def held(text, rng, scene=EASY):
    return photograph(pictures.luma(text), scene, rng)


def imports(module):
    """Every module of the device that a file names, wherever in it."""
    path = HOUSE / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            place = HOUSE / Path(*name.split("."))
            if name.startswith("device.") and (place.with_suffix(".py").exists() or place.is_dir()):
                yield name


def reached(module):
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(imports(name))
    return found


def test_no_module_of_a_running_gate_can_reach_the_preview_or_write_a_picture():
    running = reached(RUNNING)
    assert "device.firmware.scan" in running
    assert not [name for name in running if name.startswith(INSTALLING)]
    assert INSTALLING in reached("device.firmware.command")
    for name in sorted(running):
        path = HOUSE / Path(*name.split("."))
        source = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8")
        called = {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
        writers = {"tofile", "savez", "imwrite", "imsave"} | ({"save"} if "from PIL" in source else set())
        assert not called & writers, name


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (1920, 1080)])
def test_a_code_is_outlined_where_it_is(text, rng, size):
    scene = replace(EASY, width=size[0], height=size[1])
    (one,) = view(held(text, rng, scene), 15.0, 15.0).found
    assert one.kind is Kind.PHONE
    middle = np.mean(one.corners, axis=0)
    assert abs(middle - np.array(size) / 2).max() < 0.06 * size[1]
    assert one.module_px > 3
    assert 0 < one.spare <= 1


@pytest.mark.parametrize("rung", ["quick", "half", "softened", "blurred", "magnified", "thorough"])
def test_every_rung_tells_the_same_place(text, rng, monkeypatch, rung):
    luma = held(text, rng, replace(EASY, distance_cm=18.0))  # small enough for the middle that is magnified
    (known,) = view(luma, 15.0, 15.0).found
    everything = preview._all_rungs
    monkeypatch.setattr(
        preview, "_all_rungs", lambda rows: (one for one in everything(rows) if one.name == rung)
    )
    (one,) = view(luma, 15.0, 15.0).found
    assert one.rung == rung
    assert np.abs(np.array(one.corners) - np.array(known.corners)).max() < 8


def test_a_kind_says_what_a_text_is_and_not_whose(text):
    assert kind_of(text) is Kind.PHONE
    assert kind_of(text[:-7]) is Kind.DAMAGED
    assert kind_of("https://example.org") is Kind.OTHER
    assert set(preview_picture.KINDS) == set(Kind)


def test_a_pass_of_another_system_is_told_from_a_damaged_one():
    begins, ends = 1_790_000_000, 1_800_000_000
    stated = foreign.certificate("v", [foreign.vaccination("2026-11-01")])
    text = foreign.hc1(stated, foreign.Authority().signer(begins, ends), begins, ends)
    assert kind_of(text) is Kind.FOREIGN
    assert kind_of(text[:-7]) is Kind.DAMAGED
    assert kind_of("shc:/1/2/5655") is Kind.FOREIGN
    assert kind_of("shc:/5655") is Kind.DAMAGED


def test_a_paper_code_is_told_as_one(monkeypatch, text):
    whole = preview.codes.parse(text)
    paper = replace(whole, claims=replace(whole.claims, paper="somebody"))
    monkeypatch.setattr(preview.codes, "parse", lambda _: paper)
    assert kind_of(text) is Kind.PAPER


def test_sharpness_falls_with_blur_and_noise_does_not_raise_it(text):
    def at(blur_px, noise):
        return preview.sharpness(
            held(text, np.random.default_rng(1), replace(EASY, blur_px=blur_px, noise=noise))
        )

    for noise in (0.0, 5.0, 9.0):
        values = [at(blur_px, noise) for blur_px in (0.3, 0.9, 1.8, 4.0)]
        assert values == sorted(values, reverse=True)
        assert all(0 <= value <= 1 for value in values)
        assert values[1] > preview_picture.LEAST_SHARP > values[3]


def test_where_nothing_has_an_edge_nothing_is_said_of_focus(rng):
    assert preview.sharpness(covered_scene(rng)) is None


def marks(luma, rate_per_s=15.0):
    return {line.en: line.holds for line in preview_picture.lines(view(luma, rate_per_s, 15.0))}


def test_a_good_view_holds_in_every_line_and_each_fault_in_its_own(text, rng):
    assert all(marks(held(text, rng)).values())
    nothing = marks(empty_scene(rng))
    assert nothing["codes"] is False
    assert nothing["pixels a module"] is nothing["correction left"] is None
    assert not marks(covered_scene(rng))["exposure"]
    assert not marks(held(text, rng), rate_per_s=4.0)["pictures a second"]
    burnt = np.minimum(held(text, rng).astype(int) * 2, 255).astype(np.uint8)
    assert not marks(burnt)["burnt out"]
    far = held(text, rng, replace(EASY, width=640, height=480, distance_cm=24.0, distance_spread_cm=0.01))
    assert not marks(far)["pixels a module"]


@pytest.mark.parametrize("scene", [EASY, replace(ORDINARY, width=640, height=480)])
def test_the_picture_has_one_width_and_no_code_can_be_read_from_it(text, rng, scene):
    luma = crowd([pictures.luma(text), pictures.luma("https://example.org")], scene, rng)
    found = view(luma, 15.0, 15.0)
    assert len(found.found) == 2
    before = luma.copy()
    drawn = preview_picture.draw(luma, found)
    assert drawn.width == preview_picture.WIDTH
    assert (luma == before).all()
    assert not zxingcpp.read_barcodes(drawn.convert("L"))


def test_every_line_fits_into_the_picture_with_its_fix(text, rng):
    from device.firmware.lettering import names_font

    scenes = (held(text, rng), covered_scene(rng), np.full((480, 640), 255, np.uint8))
    room = preview_picture.WIDTH - preview_picture.EDGE * 3 - preview_picture.HISTOGRAM[0]
    for line in (one for luma in scenes for one in preview_picture.lines(view(luma, 1.0, 15.0))):
        assert 40 + names_font(22).getlength(f"{line.zh} · {line.en}") < preview_picture.VALUES
        reach = preview_picture.VALUES + names_font(22).getlength(line.value) + 18
        assert reach + names_font(18).getlength(line.fix) <= room, line


def test_every_word_of_the_picture_has_its_glyph():
    from device.firmware.lettering import names_font

    font = names_font(22)
    empty = font.getmask(chr(0x10FFFE)).getbbox(), bytes(font.getmask(chr(0x10FFFE)))
    lit = [view(np.full((480, 640), level, np.uint8), 1.0, 15.0) for level in (0, 255)]
    words = "".join(
        [*preview_picture.KINDS.values(), "亮度黑过亮—"]
        + [f"{line.zh}{line.en}{line.value}{line.fix}" for one in lit for line in preview_picture.lines(one)]
    )
    for character in set(words) - {" "}:
        mask = font.getmask(character)
        assert (mask.getbbox(), bytes(mask)) != empty, character


class Camera:
    """Shows one picture, or fails."""

    def __init__(self, luma):
        self.luma, self.running, self.failing = luma, False, False

    def start(self):
        self.running = True

    def frame(self, _timeout_s):
        if self.failing:
            raise DriverError("camera gave no picture in 2 s")
        return Frame(luma=self.luma, sequence=1, taken_s=0.0)

    def stop(self):
        self.running = False


@pytest.fixture
def gate(tmp_path):
    path = tmp_path / "gate.toml"
    path.write_text(config.example(data=str(tmp_path)), encoding="utf-8")
    return path


@pytest.fixture
def camera(monkeypatch, text, rng):
    made = Camera(held(text, rng))
    monkeypatch.setattr("device.firmware.parts.camera_of", lambda _: made)
    return made


def run(gate, picture, *more):
    arguments = ["preview", str(picture), "--config", str(gate), "--seconds", "0.2", *more]
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("name", ["seen.png", "seen.JPG"])
def test_the_command_saves_a_picture_for_its_owner_alone_and_says_what_it_is_for(
    gate, camera, text, tmp_path, name
):
    ended = run(gate, tmp_path / name)
    assert ended.exit_code == 0, ended.output
    for words in ("仅供安装", "For installation only", f"saved to {tmp_path / name}", "已保存到"):
        assert words in ended.output.replace("\n", "")
    assert text not in ended.output
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    with Image.open(tmp_path / name) as saved:
        assert saved.width == preview_picture.WIDTH
    assert not camera.running
    assert not list(tmp_path.glob(".*.new"))


def test_what_does_not_hold_is_a_warning_with_its_fix(gate, camera, tmp_path, rng):
    camera.luma = empty_scene(rng)
    ended = run(gate, tmp_path / "seen.png")
    assert ended.exit_code == 3
    assert "hold a code up" in ended.output


def test_a_running_gate_keeps_its_camera(gate, camera, tmp_path, monkeypatch):
    told = live.Told(
        gate="a1b2c3d4e5f6", pid=4711, written_at=0.0, uptime_s=1.0, firmware="1", ready=True, lane="idle"
    )
    monkeypatch.setattr(live, "listen", lambda _: live.Running(told, 0.1))
    ended = run(gate, tmp_path / "seen.png")
    assert ended.exit_code == 2
    assert "4711" in ended.output
    assert "正在运行" in ended.output
    assert not (tmp_path / "seen.png").exists()
    assert not camera.running


def test_a_gate_that_holds_its_files_and_tells_nothing_keeps_its_camera_too(
    gate, camera, tmp_path, monkeypatch
):
    monkeypatch.setattr(live, "in_use", lambda _: True)
    ended = run(gate, tmp_path / "seen.png")
    assert (ended.exit_code, "holds the camera" in ended.output) == (2, True)
    assert not camera.running


def test_refusals_say_that_nothing_was_saved(gate, camera, tmp_path):
    assert ".png" in run(gate, tmp_path / "seen.gif").output
    assert "cannot be written" in run(gate, tmp_path / "nowhere" / "seen.png").output
    camera.failing = True
    ended = run(gate, tmp_path / "seen.png")
    assert ended.exit_code == 2
    assert "nothing was saved" in ended.output
    assert not camera.running
    assert not list(tmp_path.glob("*.png"))


def test_the_command_opens_the_real_camera_of_the_board(gate, text, rng):
    with tempfile.TemporaryDirectory() as place:  # a unix socket's path must be short
        film = Path(place) / "film"
        Film.create(film, 1280, 720).show(held(text, rng, Optics()))
        picture = Path(place) / "seen.png"
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM, "preview", picture, "--config", gate, "--seconds", "0.5"],
            env=os.environ | environment(Path(place) / "board", film) | {"PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode in {0, 3}, (
            ended.stderr.decode()
        )  # 3: this machine was too busy for 15 a second
        assert "codes: 1 (" in ended.stdout.decode()
        assert Image.open(io.BytesIO(picture.read_bytes())).width == preview_picture.WIDTH
