"""Breaths per minute, from three signs of breathing: beats' heights, their intervals, the skin's brightness.

Each sign has a spectrum; a sign counts where one peak holds much of its power. Two that count must agree, or there is
no rate: one alone may be blood pressure waves, a swaying head or a lamp. Source of the three signs: Charlton et al.,
"Breathing rate estimation from the electrocardiogram and photoplethysmogram: a review", IEEE Rev. Biomed. Eng. 11,
2018.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.signal.camera_beats import Beat
from pulse8.measure.signal.filters import detrend
from pulse8.measure.signal.metrics import AGREEMENT_SD
from pulse8.measure.signal.spectrum import peak_bpm, power_spectrum
from pulse8.values import CellTraces, Waveform

Floats = NDArray[np.float64]

BAND_PER_MIN: Final = (6.0, 30.0)
"""Adults at rest to light exercise; slower is a blood pressure wave's 0.1 Hz, faster is near half the heart's rate."""

SHORTEST_S: Final = 30.0
RATE_HZ: Final = 4.0
LONGEST_GAP_S: Final = 4.0
"""A longer pause between beats with a time parts the record: over it a slow breath would be invented."""

SMOOTHNESS: Final = 50.0
"""lambda of the detrending at 4 Hz: cuts off at about 0.09 Hz."""

NEAR_PER_MIN: Final = 2.0
LEAST_SHARE: Final = 0.5
"""Mean share of two signs' power within ``NEAR_PER_MIN`` of their peaks; of 60 s of white noise 1 in 20 has as much."""

AGREE_PER_MIN: Final = 1.5
SCALE: Final = 1.0
WIDEST_PER_MIN: Final = 2.0
"""Half of the widest 95 % interval. The FDA cleared camera readings of respiration that are within 2 a minute."""


class NoRespiration(StrEnum):
    """Why there is no respiration."""

    ALONE = "no two signs of breathing agree"
    TOO_SHORT = "under 30 s of beats in a row"
    WIDE = "95 % interval too wide"


@dataclass(frozen=True, kw_only=True)
class Respiration:
    """Breaths per minute with the 95 % interval, or ``None`` with the reason.

    ``signs`` names what agreed on it: heights, intervals, brightness. ``seconds`` is how much of the record it is from.
    """

    per_min: float | None
    low_per_min: float | None
    high_per_min: float | None
    seconds: float
    signs: tuple[str, ...] = ()
    reason: NoRespiration | None = None


def respiration_of(pulses: Sequence[Waveform], beats: Sequence[Beat], traces: CellTraces | None) -> Respiration:
    """Breaths per minute of the longest run of beats.

    Parameters
    ----------
    pulses
        Band-passed waves of which the beats are the peaks.
    beats
        In time order.
    traces
        For the brightness; ``None`` leaves that sign out.
    """
    run = max(_runs(beats), key=lambda one: one[-1].near_s - one[0].near_s, default=[])
    seconds = run[-1].near_s - run[0].near_s if run else 0.0
    if seconds < SHORTEST_S:
        return _none(seconds, NoRespiration.TOO_SHORT)
    signs = {name: _Sign.of(series) for name, series in _series(run, pulses, traces).items()}
    seen = {name: sign for name, sign in signs.items() if sign is not None}
    pairs = [{one: seen[one], other: seen[other]} for one, other in combinations(seen, 2)]
    best = max((pair for pair in pairs if _apart(pair) <= AGREE_PER_MIN), key=_share, default=None)
    if best is None or _share(best) < LEAST_SHARE:
        return _none(seconds, NoRespiration.ALONE)
    return _agreed(best, seconds)


def _none(seconds: float, reason: NoRespiration) -> Respiration:
    return Respiration(per_min=None, low_per_min=None, high_per_min=None, seconds=seconds, reason=reason)


