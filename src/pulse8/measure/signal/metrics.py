"""How well estimates agree with a reference: pure functions of arrays, for every wing.

Errors are estimate minus reference. Rates are in beats per minute, but nothing here depends on the unit.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pulse8.errors import InputError

AGREEMENT_SD: Final = 1.96
"""Bland and Altman, "Statistical methods for assessing agreement", Lancet 327, 1986: 95 % of normal differences."""

CLOSE_BPM: Final = 5.0
"""A reading counts as right within this. Source: the "5 BPM or 10 %" of ANSI/AAMI EC13, used as a convention."""


def mae(reference: ArrayLike, estimate: ArrayLike) -> float:
    """Mean absolute error of [N] estimates, in their unit."""
    return float(np.abs(_errors(reference, estimate)).mean())


def rmse(reference: ArrayLike, estimate: ArrayLike) -> float:
    """Root mean square error of [N] estimates, in their unit."""
    return float(np.sqrt(np.square(_errors(reference, estimate)).mean()))


def mape(reference: ArrayLike, estimate: ArrayLike) -> float:
    """Mean absolute error of [N] estimates as a share of their references, none of which is 0."""
    one, _ = _pair(reference, estimate)
    return float((np.abs(_errors(reference, estimate)) / np.abs(one)).mean())


def bias(reference: ArrayLike, estimate: ArrayLike) -> float:
    """Mean error of [N] estimates, in their unit; positive where they are too high."""
    return float(_errors(reference, estimate).mean())


def limits_of_agreement(reference: ArrayLike, estimate: ArrayLike) -> tuple[float, float]:
    """Bias minus and plus 1.96 sample standard deviations of the errors of [N] estimates.

    Raises
    ------
    InputError
        Fewer than two pairs, which have no deviation.
    """
    errors = _errors(reference, estimate)
    if errors.size < 2:
        raise InputError("limits of agreement need at least 2 pairs; add recordings")
    half = AGREEMENT_SD * float(errors.std(ddof=1))
    return float(errors.mean()) - half, float(errors.mean()) + half


def pearson(reference: ArrayLike, estimate: ArrayLike) -> float | None:
    """Pearson's r of [N] estimates; ``None`` where one side is constant or there are fewer than two pairs."""
    one, other = _pair(reference, estimate)
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    one, other = one - one.mean(), other - other.mean()
    return float(np.clip((one @ other) / (np.linalg.norm(one) * np.linalg.norm(other)), -1, 1))


def macc(reference: ArrayLike, estimate: ArrayLike) -> float | None:
    """Maximum amplitude of the cross-correlation of two waves [N]; ``None`` where one is constant.

    The largest |Pearson's r| over all circular shifts, 0..1: neither delay nor sign counts. Waves that have nothing in
    common reach about 0.3 in 8.5 s. Source: rPPG-Toolbox (NeurIPS 2023, datasets track) has the same, circular shifts
    too.
    """
    one, other = _pair(reference, estimate)
    one, other = one - one.mean(), other - other.mean()
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    if size == 0:
        return None
    products = np.fft.irfft(np.fft.rfft(one).conj() * np.fft.rfft(other), len(one))
    return min(float(np.abs(products).max()) / size, 1.0)


def sqnr_db(reference: ArrayLike, test: ArrayLike) -> float:
    """Signal-to-quantisation-noise ratio in decibels, of arrays of one shape.

    The power of the reference about its mean over the power of the error: an offset carries no pulse, so it counts as
    error but not as signal. Infinite where nothing differs; minus infinity where the reference is constant.
    """
    signal, other = _pair(np.ravel(reference), np.ravel(test))
    noise_power = float(np.square(other - signal).mean())
    signal_power = float(signal.var())
    if noise_power == 0:
        return math.inf
    return 10 * math.log10(signal_power / noise_power) if signal_power > 0 else -math.inf


def subject_bootstrap(
    values: ArrayLike,
    subjects: Sequence[object] | NDArray[np.generic],
    *,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Interval of a mean by a percentile bootstrap that resamples subjects, not windows.

    Windows of one subject resemble each other: drawing them one by one would promise a precision that only more
    subjects can give. Source: Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8.

    Parameters
    ----------
    values
        [N], one value a window, such as its absolute error or the difference of two.
    subjects
        [N], whose window it is: codes or names of one kind.
    draws, seed
        How many resamplings, and where the generator starts: the same input gives the same interval.
    level
        Share of the resampled means inside, 0..1.

    Returns
    -------
    tuple[float, float]
        Lower and upper end, in the unit of ``values``. One subject alone gives an interval of width 0: it says nothing
        about others.

    Raises
    ------
    InputError
        No values, a number that is not finite, or not one subject a value.
    """
    array = _finite(values)
    if len(subjects) != len(array):
        raise InputError(f"{len(array)} values but {len(subjects)} subjects; give one subject a value")
    _, codes = np.unique(np.asarray(subjects), return_inverse=True)
    sums, counts = np.bincount(codes, weights=array), np.bincount(codes)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (draws, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _errors(reference: ArrayLike, estimate: ArrayLike) -> NDArray[np.float64]:
    one, other = _pair(reference, estimate)
    return other - one


def _pair(reference: ArrayLike, estimate: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    one, other = _finite(reference), _finite(estimate)
    if one.shape != other.shape:
        raise InputError(f"{one.size} references but {other.size} estimates; give one a window")
    return one, other


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"metrics need a list of at least one number, not shape {array.shape}")
    if not np.isfinite(array).all():
        raise InputError("metrics need finite numbers; leave out windows without a rate and count them")
    return array
