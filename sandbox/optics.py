"""What a gate's camera sees: a phone with a code held into its view, or an empty entrance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Luma: TypeAlias = NDArray[np.uint8]
Points: TypeAlias = NDArray[np.float64]

# Camera Module 3: 41 degrees of vertical view (Raspberry Pi documentation, camera hardware specification).
VIEW_HEIGHT_PER_DISTANCE = 2 * math.tan(math.radians(41 / 2))

# A phone of ordinary size, in centimetres.
BODY_CM = (7.2, 15.0)
BEZEL_CM = 0.25
CODE_ABOVE_MIDDLE_CM = 1.5
CORNER_CM = 0.8
CAP_LEVEL = 6  # what a sensor's black level leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class Optics:
    """How hard the picture is; the defaults are an ordinary visitor in ordinary indoor light.

    Angles, distance and place are spreads or middles: each photograph draws its own around them.
    """

    width: int = 1280
    height: int = 720
    code_cm: float = 6.0
    """Side of the code on the screen, quiet zone included."""
    distance_cm: float = 13.0
    distance_spread_cm: float = 1.5
    tilt_deg: float = 8.0
    """Standard deviation of each of the two tilts out of the picture's plane."""
    turn_deg: float = 8.0
    """Standard deviation of the rotation in the plane."""
    offset_share: float = 0.04
    """Standard deviation of the code's middle from the picture's, as a share of its height."""
    blur_px: float = 0.9
    noise: float = 5.0
    """Standard deviation of the sensor's noise in grey levels."""
    screen_level: float = 205.0
    """Grey level of the screen's white."""
    black_level: float = 38.0
    """Grey level of the screen's black: a screen reflects."""
    unevenness: float = 0.25
    """How much darker one side of the picture is, as a share."""
    glare: float = 0.35
    """Strength of the lamp that mirrors in the screen, as a share of the way to white."""
    moire: float = 5.0
    """Amplitude of the beat between screen and sensor in grey levels."""


ORDINARY = Optics()
EASY = replace(
    ORDINARY, tilt_deg=2, turn_deg=2, offset_share=0.01, blur_px=0.5, noise=2, glare=0.0, moire=0.0
)
HARD = replace(
    ORDINARY,
    distance_cm=17.0,
    tilt_deg=14,
    turn_deg=20,
    blur_px=1.3,
    noise=9,
    glare=0.6,
    moire=9,
    unevenness=0.45,
)


def empty_scene(rng: np.random.Generator, scene: Optics = ORDINARY) -> Luma:
    """Return a height × width picture of an entrance with nobody at the gate."""
    return _developed(np.asarray(_background(rng, scene)), scene, rng)


def covered_scene(rng: np.random.Generator, scene: Optics = ORDINARY) -> Luma:
    """Return a height × width picture through a capped lens: black, and the sensor's noise."""
    return grained(np.full((scene.height, scene.width), CAP_LEVEL, np.uint8), scene.noise, rng)


