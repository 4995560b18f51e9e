"""Baselines: from a window's cells to a pulse, without learning."""

from collections.abc import Callable
from typing import Final

import numpy as np

from pulse8.learn.prepare.windows import Signal, as_wave, banded
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.classical import METHODS, Method, pos
from pulse8.measure.signal.filters import detrend
from pulse8.measure.signal.quality import snr_db
from pulse8.measure.signal.spectrum import peak_bpm, power_spectrum
from pulse8.spec import Readout

Baseline = Callable[[Signal], Signal]
"""From cells float64 [N, C, 3] to a detrended pulse float64 [N]."""


def fused_pos(cells: Signal) -> Signal:
    """POS of each cell, each weighted by its own signal-to-noise ratio: power at its peak over the rest of the band."""
    pulses = detrend(np.stack([pos(cells[:, cell], RATE_HZ) for cell in range(cells.shape[1])], axis=1))
    return np.asarray(pulses @ np.array([_weight(pulse) for pulse in banded(pulses).T]))


def _weight(pulse: Signal) -> float:
    """Signal-to-noise power ratio divided by the amplitude: the weight of each signal in a sum under unequal noise."""
    deviation = float(pulse.std())
    bpm = peak_bpm(power_spectrum(as_wave(pulse), Readout().fft_length), Readout().band_bpm)
    if bpm is None or deviation == 0:
        return 0.0
    return 10 ** (snr_db(as_wave(pulse), bpm, Readout().band_bpm) / 10) / deviation


def _of(method: Method) -> Baseline:
    return lambda cells: detrend(method(cells.mean(axis=1), RATE_HZ))


BASELINES: Final[dict[str, Baseline]] = {
    **{name.upper(): _of(method) for name, method in METHODS.items() if name != "red"},
    "fused POS": fused_pos,
}
"""Every classical method for faces on the mean of the cells, and POS of each cell."""
