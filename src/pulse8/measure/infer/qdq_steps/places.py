"""Which place of its source each place of a result takes, along each axis: Pad, Slice, Split, Resize and spreading."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Places = tuple[NDArray[np.int64], ...]
"""For each axis the source's place of every place of the result; -1 is padding."""


def padded_places(shape: Sequence[int], pads: Sequence[int], mode: str) -> Places | None:
    """Lengthen (or, below 0, shorten) each axis; ``None`` for a mode that is not known, or pads that cannot be."""
    rank, places = len(shape), []
    if len(pads) != 2 * rank:
        return None
    for axis, size in enumerate(shape):
        wanted = np.arange(-pads[axis], size + pads[rank + axis])
        if mode == "constant":
            found = np.where((wanted >= 0) & (wanted < size), wanted, -1)
        elif mode == "edge":
            found = wanted.clip(0, size - 1)
        elif mode == "reflect" and len(wanted) and max(-wanted[0], wanted[-1] - size + 1) < size:
            found = size - 1 - np.abs(size - 1 - np.abs(wanted))
        else:
            return None
        places.append(found.astype(np.int64))
    return tuple(places)


def sliced_places(
    shape: Sequence[int], starts: Sequence[int], ends: Sequence[int], axes: Sequence[int], steps: Sequence[int]
) -> Places:
    """Cut each named axis as ONNX's Slice does."""
    places = [np.arange(size) for size in shape]
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        size = shape[axis]
        low, high = (0, size) if step > 0 else (-1, size - 1)
        begin, stop = (value + size if value < 0 else value for value in (start, end))
        places[axis] = np.arange(min(max(begin, low), high) if step > 0 else min(max(begin, 0), high),
                                 min(max(stop, low), high if step > 0 else size), step)  # fmt: skip
    return tuple(places)


def resized_places(
    shape: Sequence[int], sizes: Sequence[int], scales: Sequence[float], told: Mapping[str, Any]
) -> Places | None:
    """Take the nearest place of each axis; ``None`` for a way of choosing it that is not known."""
    coordinate = told.get("coordinate_transformation_mode", b"half_pixel")
    rounding = told.get("nearest_mode", b"round_prefer_floor")
    if told.get("mode", b"nearest") != b"nearest":
        return None
    places = []
    for size, wanted, scale in zip(shape, sizes, scales, strict=True):
        x = np.arange(wanted, dtype=np.float64)
        if coordinate == b"asymmetric":
            x = x / scale
        elif coordinate == b"align_corners":
            x = x * ((size - 1) / (wanted - 1) if wanted > 1 else 0)
        elif coordinate in (b"half_pixel", b"pytorch_half_pixel"):
            x = (x + 0.5) / scale - 0.5 if coordinate == b"half_pixel" or wanted > 1 else x * 0
        else:
            return None
        rounded = {
            b"floor": np.floor(x),
            b"ceil": np.ceil(x),
            b"round_prefer_floor": np.ceil(x - 0.5),
            b"round_prefer_ceil": np.floor(x + 0.5),
        }.get(rounding)
        if rounded is None:
            return None
        places.append(rounded.clip(0, size - 1).astype(np.int64))
    return tuple(places)


def spread_places(shape: Sequence[int], strides: Sequence[int], pads: Sequence[int]) -> Places:
    """Put ``stride - 1`` paddings between the places of height and width, and ``pads`` around; below 0 cuts off."""
    places = [np.arange(size) for size in shape[:2]]
    for axis in (0, 1):
        size, stride = shape[2 + axis], strides[axis]
        wide = np.full((size - 1) * stride + 1, -1, np.int64)
        wide[::stride] = np.arange(size)
        before, after = pads[axis], pads[2 + axis]
        wide = np.pad(wide, (max(before, 0), max(after, 0)), constant_values=-1)
        places.append(wide[max(-before, 0) : len(wide) - max(-after, 0)])
    return tuple(places)
