"""A static FP32 graph as a torch module that computes in float, or as the INT8 file will."""

from collections.abc import Callable
from typing import Final

import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from pulse8.convert.quantize.qat.arithmetic import (
    REQUANTISING,
    Attributes,
    Codes,
    Value,
    convolved,
    int8_conv,
    quantised,
    real,
)
from pulse8.convert.quantize.scales import Scale, Scales

IN_FLOAT: Final[dict[str, Callable[..., Tensor]]] = {
    "Relu": functional.relu,
    "Sigmoid": torch.sigmoid,
    "Add": torch.add,
    "Mul": torch.mul,
}


class Simulation(nn.Module):
    """The network of a static model; its parameters are the convolutions' weights and biases by name.

    Parameters
    ----------
    model
        A static form of this line: batch norm folded, weights and biases constant.
    scales
        Of the input and of each tensor that has a scale of its own; pools and reshapes keep their source's. What no
        scale is given for is computed in float.
    per_channel
        One weight scale for every output channel, or one a tensor.
    """

    def __init__(self, model: onnx.ModelProto, scales: Scales, *, per_channel: bool) -> None:
        super().__init__()
        self._scales, self._per_channel = scales, per_channel
        self._input, self._output = model.graph.input[0].name, model.graph.output[0].name
        self._nodes = [(node, _attributes(node)) for node in model.graph.node]
        self._relu_of = {node.input[0]: node.output[0] for node in model.graph.node if node.op_type == "Relu"}
        weights = {name for node in model.graph.node if node.op_type == "Conv" for name in node.input[1:]}
        arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self.weights = nn.ParameterDict({name: nn.Parameter(torch.tensor(arrays[name])) for name in sorted(weights)})
        self._constants = {name: torch.tensor(array) for name, array in arrays.items() if name not in weights}

    def forward(self, inputs: Tensor, *, int8: bool = True) -> Tensor:
        """Compute the model's output for n inputs [n, ...], stacked along its first axis."""
        return real(self.tensors(inputs, int8=int8)[self._output])

    def tensors(self, inputs: Tensor, *, int8: bool = True) -> dict[str, Value]:
        """Return every tensor by name. In INT8 a convolution and the ReLU behind it are one, under the ReLU's name."""
        scales = self._scales if int8 else {}
        start = quantised(inputs, scales[self._input]) if self._input in scales else inputs
        found: dict[str, Value] = {self._input: start}
        for node, told in self._nodes:
            operands = [found[name] for name in node.input if name in found]
            merged = self._relu_of.get(node.output[0])
            output = merged if merged in scales else node.output[0]
            if node.output[0] not in found:
                found[output] = self._run(node, told, operands, scales.get(output), len(inputs))
                found[node.output[0]] = found[output]
        return found

    def trained(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """Return a copy of the model with this module's weights and biases."""
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        for tensor in copy.graph.initializer:
            if tensor.name in self.weights:
                values = self.weights[tensor.name].detach().numpy()
                tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
        return copy

    def _run(
        self, node: onnx.NodeProto, told: Attributes, operands: list[Value], target: Scale | None, count: int
    ) -> Value:
        move = self._move(node, told, count)
        if move is not None:
            source = operands[0]
            return Codes(move(source.values), source.scale) if isinstance(source, Codes) else move(source)
        codes = [operand for operand in operands if isinstance(operand, Codes)]
        if node.op_type == "AveragePool" and codes:
            target = target or codes[0].scale
        if target is None or len(codes) < len(operands):
            return self._in_float(node, told, [real(operand) for operand in operands])
        if node.op_type == "Conv":
            return int8_conv(codes[0], self._of(node), told, target, per_channel=self._per_channel)
        return REQUANTISING[node.op_type](codes, told, target)

    def _move(self, node: onnx.NodeProto, told: Attributes, count: int) -> Callable[[Tensor], Tensor] | None:
        """Return what an operator does that only moves numbers, in a stack of ``count`` windows."""
        match node.op_type:
            case "Reshape":
                first, *others = self._constants[node.input[1]].tolist()
                return lambda values: values.reshape(count * first, *others)
            case "Transpose":
                return lambda values: values.permute(told["perm"])
            case "MaxPool":
                return lambda values: functional.max_pool2d(values, told["kernel_shape"], told["strides"])
        return None

    def _in_float(self, node: onnx.NodeProto, told: Attributes, operands: list[Tensor]) -> Tensor:
        if node.op_type == "Conv":
            return convolved(operands[0], *self._of(node), told)
        if node.op_type == "AveragePool":
            return functional.avg_pool2d(operands[0], told["kernel_shape"], told["strides"])
        constants = [self._constants[name] for name in node.input if name in self._constants]
        return IN_FLOAT[node.op_type](*operands, *constants)

    def _of(self, node: onnx.NodeProto) -> tuple[Tensor, Tensor]:
        return self.weights[node.input[1]], self.weights[node.input[2]]


def _attributes(node: onnx.NodeProto) -> Attributes:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
