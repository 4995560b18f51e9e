"""A static FP32 graph as a torch module that computes in float, or as the INT8 file will."""

from collections.abc import Callable
from typing import Final

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from pulse8.convert.quantize.families import CLAMPS, KEEPS_SCALE, merged_into
from pulse8.convert.quantize.qat.arithmetic import (
    REQUANTISING,
    Attributes,
    Codes,
    Value,
    averaged,
    convolved,
    int8_conv,
    maximum,
    quantised,
    real,
)
from pulse8.convert.quantize.scales import LOW, Scale, Scales
from pulse8.errors import SpecError

IN_FLOAT: Final[dict[str, Callable[..., Tensor]]] = {
    "Abs": torch.abs,
    "Add": torch.add,
    "Div": torch.div,
    "Elu": functional.elu,
    "GlobalAveragePool": lambda values: values.mean((2, 3), keepdim=True),
    "HardSwish": functional.hardswish,
    "Mul": torch.mul,
    "Neg": torch.neg,
    "Relu": functional.relu,
    "Sigmoid": torch.sigmoid,
    "Softplus": functional.softplus,
    "Sub": torch.sub,
    "Tanh": torch.tanh,
}
"""In INT8, those of them that have no integer arithmetic of their own compute on real values and are rounded."""


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
        self._clamp_of = merged_into(model)
        self._clamps = {node.output[0]: node for node in model.graph.node if node.op_type in CLAMPS}
        weights = {name for node in model.graph.node if node.op_type == "Conv" for name in node.input[1:]}
        arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self._numbers = {name: str(number) for number, name in enumerate(sorted(weights))}  # a name may hold dots
        held = {self._numbers[name]: nn.Parameter(torch.tensor(arrays[name])) for name in sorted(weights)}
        self.weights = nn.ParameterDict(held)
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
            merged = self._clamp_of.get(node.output[0])
            output = merged if merged in scales else node.output[0]
            if node.output[0] not in found:
                value = self._run(node, told, operands, scales.get(output), len(inputs))
                found[output] = self._clamped(value, output) if output == merged else value
                found[node.output[0]] = found[output]
        return found

    def _clamped(self, value: Value, name: str) -> Value:
        """Clamp codes as the ReLU or Clip does that their convolution is one with."""
        if not isinstance(value, Codes):
            return value
        low, high = self._bounds(self._clamps[name])
        if low == 0 and high is None and value.scale.zero_point == LOW:
            return value  # saturation is the clamp
        ends = [None if end is None else float(np.rint(end / value.scale.scale)) for end in (low, high)]
        return Codes(value.values.clamp(*ends), value.scale)

    def _bounds(self, node: onnx.NodeProto) -> tuple[float | None, float | None]:
        if node.op_type == "Relu":
            return 0.0, None
        held = [self._constants.get(name) for name in (*node.input[1:3], "", "")[:2]]
        low, high = (None if end is None else float(end) for end in held)
        return low, high

    def trained(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """Return a copy of the model with this module's weights and biases."""
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        for tensor in copy.graph.initializer:
            if tensor.name in self._numbers:
                values = self.weights[self._numbers[tensor.name]].detach().numpy()
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
        if node.op_type in KEEPS_SCALE and codes:
            target = target or codes[0].scale
        if target is None or len(codes) < len(operands):
            return self._in_float(node, told, [real(operand) for operand in operands])
        if node.op_type == "Conv":
            return int8_conv(codes[0], self._of(node), told, target, per_channel=self._per_channel)
        if node.op_type in REQUANTISING and len(codes) == len([name for name in node.input if name]):
            return REQUANTISING[node.op_type](codes, told, target)
        return quantised(self._in_float(node, told, [operand.real() for operand in codes]), target)

    def _move(self, node: onnx.NodeProto, told: Attributes, count: int) -> Callable[[Tensor], Tensor] | None:
        """Return what an operator does that only moves numbers, in a stack of ``count`` windows."""
        match node.op_type:
            case "Reshape":
                first, *others = self._constants[node.input[1]].tolist()
                return lambda values: values.reshape(count * first, *others)
            case "Transpose":
                return lambda values: values.permute(told["perm"])
            case "MaxPool":
                return lambda values: maximum(values, told)
            case "Identity":
                return lambda values: values
        return None

    def _in_float(self, node: onnx.NodeProto, told: Attributes, operands: list[Tensor]) -> Tensor:
        if node.op_type == "Conv":
            return convolved(operands[0], *self._of(node), told)
        if node.op_type == "AveragePool":
            return averaged(operands[0], told)
        if node.op_type == "Clip":
            return operands[0].clamp(*self._bounds(node))
        if node.op_type not in IN_FLOAT:
            raise SpecError(f"--qat does not train through {node.op_type} {node.name}; quantise without it")
        given = iter(operands)  # in the node's order: a constant may come first
        held = [self._constants.get(name) for name in node.input]
        return IN_FLOAT[node.op_type](*(next(given) if one is None else one for one in held))

    def _of(self, node: onnx.NodeProto) -> tuple[Tensor, Tensor]:
        one, other = (self._numbers[name] for name in node.input[1:3])
        return self.weights[one], self.weights[other]


def _attributes(node: onnx.NodeProto) -> Attributes:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
