"""From six key points to three upright rectangles: the same function for the mesh and for the detector alone."""

import math
import operator
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pulse8.regions import Box, Placement
from pulse8.values import PIXEL_PARTS, Roi


def rois_of(points: NDArray[np.float64], placements: Mapping[str, Placement]) -> tuple[Roi, ...]:
    """Place ROIs in a face.

    Parameters
    ----------
    points
        float64 [6, 2], px: right eye, left eye, nose tip, mouth, right ear, left ear.
    placements
        One per ROI, in ROI order.

    Returns
    -------
    tuple[Roi, ...]
        Their size follows the face, their sides stay upright; they may reach outside the picture.
    """
    xs, ys = points.T.tolist()
    across = math.hypot(xs[1] - xs[0], ys[1] - ys[0])
    down = math.hypot(xs[3] - (xs[0] + xs[1]) / 2, ys[3] - (ys[0] + ys[1]) / 2)
    return tuple(
        _around(_mean(place.weights, xs), _mean(place.weights, ys), place.width * across, place.height * down)
        for place in placements.values()
    )


def rois_in(box: NDArray[np.float64], boxes: Mapping[str, Box]) -> tuple[Roi, ...]:
    """Place ROIs given as fractions of a face box: x0, y0, x1, y1 in px."""
    x, y, right, bottom = box.tolist()
    width, height = right - x, bottom - y
    return tuple(
        _around(x + (x0 + x1) / 2 * width, y + (y0 + y1) / 2 * height, (x1 - x0) * width, (y1 - y0) * height)
        for x0, x1, y0, y1 in boxes.values()
    )


def roll_deg(points: NDArray[np.float64]) -> float:
    """In-plane rotation of the head by its eyes, clockwise on the picture."""
    across = points[1] - points[0]
    return float(np.degrees(np.arctan2(across[1], across[0])))


def _mean(weights: tuple[float, ...], values: list[float]) -> float:
    """Weighted mean, the weights adding up to 1; its sum is rounded once, so that it is the same on every processor."""
    return math.fsum(map(operator.mul, weights, values))


def _around(x: float, y: float, width: float, height: float) -> Roi:
    """Rectangle about a centre; the size is rounded on its own, so that it does not flicker as the centre moves."""
    half_x = max(1, round(width * PIXEL_PARTS / 2))
    half_y = max(1, round(height * PIXEL_PARTS / 2))
    mid_x, mid_y = round(x * PIXEL_PARTS), round(y * PIXEL_PARTS)
    return Roi(mid_x - half_x, mid_x + half_x, mid_y - half_y, mid_y + half_y)
