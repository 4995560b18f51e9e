"""Networks as INT8 QDQ files, layer by layer: what the pre-flight reads, with weights of zero."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


@dataclass(frozen=True)
class Tensor:
    """A tensor between two layers: its name in the graph and its shape without the batch."""

    name: str
    channels: int
    height: int
    width: int


@dataclass
class Net:
    """A graph in the making; ``parameters`` counts weights and biases, so that a wrong description shows."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)
    parameters: int = 0

    def input(self, height: int, width: int, channels: int = 3) -> Tensor:
        """Begin with a picture."""
        shape = [1, channels, height, width]
        self.inputs.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, shape))
        return Tensor(self._border("x"), channels, height, width)

    def conv(
        self, x: Tensor, makes: int, kernel: int | tuple[int, int] = 1, stride: int = 1, groups: int = 1,
        pad: int | None = None,
    ) -> Tensor:  # fmt: skip
        """Convolve; "same" padding unless ``pad`` states another. An activation folds into it."""
        tall, wide = (kernel, kernel) if isinstance(kernel, int) else kernel
        pads = [tall // 2, wide // 2] * 2 if pad is None else [pad] * 4
        height = (x.height + pads[0] + pads[2] - tall) // stride + 1
        width = (x.width + pads[1] + pads[3] - wide) // stride + 1
        weight = self._weight((makes, x.channels // groups, tall, wide))
        result = self._layer("Conv", [x.name, weight], group=groups, strides=[stride] * 2, pads=pads)
        return Tensor(result, makes, height, width)

    def depthwise(self, x: Tensor, kernel: int, stride: int = 1) -> Tensor:
        """Convolve each channel by itself."""
        return self.conv(x, x.channels, kernel, stride, x.channels)

    def pool(self, x: Tensor, kernel: int, stride: int, pad: int = 0, kind: str = "MaxPool", up: int = 0) -> Tensor:
        """Pool; ``up`` rounds the size up."""
        sizes = [
            -((kernel - size - 2 * pad) // stride) if up else (size + 2 * pad - kernel) // stride
            for size in (x.height, x.width)
        ]
        result = self._layer(
            kind, [x.name], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, ceil_mode=up
        )
        return Tensor(result, x.channels, sizes[0] + 1, sizes[1] + 1)

    def join(self, op: str, x: Tensor, other: Tensor) -> Tensor:
        """Add or multiply two tensors."""
        return Tensor(self._layer(op, [x.name, other.name]), x.channels, x.height, x.width)

    def map(self, op: str, x: Tensor) -> Tensor:
        """Apply a function to each element."""
        return Tensor(self._layer(op, [x.name]), x.channels, x.height, x.width)

    def swish(self, x: Tensor) -> Tensor:
        """Multiply by the sigmoid."""
        return self.join("Mul", x, self.map("Sigmoid", x))

    def concat(self, parts: Sequence[Tensor]) -> Tensor:
        """Join along the channels."""
        result = self._layer("Concat", [part.name for part in parts], axis=1)
        return Tensor(result, sum(part.channels for part in parts), parts[0].height, parts[0].width)

    def halves(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Split the channels in two."""
        half = x.channels // 2
        names = [f"t{len(self.nodes)}_{part}" for part in "ab"]
        self.nodes.append(helper.make_node("Split", [x.name], names, axis=1))
        first, second = (Tensor(self._border(name), half, x.height, x.width) for name in names)
        return first, second

    def shuffle(self, x: Tensor) -> Tensor:
        """Interleave the two halves of the channels."""
        shape = [1, 2, x.channels // 2, x.height * x.width]
        folded = self._layer("Reshape", [x.name, self._constant(np.array(shape))])
        turned = self._layer("Transpose", [folded], perm=[0, 2, 1, 3])
        back = self._constant(np.array([1, x.channels, x.height, x.width]))
        return Tensor(self._layer("Reshape", [turned, back]), x.channels, x.height, x.width)

    def mean(self, x: Tensor) -> Tensor:
        """Average over the map."""
        return Tensor(self._layer("GlobalAveragePool", [x.name]), x.channels, 1, 1)

    def excite(self, x: Tensor, squeeze: int, activation: str | None = None) -> Tensor:
        """Weigh the channels by a small network over their means."""
        small = self.conv(self.mean(x), squeeze)
        small = self.swish(small) if activation == "swish" else small
        return self.join("Mul", x, self.map("Sigmoid", self.conv(small, x.channels)))

    def classify(self, x: Tensor, classes: int, *, softmax: bool = False) -> onnx.ModelProto:
        """End with a global mean and a dense layer."""
        x = self.mean(x)
        flat = self._layer("Flatten", [x.name])
        result = self._layer("Gemm", [flat, self._weight((classes, x.channels))], transB=1)
        return self.model(self._layer("Softmax", [result], axis=1) if softmax else result)

    def model(self, result: str) -> onnx.ModelProto:
        """Return the file."""
        ends = [helper.make_tensor_value_info(result, TensorProto.FLOAT, None)]
        graph = helper.make_graph(self.nodes, "network", self.inputs, ends, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)

    def _weight(self, shape: tuple[int, ...]) -> str:
        ends = [np.full(shape[0], 0.02, np.float32), np.zeros(shape[0], np.int8)]
        self.parameters += int(np.prod(shape)) + shape[0]
        return self._add(
            "DequantizeLinear", [self._constant(np.zeros(shape, np.int8)), *map(self._constant, ends)], axis=0
        )

    def _layer(self, op: str, operands: Sequence[str], **attributes: Any) -> str:  # noqa: ANN401 - as onnx.helper
        return self._border(self._add(op, operands, **attributes))

    def _border(self, name: str) -> str:
        ends = [self._constant(np.float32(0.1)), self._constant(np.int8(0))]
        return self._add("DequantizeLinear", [self._add("QuantizeLinear", [name, *ends]), *ends])

    def _add(self, op: str, operands: Sequence[str], **attributes: Any) -> str:  # noqa: ANN401 - as onnx.helper
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(operands), [name], name=f"{op}_{name}", **attributes))
        return name

    def _constant(self, value: Any) -> str:  # noqa: ANN401 - an array or a numpy number
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name
