"""The one figure of each screen, drawn with lines and circles: legible from 36 pixels on, in one ink."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from PIL import ImageDraw

from device.firmware.screens import Shape

Box: TypeAlias = tuple[float, float, float]
"""Left, top, side of a square."""
Pen: TypeAlias = ImageDraw.ImageDraw
Ink: TypeAlias = str | int
SMALL: Final = 30
"""Below this many pixels the rings of a finder pattern are one pixel thick, or they would close."""


def _corners(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    """The three finder patterns and one alignment pattern of a QR code."""
    left, top, side = box
    eye = side * 0.36
    for x, y in ((0.0, 0.0), (side - eye, 0.0), (0.0, side - eye)):
        thick = max(1 if side < SMALL else 2, round(eye / 7))
        pen.rectangle(_square(left + x, top + y, eye), outline=ink, width=thick)
        inner = eye * 3 / 7
        pen.rectangle(_square(left + x + (eye - inner) / 2, top + y + (eye - inner) / 2, inner), fill=ink)
    dot = side * 0.12
    for x, y in ((0.66, 0.66), (0.88, 0.66), (0.66, 0.88), (0.88, 0.88), (0.77, 0.77), (0.44, 0.44)):
        pen.rectangle(_square(left + x * side, top + y * side, dot), fill=ink)


def _square(left: float, top: float, side: float) -> tuple[int, int, int, int]:
    return (round(left), round(top), round(left + side) - 1, round(top + side) - 1)


def _dots(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    left, top, side = box
    for x in (0.16, 0.5, 0.84):
        pen.circle((left + x * side, top + side / 2), side * 0.13, fill=ink)


def _thermometer(pen: Pen, box: Box, ink: Ink, ground: Ink) -> None:
    left, top, side = box
    x, thick, bulb = left + side * 0.42, side * 0.13, side * 0.2
    stem = (x - thick, top, x + thick, top + side * 0.8)
    pen.rounded_rectangle(stem, radius=thick, fill=ink)
    pen.circle((x, top + side - bulb), bulb, fill=ink)
    wall = max(2, side * 0.05)
    pen.rounded_rectangle(
        (stem[0] + wall, top + wall, stem[2] - wall, top + side * 0.45), radius=thick - wall, fill=ground
    )
    for y in (0.14, 0.3, 0.46):
        at = top + y * side
        pen.line((left + side * 0.68, at, left + side * 0.86, at), fill=ink, width=max(2, round(side / 18)))


def _line(pen: Pen, box: Box, points: tuple[tuple[float, float], ...], ink: Ink) -> None:
    left, top, side = box
    width = max(3, round(side * 0.14))
    at = [(left + x * side, top + y * side) for x, y in points]
    pen.line(at, fill=ink, width=width, joint="curve")
    for end in (at[0], at[-1]):
        pen.circle(end, width / 2, fill=ink)


def _tick(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    _line(pen, box, ((0.1, 0.55), (0.38, 0.83), (0.92, 0.2)), ink)


def _cross(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    _line(pen, box, ((0.15, 0.15), (0.85, 0.85)), ink)
    _line(pen, box, ((0.85, 0.15), (0.15, 0.85)), ink)


def _bell(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    left, top, side = box
    pen.circle((left + side * 0.5, top + side * 0.1), side * 0.09, fill=ink)
    pen.pieslice(
        (left + side * 0.2, top + side * 0.1, left + side * 0.8, top + side * 0.7), 180, 360, fill=ink
    )
    skirt = ((0.2, 0.39), (0.8, 0.39), (0.83, 0.62), (0.96, 0.78), (0.04, 0.78), (0.17, 0.62))
    pen.polygon([(left + x * side, top + y * side) for x, y in skirt], fill=ink)
    pen.circle((left + side * 0.5, top + side * 0.89), side * 0.1, fill=ink)


def _hand(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    """A hand held up: wait."""
    left, top, side = box
    finger, pitch = side * 0.12, side * 0.18
    for number, high in enumerate((0.14, 0.02, 0.06, 0.2)):
        x = left + side * 0.1 + pitch * number
        pen.rounded_rectangle((x, top + high * side, x + finger, top + side * 0.6), finger / 2, fill=ink)
    palm = (left + side * 0.1, top + side * 0.52, left + side * 0.76, top + side * 0.98)
    pen.rounded_rectangle(palm, radius=side * 0.16, fill=ink)
    thumb = ((left + side * 0.72, top + side * 0.78), (left + side * 0.9, top + side * 0.5))
    pen.line(thumb, fill=ink, width=max(3, round(finger)))
    for end in thumb:
        pen.circle(end, finger / 2, fill=ink)


def _triangle(pen: Pen, box: Box, ink: Ink, ground: Ink) -> None:
    left, top, side = box
    corners = [(0.5, 0.04), (0.98, 0.92), (0.02, 0.92)]
    pen.polygon([(left + x * side, top + y * side) for x, y in corners], fill=ink)
    middle, half = left + side * 0.5, max(1.5, side * 0.05)
    pen.rectangle((middle - half, top + side * 0.34, middle + half, top + side * 0.64), fill=ground)
    pen.circle((middle, top + side * 0.78), half * 1.25, fill=ground)


def _runner(pen: Pen, box: Box, ink: Ink, _ground: Ink) -> None:
    """An arrow out of a door frame, as on signs of escape routes."""
    left, top, side = box
    thick = max(3, round(side * 0.1))
    frame = [(0.45, 0.06), (0.05, 0.06), (0.05, 0.94), (0.45, 0.94)]
    pen.line([(left + x * side, top + y * side) for x, y in frame], fill=ink, width=thick)
    pen.rectangle((left + side * 0.25, top + side * 0.43, left + side * 0.65, top + side * 0.57), fill=ink)
    head = [(0.6, 0.22), (0.98, 0.5), (0.6, 0.78)]
    pen.polygon([(left + x * side, top + y * side) for x, y in head], fill=ink)


SHAPES: Final[Mapping[Shape, Callable[[Pen, Box, Ink, Ink], None]]] = {
    Shape.CORNERS: _corners,
    Shape.DOTS: _dots,
    Shape.THERMOMETER: _thermometer,
    Shape.TICK: _tick,
    Shape.CROSS: _cross,
    Shape.BELL: _bell,
    Shape.HAND: _hand,
    Shape.TRIANGLE: _triangle,
    Shape.RUNNER: _runner,
}
