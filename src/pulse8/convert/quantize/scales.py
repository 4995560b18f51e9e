"""A scale table: what one INT8 step of each tensor is worth, and which code is zero."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import onnx

from pulse8.convert.quantize.families import quantised_tensors, scaled_tensors
from pulse8.convert.quantize.ranges import Range, Ranges
from pulse8.convert.quantize.tail import float_tail
from pulse8.errors import QuantizationError
from pulse8.spec import ModelSpec

LOW: Final = -128
HIGH: Final = 127
SCALE_BITS: Final = 8
"""Significant bits of a scale: the noise of a sum's last places cannot reach them, so that the same checkpoint and data
give the same file on every processor. A byte minus its zero point has 9 bits, a sum of 8 of them 12: times such a scale
a float32 number, so that averages fall on halves that every engine sees (decisions 0101 and 0031)."""
NOISE: Final = 1e-6
"""Of a last place: a range that is a scale of so many bits already keeps it, whatever rounding added."""


@dataclass(frozen=True)
class Scale:
    """Real value = ``scale`` (a float32) times (code minus ``zero_point``), codes -128 to 127."""

    scale: float
    zero_point: int

    @property
    def low(self) -> float:
        """Smallest value that has a code of its own."""
        return self.scale * (LOW - self.zero_point)

    @property
    def high(self) -> float:
        """Largest value that has a code of its own."""
        return self.scale * (HIGH - self.zero_point)


Scales = dict[str, Scale]
"""Tensor name to its scale."""

SIGMOID: Final = Scale(1 / 256, LOW)
"""Of every Sigmoid in INT8: its range is known to be 0 to 1, and the NPU's table asks for these."""


def scale_table(model: onnx.ModelProto, ranges: Ranges, spec: ModelSpec | None, bits: int = SCALE_BITS) -> Scales:
    """Return the scale of each input and of each tensor that has one of its own; the input's is the spec's, if any."""
    sigmoids = {node.output[0] for node in model.graph.node if node.op_type == "Sigmoid"} - float_tail(model)
    pinned = {} if spec is None else {model.graph.input[0].name: _of_spec(spec)}
    pinned |= dict.fromkeys(sigmoids, SIGMOID)
    wanted = [*(end.name for end in model.graph.input), *scaled_tensors(model)]
    return pinned | {name: scale_of(ranges[name], bits) for name in wanted if name not in pinned}


def _of_spec(spec: ModelSpec) -> Scale:
    return Scale(float(np.float32(spec.input_scale)), spec.input_zero_point)


def every_scale(model: onnx.ModelProto, scales: Scales) -> Scales:
    """Return the scale of every tensor that is quantised, in the graph's order.

    Raises
    ------
    QuantizationError
        The table has none for a tensor.
    """
    found = {}
    for name, root in quantised_tensors(model).items():
        if root not in scales:
            raise QuantizationError(f"{name} has no scale: the table lacks {root}; report this network")
        found[name] = scales[root]
    return found


def scale_of(ends: Range, bits: int = SCALE_BITS) -> Scale:
    """Return the asymmetric INT8 scale of a range, the next larger one of so many significant bits.

    0 is always in it and exact, and an empty range has step 1.
    """
    low, high = min(ends[0], 0.0), max(ends[1], 0.0)
    mantissa, exponent = np.frexp((high - low) / (HIGH - LOW))
    step = np.ldexp(np.ceil(np.ldexp(mantissa, bits) - NOISE), exponent - bits)
    scale = float(np.float32(step)) or 1.0
    return Scale(scale, int(np.clip(np.rint(LOW - low / scale), LOW, HIGH)))
