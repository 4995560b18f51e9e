"""R peaks of an ECG: sharp, of either sign, far apart; a pulse wave's peak finder takes T waves for beats.

Source: Pan and Tompkins, "A real-time QRS detection algorithm", IEEE Trans. Biomed. Eng. 32(3), 1985: the energy of the
band in which QRS complexes lie, over their length, against what the beats around have. Here the whole recording is at
hand, so nothing is causal.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.measure.signal.beats import refuse_long
from pulse8.measure.signal.filters import band_pass

RATE_HZ: Final = 250.0
QRS_BPM: Final = (300.0, 1200.0)
"""5 to 20 Hz: T and P waves lie below, mains and muscles above."""

SLOWEST_HZ: Final = 60.0
"""With fewer samples a second a QRS complex of 80 ms falls between them."""

QRS_S: Final = 0.12
SHORTEST_S: Final = 0.25
"""Between two beats: 240 BPM."""

LEVEL_SHARE: Final = 0.25
"""Share of the energy of the beats around that a beat has at least."""

AROUND_S: Final = 4.0
MEAN_OF_BEATS: Final = 4
"""Intervals that a rate is the mean of: one alone varies by breathing."""


def r_peak_times_s(wave: NDArray[np.float64], t_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the times of beats in an ECG.

    Parameters
    ----------
    wave
        float64 [N], one lead, any unit and sign.
    t_s
        float64 [N], seconds, strictly increasing, at ``SLOWEST_HZ`` or more.

    Returns
    -------
    NDArray[np.float64]
        [B], seconds.

    Raises
    ------
    InputError
        Fewer than two seconds, more than a day, too few samples a second, times that do not increase, or values that
        are not finite.
    """
    _refuse(wave, t_s)
    from scipy.signal import find_peaks  # noqa: PLC0415 - 0.4 s that no video is measured by

    even_s = np.arange(t_s[0], t_s[-1], 1 / RATE_HZ)
    qrs = band_pass(np.interp(even_s, t_s, wave), RATE_HZ, QRS_BPM)
    energy = np.convolve(qrs**2, np.ones(round(QRS_S * RATE_HZ)) / round(QRS_S * RATE_HZ), "same")
    tops, _ = find_peaks(energy, distance=round(SHORTEST_S * RATE_HZ))
    beats = tops[energy[tops] > LEVEL_SHARE * _level(even_s[tops], energy[tops])]
    return _sharpest(even_s, qrs, beats)


def beat_rates(beats_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rates in BPM, each the mean over a few beats, and the times in seconds of those beats' middle."""
    before, after = beats_s[:-MEAN_OF_BEATS], beats_s[MEAN_OF_BEATS:]
    return 60 * MEAN_OF_BEATS / (after - before), (before + after) / 2


def _refuse(wave: NDArray[np.float64], t_s: NDArray[np.float64]) -> None:
    if len(wave) != len(t_s) or len(t_s) < 2 or not (np.diff(t_s) > 0).all() or not np.isfinite(wave).all():
        raise InputError("an ECG needs as many finite values as increasing times")
    refuse_long(t_s)
    rate_hz = 1 / float(np.median(np.diff(t_s)))
    if t_s[-1] - t_s[0] < 2 or rate_hz < SLOWEST_HZ:
        raise InputError(
            f"an ECG of {t_s[-1] - t_s[0]:.1f} s at {rate_hz:.0f} Hz; give 2 s at {SLOWEST_HZ:g} Hz or more"
        )


def _level(at_s: NDArray[np.float64], energy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Energy of beats about each candidate [C]: the median of the strong ones among those near in time."""
    level = np.empty(len(at_s))
    for index, time_s in enumerate(at_s):
        near = np.sort(energy[np.searchsorted(at_s, time_s - AROUND_S) : np.searchsorted(at_s, time_s + AROUND_S)])
        # A beat a second among three candidates a second: the strongest quarter is beats, and an artefact alone is not
        # its median.
        level[index] = np.median(near[-max(len(near) // 4, 1) :])
    return level


def _sharpest(even_s: NDArray[np.float64], qrs: NDArray[np.float64], beats: NDArray[np.intp]) -> NDArray[np.float64]:
    """Move each beat to the largest deflection of the QRS band about it, of the sign that most beats have."""
    reach = round(QRS_S * RATE_HZ / 2)
    spans = [slice(max(beat - reach, 0), beat + reach + 1) for beat in beats]
    signs = [np.sign(qrs[span][np.abs(qrs[span]).argmax()]) for span in spans]
    upright = qrs * (1.0 if not signs or np.sum(signs) >= 0 else -1.0)
    places = np.array([span.start + int(upright[span].argmax()) for span in spans], np.intp)
    inner = np.unique(places[(places > 0) & (places < len(qrs) - 1)])
    left, middle, right = upright[inner - 1], upright[inner], upright[inner + 1]
    shift = 0.5 * (left - right) / np.minimum(left - 2 * middle + right, -1e-30)
    return np.asarray(even_s[inner] + np.clip(shift, -0.5, 0.5) / RATE_HZ)
