"""The parts of an INT8 file that round, and FP32 graphs in which only some of them round.

A part is one convolution's weights and bias, or one activation: the input or the output of a node that computes.
The FP32 graph with every part rounded computes the same as the INT8 file, except for float32 sums.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from pulse8.convert.quantize.families import KEEPS_SCALE, merged_into
from pulse8.convert.quantize.qdq_writer import WEIGHTED, constants_of
from pulse8.errors import InputError

MOVES_CODES: Final = KEEPS_SCALE - {"AveragePool", "GlobalAveragePool"}
"""These round nothing: their output's codes are their input's."""

Array = NDArray[Any]
Kind = Literal["input", "weights", "activation"]


@dataclass(frozen=True, eq=False)
class StoredConstant:
    """Integers as a QDQ file has them: ``real = scale * (codes - zero_point)``, scales along one axis."""

    codes: Array
    scale: Array
    zero_point: Array
    axis: int = 0

    def real(self) -> NDArray[np.float32]:
        """Return the dequantised values."""
        many = self.scale.size > 1
        shape = [-1 if axis == self.axis else 1 for axis in range(self.codes.ndim)] if many else ()
        scale, zero_point = (
            self.scale.reshape(shape),
            self.zero_point.reshape(shape if self.zero_point.size > 1 else ()),
        )
        return np.asarray((self.codes.astype(np.float32) - zero_point.astype(np.float32)) * scale, np.float32)

    def channels_first(self) -> "StoredConstant":
        """Return the same with output channels along the first axis."""
        return StoredConstant(np.moveaxis(self.codes, self.axis, 0), self.scale, self.zero_point)


@dataclass(frozen=True, eq=False)
class RoundedPart:
    """One part: an activation's scale and zero point, when quantised and when dequantised, or weights and bias.

    ``name`` is the activation's tensor, or the convolution's node.
    """

    name: str
    kind: Kind
    quantize: tuple[Array, Array] | None = None
    dequantize: tuple[Array, Array] | None = None
    weight: StoredConstant | None = None
    bias: StoredConstant | None = None

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest value that the activation can represent."""
        scale, zero_point = (np.float64(point) for point in self.quantize or (0, 0))
        return float(scale * (-128 - zero_point)), float(scale * (127 - zero_point))


def parts_of(int8: onnx.ModelProto, fp32: onnx.ModelProto, path: Path) -> tuple[RoundedPart, ...]:
    """Return the parts of an INT8 file that round, in the FP32 static graph's order.

    Raises
    ------
    InputError
        A layer or tensor of the FP32 graph is not in the file: another tool wrote it, or it is another model. Or a
        scale is not a positive number.
    """
    constants = constants_of(int8)
    scales = {node.input[1] for node in int8.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")}
    for name in sorted(scales & set(constants)):
        if not (np.isfinite(constants[name]).all() and (constants[name] > 0).all()):
            raise InputError(f"{path}: scale {name} is not above 0, or not finite; quantise the model again")
    try:
        return tuple(_parts(int8, fp32))
    except (KeyError, StopIteration, IndexError) as error:
        raise InputError(
            f"{path} was not written by pulse8 from this FP32 file: it has no {error}; quantise it"
        ) from error


def _parts(int8: onnx.ModelProto, fp32: onnx.ModelProto) -> Iterator[RoundedPart]:
    constants = constants_of(int8)
    quantizers = {node.input[0]: node for node in int8.graph.node if node.op_type == "QuantizeLinear"}
    by_source = {node.input[0]: node for node in int8.graph.node if node.op_type == "DequantizeLinear"}
    by_output = {node.output[0]: node for node in int8.graph.node if node.op_type == "DequantizeLinear"}
    convs = {node.name: node for node in int8.graph.node if node.op_type in WEIGHTED}

    def activation(name: str, kind: Kind) -> RoundedPart:
        node = quantizers[name]
        back = by_source[node.output[0]]
        points = [(constants[one.input[1]], constants[one.input[2]]) for one in (node, back)]
        return RoundedPart(name, kind, quantize=points[0], dequantize=points[1])

    def stored(name: str, axis: int) -> StoredConstant:
        return StoredConstant(*(constants[operand] for operand in by_output[name].input), axis)

    for end in fp32.graph.input:
        yield activation(end.name, "input")
    merged = merged_into(fp32)
    for node in fp32.graph.node:
        if node.op_type in WEIGHTED:
            _, weight, bias = convs[node.name].input
            kept = stored(weight, WEIGHTED[node.op_type]), stored(bias, 0)
            yield RoundedPart(node.name, "weights", weight=kept[0], bias=kept[1])
        for name in node.output:
            if node.op_type not in MOVES_CODES and name not in merged and name in quantizers:
                yield activation(name, "activation")


def rounding(fp32: onnx.ModelProto, parts: Collection[RoundedPart], outputs: Collection[str] = ()) -> onnx.ModelProto:
    """Return the FP32 graph with the given parts rounded as the INT8 file rounds them.

    ``outputs`` are further tensors to return, each dequantised where it is one of the parts.
    """
    model = onnx.ModelProto()
    model.CopyFrom(fp32)
    activations = {part.name: part for part in parts if part.kind != "weights"}
    replaced = dict(_replaced(model, parts))
    for tensor in model.graph.initializer:
        if tensor.name in replaced:
            tensor.CopyFrom(numpy_helper.from_array(replaced[tensor.name], tensor.name))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    for end in model.graph.input:
        if end.name in activations:
            model.graph.node.extend(_qdq(model, activations[end.name]))
    for node in nodes:
        node.input[:] = [f"{name}_dq" if name in activations else name for name in node.input]
        model.graph.node.append(node)
        for name in node.output:
            if name in activations:
                model.graph.node.extend(_qdq(model, activations[name]))
    _return(model, outputs, set(activations))
    return model


def _replaced(model: onnx.ModelProto, parts: Collection[RoundedPart]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    convs = {node.name: node for node in model.graph.node if node.op_type in WEIGHTED}
    for part in parts:
        if part.weight is not None and part.bias is not None:
            _, weight, bias = convs[part.name].input
            yield weight, part.weight.real()
            yield bias, part.bias.real()


def _qdq(model: onnx.ModelProto, part: RoundedPart) -> Iterator[onnx.NodeProto]:
    """Add a part's constants and yield its two nodes."""
    name = part.name
    for kind, points in (("q", part.quantize), ("dq", part.dequantize)):
        for what, value in zip("sz", points or (), strict=True):
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), f"{name}_{kind}_{what}"))
    yield helper.make_node("QuantizeLinear", [name, f"{name}_q_s", f"{name}_q_z"], [f"{name}_q"])
    yield helper.make_node("DequantizeLinear", [f"{name}_q", f"{name}_dq_s", f"{name}_dq_z"], [f"{name}_dq"])


def _return(model: onnx.ModelProto, outputs: Collection[str], rounded: Collection[str]) -> None:
    """Return the graph's first output and the further ones, dequantised where they are rounded."""
    del model.graph.output[1:]
    own = model.graph.output[0]
    own.name = f"{own.name}_dq" if own.name in rounded else own.name
    for name in outputs:
        shown = f"{name}_dq" if name in rounded else name
        if shown != own.name:
            model.graph.output.append(helper.make_tensor_value_info(shown, onnx.TensorProto.FLOAT, None))
