"""How well a confidence tells right readings from wrong ones: pure functions of arrays, as the metrics are."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta, rankdata

from pulse8.errors import InputError

COVERAGES: Final = (1.0, 0.9, 0.8, 0.7, 0.5)
"""Shares of windows, surest first, at which a risk is shown."""


def auroc(confidence: ArrayLike, right: ArrayLike) -> float | None:
    """Probability that a right reading is surer than a wrong one, ties counted half; ``None`` without both kinds.

    Parameters
    ----------
    confidence
        [N], higher is surer.
    right
        bool [N].
    """
    sure, hits = _same_length(confidence, right)
    good = hits > 0
    many = int(good.sum())
    few = len(good) - many
    if not many or not few:
        return None
    ranks = rankdata(sure)
    return float((ranks[good].sum() - many * (many + 1) / 2) / (many * few))


def risk_coverage(errors: ArrayLike, confidence: ArrayLike) -> NDArray[np.float64]:
    """Mean of the errors [N] of the 1, 2 ... N surest readings: entry k is the risk at a coverage of (k + 1) / N.

    Readings of equal confidence are accepted together: each gets the mean at the end of its tie.
    """
    sure, error = _same_length(confidence, errors)
    order = np.argsort(-sure, kind="stable")
    means = np.cumsum(error[order]) / np.arange(1, len(order) + 1)
    ends = len(order) - 1 - np.searchsorted(sure[order][::-1], sure[order], side="left")
    return np.asarray(means[ends])


def risks_at(errors: ArrayLike, confidence: ArrayLike) -> tuple[float, ...]:
    """Mean error of the surest share of readings, for each of ``COVERAGES``."""
    curve = risk_coverage(errors, confidence)
    return tuple(float(curve[max(round(share * len(curve)), 1) - 1]) for share in COVERAGES)


def upper_share(hits: int, count: int, level: float = 0.95) -> float:
    """One-sided upper bound of a share of which ``hits`` of ``count`` were seen; 1 where nothing was.

    Source: Clopper and Pearson, "The use of confidence or fiducial limits", Biometrika 26(4), 1934. It takes the draws
    as independent, which windows of one person are not.
    """
    return float(beta.ppf(level, hits + 1, count - hits)) if hits < count else 1.0


def _same_length(one: ArrayLike, other: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if first.ndim != 1 or first.shape != second.shape or not first.size:
        raise InputError(f"{first.size} confidences for {second.size} readings; give one a reading, at least one")
    return first, second
