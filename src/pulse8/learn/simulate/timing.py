"""When frames were taken, which of them arrive, and their timestamps."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.simulate.conditions import Camera, Timing
from pulse8.learn.simulate.streams import stream

LARGEST_JITTER: Final = 0.45
"""Share of the interval; beyond half of it two timestamps could swap their order."""


@dataclass(frozen=True, eq=False)
class Arrival:
    """Frames as they arrive: index [F] of the picture that each shows, and its timestamp float64 [F] in seconds."""

    picture: NDArray[np.int64]
    stamp_s: NDArray[np.float64]


def taken_s(camera: Camera, seconds: float) -> NDArray[np.float64]:
    """Return the times at which pictures are taken, float64 [T], evenly spaced from 0."""
    return np.arange(int(seconds * camera.rate_hz)) / camera.rate_hz


def arrival(timing: Timing, t_s: NDArray[np.float64], place: tuple[int, int]) -> Arrival:
    """Drop, repeat and timestamp pictures; the first one always arrives, and two neighbours are never both dropped."""
    count, interval_s = len(t_s), float(t_s[1] - t_s[0])
    picture = np.arange(count)
    repeated = stream(*place, "timing.repeated").uniform(size=count) < timing.repeated_share
    repeated[0] = False
    picture = np.where(repeated, picture - 1, picture)
    jitter = np.clip(timing.jitter_share * stream(*place, "timing.jitter").standard_normal(count), -1, 1)
    stamp_s = t_s + interval_s * np.clip(jitter, -LARGEST_JITTER, LARGEST_JITTER)
    dropped = stream(*place, "timing.dropped").uniform(size=count) < timing.dropped_share
    dropped[0] = False
    dropped[1:] &= ~dropped[:-1]
    return Arrival(picture=picture[~dropped], stamp_s=stamp_s[~dropped])
