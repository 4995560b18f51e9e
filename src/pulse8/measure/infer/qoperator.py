"""Files of the QOperator format (QLinearConv and its kind) written as QDQ: the same weights, scales and zero points."""

from collections.abc import Iterator
from typing import Final

import onnx
from onnx import helper, numpy_helper

Operands = tuple[tuple[int, int, int], ...]
"""Of each quantised operand: the place of its codes, scale and zero point among the node's inputs."""

PAIR: Final[Operands] = ((0, 1, 2), (3, 4, 5))
ONE: Final[Operands] = ((0, 1, 2),)
OPERATORS: Final[dict[str, tuple[str, Operands, int]]] = {
    "QLinearConv": ("Conv", PAIR, 6),
    "QLinearMatMul": ("MatMul", PAIR, 6),
    "QGemm": ("Gemm", PAIR, 7),
    "QLinearAdd": ("Add", PAIR, 6),
    "QLinearMul": ("Mul", PAIR, 6),
    "QLinearSigmoid": ("Sigmoid", ONE, 3),
    "QLinearLeakyRelu": ("LeakyRelu", ONE, 3),
    "QLinearAveragePool": ("AveragePool", ONE, 3),
    "QLinearGlobalAveragePool": ("GlobalAveragePool", ONE, 3),
}
"""What each becomes, its operands, and the place of its result's scale."""
BIAS: Final = {"QLinearConv": 8, "QGemm": 6}
KEEPS_CODES: Final = ("MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Slice")


def as_qdq(model: onnx.ModelProto) -> tuple[onnx.ModelProto, list[str]]:
    """Return a model in QDQ form, and what was converted; one that has no QLinear operator as it is."""
    if not any(node.op_type in OPERATORS for node in model.graph.node):
        return model, []
    return _Writer(model).written()


class _Writer:
    def __init__(self, model: onnx.ModelProto) -> None:
        self._model = onnx.ModelProto()
        self._model.CopyFrom(model)
        self._codes = {tensor.name for tensor in model.graph.initializer}
        self._points: dict[str, tuple[str, str]] = {}
        self._channels = {t.name: len(numpy_helper.to_array(t).shape) for t in model.graph.initializer}

    def written(self) -> tuple[onnx.ModelProto, list[str]]:
        nodes = [made for node in self._model.graph.node for made in self._node(node)]
        del self._model.graph.node[:]
        self._model.graph.node.extend(nodes)
        for entry in [entry for entry in self._model.opset_import if entry.domain not in ("", "ai.onnx")]:
            self._model.opset_import.remove(entry)
        return self._model, ["the QOperator format is read as QDQ"]

    def _node(self, node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
        if node.op_type in OPERATORS:
            yield from self._linear(node)
        elif node.op_type in KEEPS_CODES and node.input[0] in self._points:
            points = self._points[node.input[0]]
            yield self._dequantised(node.input[0], points, f"{node.output[0]}.in")
            rest = list(node.input)[1:]
            yield self._computed(node, node.op_type, [f"{node.output[0]}.in", *rest])
            yield self._quantised(node.output[0], points)
        else:
            if node.op_type == "QuantizeLinear" and len(node.input) > 2:
                self._points[node.output[0]] = (node.input[1], node.input[2])
            yield node

    def _linear(self, node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
        operator, operands, place = OPERATORS[node.op_type]
        names, points = [], []
        for number, (codes, scale, zero_point) in enumerate(operands):
            points.append((node.input[scale], node.input[zero_point]))
            names.append(f"{node.output[0]}.in{number}")
            axis = (1 if operator in ("MatMul", "Gemm") else 0) if number else None
            yield self._dequantised(node.input[codes], points[-1], names[-1], axis)
        bias = BIAS.get(node.op_type, len(node.input))
        if bias < len(node.input) and node.input[bias]:
            yield from self._bias(node, node.input[bias], points)
            names.append(f"{node.output[0]}.bias")
        yield self._computed(node, operator, names)
        yield self._quantised(node.output[0], (node.input[place], node.input[place + 1]))

    def _bias(self, node: onnx.NodeProto, name: str, points: list[tuple[str, str]]) -> Iterator[onnx.NodeProto]:
        """Dequantise a bias by the product of both operands' scales, which the format leaves out."""
        held = {tensor.name: numpy_helper.to_array(tensor) for tensor in self._model.graph.initializer}
        scale = held[points[0][0]] * held[points[1][0]]
        scale = scale.reshape(-1) if scale.size > 1 else scale.reshape(())
        self._model.graph.initializer.append(numpy_helper.from_array(scale, f"{node.output[0]}.bias_s"))
        inputs = [name, f"{node.output[0]}.bias_s"]
        yield helper.make_node("DequantizeLinear", inputs, [f"{node.output[0]}.bias"], axis=0)

    def _dequantised(self, codes: str, points: tuple[str, str], name: str, axis: int | None = None) -> onnx.NodeProto:
        node = helper.make_node("DequantizeLinear", [codes, *points], [name])
        if axis is not None:
            node.attribute.append(helper.make_attribute("axis", axis))
        return node

    def _computed(self, node: onnx.NodeProto, operator: str, names: list[str]) -> onnx.NodeProto:
        made = helper.make_node(operator, names, [f"{node.output[0]}.real"], name=node.name)
        made.attribute.extend(one for one in node.attribute if one.name != "channels_last")
        return made

    def _quantised(self, name: str, points: tuple[str, str]) -> onnx.NodeProto:
        self._points[name] = points
        return helper.make_node("QuantizeLinear", [f"{name}.real", *points], [name])
