"""Bounds of times: whatever a file says, what is counted from its times has an end."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError

FARTHEST_S: Final = float(1 << 32)
"""Times lie within 136 years of zero: seconds since 1970 do, and float64 still tells half a microsecond apart there."""

LONGEST_S: Final = 31 * 86_400.0
"""A recording is no longer than a month: what is counted from its length has a bound."""

SHORTEST_STEP_S: Final = 1e-9
"""Times that are closer are one time: a slope between them would be rounding, or no number at all."""


def refuse_time(t_s: float) -> None:
    """Refuse a time that is not finite or too far from zero to be seconds, before anything is computed from it."""
    if not abs(t_s) <= FARTHEST_S:
        raise InputError(f"a time of {t_s:g} s; give seconds within {FARTHEST_S:.3g} of zero")


def refuse_far(t_s: NDArray[np.float64]) -> None:
    """Refuse a time among many as :func:`refuse_time` does; one that is not a number is both least and greatest."""
    refuse_time(float(t_s.min(initial=0.0)))
    refuse_time(float(t_s.max(initial=0.0)))


def refuse_times(t_s: NDArray[np.float64]) -> None:
    """Refuse times that are no recording's: not finite, far off, not increasing, or over more than a month."""
    refuse_far(t_s)
    backwards = np.flatnonzero(np.diff(t_s) < SHORTEST_STEP_S)
    if backwards.size:
        raise InputError(f"time does not increase after {t_s[backwards[0]]:.3f} s; sort or correct the timestamps")
    if len(t_s) and t_s[-1] - t_s[0] > LONGEST_S:
        raise InputError(f"times over {t_s[-1] - t_s[0]:.3g} s; give seconds, a month of them at most")
