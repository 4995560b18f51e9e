"""Limits on times: whatever a file states, the work that depends on its times is bounded."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError

FARTHEST_S: Final = float(1 << 32)
"""Times lie within 136 years of zero. Seconds since 1970 do, and float64 still resolves half a microsecond there."""

LONGEST_S: Final = 31 * 86_400.0
"""A recording is no longer than a month, which bounds the work that depends on its length."""

SHORTEST_STEP_S: Final = 1e-9
"""Times closer than this count as equal: a slope between them would be rounding error, or not finite."""


def refuse_time(t_s: float) -> None:
    """Refuse a time that is not finite, or too far from zero to be in seconds."""
    if not abs(t_s) <= FARTHEST_S:
        raise InputError(f"a time of {t_s:g} s; give seconds within {FARTHEST_S:.3g} of zero")


def refuse_far(t_s: NDArray[np.float64]) -> None:
    """Apply :func:`refuse_time` to the smallest and the largest time; NaN is both."""
    refuse_time(float(t_s.min(initial=0.0)))
    refuse_time(float(t_s.max(initial=0.0)))


def refuse_times(t_s: NDArray[np.float64]) -> None:
    """Refuse times that no recording has: not finite, too far from zero, not increasing, or spanning over a month."""
    refuse_far(t_s)
    backwards = np.flatnonzero(np.diff(t_s) < SHORTEST_STEP_S)
    if backwards.size:
        raise InputError(f"time does not increase after {t_s[backwards[0]]:.3f} s; sort or correct the timestamps")
    if len(t_s) and t_s[-1] - t_s[0] > LONGEST_S:
        raise InputError(f"times over {t_s[-1] - t_s[0]:.3g} s; give seconds, a month of them at most")
