"""QDQ graphs built node by node, for tests of the code that reads and runs them."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Qdq:
    """A graph whose every step is dequantise, compute, quantise."""

    def __init__(self, shape, scale=0.05, zero_point=0, opset=13):
        self.opset = opset
        self.shape = shape
        self.nodes, self.constants = [], {}
        self.last = self.quantise("x", scale, zero_point)

    def constant(self, name, value):
        self.constants[name] = np.asarray(value)
        return name

    def codes(self, name, scale, zero_point):
        return [self.constant(f"{name}_s", np.float32(scale)), self.constant(f"{name}_z", np.int8(zero_point))]

    def quantise(self, name, scale, zero_point):
        codes = self.codes(name, scale, zero_point)
        self.nodes.append(helper.make_node("QuantizeLinear", [name, *codes], [f"{name}_q"]))
        self.nodes.append(helper.make_node("DequantizeLinear", [f"{name}_q", *codes], [f"{name}_dq"]))
        return name

    def weights(self, name, values, scale, axis=0):
        per_channel = {"axis": axis} if np.ndim(scale) else {}
        parts = [self.constant(f"{name}_q", values)]
        parts.append(self.constant(f"{name}_s", np.asarray(scale, np.float32)))
        parts.append(self.constant(f"{name}_z", np.zeros(np.shape(scale), values.dtype)))
        self.nodes.append(helper.make_node("DequantizeLinear", parts, [name], **per_channel))
        return name

    def add(self, operator, operands=(), *, name="y", scale=0.05, zero_point=0, relu=False, **attributes):
        """Compute on the last tensor and ``operands``: names of dequantised tensors or constants."""
        before_relu = f"{name}_pre" if relu else name
        inputs = [f"{self.last}_dq", *operands]
        self.nodes.append(helper.make_node(operator, inputs, [before_relu], name=name, **attributes))
        if relu:
            self.nodes.append(helper.make_node("Relu", [before_relu], [name], name=f"{name}_relu"))
        self.last = self.quantise(name, scale, zero_point)
        return self

    def conv(self, values, weight_scale, bias, *, name="conv", operator="Conv", axis=0, **rest):
        """Convolution or Gemm, with its bias at input scale times weight scale."""
        weight = self.weights(f"{name}_w", values, weight_scale, axis)
        operands = [weight]
        if bias is not None:
            scale = np.float32(self.constants[f"{self.last}_s"] * np.asarray(weight_scale, np.float32))
            operands.append(self.weights(f"{name}_b", np.asarray(bias, np.int32), scale))
        return self.add(operator, operands, name=name, **rest)

    def model(self, *, infer=True):
        rank = 0 if infer else 1
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in (("x", self.shape), (f"{self.last}_dq", [None] * rank or None))]  # fmt: skip
        constants = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(self.nodes, "made", ends[:1], ends[1:], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=9)
        return onnx.shape_inference.infer_shapes(model) if infer else model


def with_bytes(model):
    """Return a copy that also returns every int8 tensor that a QuantizeLinear makes, and their names."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    names = [node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"]
    copy.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.INT8, None) for name in names)
    return copy, names
