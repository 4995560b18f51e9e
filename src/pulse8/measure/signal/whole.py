"""A whole record's rate from its windows: one spectrum of a rate that wanders has many peaks, the highest by chance."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from pulse8.values import HeartRate, Reason

LEAST_SHARE: Final = 0.25
"""Share of the windows that must have a rate: a record is no longer one when most of it is refused."""


def whole_rate(windows: Sequence[HeartRate], start_s: float, end_s: float) -> HeartRate:
    """Return the median of the rates of a record's windows, with their mean confidence.

    Parameters
    ----------
    windows
        Its windows in any order, refused ones among them.
    start_s, end_s
        The record's span.

    Returns
    -------
    HeartRate
        Without a rate where fewer than ``LEAST_SHARE`` of the windows have one: for the most common of their reasons.
    """
    read = [rate for rate in windows if rate.bpm is not None]
    resolution_bpm = 60 / max(end_s - start_s, 1e-3)
    if not read or len(read) < LEAST_SHARE * len(windows):
        return HeartRate(
            bpm=None,
            reason=_most_common(windows),
            confidence=0.0,
            resolution_bpm=resolution_bpm,
            start_s=start_s,
            end_s=end_s,
        )
    return HeartRate(
        bpm=float(np.median([rate.bpm for rate in read if rate.bpm is not None])),
        confidence=float(np.mean([rate.confidence for rate in read])),
        resolution_bpm=resolution_bpm,
        start_s=start_s,
        end_s=end_s,
    )


def _most_common(windows: Sequence[HeartRate]) -> Reason:
    reasons = [rate.reason for rate in windows if rate.reason is not None]
    return max(reasons, key=reasons.count, default=Reason.TOO_SHORT)
