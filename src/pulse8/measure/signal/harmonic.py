"""A rate by least squares: a tone and its second harmonic, fitted to the samples as they are.

A Hann window throws away half of a short record, and its peak is drawn towards whatever stands beside it. Least squares
weighs all samples alike and lets a pulse's own second harmonic speak for the rate instead of against it. Source: Quinn
and Thomson, "Estimating the frequency of a periodic function", Biometrika 78(1), 1991.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.values import Waveform

ORDERS: Final = (1, 2)
"""A tone and its second harmonic."""

STEPS: Final = 28
"""Steps of the search in one resolution, which is 60 BPM over the record's seconds: 0.25 BPM on 8.53 s."""

REACH: Final = 21
"""How many steps from the spectrum's peak the fit is looked for: three quarters of a resolution, half the main lobe of
a record without a window and half of that for a peak that is drawn aside."""


def refined_bpm(wave: Waveform, near_bpm: float, band_bpm: tuple[float, float]) -> float:
    """Return the rate about ``near_bpm`` whose tone and second harmonic explain most of a wave.

    Parameters
    ----------
    wave
        float32 [N] without trend and **not** band-passed: a filter's start and end bend a short record's tone by more
        than this is meant to gain.
    near_bpm
        The highest peak of its spectrum.
    band_bpm
        The rate stays inside.
    """
    step_bpm = 60 * wave.rate_hz / len(wave.samples) / STEPS
    rates_bpm = near_bpm + step_bpm * np.arange(-REACH, REACH + 1)
    samples = wave.samples.astype(np.float64)
    explained = np.array([_explained(samples, bpm / 60 / wave.rate_hz) for bpm in rates_bpm])
    top = int(explained.argmax())
    if not 0 < top < 2 * REACH:
        return float(np.clip(rates_bpm[top], *band_bpm))
    left, middle, right = explained[top - 1 : top + 2]
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(np.clip(rates_bpm[top] + shift * step_bpm, *band_bpm))


def _explained(samples: NDArray[np.float64], turns: float) -> float:
    """Sum of squares of samples [N] that a constant, a tone of ``turns`` a sample and its second harmonic explain."""
    angle = 2 * np.pi * turns * np.arange(len(samples))
    tones = [tone(order * angle) for order in ORDERS for tone in (np.cos, np.sin)]
    basis = np.stack([*tones, np.ones(len(samples))])
    products = basis @ samples
    return float(products @ np.linalg.solve(basis @ basis.T, products))
