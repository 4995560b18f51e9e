"""Reads a QDQ ONNX file as an :class:`IntegerProgram`; unknown content is refused by name.

Every QuantizeLinear ends one step: the node before it, on operands from DequantizeLinear. A Relu between the two
is a clamp. Nodes after the last DequantizeLinear are the float tail.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from pulse8.errors import InputError
from pulse8.measure.infer.program import FloatStep, IntegerProgram, Step, Tensor
from pulse8.measure.infer.qdq_steps.builders import BUILDERS, FOLDABLE
from pulse8.measure.infer.qdq_steps.site import Constant, Refusal, Site
from pulse8.measure.infer.qdq_steps.tables import requantised

QUANTISE: Final = "QuantizeLinear"
DEQUANTISE: Final = "DequantizeLinear"
FIX: Final = "make it with `pulse8 quantize`"
MAX_ELEMENTS: Final = 1 << 26
STANDARD_DOMAIN: Final = ("", "ai.onnx")


def read_program(model: onnx.ModelProto, name: str) -> IntegerProgram:
    """Read a QDQ model with one float input and one float output.

    Parameters
    ----------
    model
        The loaded model; it need not be checked.
    name
        Its name for messages.

    Raises
    ------
    InputError
        It is a float model, or holds an unknown operator or attribute, or an invalid scale, zero point, shape or axis.
    """
    try:
        return _Reader(model).program()
    except Refusal as refusal:
        raise InputError(f"{name}: {refusal}; {FIX}") from refusal


class _Reader:
    """The tensors known so far, in file order."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        self._metadata = {entry.key: entry.value for entry in model.metadata_props}
        self._constants = {tensor.name: _array(tensor) for tensor in self._graph.initializer}
        for node in self._graph.node:
            if node.op_type == "Constant" and node.attribute[0].HasField("t"):
                self._constants[node.output[0]] = _array(node.attribute[0].t)
        self._makers = {output: node for node in self._graph.node for output in node.output}
        self._tensors: dict[str, Tensor] = {}
        self._dequantised: dict[str, Tensor] = {}
        self._weights: dict[str, Constant] = {}
        self._read: set[str] = set()
        self._input: Tensor | None = None
        self._steps: list[Step] = []

    def program(self) -> IntegerProgram:
        self._source = _only([end for end in self._graph.input if end.name not in self._constants], "input")
        result = _only(list(self._graph.output), "output").name
        if not any(node.op_type == QUANTISE for node in self._graph.node):
            raise Refusal("a float model, without a QuantizeLinear")
        for node in self._graph.node:
            if node.domain not in STANDARD_DOMAIN:
                raise Refusal(f"{_titled(node)} is of the domain {node.domain}; only standard operators are known")
            if node.op_type == DEQUANTISE:
                self._dequantise(node)
            elif node.op_type == QUANTISE:
                self._quantise(node)
        output, tail = self._tail(result)
        self._refuse_rest()
        if self._input is None:
            raise Refusal(f"its input {self._source.name} is not quantised first")
        return IntegerProgram(
            input=self._input, steps=tuple(self._steps), output=output, tail=tail, metadata=self._metadata
        )

    def _dequantise(self, node: onnx.NodeProto) -> None:
        source, result = node.input[0], node.output[0]
        scale, zero_point = self._scale(node), self._zero_point(node)
        if source in self._constants:
            axis = int(_attributes(node).get("axis", 1))
            self._weights[result] = Constant(self._constants[source], scale, zero_point, axis)
        elif source in self._tensors:
            one, other = _single(node, scale, zero_point)
            self._dequantised[result] = replace(self._tensors[source], scale=one, zero_point=other)
        else:
            raise Refusal(self._unknown(node, source))

    def _quantise(self, node: onnx.NodeProto) -> None:
        source, result = node.input[0], node.output[0]
        scale, zero_point = _single(node, self._scale(node), self._zero_point(node))
        target = Tensor(result, (), scale, zero_point)
        if source == self._source.name:
            self._input = self._keep(replace(target, shape=_static_shape(self._source)))
        elif source in self._dequantised:
            self._add([requantised(self._dequantised[source], target)])
        else:
            self._add(self._built(source, target))

    def _built(self, source: str, target: Tensor) -> list[Step]:
        """Return the steps of the node that makes ``source``, or of the one before it if that is a Relu."""
        if source not in self._makers:
            raise Refusal(f"{target.name} quantises {source}, which is neither a node's output nor an initialiser")
        node = self._makers[source]
        low = -128
        before = self._makers.get(node.input[0]) if node.op_type == "Relu" else None
        if before is not None and before.op_type in FOLDABLE:
            self._read.add(node.output[0])
            node, low = before, max(-128, target.zero_point)
        if node.op_type not in BUILDERS:
            raise Refusal(f"{_titled(node)} is not an operator of the integer reference ({', '.join(BUILDERS)})")
        self._read.add(node.output[0])
        sources = [self._operand(node, name) for name in node.input if name]
        site = Site(_titled(node), sources, target, low, _attributes(node), node_output=node.output[0])
        return BUILDERS[node.op_type](site)

    def _operand(self, node: onnx.NodeProto, name: str) -> Tensor | Constant:
        if name in self._dequantised:
            return self._dequantised[name]
        if name in self._weights:
            return self._weights[name]
        if name in self._constants:
            return Constant(self._constants[name], np.ones((), np.float32), np.zeros((), np.int8), 0)
        if name in self._makers:
            raise Refusal(f"{_titled(node)} computes in float: {name} is not dequantised")
        raise Refusal(self._unknown(node, name))

    def _unknown(self, node: onnx.NodeProto, name: str) -> str:
        if name == self._source.name:
            return f"its input {name} goes into {_titled(node)} before it is quantised"
        return f"{_titled(node)} reads {name}, which is neither an earlier output nor an initialiser"

    def _add(self, steps: list[Step]) -> None:
        for step in steps:
            self._keep(step.output)
        self._steps += steps

    def _keep(self, tensor: Tensor) -> Tensor:
        if not 0 < np.prod(tensor.shape, dtype=np.float64) <= MAX_ELEMENTS:
            raise Refusal(f"{tensor.name} has the shape {list(tensor.shape)}; at most {MAX_ELEMENTS} elements are read")
        if tensor.name in self._tensors:
            raise Refusal(f"{tensor.name} is defined twice")
        self._tensors[tensor.name] = tensor
        return tensor

    def _scale(self, node: onnx.NodeProto) -> NDArray[np.float32]:
        scale = self._constant(node, node.input[1])
        if scale.dtype != np.float32 or not (np.isfinite(scale).all() and (scale > 0).all()):
            raise Refusal(f"{node.input[1]}, a scale of {node.input[0]}, is not float32, finite and above 0")
        return scale

    def _zero_point(self, node: onnx.NodeProto) -> NDArray[Any]:
        if len(node.input) > 2 and node.input[2]:
            return self._constant(node, node.input[2])
        if node.op_type == QUANTISE:
            raise Refusal(f"{node.output[0]} has no zero point and is uint8; int8 is needed")
        return np.zeros((), self._constants[node.input[0]].dtype if node.input[0] in self._constants else np.int8)

    def _constant(self, node: onnx.NodeProto, name: str) -> NDArray[Any]:
        if name not in self._constants:
            raise Refusal(f"{node.op_type} of {node.input[0]} needs the initialiser {name}, which is missing")
        return self._constants[name]

    def _tail(self, result: str) -> tuple[Tensor, tuple[FloatStep, ...]]:
        """Walk back from the graph's output to the last dequantised tensor."""
        tail: list[FloatStep] = []
        while result not in self._dequantised:
            node = self._makers.get(result)
            if node is None or node.op_type not in ("Sigmoid", "Mul", "Add"):
                what = _titled(node) if node else result
                raise Refusal(f"{what} ends the file in float; after the last DequantizeLinear only a scalar"
                              " Sigmoid, Mul or Add is known")  # fmt: skip
            self._read.add(result)
            constants = [self._constants[name] for name in node.input if name in self._constants]
            inputs = [name for name in node.input if name not in self._constants]
            if len(inputs) != 1 or any(constant.size != 1 for constant in constants):
                raise Refusal(f"{_titled(node)} ends the file in float with operands that are not one number")
            number = np.float32(constants[0].item() if constants else 0)
            tail.insert(0, FloatStep(operator=node.op_type, constant=number))
            result = inputs[0]
        return self._dequantised[result], tuple(tail)

    def _refuse_rest(self) -> None:
        for node in self._graph.node:
            if node.op_type not in (QUANTISE, DEQUANTISE, "Constant") and node.output[0] not in self._read:
                raise Refusal(
                    f"{_titled(node)} computes in float or its output is not used; only quantised steps are known"
                )


