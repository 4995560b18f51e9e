"""Beats of a camera's pulse wave, each time with a 95 % interval; where that is too wide there is no beat.

A beat is a peak of the band-passed wave. Noise n moves a peak of the pulse p by n'/p'', to first order, so the standard
deviation of its time is that of n' over |p''|. The pulse is two harmonics fitted over the phase that the peaks give,
under a window of ten seconds; the noise is what the fit leaves. What a fit cannot see, such as a pulse that reaches the
cheeks later, is a constant.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.signal.metrics import AGREEMENT_SD
from pulse8.spec import Readout
from pulse8.values import HeartRate, Waveform

Floats = NDArray[np.float64]

SPAN_S: Final = 10.0
"""Length of the Hann window under which pulse and noise are fitted: several breaths would blur the pulse's phase."""

HARMONICS: Final = 2
FEWEST: Final = 4
"""Beats under that window, and seconds of it, that a fit needs."""

CLOSEST: Final = 0.6
"""Of two peaks nearer than this share of a beat, the lower one is a dicrotic wave or noise."""

LARGEST_SPREAD: Final = 0.35
"""An interval that differs by more than this share from the rate's is a missed beat, a noise peak or an early beat."""

SCALE: Final = 1.2
FLOOR_S: Final = 0.005
"""The error's standard deviation is SCALE times the formula's, and FLOOR_S more in quadrature: set on simulated people,
so that the intervals hold 95 % (benchmarks/beats.py, decision 0190)."""

EDGE_S: Final = 0.5
"""A band-pass bends a wave's first and last beat; no beat is looked for so near an end."""

WIDEST: Final = 0.1
"""A beat whose time is known to no better than this share of a beat (95 %) says no more than the rate does."""


class NoBeat(StrEnum):
    """Why there is no beat, or no interval between two."""

    ODD = "interval does not fit the rate"
    TOO_FEW = "too few beats around it"
    WIDE = "95 % interval too wide"


@dataclass(frozen=True, kw_only=True)
class Beat:
    """One peak of a pulse wave: a beat's time, or ``None`` with the reason.

    Attributes
    ----------
    near_s
        Where the wave has its peak, seconds.
    t_s, half_s
        The beat's time, and half of its 95 % interval; ``None`` where there is no beat.
    interval_s, interval_half_s
        Seconds since the beat before, with half of the 95 % interval; ``None`` where the beat before is missing, or
        where the interval does not fit the rate.
    reason
        Why the time, or else the interval, is ``None``; ``None`` too at the first beat of a wave.
    """

    near_s: float
    t_s: float | None
    half_s: float | None
    interval_s: float | None = None
    interval_half_s: float | None = None
    reason: NoBeat | None = None


def camera_beats(waves: Iterable[Waveform], windows: Sequence[HeartRate]) -> Iterator[Beat]:
    """Yield the beats of a recording in time order, where its windows have a rate.

    Parameters
    ----------
    waves
        Band-passed, one for each part of the recording.
    windows
        The recording's rates: beats are looked for within windows that have one, about a beat of that rate apart.
    """
    for wave in waves:
        yield from _beats_of(wave, windows)


@dataclass(frozen=True, eq=False)
class _Peaks:
    """Times, heights and the rate's period [B], seconds, of a wave's peaks."""

    t_s: Floats
    height: Floats
    period_s: Floats

    def chosen(self, which: NDArray[np.bool_]) -> "_Peaks":
        return _Peaks(self.t_s[which], self.height[which], self.period_s[which])


def _beats_of(wave: Waveform, windows: Sequence[HeartRate]) -> Iterator[Beat]:
    peaks = _peaks(wave, windows)
    error_s = np.hypot(SCALE * _errors_s(wave, peaks.t_s), FLOOR_S)
    before: Beat | None = None
    for t_s, period_s, deviation_s in zip(peaks.t_s, peaks.period_s, error_s, strict=True):
        beat = _beat(float(t_s), float(period_s), float(deviation_s), before)
        yield beat
        before = beat


def _beat(t_s: float, period_s: float, error_s: float, before: Beat | None) -> Beat:
    half_s = AGREEMENT_SD * error_s
    if half_s > WIDEST * period_s:
        reason = NoBeat.WIDE if np.isfinite(error_s) else NoBeat.TOO_FEW
        return Beat(near_s=t_s, t_s=None, half_s=None, reason=reason)
    if before is None or before.t_s is None or before.half_s is None:
        return Beat(near_s=t_s, t_s=t_s, half_s=half_s, reason=before.reason if before else None)
    interval_s = t_s - before.t_s
    if abs(interval_s - period_s) > LARGEST_SPREAD * period_s:
        return Beat(near_s=t_s, t_s=t_s, half_s=half_s, reason=NoBeat.ODD)
    return Beat(
        near_s=t_s,
        t_s=t_s,
        half_s=half_s,
        interval_s=interval_s,
        interval_half_s=float(np.hypot(half_s, before.half_s)),
    )


