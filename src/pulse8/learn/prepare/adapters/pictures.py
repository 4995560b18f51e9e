"""Recordings that are not a video file: folders of pictures, and arrays in a file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.measure.video.containers import MAX_PIXELS
from pulse8.measure.video.picture import read_picture
from pulse8.values import Frames, Rgb

BLOCK: Final = 16
"""Frames of an array that are read at once, 30 MB at 320x240 in float64; fewer where they are larger."""

BLOCK_VALUES: Final = BLOCK * 320 * 240 * 3


def read_pictures(paths: Sequence[Path], t_s: NDArray[np.float64], source: Path) -> Frames:
    """Frames of picture files with their times, float64 [N], seconds.

    Raises
    ------
    InputError
        There are none, or not one time each. Reading on raises it where a file is no picture.
    """
    if not paths:
        raise InputError(f"{source} holds no pictures; copy it again")
    if len(paths) != len(t_s) or (np.diff(t_s) <= 0).any():
        raise InputError(f"{source} holds {len(paths)} pictures whose {len(t_s)} times do not increase; copy it again")
    return Frames(str(source), _rate_hz(t_s), len(paths), _pictures(paths, t_s))


def _pictures(paths: Sequence[Path], t_s: NDArray[np.float64]) -> Iterator[tuple[Rgb, float]]:
    for path, time_s in zip(paths, t_s, strict=True):
        yield read_picture(path, "copy it again"), float(time_s)


def read_array(
    read: Callable[[slice], NDArray[np.generic]], shape: tuple[int, ...], rate_hz: float, source: Path
) -> Frames:
    """Frames of an array [T, H, W, 3] that is read block by block; bytes, or shares of 255 in 0..1.

    Raises
    ------
    InputError
        It is not of that shape. Reading on raises it where values are neither.
    """
    if len(shape) != 4 or shape[-1] != 3 or min(shape) == 0 or shape[1] * shape[2] > MAX_PIXELS:
        raise InputError(f"{source} holds pictures of shape {shape}; [frames, height, width, 3] is wanted")
    block = min(BLOCK, max(1, BLOCK_VALUES // (shape[1] * shape[2] * 3)))
    blocks = (slice(start, min(start + block, shape[0])) for start in range(0, shape[0], block))
    return Frames(str(source), rate_hz, shape[0], _array_frames(read, blocks, rate_hz, source))


def _array_frames(
    read: Callable[[slice], NDArray[np.generic]], blocks: Iterable[slice], rate_hz: float, source: Path
) -> Iterator[tuple[Rgb, float]]:
    for block in blocks:
        for index, picture in enumerate(_as_bytes(read(block), source), block.start):
            yield picture, index / rate_hz


def _as_bytes(block: NDArray[np.generic], source: Path) -> NDArray[np.uint8]:
    if block.dtype == np.uint8:
        return np.ascontiguousarray(block, np.uint8)
    shares = np.asarray(block, np.float64)
    if block.dtype.kind != "f" or not (shares.min() >= 0 and shares.max() <= 1):  # a NaN fails both
        raise InputError(f"{source} holds pictures as {block.dtype} outside 0..1; bytes or shares are wanted")
    return np.rint(shares * 255).astype(np.uint8)


def _rate_hz(t_s: NDArray[np.float64]) -> float | None:
    return None if len(t_s) < 2 else float((len(t_s) - 1) / np.ptp(t_s))
