"""SDNN and RMSSD of a minute or more, corrected for the noise of the beats' times, with 95 % intervals.

Noise of variance v in each beat's time adds 2v to the variance of the intervals and 6v to the mean square of their
successive differences, so that both metrics come out too large. Both are taken off; where what is left is not known to
better than its own size, there is no value. Source of the metrics: Task Force of the ESC and NASPE, "Heart rate
variability", Circulation 93, 1996.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.measure.signal.camera_beats import Beat
from pulse8.measure.signal.metrics import AGREEMENT_SD

Floats = NDArray[np.float64]

SHORTEST_S: Final = 60.0
LEAST_SHARE: Final = 0.8
"""Share of the span that intervals must cover: what is missing is not missing by chance."""

DRAWS: Final = 2000
SCALE_SD: Final = 0.35
"""How much the noise's own standard deviation may differ from what is stated, from person to person: its logarithm's
standard deviation; assumed (decision 0191)."""


class NoVariability(StrEnum):
    """Why there is no variability, or not this metric of it."""

    GAPS = "too many beats are missing"
    NOISE = "95 % interval wider than the value"
    TOO_SHORT = "under a minute of beats"


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A metric in milliseconds with its 95 % interval, or ``None`` with the reason.

    ``raw_ms`` is what the intervals give as they are, with the noise of their times in it.
    """

    ms: float | None
    low_ms: float | None
    high_ms: float | None
    raw_ms: float | None
    reason: NoVariability | None = None


@dataclass(frozen=True, kw_only=True)
class Variability:
    """Variability of a recording's intervals: SDNN, RMSSD, how many intervals, and the seconds that they cover."""

    sdnn: Spread
    rmssd: Spread
    intervals: int
    seconds: float


def sdnn_s(intervals_s: Floats) -> float:
    """Sample standard deviation of intervals [N], N at least 2, in their unit."""
    return float(np.std(_enough(intervals_s), ddof=1))


def rmssd_s(intervals_s: Floats) -> float:
    """Root mean square of successive differences of intervals [N] without gaps, N at least 2, in their unit."""
    return float(np.sqrt(np.mean(np.diff(_enough(intervals_s)) ** 2)))


def _enough(intervals_s: Floats) -> Floats:
    if len(intervals_s) < 2:
        raise InputError(f"{len(intervals_s)} intervals have no variability; give two or more")
    return intervals_s


def variability_of(beats: Sequence[Beat]) -> Variability:
    """Variability of a recording's beats, in time order; gaps part them and no difference is taken across one."""
    known = [beat for beat in beats if beat.t_s is not None]
    joined = np.array([beat.interval_s is not None for beat in known[1:]], dtype=np.bool_)
    t_s = np.array([beat.t_s for beat in known], dtype=np.float64)
    seconds = float(np.diff(t_s)[joined].sum())
    reason = _refusal(beats, seconds)
    if reason is not None:
        none = Spread(ms=None, low_ms=None, high_ms=None, raw_ms=None, reason=reason)
        return Variability(sdnn=none, rmssd=none, intervals=int(joined.sum()), seconds=seconds)
    error_s = np.array([beat.half_s for beat in known], dtype=np.float64) / AGREEMENT_SD
    raw = _squares(t_s, joined)
    rng = np.random.default_rng(0)
    noise = np.exp(SCALE_SD * rng.standard_normal(DRAWS))
    drawn = [_squares(t_s + scale * error_s * rng.standard_normal(len(t_s)), joined) for scale in noise]
    sdnn, rmssd = (_spread(one, ones) for one, ones in zip(raw, np.array(drawn).T, strict=True))
    return Variability(sdnn=sdnn, rmssd=rmssd, intervals=int(joined.sum()), seconds=seconds)


def _refusal(beats: Sequence[Beat], seconds: float) -> NoVariability | None:
    span_s = beats[-1].near_s - beats[0].near_s if beats else 0.0
    if span_s < SHORTEST_S:
        return NoVariability.TOO_SHORT
    return NoVariability.GAPS if seconds < LEAST_SHARE * span_s else None


def _squares(t_s: Floats, joined: NDArray[np.bool_]) -> tuple[float, float]:
    """Squares of SDNN and RMSSD, of the intervals that are joined [B - 1] among times [B]."""
    intervals_s = np.diff(t_s)
    steps_s = np.diff(intervals_s)[joined[1:] & joined[:-1]]
    return float(np.var(intervals_s[joined], ddof=1)), float(np.mean(steps_s**2))


def _spread(raw: float, drawn: Floats) -> Spread:
    """Take off what noise of the same size adds; its scatter is the interval.

    Parameters
    ----------
    raw
        A metric's square, with the noise in it.
    drawn
        [DRAWS], the same after once more as much noise.
    """
    squares = 2 * raw - drawn
    value = 1e3 * float(np.sqrt(max(squares.mean(), 0.0)))
    low, high = (1e3 * float(np.sqrt(max(np.quantile(squares, share), 0.0))) for share in (0.025, 0.975))
    raw_ms = 1e3 * float(np.sqrt(raw))
    if value <= 0 or high - low > value:
        return Spread(ms=None, low_ms=None, high_ms=None, raw_ms=raw_ms, reason=NoVariability.NOISE)
    return Spread(ms=value, low_ms=low, high_ms=high, raw_ms=raw_ms)
