"""A pulse wave that keeps each beat's place: one fixed mixture of the cells' colours, as like a read wave as can be.

A network's wave is steadier than the heart: it carries 22 to 93 % of a change from beat to beat (decision 0190). A
mixture with constant weights cannot smooth over time, so it is the wave that beats are taken from; the read wave only
says which colours of which cells hold the pulse.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.clips.resample import sample_at
from pulse8.measure.clips.skin import LEAST_VALID
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.spec import Readout
from pulse8.values import CellTraces, Waveform

RIDGE: Final = 0.1
"""Shrinks the weights: share of the rows' mean variance that is added to each; a minute's noise fits 36 of them too."""


def mixture(traces: CellTraces, wave: Waveform) -> Waveform:
    """Mix the cells' colours over a wave's span, band-passed like it; of unit variance, zeros where nothing is alike.

    An ROI that is missing too often is left out.
    """
    at_s = wave.start_s + np.arange(len(wave.samples)) / wave.rate_hz
    rows = _rows(traces, at_s, wave.rate_hz)
    if not rows.size:
        return Waveform(np.zeros(len(at_s), np.float32), wave.rate_hz, wave.start_s)
    spread = rows.T @ rows
    spread += RIDGE * np.trace(spread) / len(spread) * np.eye(len(spread))
    weights = np.linalg.lstsq(spread, rows.T @ wave.samples.astype(np.float64), rcond=None)[0]
    mixed = rows @ weights
    return Waveform((mixed / max(float(mixed.std()), 1e-30)).astype(np.float32), wave.rate_hz, wave.start_s)


def _rows(traces: CellTraces, at_s: NDArray[np.float64], rate_hz: float) -> NDArray[np.float64]:
    """Relative changes of colour [N, cells x channels] of the ROIs in sight, detrended and band-passed."""
    span = slice(*np.searchsorted(traces.t_s, [at_s[0] - 1e-6, at_s[-1] + 1e-6]))
    rgb, t_s, valid = traces.rgb[span], traces.t_s[span], traces.valid[span]
    columns = [
        sample_at(rgb[seen, roi].reshape(int(seen.sum()), -1), t_s[seen], at_s, rate_hz)
        for roi, seen in enumerate(valid.T)
        if len(seen) and seen.mean() >= LEAST_VALID
    ]
    if not columns:
        return np.zeros((len(at_s), 0))
    colour = np.concatenate(columns, axis=1)
    relative = colour / np.maximum(colour.mean(axis=0), 1e-6) - 1
    return band_pass(detrend(relative), rate_hz, Readout().band_bpm)
