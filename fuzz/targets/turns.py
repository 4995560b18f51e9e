"""Display matrices: any nine numbers are some turn, and a film that carries them stands in that turn."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import islice

import numpy as np

from pulse8.measure.video.decode import MATRIX, read_frames, turn_of
from pulse8.measure.video.encode import h264, write_video
from pulse8.measure.video.planes import Turn
from targets import scratch, tried

MAX_BYTES = 40
ONE = 1 << 16
IDENTITY = struct.pack(">9i", ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30)


def look(data: bytes) -> None:
    """Read the matrix alone; then the same numbers in an MP4's track header, whose pictures must stand so."""
    numbers = data[: MATRIX.size].ljust(MATRIX.size, b"\0")
    turn = turn_of(numbers)
    before, after = _film()
    path = scratch.file("turns/a.mp4", before + struct.pack(">9i", *MATRIX.unpack(numbers)) + after)
    frames = tried(lambda: list(islice(read_frames(path), 1)))
    for rgb, _ in frames or ():
        # A matrix that is all zeros in its turning part is none at all to FFmpeg.
        shapes = {turn.of(np.empty((48, 64, 3), np.uint8)).shape, Turn().of(np.empty((48, 64, 3), np.uint8)).shape}
        assert rgb.shape in shapes, (rgb.shape, turn)
        assert rgb.flags.c_contiguous


@cache
def _film() -> tuple[bytes, bytes]:
    """Write a film of two pictures, parted where its track's matrix stands; the movie's own comes first."""
    frames = [(np.full((48, 64, 3), 100 + number, np.uint8), number / 30) for number in range(2)]
    path = scratch.folder() / "upright.mp4"
    write_video(path, frames, Fraction(30), h264(0))
    data = path.read_bytes()
    assert data.count(IDENTITY) == 2
    before, _, after = data.rpartition(IDENTITY)
    return before, after


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield the eight turns, and numbers at their ends."""
    for name, (a, b, c, d) in {
        "as-it-is": (ONE, 0, 0, ONE), "mirrored": (-ONE, 0, 0, ONE), "upside-down": (ONE, 0, 0, -ONE),
        "half": (-ONE, 0, 0, -ONE), "quarter": (0, ONE, -ONE, 0), "quarter-back": (0, -ONE, ONE, 0),
        "exchanged": (0, ONE, ONE, 0), "across": (0, -ONE, -ONE, 0), "none": (0, 0, 0, 0),
        "ends": ((1 << 31) - 1, -(1 << 31), -(1 << 31), (1 << 31) - 1),
    }.items():  # fmt: skip
        yield name, MATRIX.pack(a, b, 0, c, d, 0, 0, 0, 1 << 30)
