"""ICA: the pulse as one of three sources that are as independent as can be.

Sources: Poh, McDuff and Picard, "Advancements in noncontact, multiparameter physiological measurements using a webcam",
IEEE Trans. Biomed. Eng. 58(1), 2011 (detrended and standardised channels, JADE, the source with the highest spectral
peak); Cardoso and Souloumiac, "Blind beamforming for non-Gaussian signals", IEE Proc. F 140(6), 1993 (JADE).
"""

from itertools import combinations, combinations_with_replacement
from typing import Final

import numpy as np

from pulse8.measure.signal.colour import Signal, ratio, relative
from pulse8.measure.signal.filters import detrend
from pulse8.spec import Readout

SWEEPS: Final = 30
SMALLEST_TURN: Final = 1e-6
FLATTEST: Final = 1e-9
"""Directions of colour in which there is less than this share of the strongest one's power are rounding."""

PADDING: Final = 4
"""So many times a record's length its spectrum is taken: a peak between two bins is then as high as one on a bin."""


def ica(rgb: Signal, rate_hz: float) -> Signal:
    """Independent component analysis over the whole of a recording; the papers' windows are 30 s long.

    The source is scaled and turned as it is in green, so that it has the size and the sign of the other methods.
    """
    steady = detrend(relative(rgb))
    steady = steady - steady.mean(axis=0)
    white = _white(steady)
    if not white.shape[1]:
        return np.asarray(0 * steady[:, 1])  # zeros, or not a number where the colour is none
    sources = _independent(white)
    best = int(_tonal_share(sources, rate_hz).argmax())
    return np.asarray(sources[:, best] * (sources[:, best] @ steady[:, 1]) / len(rgb))


def _white(steady: Signal) -> Signal:
    """Uncorrelated signals [T, K] of unit variance, K at most 3, that span the channels."""
    products = steady.T @ steady / len(steady)
    power, directions = np.linalg.eigh(np.where(np.isfinite(products), products, 0.0))
    kept = power > max(FLATTEST * power[-1], np.finfo(np.float64).tiny)
    return np.asarray(steady @ (directions[:, kept] / np.sqrt(power[kept])))


def _independent(white: Signal) -> Signal:
    """Turn white signals [T, K] so that their fourth-order cumulants are as diagonal as one turn can make them."""
    cumulants = _cumulants(white)
    turn = np.eye(white.shape[1])
    for _ in range(SWEEPS):
        largest = 0.0
        for p, q in combinations(range(white.shape[1]), 2):
            angle = _angle(cumulants, p, q)
            cos, sin = np.cos(angle), np.sin(angle)
            step = np.eye(white.shape[1])
            step[[p, p, q, q], [p, q, p, q]] = cos, -sin, sin, cos
            turn, cumulants = turn @ step, step.T @ cumulants @ step
            largest = max(largest, abs(angle))
        if largest < SMALLEST_TURN:
            break
    return np.asarray(white @ turn)


def _cumulants(white: Signal) -> Signal:
    """Cumulant matrices [K (K + 1) / 2, K, K]; those of unlike pairs stand for two."""
    count, signals = white.shape
    matrices = []
    for i, j in combinations_with_replacement(range(signals), 2):
        moments = (white * (white[:, i] * white[:, j])[:, None]).T @ white / count
        gaussian = np.zeros((signals, signals))
        gaussian[i, j] += 1
        gaussian[j, i] += 1
        gaussian += np.eye(signals) * (i == j)
        matrices.append((moments - gaussian) * (1.0 if i == j else 2**0.5))
    return np.array(matrices)


def _angle(cumulants: Signal, p: int, q: int) -> float:
    """Jacobi angle of the plane p, q that diagonalises all matrices best."""
    gaps = np.array([cumulants[:, p, p] - cumulants[:, q, q], cumulants[:, p, q] + cumulants[:, q, p]])
    (on, cross), (_, off) = gaps @ gaps.T
    return float(0.5 * np.arctan2(2 * cross, on - off + np.hypot(on - off, 2 * cross)))


def _tonal_share(sources: Signal, rate_hz: float) -> Signal:
    """Highest peak of each source [K] in the pulse's band over its power there; 0 where the band holds no bin."""
    window = np.hanning(len(sources))[:, None]
    length = max(PADDING * len(sources), Readout().fft_length)
    power = np.abs(np.fft.rfft(sources * window, length, axis=0)) ** 2
    bpm = 60 * rate_hz * np.arange(len(power)) / length
    inside = power[(bpm >= Readout().band_bpm[0]) & (bpm <= Readout().band_bpm[1])]
    total = inside.sum(axis=0)
    return ratio(inside.max(axis=0, initial=0.0), total)
