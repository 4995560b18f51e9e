"""Baselines: from a window's cells to a pulse, without learning."""

from collections.abc import Callable
from typing import Final

import numpy as np

from pulse8.learn.evaluate.windows import Signal, as_wave, banded
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.classical import chrom, green, pos
from pulse8.measure.signal.filters import detrend
from pulse8.measure.signal.quality import snr_db
from pulse8.measure.signal.spectrum import peak_bpm, power_spectrum
from pulse8.spec import Readout

Baseline = Callable[[Signal], Signal]
"""From cells float64 [N, 12, 3] to a detrended pulse float64 [N]."""


def fused_pos(cells: Signal) -> Signal:
    """POS of each cell, each weighted by its own signal-to-noise ratio: power at its peak over the rest of the band."""
    pulses = detrend(np.stack([pos(cells[:, cell], RATE_HZ) for cell in range(cells.shape[1])], axis=1))
    return np.asarray(pulses @ np.array([_weight(pulse) for pulse in banded(pulses).T]))


def _weight(pulse: Signal) -> float:
    """Ratio of powers over the amplitude: what a sum of signals of unequal noise should give each of them."""
    deviation = float(pulse.std())
    bpm = peak_bpm(power_spectrum(as_wave(pulse), Readout().fft_length), Readout().band_bpm)
    if bpm is None or deviation == 0:
        return 0.0
    return 10 ** (snr_db(as_wave(pulse), bpm, Readout().band_bpm) / 10) / deviation


BASELINES: Final[dict[str, Baseline]] = {
    "GREEN": lambda cells: detrend(green(cells.mean(axis=1), RATE_HZ)),
    "CHROM": lambda cells: detrend(chrom(cells.mean(axis=1), RATE_HZ)),
    "POS": lambda cells: detrend(pos(cells.mean(axis=1), RATE_HZ)),
    "fused POS": fused_pos,
}
