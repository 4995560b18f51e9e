"""Steadier key points: a filter that follows steady motion without lag.

An alpha-beta filter keeps position and velocity of every coordinate; a moving average lags behind a moving head, and a
rectangle that lags crosses other skin. Chosen by measurement: docs/decisions/0012.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

LONGEST_STEP_S: Final = 0.25
"""After a longer pause the velocity is meaningless and the filter starts again."""

SNAP_SHARE: Final = 0.25
"""In eye distances: a jump that no jitter explains is followed at once."""


class Smoother:
    """Filters points of one face over time; :meth:`reset` forgets it."""

    def __init__(self, seconds: float) -> None:
        """Filter with a time constant in seconds."""
        self._seconds = seconds
        self.reset()

    def reset(self) -> None:
        """Start again with the next points."""
        self._place: NDArray[np.float64] | None = None
        self._speed: NDArray[np.float64] | None = None
        self._t_s = 0.0

    def follow(self, points: NDArray[np.float64], t_s: float) -> NDArray[np.float64]:
        """Filter points [N, 2] in px, the eyes first, seen at a time in seconds."""
        step_s = t_s - self._t_s
        self._t_s = t_s
        if self._place is None or self._speed is None or step_s > LONGEST_STEP_S:
            self._place, self._speed = points, np.zeros_like(points)
            return points
        # Critically damped: both poles at exp(-step / tau), so it neither rings nor depends on the frame rate.
        pole = np.exp(-step_s / self._seconds)
        alpha, beta = 1 - pole**2, (1 - pole) ** 2
        ahead = self._place + self._speed * step_s
        error = points - ahead
        if np.abs(error).max() > SNAP_SHARE * np.hypot(*(points[1] - points[0])):
            self._place, self._speed = points, np.zeros_like(points)
            return points
        self._place = ahead + alpha * error
        self._speed = self._speed + beta / step_s * error
        return self._place
