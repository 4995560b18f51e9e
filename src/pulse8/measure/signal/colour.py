"""What classical methods share: relative colour, and short stretches that are put together again."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Signal = NDArray[np.float64]

STRETCH_S: Final = 1.6
"""Length of the short stretches that POS and CHROM normalise alone; both papers use 1.6 s: a beat at 40 BPM fits."""

BLOCK: Final = 4096
"""Stretches that are worked on at once: bounds the memory that a day's recording takes."""


def relative(rgb: Signal) -> Signal:
    """Take colour [..., T, 3] over its mean in time, minus 1; zeros where that mean is 0."""
    mean = rgb.mean(axis=-2, keepdims=True)
    return ratio(rgb - mean, mean)


def ratio(above: Signal, below: Signal) -> Signal:
    """Divide, with 0 where the divisor is 0; what is not a number stays so."""
    quotient: Signal = np.divide(above, below, out=np.zeros_like(above), where=below != 0)
    return quotient


def overlap_added(
    rgb: Signal, rate_hz: float, pulses: Callable[[Signal], Signal], weigh: Callable[[int], Signal]
) -> Signal:
    """Take the weighted mean of the pulses [S, L] of all stretches [S, L, 3], each at its own place in the recording.

    The papers add up; the mean differs from that by a constant, except near the ends, which fewer stretches cover.
    """
    length = min(int(np.ceil(STRETCH_S * rate_hz)), len(rgb))
    weights = weigh(length)
    stretches = sliding_window_view(rgb, length, axis=0).swapaxes(1, 2)
    total = np.zeros(len(rgb))
    for first in range(0, len(stretches), BLOCK):
        block = pulses(relative(stretches[first : first + BLOCK])) * weights
        for place in range(length):
            total[first + place : first + place + len(block)] += block[:, place]
    return total / np.convolve(np.ones(len(stretches)), weights)


def hann(length: int) -> Signal:
    """Hann window without its two zeros."""
    return np.hanning(length + 2)[1:-1]
