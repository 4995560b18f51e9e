"""Mean colours of an ROI's cells, exact to the last bit, and whether the ROI can be trusted in that frame.

A pulse is a fifth of one 8-bit step, and a mean over whole pixels jumps when an edge crosses a pixel. So edges lie on
1/16 px and a pixel counts by how much of it is inside: weights 0..16 along each axis, integer sums, one division.
"""

import math
from collections import Counter, deque
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import NoFaceError
from pulse8.regions import RoiLimits
from pulse8.values import (
    CELLS_PER_ROI,
    PIXEL_PARTS,
    ROI_NAMES,
    CellTraces,
    FaceTrack,
    Picture,
    Reason,
    Roi,
    SeenFaces,
    TrackedFrame,
)

EXACT_ROWS: Final = (1 << 24) // (255 * PIXEL_PARTS)
"""Rows whose weighted byte sum is still exact in float32: the fast product is split there (4,112 rows)."""

BLOCK_ROWS: Final = 1024
ROW: Final = np.dtype(
    [
        ("t_s", np.float64),
        ("rgb", np.float32, (len(ROI_NAMES), CELLS_PER_ROI, 3)),
        ("valid", np.bool_, (len(ROI_NAMES),)),
        ("pixels", np.float32, (len(ROI_NAMES),)),
    ]
)


class CellRow(NamedTuple):
    """One frame: rgb float32 [3, 4, 3], valid bool [3], pixels float32 [3], and the reason of each ROI or ``None``."""

    rgb: NDArray[np.float32]
    valid: NDArray[np.bool_]
    pixels: NDArray[np.float32]
    reasons: tuple[Reason | None, ...]


def cell_traces(track: FaceTrack, limits: RoiLimits | None = None) -> CellTraces:
    """Read a face track to its end and keep the cells' mean colours.

    Raises
    ------
    NoFaceError
        There is no face in any frame, or not the one that was chosen.
    """
    buffer, faces = TraceBuffer(), SeenFaces(0, None)
    for frame in track:
        buffer.add(frame.t_s, cell_row(frame, limits or RoiLimits()))
        faces = most_faces(faces, frame)
    traces = replace(buffer.traces(), faces=faces)
    if not traces.valid.any() and set(traces.reasons) == {Reason.NO_FACE}:
        if faces.most:
            raise NoFaceError(
                f"the chosen face is not in {track.source}: it shows {faces.most} at most; choose another with --face"
            )
        raise NoFaceError(f"no face in {track.source}; the face must be upright, lit and at least a twentieth as wide")
    return traces


def most_faces(before: SeenFaces, frame: TrackedFrame) -> SeenFaces:
    """Return what is known of the faces once a frame has been looked at."""
    ours = frame.rois is not None
    count = frame.other_faces + ours
    if count > before.most or (count == before.most and before.place is None):
        return SeenFaces(count, frame.place if ours else None)
    return before


class TraceBuffer:
    """Rows of a recording, kept in blocks of a thousand frames.

    One small array a frame would lie between the pictures in the heap and keep their space from being used again:
    memory then grows by a picture a frame, although none is kept.
    """

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.void]] = []
        self._count = 0
        self._reasons: Counter[Reason] = Counter()

    def add(self, t_s: float, row: CellRow) -> None:
        """Keep one frame's row."""
        if self._count % BLOCK_ROWS == 0:
            self._blocks.append(np.zeros(BLOCK_ROWS, ROW))
        self._blocks[-1][self._count % BLOCK_ROWS] = (t_s, row.rgb, row.valid, row.pixels)
        self._count += 1
        self._reasons.update(reason for reason in row.reasons if reason is not None)

    def traces(self) -> CellTraces:
        """Return what was kept so far."""
        rows = np.concatenate([*self._blocks, np.zeros(0, ROW)])[: self._count]
        rgb, t_s, valid, pixels = (np.ascontiguousarray(rows[name]) for name in ("rgb", "t_s", "valid", "pixels"))
        return CellTraces(rgb, t_s, valid, pixels, dict(sorted(self._reasons.items())))


class RecentRows:
    """Rows of the last frames, for those who read while frames come."""

    def __init__(self) -> None:
        self._rows: deque[tuple[float, CellRow]] = deque()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def last_s(self) -> float:
        """Time of the last frame; minus infinity where there is none."""
        return self._rows[-1][0] if self._rows else -math.inf

    def add(self, t_s: float, row: CellRow) -> None:
        """Keep one frame's row."""
        self._rows.append((t_s, row))

    def forget_before(self, t_s: float) -> None:
        """Drop what is older than the last frame at or before a time."""
        while len(self._rows) > 1 and self._rows[1][0] <= t_s:
            self._rows.popleft()

    def clear(self) -> None:
        """Drop all."""
        self._rows.clear()

    def traces(self, end_s: float = math.inf) -> CellTraces:
        """Return the rows up to the first one at or after a time."""
        stop = next((index for index, (t_s, _) in enumerate(self._rows, 1) if t_s >= end_s), len(self._rows))
        rows = [row for _, row in islice(self._rows, stop)]
        reasons = Counter(reason for row in rows for reason in row.reasons if reason is not None)
        return CellTraces(
            rgb=np.array([row.rgb for row in rows]),
            t_s=np.array([t_s for t_s, _ in islice(self._rows, stop)]),
            valid=np.array([row.valid for row in rows]),
            pixels=np.array([row.pixels for row in rows]),
            reasons=dict(reasons),
        )


