"""The QDQ file: what is quantised, with which scale, node by node; nothing is left to a library's choice.

Scheme: weights S8 symmetric, activations S8 asymmetric a tensor, biases S32 at s_x s_w, no optimiser before it (the
guide's ``optimize_model=False``). The layout (order, names, encodings) is that of ONNX Runtime's writer, with which
the first files were made; tensors keep the network's names, and what is added takes only names that are free.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pulse8.convert.quantize.families import merged_into, quantised_tensors
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.scales import HIGH, LOW, Scales, every_scale
from pulse8.convert.quantize.tail import float_tail
from pulse8.convert.quantize.weights import Packed, packed
from pulse8.spec import METADATA_KEY, ModelSpec

WEIGHTED: Final = {"Conv": 0, "ConvTranspose": 1}
"""Operators with weights, and the axis of their output channels."""
NUMBERED: Final = {"Add", "Sub", "Mul", "Div"}
MOST_CODE: Final = 127


def write_int8(
    model: onnx.ModelProto, scales: Scales, options: QuantizeOptions, spec: ModelSpec | None
) -> onnx.ModelProto:
    """Quantise a static FP32 model with the scales of its tensors; the model stays as it is.

    Raises
    ------
    QuantizationError
        A tensor has no scale, or a layer's weights none that holds them.
    """
    return _Writer(model, scales, options).written(spec)


class _Writer:
    """Nodes and constants as they come; a name is given once."""

    def __init__(self, model: onnx.ModelProto, scales: Scales, options: QuantizeOptions) -> None:
        self._graph, self._opset = model.graph, model.opset_import
        self._version = model.ir_version
        self._options = options
        self._scales, self._roots = every_scale(model, scales), quantised_tensors(model)
        self._swallowed, self._tail = merged_into(model), float_tail(model)
        self._origins = {
            self._swallowed.get(node.output[0], node.output[0]): node
            for node in model.graph.node
            if node.op_type == "Conv"
        }
        self._held = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self._taken = {*self._held, *(name for node in model.graph.node for name in node.output)}
        self._taken |= {end.name for end in model.graph.input}
        self._names: dict[tuple[str, str], str] = {}
        self._constants: dict[str, onnx.TensorProto] = {}
        self._biases: list[onnx.TensorProto] = []
        self._starts: list[tuple[str, onnx.NodeProto]] = []
        self._body: list[onnx.NodeProto] = []
        self._rename: dict[str, str] = {}

    def written(self, spec: ModelSpec | None) -> onnx.ModelProto:
        body = [made for node in self._graph.node for made in self._node(node)]
        inputs = [made for end in self._graph.input for made in self._input(end.name)]
        starts = [node for _, node in sorted(self._starts, key=lambda pair: pair[0])]
        ends = [self._end(end) for end in self._graph.output]
        read = self._read([*body, *starts]) - {name for node in starts for name in node.output}
        tensors = [tensor for tensor in self._graph.initializer if tensor.name in read]
        constants = {tensor.name: tensor for tensor in (*tensors, *self._constants.values(), *self._biases)}
        graph = helper.make_graph(
            [*starts, *inputs, *body], self._graph.name, list(self._graph.input), ends, list(constants.values())
        )
        model = helper.make_model(graph, opset_imports=self._opset, ir_version=self._version, producer_name="pulse8")
        model.producer_version = ""
        if spec is not None:
            helper.set_model_props(model, {METADATA_KEY: spec.to_json()})
        return model

    @staticmethod
    def _read(nodes: list[onnx.NodeProto]) -> set[str]:
        return {name for node in nodes for name in node.input}

    def _end(self, end: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
        made = onnx.ValueInfoProto()
        made.CopyFrom(end)
        made.name = self._dequantised(end.name) if end.name in self._scales else end.name
        return made

    def _input(self, name: str) -> Iterator[onnx.NodeProto]:
        """Quantise an input among the starts, and dequantise it once they have been made."""
        pair = list(self._pair(name, name))
        self._starts.append((f"{name}_QuantizeLinear", pair[0]))
        yield pair[1]

    def _node(self, node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
        made = onnx.NodeProto()
        made.CopyFrom(node)
        for name in (*node.input, *node.output):
            if name in self._scales:
                self._points(name)
        if node.op_type in WEIGHTED:
            self._weigh(node, made)
        elif node.op_type in NUMBERED:
            for place, name in enumerate(node.input):
                if name in self._held and not set(node.output) & self._tail:
                    made.input[place] = self._number(name)
        for place, name in enumerate(made.input):
            made.input[place] = self._dequantised(name) if name in self._scales else name
        yield from self._clamped(node, made)

    def _clamped(self, node: onnx.NodeProto, made: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
        """Leave a clamp out where the lowest code is 0 already, and quantise what the node makes."""
        swallowed = self._swallowed.get(node.output[0])
        if swallowed is not None and self._is_free(swallowed):
            made.output[0] = swallowed
            self._rename[swallowed] = swallowed
        if node.op_type == "Relu" and node.output[0] in self._rename:
            yield from self._pair(node.output[0], node.output[0])
            return
        yield made
        for name in node.output:
            if name in self._scales:
                yield from self._pair(name, name)

    def _is_free(self, clamp: str) -> bool:
        """Whether a clamp's result holds nothing below 0 in its codes, so that saturation is the clamp."""
        node = next(node for node in self._graph.node if clamp in node.output)
        return node.op_type == "Relu" and self._scales[clamp].zero_point == LOW

    def _pair(self, source: str, name: str) -> Iterator[onnx.NodeProto]:
        points = self._points(name)
        codes = self._name(name, "q")
        yield _nameless("QuantizeLinear", [source, *points], codes)
        yield _nameless("DequantizeLinear", [codes, *points], self._dequantised(name))

    def _points(self, name: str) -> list[str]:
        """Return a tensor's scale and zero point as constants; those of a moved tensor are its source's."""
        scale = self._scales[name]
        zero_point = self._zero(np.array(scale.zero_point, np.int8))
        held = self._name(self._roots[name], "s")
        self._constants[held] = helper.make_tensor(held, TensorProto.FLOAT, [], [np.float32(scale.scale)])
        return [held, zero_point]

    def _zero(self, values: NDArray[Any]) -> str:
        """Name a zero point by what it holds, so that one constant serves all that are equal: ``z-128_int8``."""
        told = "_".join(str(value) for value in np.unique(values))
        name = f"z{told}{f'x{values.size}' if values.ndim else ''}_{values.dtype}"
        if name in self._taken:
            name = self._name(name, "point")
        kind = helper.np_dtype_to_tensor_dtype(values.dtype)
        if values.ndim and values.dtype == np.int32:
            self._constants.setdefault(name, numpy_helper.from_array(values, name))
        else:
            dims, flat = list(values.shape), values.ravel().tolist()
            self._constants.setdefault(name, helper.make_tensor(name, kind, dims, flat))
        return name

    def _weigh(self, node: onnx.NodeProto, made: onnx.NodeProto) -> None:
        """Quantise weights and bias; a layer that shares either with another has its own."""
        axis = WEIGHTED[node.op_type]
        weight, bias = (np.asarray(self._held[name], np.float32) for name in node.input[1:3])
        groups = next((one.i for one in node.attribute if one.name == "group"), 1)
        per_channel = self._options.per_channel and (node.op_type == "Conv" or groups == 1)
        bias = bias - self._constant_errors(node, weight)
        found = packed(weight, bias, self._scales[node.input[0]].scale, axis, per_channel=per_channel)
        made.input[1] = self._weights(node, found, axis, per_channel=per_channel)
        made.input[2] = self._bias(node, found)

    def _constant_errors(self, node: onnx.NodeProto, weight: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what a layer makes of the rounding of constant channels: a pruned channel is its bias everywhere.

        Rounding is no noise there but an offset, so the layer that reads it takes it off its own bias.
        """
        none = np.zeros(1, np.float32)
        before = self._origins.get(node.input[0])
        if before is None or node.op_type != "Conv" or len(weight[0]) != len(self._held[before.input[1]]):
            return none
        dead = ~self._held[before.input[1]].reshape(weight.shape[1], -1).any(axis=1)
        if not dead.any():
            return none
        value, scale = self._held[before.input[2]][dead].astype(np.float64), self._scales[node.input[0]]
        value = np.clip(value, *self._limits(node.input[0]))
        codes = np.clip(np.rint(value / scale.scale) + scale.zero_point, LOW, HIGH)
        errors = (codes - scale.zero_point) * scale.scale - value
        return np.asarray(weight[:, dead].sum(axis=(2, 3)) @ errors, np.float32)

    def _limits(self, name: str) -> tuple[float, float]:
        """Return the ends of the clamp that makes a tensor."""
        node = next(node for node in self._graph.node if name in node.output)
        if node.op_type == "Relu":
            return 0.0, np.inf
        held = [self._held.get(end) for end in (*node.input[1:3], "", "")[:2]] if node.op_type == "Clip" else [None] * 2
        return (-np.inf if held[0] is None else float(held[0])), (np.inf if held[1] is None else float(held[1]))

    def _weights(self, node: onnx.NodeProto, found: Packed, axis: int, *, per_channel: bool) -> str:
        name = self._own(node, node.input[1])
        scale = found.weight_scale if per_channel else found.weight_scale.reshape(())
        names = [self._name(name, ending) for ending in ("q", "s")]
        zero_point = self._zero(np.zeros(scale.shape, np.int8))
        self._constants[names[1]] = helper.make_tensor(
            names[1], TensorProto.FLOAT, list(scale.shape), scale.ravel().tolist()
        )
        self._constants[names[0]] = numpy_helper.from_array(found.weights, names[0])
        return self._start(
            name, [names[0], names[1], zero_point], self._name(name, "dq"), axis if per_channel else None
        )

    def _bias(self, node: onnx.NodeProto, found: Packed) -> str:
        name = self._own(node, node.input[2])
        codes, scale = (self._name(name, ending) for ending in ("q", "s"))
        self._biases.append(numpy_helper.from_array(found.bias, codes))
        self._biases.append(numpy_helper.from_array(found.bias_scale, scale))
        single = found.bias_scale.size == 1
        zero_point = self._zero(np.zeros(() if single else found.bias_scale.shape, np.int32))
        self._biases.append(self._constants.pop(zero_point))
        result = name if (name, "q") in self._names and name in self._held else self._name(name, "dq")
        return self._start(name, [codes, scale, zero_point], result, None if single else 0)

    def _own(self, node: onnx.NodeProto, name: str) -> str:
        """Return a name for a layer's own copy of a constant: the constant's, for the first that reads it."""
        if (name, "q") not in self._names:
            return name
        return self._name(f"{node.output[0]}_{name}", "own")

    def _start(self, name: str, inputs: list[str], result: str, axis: int | None) -> str:
        told = {} if axis is None else {"axis": axis}
        self._starts.append((f"{name}_DequantizeLinear", _nameless("DequantizeLinear", inputs, result, **told)))
        return result

    def _number(self, name: str) -> str:
        """Quantise a constant of one number: its magnitude is 127 steps."""
        if (name, "dq") in self._names:
            return self._names[name, "dq"]
        value = float(self._held[name].item())
        codes, scale = (self._name(name, ending) for ending in ("q", "s"))
        step = abs(value) / MOST_CODE or 1.0
        self._constants[codes] = helper.make_tensor(codes, TensorProto.INT8, [], [int(np.sign(value)) * MOST_CODE])
        self._constants[scale] = helper.make_tensor(scale, TensorProto.FLOAT, [], [np.float32(step)])
        zero_point = self._zero(np.zeros((), np.int8))
        return self._start(name, [codes, scale, zero_point], self._name(name, "dq"), None)

    def _dequantised(self, name: str) -> str:
        return self._name(name, "dq")

    def _name(self, name: str, ending: str) -> str:
        """Return a tensor's companion, always the same one, with a name that nothing else has."""
        if (name, ending) not in self._names:
            found, number = f"{name}_{ending}", 1
            while found in self._taken:
                number += 1
                found = f"{name}_{ending}{number}"
            self._taken.add(found)
            self._names[name, ending] = found
        return self._names[name, ending]


def _nameless(operator: str, inputs: list[str], output: str, **told: int) -> onnx.NodeProto:
    node = helper.make_node(operator, inputs, [output], **told)
    node.name = ""
    return node


def constants_of(model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """Return the file's initialisers by name."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def quantised_names(model: onnx.ModelProto) -> dict[str, str]:
    """Return what each float tensor's codes are called in an INT8 file."""
    return {node.input[0]: node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"}
