"""Activation ranges (MinMax) over a calibration set, one sample in memory at a time."""

from collections.abc import Iterable

import numpy as np
import onnx
from numpy.typing import NDArray

from pulse8.build.export.onnx_file import with_outputs
from pulse8.measure.infer.ort import OrtRunner

Ranges = dict[str, tuple[float, float]]
"""Tensor name to its smallest and largest value."""


def collect_ranges(model: onnx.ModelProto, samples: Iterable[NDArray[np.float32]]) -> Ranges:
    """Run a static FP32 model on every sample and keep the extremes of each tensor that a node makes.

    Parameters
    ----------
    model
        One input with a leading batch axis of 1.
    samples
        Inputs without that axis.
    """
    last = model.graph.output[0].name
    names = [last, *(name for node in model.graph.node for name in node.output if name != last)]
    runner = OrtRunner(with_outputs(model, names[1:]).SerializeToString())
    low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    for sample in samples:
        tensors = runner(sample[None])
        low = np.minimum(low, [tensor.min() for tensor in tensors])
        high = np.maximum(high, [tensor.max() for tensor in tensors])
    return {name: (float(one), float(other)) for name, one, other in zip(names, low, high, strict=True)}


def with_shared_scales(model: onnx.ModelProto, ranges: Ranges) -> Ranges:
    """Give both operands of each Add the range that holds both: then the NPU adds integers."""
    shared = dict(ranges)
    adds = [list(node.input) for node in model.graph.node if node.op_type == "Add" and set(node.input) <= set(ranges)]
    for _ in adds:  # an operand of several Adds ties all of theirs together
        for pair in adds:
            union = min(shared[name][0] for name in pair), max(shared[name][1] for name in pair)
            shared.update(dict.fromkeys(pair, union))
    return shared