def cell_row(frame: TrackedFrame, limits: RoiLimits) -> CellRow:
    """Measure one frame; an ROI that cannot be measured has zeros and a reason."""
    row = CellRow(
        np.zeros((len(ROI_NAMES), CELLS_PER_ROI, 3), np.float32),
        np.zeros(len(ROI_NAMES), np.bool_),
        np.zeros(len(ROI_NAMES), np.float32),
        roi_reasons(frame, limits),
    )
    for index, reason in enumerate(row.reasons):
        if reason is None and frame.rois is not None:
            roi = frame.rois[index]
            row.rgb[index], row.valid[index] = cell_means(frame.picture, roi), True
            row.pixels[index] = (roi.x1 - roi.x0) * (roi.y1 - roi.y0) / PIXEL_PARTS**2
    return row


def cell_means(rgb: Picture, roi: Roi) -> NDArray[np.float32]:
    """Mean colours of the four cells of an ROI that lies inside the picture.

    Parameters
    ----------
    rgb
        uint8 [H, W, 3].
    roi
        Edges in 1/16 px; it is split at the middle, an odd sixteenth going to the second half.

    Returns
    -------
    NDArray[np.float32]
        [4, 3], row-major 2x2; the exact sum of pixel x weight, divided by the sum of weights and rounded once.
    """
    return area_means(rgb, roi, 2).reshape(CELLS_PER_ROI, 3).astype(np.float32)


def area_means(rgb: Picture, roi: Roi, side: int) -> NDArray[np.float64]:
    """Mean colours of ``side`` x ``side`` equal parts of an ROI that lies inside the picture, float64 [side, side, 3].

    Parts begin and end on the sixteenth of a pixel at or before their exact edge.
    """
    x, y = _pixels(roi.x0, roi.x1), _pixels(roi.y0, roi.y1)
    x_weights = _weights(roi.x0 % PIXEL_PARTS, roi.x1 - roi.x0, side)
    y_weights = _weights(roi.y0 % PIXEL_PARTS, roi.y1 - roi.y0, side)
    part = rgb[y, x]
    sums = np.zeros((side, part.shape[1] * 3))
    for start in range(0, len(part), EXACT_ROWS):
        rows = part[start : start + EXACT_ROWS].astype(np.float32, order="C").reshape(-1, part.shape[1] * 3)
        # Integers below 2**24 in float32, then below 2**53 in float64: every product and sum is exact.
        sums += y_weights.by_pixel[:, start : start + EXACT_ROWS] @ rows
    totals = x_weights.by_pixel.astype(np.float64) @ sums.reshape(side, -1, 3)
    return np.asarray(totals / (y_weights.sums[:, None] * x_weights.sums)[:, :, None])


def _pixels(low: int, high: int) -> slice:
    """Pixels that an edge pair covers, in part or whole."""
    return slice(low // PIXEL_PARTS, -(-high // PIXEL_PARTS))


class Weights(NamedTuple):
    """How much of each pixel lies in each part, float32 [parts, pixels] of 0..16, and its sums, float64 [parts]."""

    by_pixel: NDArray[np.float32]
    sums: NDArray[np.float64]


@lru_cache(maxsize=1024)
def _weights(low: int, length: int, count: int) -> Weights:
    """Weights of the pixels that an edge pair covers; ROIs keep their size for long, and meet 16 offsets."""
    edges = low + np.arange(count + 1) * length // count
    left = np.arange(low // PIXEL_PARTS, -(-(low + length) // PIXEL_PARTS)) * PIXEL_PARTS
    before = np.minimum(np.maximum(edges[:, None] - left, 0), PIXEL_PARTS)
    return Weights((before[1:] - before[:-1]).astype(np.float32), (edges[1:] - edges[:-1]).astype(np.float64))


def roi_reasons(frame: TrackedFrame, limits: RoiLimits) -> tuple[Reason | None, ...]:
    """Say for each ROI why it cannot be measured; ``None`` if it can."""
    if frame.rois is None:
        return (frame.missing,) * len(ROI_NAMES)
    if abs(frame.roll_deg) > limits.max_roll_deg:
        return (Reason.TILTED,) * len(ROI_NAMES)
    _look_up(frame.picture, frame.rois)
    return tuple(_reason(frame.picture, roi, limits) for roi in frame.rois)


def _look_up(picture: Picture, rois: tuple[Roi, ...]) -> None:
    """Have a lazy picture work out the colours of all ROIs at once."""
    if isinstance(picture, np.ndarray):
        return
    height, width = picture.shape[:2]
    x0, y0 = (max(0, min(edges)) for edges in ([roi.x0 for roi in rois], [roi.y0 for roi in rois]))
    x1, y1 = max(roi.x1 for roi in rois), max(roi.y1 for roi in rois)
    if x0 < width * PIXEL_PARTS and y0 < height * PIXEL_PARTS and x1 > 0 and y1 > 0:
        picture[_pixels(y0, y1), _pixels(x0, x1)]


def _reason(rgb: Picture, roi: Roi, limits: RoiLimits) -> Reason | None:
    """Why an ROI cannot be measured; ``None`` if it can."""
    height, width = rgb.shape[:2]
    if min(roi.x0, roi.y0) < 0 or roi.x1 > width * PIXEL_PARTS or roi.y1 > height * PIXEL_PARTS:
        return Reason.OUTSIDE
    if min(roi.x1 - roi.x0, roi.y1 - roi.y0) < limits.min_side_px * PIXEL_PARTS:
        return Reason.TOO_SMALL
    inside = rgb[_pixels(roi.y0, roi.y1), _pixels(roi.x0, roi.x1)]
    if inside.min() > 0 and inside.max() < 255:
        return None
    # One byte further, 255 wraps to 0 and 0 becomes 1: one comparison finds both ends.
    clipped = (inside + np.uint8(1)) < 2
    return Reason.CLIPPED if clipped.any(axis=2).mean() > limits.max_clipped_share else None
