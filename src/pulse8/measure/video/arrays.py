"""Pictures that a program holds, as frames: an array, a list or a generator, checked one by one as they are read."""

import math
from collections.abc import Iterable, Iterator, Sized
from itertools import count, zip_longest
from pathlib import Path
from typing import Final

import numpy as np

from pulse8.errors import InputError
from pulse8.measure.video.containers import refuse_size
from pulse8.values import Frames, Rgb

NAME: Final = "pictures"
RATES_HZ: Final = (1.0, 1000.0)


def frames_of(pictures: Iterable[Rgb], times: float | Iterable[float]) -> Frames:
    """Take pictures as frames; a generator is read once and nothing is kept.

    Parameters
    ----------
    pictures
        uint8 [height, width, 3] each, red green blue; or all in one array [T, height, width, 3].
    times
        Their rate in frames per second, or the time of each in seconds, strictly increasing.

    Raises
    ------
    InputError
        The rate is not within 1 to 1000. Reading on raises it where a picture is not of that form, a time does not
        increase, or there are more of one than of the other.
    """
    sized = len(pictures) if isinstance(pictures, Sized) else None
    if not isinstance(times, int | float):
        return Frames(source=NAME, rate_hz=None, count=sized, stream=_timed(pictures, times))
    if not RATES_HZ[0] <= times <= RATES_HZ[1]:
        raise InputError(f"{times:g} frames per second; give 1 to 1000, or the time of each picture in seconds")
    even = (index / times for index in count())
    return Frames(source=NAME, rate_hz=float(times), count=sized, stream=_checked(zip(pictures, even, strict=False)))


def _timed(pictures: Iterable[Rgb], times: Iterable[float]) -> Iterator[tuple[Rgb, float]]:
    missing = object()

    def pairs() -> Iterator[tuple[Rgb, float]]:
        for index, (picture, t_s) in enumerate(zip_longest(pictures, times, fillvalue=missing)):
            if picture is missing or t_s is missing:
                more, fewer = ("times", "pictures") if picture is missing else ("pictures", "times")
                raise InputError(f"there are more {more} than {fewer}, which are {index}; give one time per picture")
            yield picture, t_s  # type: ignore[misc] # neither is the filler

    return _checked(pairs())


def _checked(pairs: Iterable[tuple[Rgb, float]]) -> Iterator[tuple[Rgb, float]]:
    last_s = -math.inf
    for index, (picture, t_s) in enumerate(pairs):
        rgb = np.asarray(picture)
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
            raise InputError(
                f"picture {index} is {rgb.dtype} {list(rgb.shape)}; give uint8 [height, width, 3], red green blue"
                " (of OpenCV's pictures [..., ::-1], of values in 0..1 (255 * x).astype('uint8'))"
            )
        refuse_size(rgb.shape[1], rgb.shape[0], Path(f"picture {index}"))
        if not last_s < t_s < math.inf:
            raise InputError(f"the time of picture {index} is {t_s} s, after {last_s:g} s; give rising seconds")
        yield np.ascontiguousarray(rgb), float(t_s)
        last_s = t_s
