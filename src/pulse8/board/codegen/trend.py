"""The factors of the detrender's system, for a window's length and lambda, so that the board need not compute them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class TrendFactors(NamedTuple):
    """Float64 [window - 2] each: the unit lower triangle's two subdiagonals, and one over the diagonal."""

    below: NDArray[np.float64]
    farther: NDArray[np.float64]
    inverse: NDArray[np.float64]


def trend_factors(window: int, smoothness: float) -> TrendFactors:
    """Factor D D' + I / lambda^2 as L diag L', D the second difference of ``window`` samples.

    What is left of x after the trend is D'u with (D D' + I / lambda^2) u = D x: the same as
    :func:`pulse8.measure.signal.filters.detrend`, in a form for which float32 is precise enough.
    """
    count = window - 2
    below, farther, diagonal = np.zeros(count), np.zeros(count), np.zeros(count)
    for index in range(count):
        if index >= 2:
            farther[index] = 1.0 / diagonal[index - 2]
        if index >= 1:
            before = farther[index] * below[index - 1] * diagonal[index - 2] if index >= 2 else 0.0
            below[index] = (-4.0 - before) / diagonal[index - 1]
        diagonal[index] = 6.0 + smoothness**-2
        diagonal[index] -= below[index] ** 2 * diagonal[index - 1] if index >= 1 else 0.0
        diagonal[index] -= farther[index] ** 2 * diagonal[index - 2] if index >= 2 else 0.0
    return TrendFactors(below, farther, 1.0 / diagonal)
