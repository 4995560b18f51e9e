"""Cell colours of one window to a network's input; the quantisation comes last.

A pulse is a fifth of one 8-bit step. Divided by its own mean and spread it fills the INT8 range instead, so that INT8
costs nothing (docs/decisions/0013).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.intake import Normaliser
from pulse8.measure.signal.filters import detrend

BASIS: Final = np.array([[1 / 3, 1 / 3, 1 / 3], [0.0, 1.0, -1.0], [-2.0, 1.0, 1.0]])
"""Rows: brightness, and the two differences in which a pulse stands against moving light (POS's axes)."""


def normalise(
    cells: NDArray[np.float64], pixels: NDArray[np.float64], normaliser: Normaliser
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Normalise the cells of one window.

    Parameters
    ----------
    cells
        float64 [window, C, 3], 0..255, evenly sampled.
    pixels
        float64 [C]: mean area of each cell in px; not a number where it is not known.
    normaliser
        The options.

    Returns
    -------
    tuple
        float32 [3, C, window] within +-clip_sigma, and the divisors float32 [3, C]. A cell with a channel of mean 0 is
        zeros with divisor 0.
    """
    mean = cells.mean(axis=0)
    lit = (mean > 0).all(axis=1)
    safe = np.where(lit[:, None], mean, 1.0)
    mixed = np.einsum("bk,tck->tbc", BASIS, cells / safe - 1)
    steady = detrend(mixed, normaliser.detrend_lambda)
    scale = np.maximum(steady.std(axis=0), _floor(safe, pixels, normaliser))
    good = lit & (scale > 0).all(axis=0)
    limited = np.clip(steady / np.where(good, scale, 1.0), -normaliser.clip_sigma, normaliser.clip_sigma)
    samples = np.where(good, limited, 0.0).transpose(1, 2, 0)
    return samples.astype(np.float32), np.where(good, scale, 0.0).astype(np.float32)


def _floor(mean: NDArray[np.float64], pixels: NDArray[np.float64], normaliser: Normaliser) -> NDArray[np.float64]:
    """Return the standard deviation [3, C] that pixel noise alone gives a cell; 0 where the area is not known."""
    noise = normaliser.noise_levels / (mean * np.sqrt(np.maximum(pixels, 1.0))[:, None])
    floor = np.sqrt((BASIS**2) @ (noise**2).T)
    return np.where(np.isfinite(floor), floor, 0.0)


def quantise(samples: NDArray[np.float32], normaliser: Normaliser) -> NDArray[np.int8]:
    """Clip samples to INT8: x * 127 / clip_sigma, half to even; zero point 0.

    Returns
    -------
    NDArray[np.int8]
        Same shape, -127..127.
    """
    codes = np.rint(samples.astype(np.float64) * (127 / normaliser.clip_sigma))
    return np.clip(codes, -127, 127).astype(np.int8)
