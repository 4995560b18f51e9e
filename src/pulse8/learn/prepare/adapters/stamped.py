"""A video whose frame times stand in a file of their own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.measure.video.decode import read_frames
from pulse8.values import Frames, Picture

MOST_MISSING: Final = 0.02
"""Share of frames or times without the other that is borne: the last ones, where a recording was stopped."""


def stamped(video: Path, t_s: NDArray[np.float64], source: Path) -> Frames:
    """Frames of a video at the times, float64 [N] in seconds, of another file; a time written twice is skipped.

    Raises
    ------
    InputError
        The video cannot be read, or there are no times. Reading on raises it where frames and times are not as many.
    """
    if len(t_s) < 2 or np.ptp(t_s) <= 0:
        raise InputError(f"{source} holds {len(t_s)} frame times; copy it again")
    frames = read_frames(video)
    rate_hz = float((len(t_s) - 1) / np.ptp(t_s))
    return Frames(frames.source, rate_hz, len(t_s), _stamped(frames, t_s, source))


def _stamped(frames: Frames, t_s: NDArray[np.float64], source: Path) -> Iterator[tuple[Picture, float]]:
    count, last_s = 0, float("-inf")
    for count, (picture, _) in enumerate(frames.stream, 1):
        if count <= len(t_s) and t_s[count - 1] > last_s:
            last_s = float(t_s[count - 1])
            yield picture, last_s
    if abs(count - len(t_s)) > max(1, MOST_MISSING * len(t_s)):
        raise InputError(f"{frames.source} has {count} frames and {source} {len(t_s)} times; copy them again")
