"""A Butterworth band pass as second-order sections, designed and run here: SciPy takes 0.4 s and more to load.

Source: Oppenheim and Schafer, Discrete-Time Signal Processing, 3rd ed., 7.3 (bilinear transform) and 6.3 (transposed
direct form II). The coefficients are SciPy's to 1e-15, and their order is the same (``tests/unit/measure``).
"""

import cmath
import math
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

POLE: Final = cmath.exp(0.75j * math.pi)
"""One pole of the second-order prototype; the other is its conjugate."""


def band_pass_design(rate_hz: float, low_hz: float, high_hz: float) -> NDArray[np.float64]:
    """Design a band pass of second order.

    Parameters
    ----------
    rate_hz
        Samples per second.
    low_hz, high_hz
        Corners, -3 dB, rising, between 0 and half the rate.

    Returns
    -------
    NDArray[np.float64]
        [2, 7]: b0, b1, b2, a1, a2 of each section, and its two states after a constant 1 has come in for long. The
        section with the pole nearer to the unit circle is last, and has the zeros that are nearer to it.
    """
    low, high = (4 * math.tan(math.pi * corner / rate_hz) for corner in (low_hz, high_hz))
    shifted = (high - low) / 2 * POLE
    root = cmath.sqrt(shifted**2 - low * high)
    analogue = (shifted + root, shifted - root)
    gain = (high - low) ** 2 * 16 / math.prod(abs(4 - pole) ** 2 for pole in analogue)
    far, near = sorted(((4 + pole) / (4 - pole) for pole in analogue), key=abs)
    zero = 1.0 if near.real > 0 else -1.0
    first = _section(gain, -zero, far)
    passed = sum(first[:3]) / (1 + sum(first[3:]))
    second = _section(1.0, zero, near)
    return np.array([[*first, *_settled(first, 1.0)], [*second, *_settled(second, passed)]])


def run_sections(sections: NDArray[np.float64], signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Filter along the first axis of [N, columns], begun in the states that the first sample would lead to."""
    begun = sections[:, 5:, None] * signal[0]
    for (b0, b1, b2, a1, a2, *_), states in zip(sections, begun, strict=True):
        fed = b0 * signal
        fed[1:] += b1 * signal[:-1]
        fed[2:] += b2 * signal[:-2]
        fed[:2] += states[: len(fed)]
        signal = _divided(fed, a1, a2)
    return signal


def _section(gain: float, zero: float, pole: complex) -> tuple[float, ...]:
    return gain, -2 * gain * zero, gain, -2 * pole.real, abs(pole) ** 2


def _settled(section: tuple[float, ...], level: float) -> tuple[float, float]:
    """States of a section into which a constant of this level has come for long."""
    b0, b1, b2, a1, a2 = section
    out = (b0 + b1 + b2) / (1 + a1 + a2)
    return (out - b0) * level, (b2 - a2 * out) * level


def _divided(fed: NDArray[np.float64], a1: float, a2: float) -> NDArray[np.float64]:
    """Solve y[n] + a1 y[n-1] + a2 y[n-2] = fed[n], each column from above, in one order on every processor."""
    columns = np.ascontiguousarray(fed.T)
    solved = [np.fromiter(_recursion(memoryview(column), a1, a2), np.float64, len(fed)) for column in columns]
    return np.array(solved).reshape(columns.shape).T


def _recursion(fed: Iterable[float], a1: float, a2: float) -> Iterator[float]:
    last = before = 0.0
    for value in fed:
        last, before = value - a1 * last - a2 * before, last
        yield last
