"""Reads a QDQ ONNX file as an :class:`IntegerProgram`; unknown content is refused by name.

Every QuantizeLinear ends one step: the node before it, on operands that DequantizeLinear gave. A Relu or a Clip between
the two is a clamp. Nodes after the last DequantizeLinear are the float tail. Files of other quantisers are read too:
uint8 activations become int8 (the same codes, 128 lower), and the QOperator format is written as QDQ first.
"""

import logging
from dataclasses import replace
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.measure.infer.onnx_parts import array, attributes, floats, static_shape, titled
from pulse8.measure.infer.program import FloatStep, IntegerProgram, Step, Tensor
from pulse8.measure.infer.qdq_steps.builders import BUILDERS, FOLDABLE
from pulse8.measure.infer.qdq_steps.site import Constant, Refusal, Site
from pulse8.measure.infer.qdq_steps.tables import bounds_of, requantised
from pulse8.measure.infer.qoperator import as_qdq

QUANTISE: Final = "QuantizeLinear"
DEQUANTISE: Final = "DequantizeLinear"
FIX: Final = "make it with `pulse8 quantize`"
MAX_ELEMENTS: Final = 1 << 26
STANDARD_DOMAIN: Final = ("", "ai.onnx")
SIGN: Final = 128
"""What an unsigned code is above the signed one of the same value."""
TAIL: Final = ("Sigmoid", "Mul", "Add", "Softmax", "LogSoftmax")

log = logging.getLogger("pulse8.infer")


