"""The ultralight network's seven weighted layers as plain arrays, shared by all its forms."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Weight and bias."""

Weights = dict[str, Layer]
"""Arrays by layer name, in the order of :data:`SHAPES`, batch norm folded in."""

SHAPES: Final[dict[str, tuple[int, ...]]] = {
    "conv1": (16, 3, 3, 3),
    "conv2": (32, 16, 3, 3),
    "conv3": (16, 32, 3, 3),
    "time1": (32, 48, 3),
    "time2": (16, 32, 3),
    "dense1": (32, 128),
    "dense2": (1, 32),
}


def fold_batch_norm(
    weight: NDArray[np.float64],
    bias: NDArray[np.float64],
    factor: NDArray[np.float64],
    shift: NDArray[np.float64],
    mean: NDArray[np.float64],
) -> Layer:
    """Return the convolution that does ``factor * (conv(x) - mean) + shift``, with one factor per output channel."""
    spread = factor.reshape(-1, *[1] * (weight.ndim - 1))
    return (weight * spread).astype(np.float32), ((bias - mean) * factor + shift).astype(np.float32)