@dataclass(frozen=True)
class _Sign:
    """Peak of a sign's spectrum, breaths per minute, and the share of the power about it."""

    per_min: float
    share: float

    @classmethod
    def of(cls, series: Floats) -> "_Sign | None":
        """Read a sign's spectrum; ``None`` where it has no peak."""
        steady = detrend(series, SMOOTHNESS)
        spectrum = power_spectrum(Waveform(steady.astype(np.float32), RATE_HZ, 0.0), 4096)
        peak = peak_bpm(spectrum, BAND_PER_MIN)
        if peak is None:
            return None
        power = spectrum.power * spectrum.inside(BAND_PER_MIN)
        near = np.abs(spectrum.bpm - peak) <= NEAR_PER_MIN
        return cls(peak, float(power[near].sum() / power.sum()))


def _apart(pair: Mapping[str, _Sign]) -> float:
    one, other = pair.values()
    return abs(one.per_min - other.per_min)


def _share(pair: Mapping[str, _Sign]) -> float:
    return sum(sign.share for sign in pair.values()) / len(pair)


def _agreed(signs: Mapping[str, _Sign], seconds: float) -> Respiration:
    """Mean of two signs by what each is known to; the interval holds both."""
    errors = np.array([_error_per_min(sign, seconds) for sign in signs.values()])
    rates = np.array([sign.per_min for sign in signs.values()])
    weights = 1 / errors**2
    per_min = float(weights @ rates / weights.sum())
    half = float(AGREEMENT_SD * SCALE * np.hypot(weights.sum() ** -0.5, np.abs(rates - per_min).max() / 2))
    if half > WIDEST_PER_MIN:
        return _none(seconds, NoRespiration.WIDE)
    return Respiration(
        per_min=per_min, low_per_min=per_min - half, high_per_min=per_min + half, seconds=seconds, signs=tuple(signs)
    )


def _error_per_min(sign: _Sign, seconds: float) -> float:
    """Share of a record's resolution that noise of the rest of the power moves a peak by."""
    return 60 / seconds * float(np.sqrt(max(1 - sign.share, 0.02) / sign.share))


def _runs(beats: Sequence[Beat]) -> Iterator[list[Beat]]:
    """Beats that have a time, parted at long pauses."""
    run: list[Beat] = []
    for beat in beats:
        if beat.t_s is None:
            continue
        if run and beat.near_s - run[-1].near_s > LONGEST_GAP_S:
            yield run
            run = []
        run.append(beat)
    if run:
        yield run


def _series(run: Sequence[Beat], pulses: Sequence[Waveform], traces: CellTraces | None) -> dict[str, Floats]:
    """Signs of breathing, each evenly sampled at ``RATE_HZ`` over the run."""
    at_s = np.arange(run[0].near_s, run[-1].near_s, 1 / RATE_HZ)
    beats_s = np.array([beat.near_s for beat in run])
    known = [beat for beat in run if beat.interval_s is not None]
    intervals_s = np.array([beat.interval_s for beat in known], dtype=np.float64)
    middles_s = np.array([beat.near_s for beat in known]) - intervals_s / 2
    signs = {"heights": np.interp(at_s, beats_s, _heights(beats_s, pulses))}
    if known:
        signs["intervals"] = np.interp(at_s, middles_s, intervals_s)
    if traces is not None:
        signs["brightness"] = _brightness(traces, at_s)
    return signs


def _heights(beats_s: Floats, pulses: Sequence[Waveform]) -> Floats:
    """Value of the waves at beats [B]."""
    at_s = np.concatenate([wave.start_s + np.arange(len(wave.samples)) / wave.rate_hz for wave in pulses])
    return np.asarray(np.interp(beats_s, at_s, np.concatenate([wave.samples for wave in pulses])))


def _brightness(traces: CellTraces, at_s: Floats) -> Floats:
    """Logarithm of the mean green of the ROI that is in sight most; slow changes of the light are in it."""
    roi = int(traces.valid.sum(axis=0).argmax())
    seen = traces.valid[:, roi]
    green = traces.rgb[seen, roi, :, 1].mean(axis=1, dtype=np.float64)
    return np.asarray(np.interp(at_s, traces.t_s[seen], np.log(np.maximum(green, 1.0))))