def read_program(model: onnx.ModelProto, name: str) -> IntegerProgram:
    """Read a QDQ model with float inputs and outputs.

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
        found, notes = as_qdq(model)
        reader = _Reader(found)
        program = reader.program()
    except Refusal as refusal:
        raise InputError(f"{name}: {refusal}; {FIX}") from refusal
    for note in dict.fromkeys((*notes, *reader.notes)):
        log.info("%s: %s", name, note)
    return program


class _Reader:
    """The tensors known so far, in file order."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        self._metadata = {entry.key: entry.value for entry in model.metadata_props}
        self._constants = {tensor.name: array(tensor) for tensor in self._graph.initializer}
        for node in self._graph.node:
            if node.op_type == "Constant" and node.attribute[0].HasField("t"):
                self._constants[node.output[0]] = array(node.attribute[0].t)
        self._makers = {output: node for node in self._graph.node for output in node.output}
        self._tensors: dict[str, Tensor] = {}
        self._dequantised: dict[str, Tensor] = {}
        self._weights: dict[str, Constant] = {}
        self._read: set[str] = set()
        self._inputs: dict[str, Tensor] = {}
        self._unsigned: set[str] = set()
        self._steps: list[Step] = []
        self.notes: list[str] = []

    def program(self) -> IntegerProgram:
        inputs = floats([end for end in self._graph.input if end.name not in self._constants], "input")
        results = [end.name for end in floats(list(self._graph.output), "output")]
        self._sources = {end.name: end for end in inputs}
        if twice := [name for name in results if results.count(name) > 1]:
            raise Refusal(f"its output {twice[0]} is named twice")
        if not any(node.op_type == QUANTISE for node in self._graph.node):
            raise Refusal("a float model, without a QuantizeLinear")
        for node in self._graph.node:
            if node.domain not in STANDARD_DOMAIN:
                raise Refusal(f"{titled(node)} is of the domain {node.domain}; only standard operators are known")
            if node.op_type == DEQUANTISE:
                self._dequantise(node)
            elif node.op_type == QUANTISE:
                self._quantise(node)
        ends = [self._tail(result) for result in results]
        self._refuse_rest()
        if missing := [name for name in self._sources if name not in self._inputs]:
            raise Refusal(f"its input {missing[0]} is not quantised first")
        return IntegerProgram(
            inputs=tuple(self._inputs[name] for name in self._sources),
            steps=tuple(self._steps),
            outputs=tuple(tensor for tensor, _ in ends),
            tails=tuple(tail for _, tail in ends),
            metadata=self._metadata,
            input_names=tuple(self._sources),
            output_names=tuple(results),
        )

    def _dequantise(self, node: onnx.NodeProto) -> None:
        source, result = node.input[0], node.output[0]
        scale, zero_point = self._scale(node), self._zero_point(node)
        if source in self._constants:
            axis = int(attributes(node).get("axis", 1))
            self._weights[result] = self._signed(Constant(self._constants[source], scale, zero_point, axis))
        elif source in self._tensors:
            one, other = self._single(node, scale, zero_point)
            self._dequantised[result] = replace(self._tensors[source], scale=one, zero_point=other)
        else:
            raise Refusal(self._unknown(node, source))

    def _signed(self, held: Constant) -> Constant:
        """Turn unsigned codes into signed ones of the same values."""
        if held.values.dtype != np.uint8 or held.zero_point.dtype != np.uint8:
            return held
        self.notes.append("uint8 weights are read as int8")
        codes, zero_point = ((each.astype(np.int16) - SIGN).astype(np.int8) for each in (held.values, held.zero_point))
        return replace(held, values=codes, zero_point=zero_point)

    def _quantise(self, node: onnx.NodeProto) -> None:
        source, result = node.input[0], node.output[0]
        if source in self._constants:
            self._fold(node)
            return
        scale, zero_point = self._single(node, self._scale(node), self._zero_point(node))
        target = Tensor(result, (), scale, zero_point)
        if source in self._sources:
            self._inputs.setdefault(source, self._keep(replace(target, shape=static_shape(self._sources[source]))))
        elif source in self._dequantised:
            self._add([requantised(self._dequantised[source], target)])
        else:
            self._add(self._built(source, target))

    def _fold(self, node: onnx.NodeProto) -> None:
        """Quantise an initialiser."""
        values, scale, zero_point = self._constants[node.input[0]], self._scale(node), self._zero_point(node)
        if scale.ndim == 1 and scale.size > 1:
            axis = int(attributes(node).get("axis", 1))
            shape = [-1 if other == axis % values.ndim else 1 for other in range(values.ndim)]
            scale, zero_point = scale.reshape(shape), zero_point.reshape(shape)
        ends = np.iinfo(zero_point.dtype)
        with np.errstate(invalid="ignore"):
            codes = np.rint(values / scale) + zero_point
        if not np.isfinite(codes).all():
            raise Refusal(f"initialiser {node.input[0]} is not finite")
        self._constants[node.output[0]] = codes.clip(ends.min, ends.max).astype(zero_point.dtype)

    def _built(self, source: str, target: Tensor) -> list[Step]:
        """Return the steps of the node that makes ``source``, or of the one before it if that is a clamp."""
        if source not in self._makers:
            raise Refusal(f"{target.name} quantises {source}, which is neither a node's output nor an initialiser")
        node = self._makers[source]
        low, high = -128, 127
        before = self._makers.get(node.input[0]) if node.op_type in ("Relu", "Clip") else None
        if before is not None and before.op_type in FOLDABLE:
            self._read.add(node.output[0])
            low, high = self._clamp(node, target)
            node = before
        if node.op_type not in BUILDERS:
            raise Refusal(f"{titled(node)} is not an operator of the integer reference ({', '.join(BUILDERS)})")
        self._read.update(node.output)
        number = list(node.output).index(source) if source in node.output else 0
        site = self._site(node, target)
        return BUILDERS[node.op_type](replace(site, low=low, high=high, number=number))

    def _site(self, node: onnx.NodeProto, target: Tensor) -> Site:
        sources = [self._operand(node, name) if name else None for name in node.input]
        return Site(titled(node), sources, target, -128, attributes(node), node_output=node.output[0])

    def _clamp(self, node: onnx.NodeProto, target: Tensor) -> tuple[int, int]:
        """Return the codes at a Relu's or a Clip's ends."""
        if node.op_type == "Relu":
            return max(-128, target.zero_point), 127
        constants = [self._operand(node, name) if name else None for name in node.input[1:]]
        ends = bounds_of(Site(titled(node), [None, *constants], target, -128, attributes(node), node.output[0]))
        low, high = (np.clip(np.rint(end / np.float64(target.scale)) + target.zero_point, -128, 127) for end in ends)
        return int(low), int(high)

    def _operand(self, node: onnx.NodeProto, name: str) -> Tensor | Constant:
        if name in self._dequantised:
            return self._dequantised[name]
        if name in self._weights:
            return self._weights[name]
        if name in self._constants:
            return Constant(self._constants[name], np.ones((), np.float32), np.zeros((), np.int8), 0)
        if name in self._makers:
            raise Refusal(f"{titled(node)} computes in float: {name} is not dequantised")
        raise Refusal(self._unknown(node, name))

    def _unknown(self, node: onnx.NodeProto, name: str) -> str:
        if name in self._sources:
            return f"its input {name} goes into {titled(node)} before it is quantised"
        return f"{titled(node)} reads {name}, which is neither an earlier output nor an initialiser"

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
            return np.zeros((), np.int8 if attributes(node).get("output_dtype") == onnx.TensorProto.INT8 else np.uint8)
        source = node.input[0]
        if source in self._constants:
            return np.zeros((), self._constants[source].dtype)
        return np.zeros((), np.uint8 if source in self._unsigned else np.int8)

    def _single(self, node: onnx.NodeProto, scale: NDArray[np.float32], zero_point: NDArray[Any]) -> tuple[Any, int]:
        """Return an activation's one scale and its int8 zero point."""
        if scale.size != 1 or zero_point.size != 1:
            raise Refusal(f"{node.input[0]} has {scale.size} scales; an activation has one")
        if zero_point.dtype == np.uint8:
            self._unsigned.update(node.output)
            self.notes.append("uint8 activations are read as int8")
            return np.float32(scale.item()), int(zero_point.item()) - SIGN
        if zero_point.dtype != np.int8:
            raise Refusal(
                f"{node.input[0]} has the zero point {zero_point.item()} of {zero_point.dtype}; int8 is needed"
            )
        return np.float32(scale.item()), int(zero_point.item())

    def _constant(self, node: onnx.NodeProto, name: str) -> NDArray[Any]:
        if name not in self._constants:
            raise Refusal(f"{node.op_type} of {node.input[0]} needs the initialiser {name}, which is missing")
        return self._constants[name]

    def _tail(self, result: str) -> tuple[Tensor, tuple[FloatStep, ...]]:
        """Walk back from an output of the graph to the last dequantised tensor."""
        tail: list[FloatStep] = []
        while result not in self._dequantised:
            node = self._makers.get(result)
            if node is None or node.op_type not in TAIL:
                what = titled(node) if node else result
                raise Refusal(f"{what} ends the file in float; after the last DequantizeLinear only a scalar"
                              " Sigmoid, Mul or Add, or a Softmax, is known")  # fmt: skip
            self._read.add(result)
            constants = [self._constants[name] for name in node.input if name in self._constants]
            inputs = [name for name in node.input if name not in self._constants]
            if len(inputs) != 1 or any(constant.size != 1 for constant in constants):
                raise Refusal(f"{titled(node)} ends the file in float with operands that are not one number")
            axis = attributes(node).get("axis", -1) if node.op_type.endswith("Softmax") else 0
            number = np.float32(constants[0].item() if constants else axis)
            tail.insert(0, FloatStep(operator=node.op_type, constant=number))
            result = inputs[0]
        return self._dequantised[result], tuple(tail)

    def _refuse_rest(self) -> None:
        for node in self._graph.node:
            if node.op_type not in (QUANTISE, DEQUANTISE, "Constant") and node.output[0] not in self._read:
                raise Refusal(
                    f"{titled(node)} computes in float or its output is not used; only quantised steps are known"
                )
