"""A few strokes on a picture: boxes, dots, text and curves."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pulse8.values import PIXEL_PARTS, Rgb, Roi

Colour = tuple[int, int, int]

GOOD: Final[Colour] = (60, 200, 90)
BAD: Final[Colour] = (235, 70, 60)
PULSE: Final[Colour] = (230, 60, 90)
INK: Final[Colour] = (245, 245, 245)
FAINT: Final[Colour] = (150, 150, 150)
GROUND: Final[Colour] = (28, 28, 32)

FINE_BITS: Final = 4
"""OpenCV's fixed-point coordinates in 1/16 px: the same unit as an ROI's edges."""


def panel(height: int, width: int) -> Rgb:
    """Return an empty picture in the ground's colour."""
    return np.full((height, width, 3), GROUND, np.uint8)


def box(picture: Rgb, roi: Roi, colour: Colour, thickness: int = 1) -> None:
    """Draw an ROI and the lines between its cells; where its edges lie to a sixteenth of a pixel."""
    half = PIXEL_PARTS // 2  # a pixel's centre is its coordinate to OpenCV
    x0, x1, y0, y1 = (edge - half for edge in (roi.x0, roi.x1, roi.y0, roi.y1))
    xm, ym = (x0 + x1) // 2, (y0 + y1) // 2
    cv2.rectangle(picture, (x0, y0), (x1, y1), colour, thickness, cv2.LINE_AA, FINE_BITS)
    cv2.line(picture, (xm, y0), (xm, y1), colour, 1, cv2.LINE_AA, FINE_BITS)
    cv2.line(picture, (x0, ym), (x1, ym), colour, 1, cv2.LINE_AA, FINE_BITS)


def dots(picture: Rgb, points: NDArray[np.float32], colour: Colour) -> None:
    """Set one pixel per point [N, 2], px; those outside are left out."""
    x, y = np.rint(points).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < picture.shape[1]) & (y < picture.shape[0])
    picture[y[inside], x[inside]] = colour


def text(picture: Rgb, words: str, place: tuple[int, int], colour: Colour = INK, size: float = 0.45) -> None:
    """Write a line with its lower left corner at x, y px; letters beyond ASCII become question marks."""
    plain = words.encode("ascii", "replace").decode()
    cv2.putText(picture, plain, place, cv2.FONT_HERSHEY_SIMPLEX, size, GROUND, 3, cv2.LINE_AA)
    cv2.putText(picture, plain, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def curve(picture: Rgb, x: NDArray[np.floating], y: NDArray[np.floating], colour: Colour) -> None:
    """Draw a line through points in px; it is broken where y is not a number."""
    finite = np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], finite.astype(int), [0]])))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        points = np.rint(np.stack([x[start:stop], y[start:stop]], -1) * PIXEL_PARTS).astype(np.int32)
        cv2.polylines(
            picture, [points], isClosed=False, color=colour, thickness=1, lineType=cv2.LINE_AA, shift=FINE_BITS
        )
