"""How a face moved from one frame to the next, by the optical flow of its skin's texture.

Source: Lucas and Kanade, IJCAI 1981, on pyramids (Bouguet 2000); corners by Shi and Tomasi, CVPR 1994. Between two
frames it is steadier than landmarks found again in each, and faster. It does not know where the face is, so it drifts
and a mesh corrects it (docs/decisions/0012).
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pulse8.values import Rgb

CORNERS: Final = 80
FEWEST: Final = 12
"""With fewer corners in agreement a similarity says little."""

REFRESH_STEPS: Final = 15
WINDOW_PX: Final = 15
STOP: Final = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.01)
MARGIN_PX: Final = 20
LARGEST_SIDE_PX: Final = 480
"""Larger faces are looked at in reduced size: the flow keeps its cost in a 4K picture."""

Similarity = NDArray[np.float64]
"""[2, 3]: px in the last frame to px in this one; turn, scale and shift."""


class Flow:
    """Follows corners inside one face; keeps them between frames."""

    def __init__(self) -> None:
        self._corners: NDArray[np.float32] = np.empty((0, 2), np.float32)
        self._steps = 0

    def step(self, last: Rgb, now: Rgb, face: NDArray[np.float64]) -> Similarity | None:
        """How the face moved.

        Parameters
        ----------
        last, now
            Two frames of one size.
        face
            float64 [N, 2], px: points of the face in the last frame.

        Returns
        -------
        Similarity or None
            ``None`` where too few corners agree on one motion.
        """
        area = _Area(face, last.shape)
        if area.empty:
            return None
        before, after = area.grey(last), area.grey(now)
        corners = self._known(before, face, area)
        if len(corners) < FEWEST:
            return None
        motion, kept = _motion(before, after, corners)
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

    def __init__(self, face: NDArray[np.float64], shape: tuple[int, ...]) -> None:
        size = np.array([shape[1], shape[0]])
        low = np.clip(np.floor(face.min(0)) - MARGIN_PX, 0, size).astype(int)
        high = np.clip(np.ceil(face.max(0)) + MARGIN_PX, 0, size).astype(int)
        self.scale = int(max(1, np.ceil((high - low).max() / LARGEST_SIDE_PX)))
        self.origin: NDArray[np.float32] = low.astype(np.float32)
        self.empty = bool((high - low).min() < 2 * WINDOW_PX * self.scale)
        self._rows, self._columns = slice(low[1], high[1]), slice(low[0], high[0])

    def grey(self, rgb: Rgb) -> NDArray[np.uint8]:
        part = cv2.cvtColor(np.ascontiguousarray(rgb[self._rows, self._columns]), cv2.COLOR_RGB2GRAY)
        if self.scale > 1:
            part = cv2.resize(part, None, fx=1 / self.scale, fy=1 / self.scale, interpolation=cv2.INTER_AREA)
        return np.asarray(part, np.uint8)


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
    turn, shift = motion[:, :2], motion[:, 2] * area.scale
    return np.column_stack([turn, area.origin + shift - turn @ area.origin])
