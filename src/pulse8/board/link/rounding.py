"""Five ways in which hardware rounds an exact sum to a byte; their spread sets the tolerance for a board.

All are valid. They differ by at most one step in each layer, which grows through a network: double rounding alone
changes three of four output bytes of a residual network, at equal accuracy.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.infer.kernels import Codes, Exact, Multiplier, Rounded, Rounding, half_even
from pulse8.measure.infer.program import ScaledAdd

Real = NDArray[np.float64]
FRACTION_BITS: Final = 20
"""An Add of two scales is summed in units of 2^-20 of its larger operand's step, as integer hardware does."""


def exact(sums: Exact, multiplier: Multiplier, step: Rounded) -> Codes:
    """Round the exact product, half to even."""
    return _codes(np.rint(_wide(sums) * _wide(multiplier)), step)


def half_away(sums: Exact, multiplier: Multiplier, step: Rounded) -> Codes:
    """Round the exact product, half away from zero."""
    real = _wide(sums) * _wide(multiplier)
    return _codes(np.copysign(np.floor(np.abs(real) + 0.5), real), step)


def double_rounding(sums: Exact, multiplier: Multiplier, step: Rounded) -> Codes:
    """Round the upper half of a 31-bit product, then its right shift once more (gemmlowp, TFLite)."""
    whole, factor = _integers(sums, multiplier, step)
    mantissa, power = np.frexp(factor)
    high = np.floor(whole * mantissa + 0.5)
    shifted = high * np.exp2(power)
    return _codes(np.copysign(np.floor(np.abs(shifted) + 0.5), shifted), step)


def short_multiplier(sums: Exact, multiplier: Multiplier, step: Rounded) -> Codes:
    """Multiply by 16 bits and round one shift."""
    whole, factor = _integers(sums, multiplier, step)
    mantissa, power = np.frexp(factor)
    short = np.rint(mantissa * (1 << 15)) / (1 << 15)
    return _codes(np.floor(whole * short * np.exp2(power) + 0.5), step)


FAMILIES: Final[Mapping[str, Rounding]] = {
    "float32, half to even": half_even,
    "exact, half to even": exact,
    "exact, half away": half_away,
    "double rounding": double_rounding,
    "16-bit multiplier": short_multiplier,
}


def _wide(values: Exact | np.float32) -> Real:
    return np.asarray(values, np.float64)


def _integers(sums: Exact, multiplier: Multiplier, step: Rounded) -> tuple[Real, Real]:
    """Return sums as integers, and the value of one unit in output steps."""
    if not isinstance(step, ScaledAdd):
        return _wide(sums), _wide(multiplier)
    unit = float(max(step.source.scale, step.other.scale)) / (1 << FRACTION_BITS)
    return np.rint(_wide(sums) / unit), _wide(multiplier) * unit


def _codes(rounded: Real, step: Rounded) -> Codes:
    return (rounded + step.output.zero_point).clip(step.low, step.high).astype(np.int8)
