"""From six key points to three upright rectangles: the same function for the mesh and for the detector alone."""

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
    across = float(np.hypot(*(points[1] - points[0])))
    down = float(np.hypot(*(points[3] - (points[0] + points[1]) / 2)))
    return tuple(
        _around(np.asarray(place.weights) @ points, place.width * across, place.height * down)
        for place in placements.values()
    )


def rois_in(box: NDArray[np.float64], boxes: Mapping[str, Box]) -> tuple[Roi, ...]:
    """Place ROIs given as fractions of a face box: x0, y0, x1, y1 in px."""
    x, y = box[0], box[1]
    width, height = box[2] - box[0], box[3] - box[1]
    return tuple(
        _around(
            np.array([x + (x0 + x1) / 2 * width, y + (y0 + y1) / 2 * height]), (x1 - x0) * width, (y1 - y0) * height
        )
        for x0, x1, y0, y1 in boxes.values()
    )


def roll_deg(points: NDArray[np.float64]) -> float:
    """In-plane rotation of the head by its eyes, clockwise on the picture."""
    across = points[1] - points[0]
    return float(np.degrees(np.arctan2(across[1], across[0])))


def _around(centre: NDArray[np.float64], width: float, height: float) -> Roi:
    """Rectangle about a centre; the size is rounded on its own, so that it does not flicker as the centre moves."""
    half_x = max(1, round(width * PIXEL_PARTS / 2))
    half_y = max(1, round(height * PIXEL_PARTS / 2))
    x, y = (round(float(value) * PIXEL_PARTS) for value in centre)
    return Roi(x - half_x, x + half_x, y - half_y, y + half_y)
