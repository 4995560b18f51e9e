"""A camera's raw bytes as a picture, by the same integers as the board's ``p8_pixels.c``."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.values import Rgb

Rows = NDArray[np.uint8]
"""uint8 [height, bytes of a row]."""


def _reordered(bytes_per_pixel: int, order: list[int]) -> Callable[[Rows], Rgb]:
    def read(rows: Rows) -> Rgb:
        return np.ascontiguousarray(rows.reshape(len(rows), -1, bytes_per_pixel)[..., order])

    return read


def _from_yuyv(rows: Rows) -> Rgb:
    """BT.601 of 16 to 235, 8-bit coefficients."""
    pairs = rows.reshape(len(rows), -1, 4).astype(np.int32)
    y = pairs[..., ::2].reshape(len(rows), -1)
    u, v = (np.repeat(pairs[..., place], 2, axis=1) - 128 for place in (1, 3))
    c = 298 * (y - 16) + 128
    rgb = np.stack([c + 409 * v, c - 100 * u - 208 * v, c + 516 * u], axis=-1) >> 8
    return np.asarray(rgb.clip(0, 255), np.uint8)


def yuyv_of(rgb: Rgb) -> NDArray[np.uint8]:
    """Return the bytes of a picture of even width in YUYV, as a camera would give it; colours are halved across."""
    levels = rgb.astype(np.int32)
    y = ((levels @ np.array([66, 129, 25]) + 128) >> 8) + 16
    pairs = levels.reshape(len(rgb), -1, 2, 3).sum(axis=2)
    u, v = (((pairs @ np.array(weights) + 256) >> 9) + 128 for weights in ([-38, -74, 112], [112, -94, -18]))
    bytes_of_pairs = np.stack([y[:, ::2], u, y[:, 1::2], v], axis=-1)
    return np.asarray(bytes_of_pairs.clip(0, 255), np.uint8).ravel()


def _from_565(rows: Rows) -> Rgb:
    bits = rows.reshape(len(rows), -1, 2).astype(np.uint32) @ np.array([1, 256], np.uint32)
    red, green, blue = bits >> 11, bits >> 5 & 63, bits & 31
    rgb = np.stack([red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2], axis=-1)
    return np.asarray(rgb, np.uint8)


FORMATS: Final[dict[str, tuple[int, Callable[[Rows], Rgb]]]] = {
    "rgb888": (3, _reordered(3, [0, 1, 2])),
    "bgr888": (3, _reordered(3, [2, 1, 0])),
    "rgba8888": (4, _reordered(4, [0, 1, 2])),
    "yuyv": (2, _from_yuyv),
    "rgb565": (2, _from_565),
}
"""Bytes per pixel, and what makes rows of them red, green and blue; in the order of the board's ``p8_format_t``."""


def picture_of(data: NDArray[np.uint8], name: str, width: int, stride_bytes: int) -> Rgb:
    """Read rows of a format as a picture.

    Parameters
    ----------
    data
        uint8 [height * stride_bytes].
    name
        One of ``FORMATS``.
    width
        In px; even for ``yuyv``.
    stride_bytes
        From one row to the next; what is past the width is not read.

    Raises
    ------
    InputError
        There is no such format, or rows are shorter than the width asks for.
    """
    if name not in FORMATS:
        raise InputError(f"unknown pixel format {name!r}; choose from {', '.join(FORMATS)}")
    size, read = FORMATS[name]
    if stride_bytes < size * width or len(data) % stride_bytes or (name == "yuyv" and width % 2):
        raise InputError(f"{len(data)} bytes in rows of {stride_bytes} are no picture of {width} px a row in {name}")
    return read(data.reshape(-1, stride_bytes)[:, : size * width])