def _peaks(wave: Waveform, windows: Sequence[HeartRate]) -> _Peaks:
    """Peaks of the cubic spline through a wave, about a beat apart, within windows that have a rate."""
    from scipy.interpolate import CubicSpline  # noqa: PLC0415 - 0.2 s that a rate alone does not need

    at_s = wave.start_s + np.arange(len(wave.samples)) / wave.rate_hz
    if len(at_s) < FEWEST:
        return _Peaks(*np.zeros((3, 0)))
    spline = CubicSpline(at_s, wave.samples.astype(np.float64))
    level_s = spline.derivative().roots(extrapolate=False)
    level_s = level_s[np.isfinite(level_s)]  # a stretch of zeros has no root of its own
    found = _Peaks(level_s, spline(level_s), _periods_s(level_s, windows))
    inside = (level_s >= at_s[0] + EDGE_S) & (level_s <= at_s[-1] - EDGE_S)
    up = inside & (spline(level_s, 2) < 0) & (found.height > 0) & np.isfinite(found.period_s)
    return _apart(found.chosen(up))


def _periods_s(t_s: Floats, windows: Sequence[HeartRate]) -> Floats:
    """Mean period of the windows about each time; not a number where none has a rate."""
    total, count = np.zeros(len(t_s)), np.zeros(len(t_s))
    for window in windows:
        if window.bpm is not None:
            inside = slice(*np.searchsorted(t_s, [window.start_s, window.end_s]))
            total[inside] += 60 / window.bpm
            count[inside] += 1
    return np.asarray(np.divide(total, count, out=np.full(len(t_s), np.nan), where=count > 0))


def _apart(peaks: _Peaks) -> _Peaks:
    """Drop the lower one of two peaks that are too near, from the first on."""
    kept: list[int] = []
    for index in range(len(peaks.t_s)):
        near = bool(kept) and peaks.t_s[index] - peaks.t_s[kept[-1]] < CLOSEST * peaks.period_s[index]
        if near and peaks.height[index] <= peaks.height[kept[-1]]:
            continue
        if near:
            kept.pop()
        kept.append(index)
    return peaks.chosen(np.isin(np.arange(len(peaks.t_s)), kept))


def _errors_s(wave: Waveform, beats_s: Floats) -> Floats:
    """Return the standard deviation of each beat's time [B], seconds; infinite where it cannot be known."""
    errors_s = np.full(len(beats_s), np.inf)
    if len(beats_s) < FEWEST:
        return errors_s
    first, last = (round((beats_s[end] - wave.start_s) * wave.rate_hz) for end in (0, -1))
    samples = wave.samples[first : last + 1].astype(np.float64)
    at_s = wave.start_s + np.arange(first, first + len(samples)) / wave.rate_hz
    turns = 2 * np.pi * np.interp(at_s, beats_s, np.arange(len(beats_s)))
    basis = np.stack([f(k * turns) for k in range(1, HARMONICS + 1) for f in (np.cos, np.sin)], axis=1)
    for index, beat_s in enumerate(beats_s):
        near = slice(*np.searchsorted(at_s, [beat_s - SPAN_S / 2, beat_s + SPAN_S / 2]))
        beats = beats_s[slice(*np.searchsorted(beats_s, [beat_s - SPAN_S / 2, beat_s + SPAN_S / 2]))]
        if len(beats) >= FEWEST and at_s[near][-1] - at_s[near][0] >= FEWEST:
            weight = np.cos(np.pi * (at_s[near] - beat_s) / SPAN_S) ** 2
            errors_s[index] = _error_s(samples[near], basis[near], weight, beats, wave.rate_hz)
    return errors_s


def _error_s(samples: Floats, basis: Floats, weight: Floats, beats_s: Floats, rate_hz: float) -> float:
    """Fit the pulse under a window and compare its bend at the peak with the slope of what is left.

    The fit takes up one degree of freedom for each coefficient and for each beat, whose phase is made to fit.
    """
    root = np.sqrt(weight)
    fitted, *_ = np.linalg.lstsq(basis * root[:, None], samples * root, rcond=None)
    slope = np.gradient(samples - basis @ fitted, 1 / rate_hz)
    low_hz, high_hz = (bpm / 60 for bpm in Readout().band_bpm)
    freedom = 2 * (high_hz - low_hz) * len(samples) / rate_hz
    left = max(freedom - len(beats_s) - len(fitted), 1.0) / freedom
    variance = float(weight @ slope**2 / weight.sum()) / left
    turn = 2 * np.pi * (len(beats_s) - 1) / (beats_s[-1] - beats_s[0])
    bend = float(sum(fitted[2 * (k - 1)] * (k * turn) ** 2 for k in range(1, HARMONICS + 1)))
    return float(np.sqrt(variance)) / bend if bend > 0 else np.inf
