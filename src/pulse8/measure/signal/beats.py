"""Beats of a contact pulse wave, and the heart rate about a moment: the reference that labels are made from."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.measure.signal.filters import band_pass

BAND_BPM: Final = (40.0, 240.0)
"""Passes the fundamental of any adult's pulse; with fewer overtones a beat is one peak."""

RATE_HZ: Final = 120.0
"""The wave is interpolated to this rate, so that the filter does not depend on the device's own."""

LEAST_PROMINENCE: Final = 0.3
"""In standard deviations: a beat rises and falls by more than a dicrotic notch after this filter."""

LONGEST_S: Final = 86_400.0
"""A wave is sampled evenly over all of its span, gaps too: a day takes 100 MB."""

SPARSEST_HZ: Final = 2.0
"""Samples a second on average; no sensor of a pulse has fewer, so that the rest are gaps, laid out for nothing."""

SPAN_S: Final = 10.0
"""Beats within half of this on either side decide a moment's rate: one interval alone varies by breathing."""

LEAST_BEATS: Final = 4
LARGEST_SPREAD: Final = 0.35
"""Where intervals differ from their median by more than this share, beats were missed or made up: no rate."""


def beat_times_s(wave: NDArray[np.float64], t_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the times of beats.

    Parameters
    ----------
    wave
        float64 [N], any unit.
    t_s
        float64 [N], seconds, strictly increasing.

    Returns
    -------
    NDArray[np.float64]
        [B], seconds: the peaks of the band-passed wave, refined by a parabola.

    Raises
    ------
    InputError
        Fewer than two seconds, more than a day, times that do not increase, or values that are not finite.
    """
    if len(wave) != len(t_s) or len(t_s) < 2 or not (np.diff(t_s) > 0).all() or not np.isfinite(wave).all():
        raise InputError("a pulse wave needs as many finite values as increasing times")
    if t_s[-1] - t_s[0] < 2:
        raise InputError(f"a pulse wave of {t_s[-1] - t_s[0]:.1f} s has too few beats; 2 s are needed")
    refuse_long(t_s)
    even_s = np.arange(t_s[0], t_s[-1], 1 / RATE_HZ)
    smooth = band_pass(np.interp(even_s, t_s, wave), RATE_HZ, BAND_BPM)
    shortest = round(60 / BAND_BPM[1] * RATE_HZ)
    from scipy.signal import find_peaks  # noqa: PLC0415 - 0.4 s that no video is measured by

    peaks, _ = find_peaks(smooth, distance=shortest, prominence=LEAST_PROMINENCE * smooth.std())
    inner = peaks[(peaks > 0) & (peaks < len(smooth) - 1)]
    left, middle, right = smooth[inner - 1], smooth[inner], smooth[inner + 1]
    shift = 0.5 * (left - right) / np.minimum(left - 2 * middle + right, -1e-30)
    return np.asarray(even_s[inner] + shift / RATE_HZ)


def refuse_long(t_s: NDArray[np.float64]) -> None:
    """Refuse times that span more than a day, or that are nearly all gaps, before anything is laid out over them."""
    span_s = float(t_s[-1] - t_s[0])
    if not span_s <= LONGEST_S:
        raise InputError(f"a wave over {span_s:.3g} s; cut it into parts of a day at most")
    if len(t_s) < SPARSEST_HZ * span_s:
        raise InputError(f"a wave of {len(t_s)} samples over {span_s:,.0f} s; cut it where nothing was recorded")


def rate_about_bpm(beats_s: NDArray[np.float64], t_s: float) -> float | None:
    """Heart rate about a moment from the beats around it; ``None`` where there are too few or they do not agree."""
    return rate_between_bpm(beats_s, t_s - SPAN_S / 2, t_s + SPAN_S / 2)


def rate_between_bpm(beats_s: NDArray[np.float64], start_s: float, end_s: float) -> float | None:
    """60 over the mean interval of the beats in a span; ``None`` where there are too few or they do not agree."""
    near = beats_s[(beats_s >= start_s) & (beats_s <= end_s)]
    if len(near) < LEAST_BEATS:
        return None
    intervals_s = np.diff(near)
    median_s = float(np.median(intervals_s))
    if np.abs(intervals_s - median_s).max() > LARGEST_SPREAD * median_s:
        return None
    return 60 / float(intervals_s.mean())
