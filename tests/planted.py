"""Small QDQ networks made with onnx.helper, and the faults that are planted in them."""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Net:
    """A QDQ graph in the making: every tensor int8 with scale 0.1 and zero point 0 unless told otherwise."""

    def __init__(self, shape: Sequence[int | str] = (1, 8, 16, 16)) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
        self.count = 0
        self.tensor = self.border("x")

    def name(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def constant(self, value, name: str | None = None) -> str:
        name = name or self.name()
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def border(self, source: str, scale: float = 0.1, zero=0, kind=np.int8) -> str:
        """Quantise and dequantise a tensor."""
        ends = [self.constant(np.float32(scale)), self.constant(np.array(zero, kind))]
        middle = self.add("QuantizeLinear", [source, *ends])
        return self.add("DequantizeLinear", [middle, *ends])

    def weight(self, shape, zero: int = 0, scales: int | None = None, axis: int = 0) -> str:
        count = shape[axis] if scales is None else scales
        ends = [
            self.constant(np.full(count, 0.02, np.float32)),
            self.constant(np.full(count, zero, np.int8)),
        ]
        source = self.constant(np.ones(shape, np.int8))
        return self.add("DequantizeLinear", [source, *ends], axis=axis)

    def add(self, op: str, inputs: Sequence[str], **attributes) -> str:
        output = self.name()
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=f"{op}_{output}", **attributes))
        return output

    def layer(self, op: str, *inputs: str, **attributes) -> str:
        """Compute between borders, on the running tensor."""
        self.tensor = self.border(self.add(op, [self.tensor, *inputs], **attributes))
        return self.tensor

    def conv(self, makes: int = 8, takes: int = 8, kernel=(3, 3), **attributes) -> str:
        pads = [size // 2 for size in kernel] * 2
        return self.layer("Conv", self.weight((makes, takes, *kernel)), **{"pads": pads, **attributes})

    def model(self, opset: int = 13, ir: int = 8, out=None, imports=()) -> onnx.ModelProto:
        ends = [helper.make_tensor_value_info(self.tensor, TensorProto.FLOAT, out)]
        graph = helper.make_graph(self.nodes, "planted", self.inputs, ends, self.constants)
        domains = [helper.make_opsetid("", opset), *(helper.make_opsetid(name, 1) for name in imports)]
        return helper.make_model(graph, opset_imports=domains, ir_version=ir)


def clean() -> Net:
    net = Net()
    net.conv()
    net.conv()
    return net
