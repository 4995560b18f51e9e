"""A rate by least squares: a tone and its second harmonic, fitted to the samples as they are.

A Hann window throws away half of a short record, and its peak is drawn towards whatever stands beside it. Least squares
weighs all samples alike and lets a pulse's own second harmonic speak for the rate instead of against it. Source: Quinn
and Thomson, "Estimating the frequency of a periodic function", Biometrika 78(1), 1991.
"""

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.values import Waveform

ORDERS: Final = (1, 2)
STEP_BPM: Final = 0.25
REACH: Final = 0.75
"""How far from the spectrum's peak the fit is looked for, in resolutions of 60 BPM over the record's seconds: half the
main lobe of a record without a window, and half of that for a peak that is drawn aside."""


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
    reach_bpm = REACH * 60 * wave.rate_hz / len(wave.samples)
    low, high = max(near_bpm - reach_bpm, band_bpm[0]), min(near_bpm + reach_bpm, band_bpm[1])
    steps = np.arange(math.ceil(low / STEP_BPM), math.floor(high / STEP_BPM) + 1)
    samples = wave.samples.astype(np.float64)
    explained = np.array([np.sum((_basis(len(samples), wave.rate_hz, int(step)).T @ samples) ** 2) for step in steps])
    if not len(steps):
        return float(np.clip(near_bpm, *band_bpm))
    top = int(explained.argmax())
    if not 0 < top < len(steps) - 1:
        return float(steps[top] * STEP_BPM)
    left, middle, right = explained[top - 1 : top + 2]
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(np.clip((steps[top] + shift) * STEP_BPM, *band_bpm))


@lru_cache(maxsize=4096)
def _basis(count: int, rate_hz: float, step: int) -> NDArray[np.float64]:
    """Orthonormal columns, float64 [N, 5], that span a tone of ``step`` steps, its second harmonic and a constant."""
    angle = 2 * np.pi * step * STEP_BPM / 60 / rate_hz * np.arange(count)
    tones = [tone(order * angle) for order in ORDERS for tone in (np.cos, np.sin)]
    orthonormal, _ = np.linalg.qr(np.column_stack([*tones, np.ones(count)]))
    return np.asarray(orthonormal)
