"""Filters over time: what is too slow or too fast to be a pulse goes, and nothing is shifted."""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import SpecError
from pulse8.measure.signal.sections import band_pass_design, run_sections

DETREND_LAMBDA: Final = 100.0
"""Cuts off at about 0.48 Hz at 30 samples a second: under the band's 0.67 Hz, over breathing and lighting."""

SHORT: Final = 512
"""Samples up to which the trend is one matrix product: a network's window needs no SciPy, which takes 0.4 s to load."""


def band_pass(signal: NDArray[np.float64], rate_hz: float, band_bpm: tuple[float, float]) -> NDArray[np.float64]:
    """Zero-phase Butterworth band pass along the first axis: of second order, forwards and backwards.

    Parameters
    ----------
    signal
        float64 [N, ...], N at least 2, any unit.
    rate_hz
        Samples per second.
    band_bpm
        Lower and upper corner in beats per minute.

    Returns
    -------
    NDArray[np.float64]
        [N, ...], the unit of ``signal``.

    Raises
    ------
    SpecError
        The upper corner is not under half the sample rate.
    """
    sections, mirrored = band_pass_sections(rate_hz, band_bpm)
    edge = min(mirrored, len(signal) - 1)
    columns = signal.reshape(len(signal), -1)
    head, tail = 2 * columns[0] - columns[edge:0:-1], 2 * columns[-1] - columns[-2 : -2 - edge : -1]
    wave = np.concatenate([head, columns, tail])
    for _ in range(2):
        wave = run_sections(sections, wave)[::-1]
    return np.ascontiguousarray(wave[edge : edge + len(signal)].reshape(signal.shape))


class FilterSections(NamedTuple):
    """A band pass: float64 [2, 7], b0 b1 b2 a1 a2 and the two states after a constant 1 came in; mirrored samples."""

    sections: NDArray[np.float64]
    mirrored: int


def band_pass_sections(rate_hz: float, band_bpm: tuple[float, float]) -> FilterSections:
    """Return the coefficients with which :func:`band_pass` filters; raises as it does.

    A filter's start-up lasts about a period of its lower corner: the mirrored ends must be as long to hide it.
    """
    low_hz, high_hz = (corner / 60 for corner in band_bpm)
    if not 0 < low_hz < high_hz < rate_hz / 2:
        raise SpecError(f"band {band_bpm} BPM does not fit {rate_hz:g} samples a second; choose a narrower band")
    return FilterSections(band_pass_design(rate_hz, low_hz, high_hz), round(rate_hz / low_hz))


def detrend(signal: NDArray[np.float64], smoothness: float = DETREND_LAMBDA) -> NDArray[np.float64]:
    """Take off the smooth trend of a signal by smoothness priors.

    The trend z minimises |x - z|^2 + lambda^2 |second difference of z|^2: a straight line is trend to the last bit, and
    the larger lambda, the slower the changes that are still trend. Source: Tarvainen, Ranta-aho and Karjalainen, "An
    advanced detrending method with application to HRV analysis", IEEE Trans. Biomed. Eng. 49(2), 2002.

    Parameters
    ----------
    signal
        float64 [N, ...], any unit; fewer than 3 samples are all trend.
    smoothness
        lambda, without unit; its cut-off in Hz grows with the sample rate.

    Returns
    -------
    NDArray[np.float64]
        [N, ...], the unit of ``signal``.
    """
    count = len(signal)
    if count < 3:
        return np.zeros_like(signal)
    columns = signal.reshape(count, -1)
    trend = _short_trend(count, smoothness) @ columns if count <= SHORT else _long_trend(columns, smoothness)
    return np.asarray((columns - trend).reshape(signal.shape), dtype=np.float64)


@lru_cache(maxsize=4)
def _short_trend(count: int, smoothness: float) -> NDArray[np.float64]:
    """Return the matrix [N, N] that makes a signal its trend."""
    difference = np.diff(np.eye(count), n=2, axis=0)
    return np.asarray(np.linalg.inv(np.eye(count) + smoothness**2 * difference.T @ difference))


def _long_trend(columns: NDArray[np.float64], smoothness: float) -> NDArray[np.float64]:
    from scipy.linalg import solveh_banded  # noqa: PLC0415 - see SHORT

    bands = _trend_bands(len(columns), smoothness)
    return np.asarray(solveh_banded(bands, columns, lower=True, check_finite=False))


def _trend_bands(count: int, smoothness: float) -> NDArray[np.float64]:
    """Lower bands [3, N] of I + lambda^2 D'D, D the second difference (N-2 rows of 1, -2, 1)."""
    bands = np.zeros((3, count))
    for first, one in enumerate((1.0, -2.0, 1.0)):
        for second, other in enumerate((1.0, -2.0, 1.0)[first:]):
            bands[second, first : first + count - 2] += one * other
    bands *= smoothness**2
    bands[0] += 1
    return bands
