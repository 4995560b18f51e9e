"""INT8 weights and INT32 biases: one scale a channel, or one for all, that keeps the bias and every sum exact.

A scale follows the largest weight. Two things may ask for a larger one: a bias that would otherwise be worth more
steps than an exact sum can hold (a pruned channel, or tiny weights), and weights so many that their sum could reach
2^24, where float32 stops being exact. Both cost the weights' resolution, and only where they must.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import QuantizationError
from pulse8.measure.infer.program import ACC_LIMIT

STEPS: Final = 127
MOST_BIAS: Final = ACC_LIMIT // 4
"""Steps that a bias may be worth."""
SMALLEST: Final = float(np.finfo(np.float32).tiny)
TRIES: Final = 24


@dataclass(frozen=True, eq=False)
class Packed:
    """Codes of the weights, codes of the bias, and both scales: float32 [channels] or [1]."""

    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    weight_scale: NDArray[np.float32]
    bias_scale: NDArray[np.float32]


def packed(
    weight: NDArray[np.float32], bias: NDArray[np.float32], source_scale: float, axis: int, *, per_channel: bool
) -> Packed:
    """Round a layer's weights and bias.

    Parameters
    ----------
    weight, bias
        Channels along ``axis`` of the weights; the bias is float32 [channels].
    source_scale
        What one step of the layer's input is worth.

    Raises
    ------
    QuantizationError
        No scale holds both weights and bias.
    """
    channels = len(bias)
    outputs = len(weight) if axis == 0 else channels
    rows = np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1)
    largest = np.abs(rows).max(axis=1) if per_channel else np.abs(rows).max().reshape(1)
    scale = _scale(largest, _bound(bias, source_scale, len(largest)), source_scale)
    for _ in range(TRIES):
        codes = _rounded(weight, scale, axis)
        units = np.float32(source_scale) * scale
        steps = np.rint(bias.astype(np.float64) / units.astype(np.float64))
        excess = _excess(codes, steps, axis, outputs) if per_channel else _excess(codes, steps, axis, outputs).max()
        if np.all(excess < 1):
            return Packed(codes, steps.astype(np.int32), scale, units)
        scale = np.asarray(np.where(excess < 1, scale, scale * np.maximum(excess, 1.02)), np.float32).reshape(-1)
    raise QuantizationError("weights or biases are so large that no exact sum holds them; scale the network down")


def _bound(bias: NDArray[np.float32], source_scale: float, scales: int) -> NDArray[np.float64]:
    """Return the smallest scale in which a bias is worth no more steps than it may."""
    least = np.abs(bias.astype(np.float64)) / (source_scale * MOST_BIAS)
    return least if scales > 1 or len(bias) == 1 else least.max().reshape(1)


def _scale(largest: NDArray[np.float32], bound: NDArray[np.float64], source_scale: float) -> NDArray[np.float32]:
    scale = np.maximum((2 * largest.astype(np.float64) / (2 * STEPS)).astype(np.float32), bound.astype(np.float32))
    empty = (scale < SMALLEST) | (scale * np.float32(source_scale) < SMALLEST)
    return np.asarray(np.where(empty, np.float32(1), scale), np.float32)


def _rounded(weight: NDArray[np.float32], scale: NDArray[np.float32], axis: int) -> NDArray[np.int8]:
    shape = [-1 if other == axis else 1 for other in range(weight.ndim)]
    codes = np.rint(weight / (scale.reshape(shape) if scale.size > 1 else scale))
    return np.asarray(np.clip(codes, -128, 127), np.int8)


def _excess(codes: NDArray[np.int8], steps: NDArray[np.float64], axis: int, outputs: int) -> NDArray[np.float64]:
    """Return how many times the largest possible sum of each channel exceeds what is exact."""
    sums = np.abs(np.moveaxis(codes, axis, 0).astype(np.int64)).reshape(codes.shape[axis], -1).sum(axis=1) * 255.0
    sums = sums if len(sums) == outputs else np.resize(sums, outputs)
    return np.asarray((sums + np.abs(steps)) / (ACC_LIMIT - 1))
