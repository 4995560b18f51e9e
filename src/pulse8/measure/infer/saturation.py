"""Whether ONNX Runtime in its default use gives INT8 results on this processor that differ from exact integers.

On x86 with AVX2 and without VNNI its fused kernels multiply an unsigned by a signed byte and add two products in 16
bits, which saturate. No processor flag settles this for certain, so one small network is run.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from pulse8.measure.infer.integer import IntegerRunner

CHANNELS: Final = 64
SIDE: Final = 8


@dataclass(frozen=True, kw_only=True)
class Saturation:
    """One INT8 convolution in a default ONNX Runtime session, compared with its exact answer.

    Attributes
    ----------
    bytes
        Number of bytes in the answer.
    differing
        Number of bytes that differ by more than 1.
    largest
        Largest difference.
    """

    bytes: int
    differing: int
    largest: int

    @property
    def saturates(self) -> bool:
        """Whether any byte differs by more than rounding explains."""
        return self.differing > 0


def saturation() -> Saturation:
    """Run one convolution of large values in a default session and in integers."""
    model = saturating_model().SerializeToString()
    x = np.random.default_rng(0).integers(-128, 128, (1, CHANNELS, SIDE, SIDE)).astype(np.float32)
    # The only INT8 session in which ONNX Runtime may fuse, to observe the result.
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (theirs,) = session.run(None, {"x": x})
    apart = np.abs(IntegerRunner(model)(x)[0] - theirs)
    return Saturation(bytes=apart.size, differing=int((apart > 1).sum()), largest=int(apart.max()))


def saturating_model() -> onnx.ModelProto:
    """One 1x1 convolution with input scale 1 and an output scale that no sum exceeds."""
    weight = np.random.default_rng(1).integers(-127, 128, (4, CHANNELS, 1, 1)).astype(np.int8)
    constants = {
        "one": np.float32(1),
        "weight": weight,
        "bias": np.zeros(4, np.int32),
        "step": np.float32(CHANNELS * 127),
        "zero": np.int8(0),
        "zero_bias": np.int32(0),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "one", "zero"], ["x_q"]),
        helper.make_node("DequantizeLinear", ["x_q", "one", "zero"], ["x_dq"]),
        helper.make_node("DequantizeLinear", ["weight", "one", "zero"], ["weight_dq"]),
        helper.make_node("DequantizeLinear", ["bias", "one", "zero_bias"], ["bias_dq"]),
        helper.make_node("Conv", ["x_dq", "weight_dq", "bias_dq"], ["y"]),
        helper.make_node("QuantizeLinear", ["y", "step", "zero"], ["y_q"]),
        helper.make_node("DequantizeLinear", ["y_q", "one", "zero"], ["y_dq"]),
    ]
    shapes = (("x", [1, CHANNELS, SIDE, SIDE]), ("y_dq", [1, 4, SIDE, SIDE]))
    source, result = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes)
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "saturation", [source], [result], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
