"""A steady rate from window to window: what a display shows.

A hidden Markov model, filtered forwards: a heart's rate wanders, a pulse seldom comes or goes, and each window says how
likely each rate is, or none. A peak of noise that comes for a second moves the belief little; a real change moves it
within seconds.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.spec import Readout
from pulse8.values import HeartRate, Reason, Waveform

STEP_BPM: Final = 1.0
WANDER_BPM: Final = 2.0
"""Standard deviation of a rate's change in one second, BPM; it grows with the root of time. A rise of 25 BPM in ten
seconds, the steepest that the strata hold, is four of these."""

CHANGE_A_S: Final = 0.02
"""Chance in one second that a pulse comes where there was none, or goes; a rate that jumps does both."""

NOISE: Final = 7.0
"""Logarithm of how likely one window's noise makes its likeliest rate look, over how likely noise alone does. Chosen on
simulated people who are in no test stratum (decision 0023)."""

NEAR_BPM: Final = 5.0
"""The confidence is the belief within this distance of the shown rate."""

LEAST_BELIEF: Final = 0.5
"""A rate is shown when it is likelier than not to be within ``NEAR_BPM``."""

LEAST_SPREAD_BPM: Final = STEP_BPM
"""The belief is over tones in white noise, which a wave is not: however sharp it is, a rate is not said to be nearer
than the steps that it is believed in."""


def rates_of(band_bpm: tuple[float, float]) -> NDArray[np.float64]:
    """Rates [N] that are believed in, BPM."""
    return np.arange(band_bpm[0], band_bpm[1] + STEP_BPM / 2, STEP_BPM)


class RateTracker:
    """Takes the waves of overlapping windows in time order, and says after each what the rate is.

    The likelihood of a rate is that of a tone in white noise of unknown strength (Bretthorst, "Bayesian Spectrum
    Analysis and Parameter Estimation", 1988, chapter 2). Overlapping windows share samples: each counts by the share of
    it that is new.
    """

    def __init__(
        self, band_bpm: tuple[float, float] = Readout().band_bpm, *, least_belief: float = LEAST_BELIEF
    ) -> None:
        self._band_bpm, self._least_belief = band_bpm, least_belief
        self._grid_bpm = rates_of(band_bpm)
        self._belief = np.append(np.full(len(self._grid_bpm), 0.5 / len(self._grid_bpm)), 0.5)  # the last one: no pulse
        self._end_s: float | None = None

    def push(self, wave: Waveform) -> HeartRate:
        """Take the next window's wave, detrended or band-passed.

        Returns
        -------
        HeartRate
            Over the window's span; its confidence is the belief that the rate is right within ``NEAR_BPM``. No pulse
            where that is under the least that is shown.
        """
        length_s = wave.end_s - wave.start_s
        passed_s = length_s if self._end_s is None else max(wave.end_s - self._end_s, 0.0)
        if self._end_s is not None:
            self._wait(passed_s)
        self._end_s = wave.end_s
        evidence = min(passed_s / length_s, 1.0) * self._log_likelihood(wave)
        belief = self._belief * np.exp(evidence - evidence.max())
        self._belief = belief / belief.sum()
        return self._shown(wave.start_s, wave.end_s)

    def wait_until(self, end_s: float) -> HeartRate:
        """Let time pass in which nothing was read; the belief fades. The reading spans that time."""
        start_s = end_s if self._end_s is None else min(self._end_s, end_s)
        self._wait(end_s - start_s)
        self._end_s = end_s
        return self._shown(start_s, end_s)

    @property
    def spread_bpm(self) -> float:
        """How far the rate that is shown may be off, one standard deviation: the belief's, and what that leaves out."""
        rates = self._belief[:-1] / self._belief[:-1].sum()
        top_bpm = float(self._grid_bpm[int(rates.argmax())])
        near = np.abs(self._grid_bpm - top_bpm) <= NEAR_BPM
        middle = float(self._grid_bpm[near] @ rates[near]) / float(rates[near].sum())
        return float(np.sqrt(rates @ (self._grid_bpm - middle) ** 2 + LEAST_SPREAD_BPM**2))

    def _wait(self, seconds: float) -> None:
        """Let the rate wander, and pulses come and go."""
        distance = self._grid_bpm[:, None] - self._grid_bpm
        kernel = np.exp(-0.5 * (distance / (WANDER_BPM * max(seconds, 1e-3) ** 0.5)) ** 2)
        wandered = (kernel / kernel.sum(axis=0)) @ self._belief[:-1]
        change = 1 - (1 - CHANGE_A_S) ** seconds
        none = self._belief[-1]
        coming = np.full(len(wandered), change * none / len(wandered))
        self._belief = np.append((1 - change) * wandered + coming, (1 - change) * none + change * wandered.sum())

    def _log_likelihood(self, wave: Waveform) -> NDArray[np.float64]:
        samples = wave.samples.astype(np.float64)
        samples = samples - samples.mean()
        window = np.hanning(len(samples) + 2)[1:-1]
        energy = float(window @ samples**2)
        if not np.isfinite(energy) or energy == 0:
            return np.zeros(len(self._belief))
        turns = self._grid_bpm[:, None] / 60 / wave.rate_hz * np.arange(len(samples))
        tones = np.abs(np.exp(-2j * np.pi * turns) @ (window * samples)) ** 2
        explained = np.minimum(2 * tones / (window.sum() * energy), 1 - 1e-9)
        bins = len(samples) / wave.rate_hz * (self._band_bpm[1] - self._band_bpm[0]) / 60
        return np.append(-bins * np.log1p(-explained), NOISE)

    def _shown(self, start_s: float, end_s: float) -> HeartRate:
        rates = self._belief[:-1]
        near = np.abs(self._grid_bpm - self._grid_bpm[int(rates.argmax())]) <= NEAR_BPM
        belief = float(rates[near].sum())
        sure = belief >= self._least_belief
        return HeartRate(
            bpm=float(self._grid_bpm[near] @ rates[near] / belief) if sure else None,
            reason=None if sure else Reason.NO_PULSE,
            confidence=min(belief, 1.0),
            resolution_bpm=60 / max(end_s - start_s, 1e-3),
            start_s=start_s,
            end_s=end_s,
        )
