"""`jx-gate preview`: what the camera sees and the finder finds, as a picture for the installer."""

import os
import time
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from PIL import Image
from rich.text import Text

from device.drivers import Camera, DriverError, Luma
from device.firmware import config as configs
from device.firmware import live, parts, preview, preview_picture
from device.firmware.commands.terminal import WARNED, out, refusals, told
from device.firmware.config import GateConfig
from device.firmware.errors import GateError

FORMATS: Final = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
LONGEST_S: Final = 60.0
HOLDS: Final = ("✓", "OK  ", "green")
WARNS: Final = ("!", "WARN", "yellow")
UNKNOWN: Final = ("·", "    ", "default")
_SIGNS: Final = {True: HOLDS, False: WARNS, None: UNKNOWN}
ONLY_TO_INSTALL: Final = (
    "仅供安装调试：图中会有镜头前的一切，用后请删除；运行中的闸机从不保存画面。",
    "For installation only: it shows all that the lens sees, so delete it afterwards; a gate keeps none.",
)


def preview_command(
    picture: Annotated[Path, typer.Argument(help="Where the picture goes: a .png or .jpg file.")],
    *,
    config_file: Annotated[Path, typer.Option("--config", help="The gate's TOML file.")],
    seconds: Annotated[
        float, typer.Option(min=0.2, max=LONGEST_S, help="How long exposure and focus may settle.")
    ] = 3.0,
) -> None:
    """保存一张带识别结果的画面（仅供安装）。Save what the camera sees, with what is found drawn in."""
    with refusals():
        form = FORMATS.get(picture.suffix.lower())
        if form is None:
            raise GateError(
                f"图片文件名须以 .png 或 .jpg 结尾 · {picture.name}: the picture must be a .png or .jpg file"
            )
        config = configs.load(config_file)
        _nobody_uses(config)
        console = out()
        for words in ONLY_TO_INSTALL:
            console.print(Text(words, style="yellow"))
        luma, rate_per_s = _settled(parts.camera_of(config), config, seconds)
        view = preview.view(luma, rate_per_s, config.camera.frames_per_s)
        _save(preview_picture.draw(luma, view), picture, form)
    lines = preview_picture.lines(view)
    for line in lines:
        words = f"{line.zh} · {line.en}: {line.value}" + (f"  → {line.fix}" if line.holds is False else "")
        told(console, _SIGNS[line.holds], Text(words))
    console.print(Text(f"已保存到 {picture} · saved to {picture}"))
    if any(line.holds is False for line in lines):
        raise typer.Exit(WARNED)


def _nobody_uses(config: GateConfig) -> None:
    """A camera has one user."""
    running = live.listen(config)
    if running is None and not live.in_use(config):
        return
    zh, en = (f"（进程 {running.told.pid}）", f" (process {running.told.pid})") if running else ("", "")
    raise GateError(
        f"闸机正在运行{zh}，摄像头被它占用，什么也没有保存；请先停止：sudo systemctl stop jixiang-gate · "
        f"the gate is running{en} and holds the camera; nothing was saved. "
        "Stop it first: sudo systemctl stop jixiang-gate"
    )


def _settled(camera: Camera, config: GateConfig, seconds: float) -> tuple[Luma, float]:
    """A copy of the picture after `seconds`, and how many came in a second; GateError when none do."""
    try:
        camera.start()
        try:
            begun_s, frames = time.monotonic(), 0
            while True:
                with camera.frame(config.camera.timeout_s) as frame:
                    gone_s = time.monotonic() - begun_s
                    if gone_s >= seconds:
                        return np.array(frame.luma), frames / gone_s
                frames += 1
        finally:
            camera.stop()
    except DriverError as error:
        raise GateError(
            f"摄像头没有画面，什么也没有保存 · no picture from the camera; nothing was saved: {error}"
        ) from error


def _save(drawn: Image.Image, path: Path, form: str) -> None:
    """For its owner's eyes, whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            drawn.save(file, form)
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise GateError(
            f"{path} 无法写入 · {path} cannot be written ({error.strerror}); nothing was saved"
        ) from error
