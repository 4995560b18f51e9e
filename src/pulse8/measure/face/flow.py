"""How a face moved from one frame to the next, by the optical flow of its skin's texture.

Source: Lucas and Kanade, IJCAI 1981, on pyramids (Bouguet 2000); corners by Shi and Tomasi, CVPR 1994. Between two
frames it is steadier than landmarks found again in each, and faster. It does not know where the face is, so it drifts
and a mesh corrects it (docs/decisions/0012).
"""

import math
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pulse8.values import Picture

CORNERS: Final = 32
"""Two and a half times as many are no steadier (decision 0135)."""

FEWEST: Final = 12
"""With fewer corners in agreement a similarity says little."""

SHAKEN_SHARE: Final = 0.7
"""With a smaller share of its corners in agreement the face turns, speaks or is being covered."""

REFRESH_STEPS: Final = 15
WINDOW_PX: Final = 15
STOP: Final = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.01)
MARGIN_PX: Final = 12
GRID_PX: Final = 16
"""Grid of the edges of the part that is looked at, in reduced px. A landmark's last bits differ between processors;
a part that began one px elsewhere would give another motion, by 0.0001 px (decision 0160)."""

LARGEST_SIDE_PX: Final = 480
"""Larger faces are looked at in reduced size: the flow keeps its cost in a 4K picture."""

Similarity = NDArray[np.float64]
"""[2, 3]: px in the last frame to px in this one; turn, scale and shift."""


class Flow:
    """Follows corners inside one face; keeps them between frames.

    Attributes
    ----------
    shaken
        Whether many corners of the last step moved otherwise than the rest.
    """

    def __init__(self) -> None:
        self._corners: NDArray[np.float32] = np.empty((0, 2), np.float32)
        self._steps = 0
        self.shaken = False

    def step(
        self, last: Picture, now: Picture, face: NDArray[np.float64], bounds: NDArray[np.float64]
    ) -> Similarity | None:
        """How the face moved.

        Parameters
        ----------
        last, now
            Two frames of one size.
        face
            float64 [N, 2], px: points of the face in the last frame.
        bounds
            x0, y0, x1, y1 of the points.

        Returns
        -------
        Similarity or None
            ``None`` where too few corners agree on one motion.
        """
        area = _Area(bounds, last.shape)
        if area.empty:
            return None
        before, after = area.grey(last), area.grey(now)
        corners = self._known(before, face, area)
        if len(corners) < FEWEST:
            return None
        motion, kept = _motion(before, after, corners)
        self.shaken = len(kept) < SHAKEN_SHARE * len(corners)
        self._corners = kept * area.scale + area.origin
        return None if motion is None else _unscaled(motion, area)

    def _known(self, before: NDArray[np.uint8], face: NDArray[np.float64], area: "_Area") -> NDArray[np.float32]:
        """Corners in the area's px: those of the last step, found again from time to time and when many were lost."""
        self._steps += 1
        if len(self._corners) < CORNERS // 2 or self._steps % REFRESH_STEPS == 0:
            return _corners(before, np.asarray((face - area.origin) / area.scale, np.float32))
        return np.asarray((self._corners - area.origin) / area.scale, np.float32)


class _Area:
    """The part of the picture about a face, reduced where it is large: ``origin`` in px, ``scale`` px a grey px."""

    def __init__(self, bounds: NDArray[np.float64], shape: tuple[int, ...]) -> None:
        height, width = shape[:2]
        left, top, right, bottom = bounds.tolist()
        self.scale = max(1, math.ceil((max(right - left, bottom - top) + 2 * MARGIN_PX) / LARGEST_SIDE_PX))
        x0, x1 = _on_grid(left, right, self.scale, width)
        y0, y1 = _on_grid(top, bottom, self.scale, height)
        self.origin: NDArray[np.float32] = np.array([x0, y0], np.float32)
        self.empty = min(x1 - x0, y1 - y0) < 2 * WINDOW_PX * self.scale
        self._rows, self._columns = slice(y0, y1), slice(x0, x1)

    def grey(self, picture: Picture) -> NDArray[np.uint8]:
        part = _grey(picture, self._rows, self._columns)
        if self.scale > 1:
            smaller = cv2.resize(part, None, fx=1 / self.scale, fy=1 / self.scale, interpolation=cv2.INTER_AREA)
            return np.asarray(smaller, np.uint8)
        return part


def _on_grid(low: float, high: float, scale: int, length: int) -> tuple[int, int]:
    """First and last px plus one of a part about an extent, outwards on the grid and inside the picture."""
    grid = GRID_PX * scale
    first = math.floor((low - MARGIN_PX) / grid) * grid
    last = math.ceil((high + MARGIN_PX) / grid) * grid
    return min(max(0, first), length), min(max(0, last), length)


def _grey(picture: Picture, rows: slice, columns: slice) -> NDArray[np.uint8]:
    """Brightness of a part: a video's own luma where it is at hand."""
    if not isinstance(picture, np.ndarray):
        return np.ascontiguousarray(picture.grey(rows, columns))
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture[rows, columns]), cv2.COLOR_RGB2GRAY), np.uint8)


def _corners(grey: NDArray[np.uint8], face: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners inside the face's outline: those of the background do not move with it."""
    inside = np.zeros_like(grey)
    cv2.fillConvexPoly(inside, cv2.convexHull(np.round(face).astype(np.int32)), 255)
    corners: Any = cv2.goodFeaturesToTrack(grey, CORNERS, 0.01, 5, mask=inside)  # None where there are none
    return np.asarray([] if corners is None else corners, np.float32).reshape(-1, 2)


def _motion(
    before: NDArray[np.uint8], after: NDArray[np.uint8], corners: NDArray[np.float32]
) -> tuple[Similarity | None, NDArray[np.float32]]:
    """Find the similarity that most corners agree on, and those corners in the later picture."""
    moved, status, _ = cv2.calcOpticalFlowPyrLK(
        before, after, corners.reshape(-1, 1, 2), np.empty(0, np.float32),
        winSize=(WINDOW_PX, WINDOW_PX), maxLevel=2, criteria=STOP,
    )  # fmt: skip
    good = status.ravel() == 1
    start, end = corners[good], moved.reshape(-1, 2)[good]
    if len(start) < FEWEST:
        return None, end
    motion, agree = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=1.0, refineIters=5)
    kept = end[agree.ravel() == 1] if motion is not None else end[:0]
    return (None if len(kept) < FEWEST else np.asarray(motion, np.float64)), kept


def _unscaled(motion: Similarity, area: _Area) -> Similarity:
    """Turn a motion in the area's px into one in the picture's px."""
    unscaled = motion.copy()
    unscaled[:, 2] = area.origin + motion[:, 2] * area.scale - motion[:, :2] @ area.origin
    return unscaled
