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
    names = [name for node in model.graph.node for name in node.output if name != model.graph.output[0].name]
    runner = OrtRunner(with_outputs(model, names).SerializeToString())
    low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    for sample in samples:
        tensors = runner(sample[None])[1:]
        low = np.minimum(low, [tensor.min() for tensor in tensors])
        high = np.maximum(high, [tensor.max() for tensor in tensors])
    return {name: (float(one), float(other)) for name, one, other in zip(names, low, high, strict=True)}
