"""A whole record's rate from its windows: one spectrum of a rate that wanders has many peaks, the highest by chance.

Where the windows' rates stay together, one fit over all of the record's wave about their median is nearer than any of
them; where they wander by more than the record resolves, their median is the rate.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from pulse8.measure.signal.harmonic import refined_bpm
from pulse8.values import HeartRate, Reason, Waveform

LEAST_SHARE: Final = 0.25
"""Share of the windows that must have a rate: a record is no longer one when most of it is refused."""


def whole_rate(
    windows: Sequence[HeartRate], wave: Waveform, band_bpm: tuple[float, float], *, least: float = LEAST_SHARE
) -> HeartRate:
    """Return a record's rate, with the mean confidence of its windows.

    Parameters
    ----------
    windows
        Its windows in any order, refused ones among them.
    wave
        All of its wave, float32 [N] without trend and not band-passed.
    band_bpm
        The rate stays inside.
    least
        Share of the windows that must have a rate.

    Returns
    -------
    HeartRate
        Over the wave's span; without a rate where fewer than ``least`` of the windows have one: for the most common of
        their reasons.
    """
    read = [rate for rate in windows if rate.bpm is not None]
    resolution_bpm = 60 / max(wave.end_s - wave.start_s, 1e-3)
    if not read or len(read) < least * len(windows):
        return HeartRate(
            bpm=None,
            reason=_most_common(windows),
            confidence=0.0,
            resolution_bpm=resolution_bpm,
            start_s=wave.start_s,
            end_s=wave.end_s,
        )
    rates_bpm = [rate.bpm for rate in read if rate.bpm is not None]
    low, middle, high = (float(np.percentile(rates_bpm, share)) for share in (25, 50, 75))
    steady = high - low <= resolution_bpm
    return HeartRate(
        bpm=refined_bpm(wave, middle, band_bpm) if steady else middle,
        confidence=float(np.mean([rate.confidence for rate in read])),
        resolution_bpm=resolution_bpm,
        start_s=wave.start_s,
        end_s=wave.end_s,
    )


def _most_common(windows: Sequence[HeartRate]) -> Reason:
    reasons = [rate.reason for rate in windows if rate.reason is not None]
    return max(reasons, key=reasons.count, default=Reason.TOO_SHORT)