def _array(tensor: onnx.TensorProto) -> NDArray[Any]:
    """Return an initialiser, whose data must match its stated type and shape."""
    try:
        array: NDArray[Any] = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise Refusal(
            f"initialiser {tensor.name} states the shape {list(tensor.dims)}, but its data do not fit"
        ) from error
    return array


def _only(ends: list[onnx.ValueInfoProto], what: str) -> onnx.ValueInfoProto:
    if len(ends) != 1 or ends[0].type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        raise Refusal(f"it has {len(ends)} {what}s or one that is not float32; the reference takes one float32 {what}")
    return ends[0]


def _static_shape(end: onnx.ValueInfoProto) -> tuple[int, ...]:
    dims = end.type.tensor_type.shape.dim
    if not dims or any(dim.dim_value <= 0 for dim in dims):
        raise Refusal(f"its input {end.name} has a dynamic or empty axis")
    return tuple(int(dim.dim_value) for dim in dims)


def _single(node: onnx.NodeProto, scale: NDArray[np.float32], zero_point: NDArray[Any]) -> tuple[np.float32, int]:
    """Return an activation's one scale and its int8 zero point."""
    if scale.size != 1 or zero_point.size != 1:
        raise Refusal(f"{node.input[0]} has {scale.size} scales; an activation has one")
    if zero_point.dtype != np.int8:
        raise Refusal(f"{node.input[0]} has the zero point {zero_point.item()} of {zero_point.dtype}; int8 is needed")
    return np.float32(scale.item()), int(zero_point.item())


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _titled(node: onnx.NodeProto) -> str:
    return f"{node.op_type} {node.name or node.output[0]}"