def crowd(codes: Sequence[Luma], scene: Optics, rng: np.random.Generator) -> Luma:
    """Return a height × width picture of a wall that is filled with these codes, as large as all of them fit.

    Each is a square with its quiet zone, as for `photograph`.
    """
    columns = min(
        range(1, len(codes) + 1),
        key=lambda count: -min(scene.width // count, scene.height // math.ceil(len(codes) / count)),
    )
    side = min(scene.width // columns, scene.height // math.ceil(len(codes) / columns))
    wall = Image.new("L", (scene.width, scene.height), round(scene.screen_level))
    for number, code in enumerate(codes):
        row, column = divmod(number, columns)
        twice = Image.fromarray(code).resize((side * 2, side * 2), Image.Resampling.NEAREST)
        flat = twice.resize((side, side), Image.Resampling.BOX).point(_levels(scene))
        wall.paste(flat, (column * side, row * side))
    soft = wall.filter(ImageFilter.GaussianBlur(scene.blur_px))
    return _developed(np.asarray(soft), scene, rng)


def photograph(qr: Luma | Image.Image, scene: Optics, rng: np.random.Generator) -> Luma:
    """Return a height × width picture of a phone that shows this code.

    `qr` is a square of any scale, light 255 and dark 0, with its quiet zone.
    """
    code = (
        Image.fromarray(np.asarray(qr, dtype=np.uint8))
        if not isinstance(qr, Image.Image)
        else qr.convert("L")
    )
    distance_cm = max(6.0, rng.normal(scene.distance_cm, scene.distance_spread_cm))
    focal_px = scene.height / VIEW_HEIGHT_PER_DISTANCE
    px_per_cm = focal_px / distance_cm
    phone, mask = _phone(code, scene, px_per_cm, rng)
    corners = _held(phone.size, px_per_cm, distance_cm, scene, rng)
    picture = _background(rng, scene)
    _put(picture, phone, mask, corners, scene)
    return _developed(np.asarray(picture), scene, rng)


def _phone(
    code: Image.Image, scene: Optics, px_per_cm: float, rng: np.random.Generator
) -> tuple[Image.Image, Image.Image]:
    """Draw the phone flat, at about the scale it will be seen: its picture and its outline."""
    width, height = (round(cm * px_per_cm) for cm in BODY_CM)
    phone = Image.new("L", (width, height), 25)
    draw = ImageDraw.Draw(phone)
    bezel = round(BEZEL_CM * px_per_cm)
    white, black = round(scene.screen_level), round(scene.black_level)
    draw.rounded_rectangle(
        (bezel, bezel, width - bezel, height - bezel), round(0.6 * CORNER_CM * px_per_cm), white
    )
    draw.rectangle((bezel * 2, bezel * 3, width - bezel * 2, bezel * 7), (white + black) // 2)
    side = round(scene.code_cm * px_per_cm)
    middle = (width // 2, height // 2 - round(CODE_ABOVE_MIDDLE_CM * px_per_cm))
    # Area averaging is what a lens and a screen do to modules that do not fall on whole pixels.
    shown = code.resize((side * 2, side * 2), Image.Resampling.NEAREST).resize(
        (side, side), Image.Resampling.BOX
    )
    phone.paste(shown.point(_levels(scene)), (middle[0] - side // 2, middle[1] - side // 2))
    mask = Image.new("L", phone.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width - 1, height - 1), round(CORNER_CM * px_per_cm), 255)
    return _mirrored(phone, scene, rng), mask


def _levels(scene: Optics) -> list[int]:
    """Return what each of 256 grey levels is on a screen."""
    black, white = scene.black_level, scene.screen_level
    return [round(black + (white - black) * level / 255) for level in range(256)]


def _mirrored(phone: Image.Image, scene: Optics, rng: np.random.Generator) -> Image.Image:
    """Lay a lamp's reflection and the beat of two grids over the screen."""
    width, height = phone.size
    pixels = np.asarray(phone, dtype=np.float32)
    if scene.moire:
        period_px, angle = rng.uniform(7, 40), rng.uniform(0, math.pi)
        across = np.arange(width, dtype=np.float32) * np.float32(2 * math.pi * math.cos(angle) / period_px)
        down = np.arange(height, dtype=np.float32)[:, None] * np.float32(
            2 * math.pi * math.sin(angle) / period_px
        )
        # sin(a + b) from one row and one column: no transcendental function per pixel.
        beat = np.sin(across) * np.cos(down) + np.cos(across) * np.sin(down)
        pixels = pixels * (1 + np.float32(scene.moire / scene.screen_level) * beat)
    if scene.glare:
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        spread = rng.uniform(0.12, 0.3) * width
        lamp_x = np.exp(-(((np.arange(width, dtype=np.float32) - x) / spread) ** 2))
        lamp_y = np.exp(-(((np.arange(height, dtype=np.float32) - y) / (2 * spread)) ** 2))
        share = np.float32(scene.glare * rng.uniform(0.4, 1.0)) * lamp_y[:, None] * lamp_x
        pixels = pixels + (255 - pixels) * share
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _held(
    size: tuple[int, int], px_per_cm: float, distance_cm: float, scene: Optics, rng: np.random.Generator
) -> Points:
    """Return where the phone's four corners are seen, its code near the middle of the picture."""
    half = np.array(size, dtype=float) / 2
    flat = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half + (0, CODE_ABOVE_MIDDLE_CM * px_per_cm)
    yaw, pitch = np.radians(rng.normal(0, scene.tilt_deg, 2))
    roll = math.radians(rng.normal(0, scene.turn_deg))
    rotation = _about(1, yaw) @ _about(0, pitch) @ _about(2, roll)
    depth_px = distance_cm * px_per_cm
    solid = np.column_stack((flat, np.zeros(4))) @ rotation.T
    seen = solid[:, :2] * (depth_px / (depth_px + solid[:, 2:]))
    middle = rng.normal(0, scene.offset_share * scene.height, 2) + np.array((scene.width, scene.height)) / 2
    corners: Points = seen + middle
    return corners


def _about(axis: int, angle: float) -> Points:
    """Return the 3 × 3 rotation about one axis."""
    rotation = np.eye(3)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    rotation[[first, second], [first, second]] = math.cos(angle)
    rotation[first, second], rotation[second, first] = -math.sin(angle), math.sin(angle)
    return rotation


def _put(picture: Image.Image, phone: Image.Image, mask: Image.Image, corners: Points, scene: Optics) -> None:
    """Paste the phone in perspective, softened by the lens; only the part that it covers is worked on."""
    margin = math.ceil(3 * scene.blur_px)
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - margin, 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + margin, (scene.width, scene.height))
    if (high <= low).any():
        return
    part = (int(high[0] - low[0]), int(high[1] - low[1]))
    how = _perspective(corners - low, phone.size)
    seen_from = Image.Transform.PERSPECTIVE
    patch = picture.crop((int(low[0]), int(low[1]), int(high[0]), int(high[1])))
    # The outline's steps vanish in the blur that follows, so it need not be smooth.
    outline = mask.transform(part, seen_from, how, Image.Resampling.NEAREST)
    patch.paste(phone.transform(part, seen_from, how, Image.Resampling.BILINEAR), (0, 0), outline)
    picture.paste(patch.filter(ImageFilter.GaussianBlur(scene.blur_px)), (int(low[0]), int(low[1])))


def _perspective(corners: Points, size: tuple[int, int]) -> tuple[float, ...]:
    """Return Pillow's eight coefficients that lead from the corners as seen to the flat picture."""
    width, height = size
    flat = ((0, 0), (width, 0), (width, height), (0, height))
    rows = []
    for (x, y), (u, v) in zip(corners, flat, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
    solution = np.linalg.solve(np.array(rows, float), np.array(flat, float).reshape(-1))
    return tuple(float(value) for value in solution)


def _background(rng: np.random.Generator, scene: Optics) -> Image.Image:
    """Draw something out of focus: large soft blotches, an upright edge or two."""
    small = (scene.width // 4, scene.height // 4)
    blotches = rng.integers(45, 115, (5, 8), dtype=np.uint8)
    picture = Image.fromarray(blotches).resize(small, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(1, 4))):
        x = int(rng.integers(0, small[0]))
        draw.rectangle((x, 0, x + int(rng.integers(5, 40)), small[1]), int(rng.integers(35, 125)))
    soft = picture.filter(ImageFilter.GaussianBlur(2))
    return soft.resize((scene.width, scene.height), Image.Resampling.BILINEAR)


def _developed(picture: Luma, scene: Optics, rng: np.random.Generator) -> Luma:
    """Let uneven light fall on it and the sensor add its noise."""
    side = rng.choice((-1.0, 1.0))
    across = 1 - scene.unevenness * (0.5 + side * np.linspace(-0.5, 0.5, scene.width, dtype=np.float32))
    down = 1 - 0.5 * scene.unevenness * np.linspace(0, 1, scene.height, dtype=np.float32)[:, None]
    seen = picture * (across * down)
    return grained(seen, scene.noise, rng)


def grained(
    picture: NDArray[np.uint8] | NDArray[np.floating[Any]], noise: float, rng: np.random.Generator
) -> Luma:
    """The picture with the sensor's noise of this standard deviation, another each time."""
    grain = rng.standard_normal(picture.shape, dtype=np.float32)
    grain *= np.float32(noise)
    grain += picture
    seen: Luma = np.clip(grain, 0, 255, out=grain).astype(np.uint8)
    return seen
