"""Square parts of a picture in a small size: the exact mean under each place, the same bytes as the board's.

A place reaches from one edge to the next, in 1/16 px; a pixel counts by how much of it lies inside, as in the cells of
skin (docs/decisions/0013). What lies outside the picture is black. The rules are those of ``p8_view.c``.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.values import PIXEL_PARTS, Rgb

VIEW_SIDE: Final = 128
"""Places along each side that the detector sees."""

LUMA_SIDE: Final = 64
"""Places along each side in which a face is followed."""

LUMA_PARTS: Final = 16
LUMA_WEIGHTS: Final = (77, 150, 29)
"""Of red, green and blue, in 1/256."""


@dataclass(frozen=True)
class Square:
    """Left and top edge and side, in 1/16 px of the picture; may reach outside it."""

    x: int
    y: int
    side: int

    def edges(self, begin: int, size: int) -> NDArray[np.int64]:
        """Where each of ``size`` places begins along an axis, and the last one ends."""
        return begin + self.side * np.arange(size + 1, dtype=np.int64) // size


def codes_view(rgb: Rgb, square: Square) -> NDArray[np.int8]:
    """Return the detector's input: int8 [128, 128, 3], each channel's mean minus 128, rounded half up."""
    sums, areas = _sums(rgb, square, VIEW_SIDE)
    return np.asarray((sums + areas[..., None] // 2) // areas[..., None] - 128, np.int8)


def luma_view(rgb: Rgb, square: Square) -> NDArray[np.int16]:
    """Return brightness in 1/16 of a level: int16 [64, 64]."""
    sums, areas = _sums(rgb, square, LUMA_SIDE)
    parts = ((sums @ np.array(LUMA_WEIGHTS, np.int64)) * LUMA_PARTS + 128 * areas) >> 8
    return np.asarray(parts // areas, np.int16)


def _sums(rgb: Rgb, square: Square, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each place's weighted sums [size, size, 3] and its area [size, size], 1/256 px."""
    rows, columns = square.edges(square.y, size), square.edges(square.x, size)
    y0, y1 = _reach(rows, rgb.shape[0])
    x0, x1 = _reach(columns, rgb.shape[1])
    part = rgb[y0:y1, x0:x1]
    across = _along(part, columns - x0 * PIXEL_PARTS, axis=1)
    sums = _along(across, rows - y0 * PIXEL_PARTS, axis=0)
    return sums, np.diff(rows)[:, None] * np.diff(columns)


def _reach(edges: NDArray[np.int64], pixels: int) -> tuple[int, int]:
    """Return the first pixel that a square touches along an axis, and the one after its last."""
    low, high = int(edges[0]) // PIXEL_PARTS, -(-int(edges[-1]) // PIXEL_PARTS)
    return min(max(low, 0), pixels), min(max(high, 0), pixels)


def _along(values: NDArray[np.integer], edges: NDArray[np.int64], axis: int) -> NDArray[np.int64]:
    """Sum from edge to edge along an axis; edges in 1/16 of a value, what is outside counts nothing."""
    values = np.moveaxis(values, axis, 0)
    before = np.zeros((len(values) + 1, *values.shape[1:]), np.int64)
    np.cumsum(values, axis=0, dtype=np.int64, out=before[1:])
    inside = edges.clip(0, len(values) * PIXEL_PARTS)
    whole, part = inside // PIXEL_PARTS, inside % PIXEL_PARTS
    after = before[np.minimum(whole + 1, len(values))]
    shares = part.reshape(-1, *[1] * (values.ndim - 1))
    at_edges = (PIXEL_PARTS - shares) * before[whole] + shares * after
    return np.moveaxis(np.diff(at_edges, axis=0), 0, axis)
