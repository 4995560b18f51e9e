"""Scales under which the average of an even number of bytes is the same everywhere (decision 0031).

Half of all sums of two bytes are odd, and their average lies exactly between two bytes. Integer arithmetic rounds it half
to even. An engine that averages dequantised floats rounds what its scale's rounding left of the half: a coin toss. With a
scale of 12 significant bits a byte times the scale, and the sum of some, are float32 numbers: every engine sees the half.
"""

from typing import Final

import numpy as np
import onnx
from onnx import helper

from pulse8.build.quantize.ranges import Range, Ranges

SCALE_BITS: Final = 12
"""A byte minus its zero point has 9 bits and a sum of up to 8 has 12: with these, 24."""
STEPS: Final = 255


def with_exact_averages(model: onnx.ModelProto, ranges: Ranges) -> Ranges:
    """Widen the range of each tensor that is averaged over an even window, and of all that share it."""
    averaged = {ranges[name] for name in _evenly_averaged(model) if name in ranges}
    return {name: exact_range(ends) if ends in averaged else ends for name, ends in ranges.items()}


def exact_range(ends: Range) -> Range:
    """Return the range of the next larger scale of 12 significant bits, with a zero point that is a whole number."""
    low, high = min(ends[0], 0.0), max(ends[1], 0.0)
    mantissa, exponent = np.frexp((high - low) / STEPS)
    step = float(np.ldexp(np.ceil(np.ldexp(mantissa, SCALE_BITS)), exponent - SCALE_BITS))
    below = round(-low / step) if step else 0
    return -below * step, (STEPS - below) * step


def _evenly_averaged(model: onnx.ModelProto) -> list[str]:
    pools = [node for node in model.graph.node if node.op_type == "AveragePool"]
    kernels = [helper.get_node_attr_value(node, "kernel_shape") for node in pools]
    return [node.input[0] for node, kernel in zip(pools, kernels, strict=True) if np.prod(kernel) % 2 == 0]
