"""A static FP32 model computed in float64, so that the ranges of its tensors are the same on every processor.

A float32 sum depends on the order and width in which a processor adds, in its last places, and a scale's last place
with it. In float64 that noise is a billion times below the step to which scales are rounded (decision 0101).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import product
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from pulse8.errors import InputError
from pulse8.measure.infer.kernels import parts_of

Values = NDArray[np.float64]
Attributes = Mapping[str, Any]
Compute = Callable[[Sequence[Any], Attributes], Any]
Read = Callable[[NDArray[np.float32]], list[Values]]


def tensor_reader(model: onnx.ModelProto, names: Sequence[str]) -> Read:
    """Return what runs a model on a sample, which has no batch axis, and returns the named tensors.

    Raises
    ------
    InputError
        An operator is none that a static form has.
    """
    constants = {tensor.name: _constant(tensor) for tensor in model.graph.initializer}
    steps = [(node, _operator(node), _attributes(node)) for node in model.graph.node]
    source, wanted = model.graph.input[0].name, set(names)
    last_use = {name: number for number, node in enumerate(model.graph.node) for name in node.input}

    def read(sample: NDArray[np.float32]) -> list[Values]:
        tensors: dict[str, Any] = {**constants, source: sample[None].astype(np.float64)}
        for number, (node, compute, attributes) in enumerate(steps):
            tensors[node.output[0]] = compute([tensors[name] for name in node.input], attributes)
            for name in {*node.input} - wanted:
                if last_use[name] == number:
                    del tensors[name]
        return [tensors[name] for name in names]

    return read


def _constant(tensor: onnx.TensorProto) -> NDArray[Any]:
    array = numpy_helper.to_array(tensor)
    return array.astype(np.float64) if array.dtype == np.float32 else array


def _operator(node: onnx.NodeProto) -> Compute:
    if node.op_type not in OPERATORS:
        raise InputError(f"{node.op_type} {node.name}: ranges are taken of {', '.join(OPERATORS)} alone")
    return OPERATORS[node.op_type]


def _attributes(node: onnx.NodeProto) -> Attributes:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _places(x: Values, kernel: Sequence[int], attributes: Attributes, fill: float) -> list[Values]:
    """View what stands at each place of the kernel, row by row, over all windows."""
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    strides, gaps = attributes.get("strides", (1, 1)), attributes.get("dilations", (1, 1))
    if top or left or bottom or right:
        x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
    rows, columns = (
        [slice(gap * place, size - gap * (reach - 1 - place), stride) for place in range(reach)]
        for size, reach, stride, gap in zip(x.shape[2:], kernel, strides, gaps, strict=True)
    )
    return [x[:, :, row, column] for row, column in product(rows, columns)]


def _conv(operands: Sequence[Values], attributes: Attributes) -> Values:
    x, weight, bias = operands
    if attributes.get("group", 1) != 1:
        raise InputError("ranges are taken of convolutions of one group alone")
    places = _places(x, weight.shape[2:], attributes, 0.0)
    batch, channels, height, width = places[0].shape
    columns = np.empty((batch, len(places), channels, height, width))
    for number, view in enumerate(places):
        columns[:, number] = view
    rows = weight.transpose(0, 2, 3, 1).reshape(len(weight), -1)
    flat = columns.reshape(batch, rows.shape[1], height * width)
    sums = np.empty((batch, len(rows), height * width))
    for part in parts_of(height * width, rows.size):
        np.matmul(rows, flat[..., part], out=sums[..., part])
    return np.asarray((sums + bias[:, None]).reshape(batch, -1, height, width))


def _pool(operands: Sequence[Values], attributes: Attributes, fill: float, join: Any) -> Values:  # noqa: ANN401 - a ufunc
    return reduce(join, _places(operands[0], attributes["kernel_shape"], attributes, fill))


def _average(operands: Sequence[Values], attributes: Attributes) -> Values:
    if any(attributes.get("pads", ())):
        raise InputError("ranges are taken of averages without padding alone")
    return _pool(operands, attributes, 0.0, np.add) / float(np.prod(attributes["kernel_shape"]))


OPERATORS: Final[dict[str, Compute]] = {
    "Add": lambda operands, _: operands[0] + operands[1],
    "AveragePool": _average,
    "Conv": _conv,
    "MaxPool": lambda operands, attributes: _pool(operands, attributes, -np.inf, np.maximum),
    "Mul": lambda operands, _: operands[0] * operands[1],
    "Relu": lambda operands, _: np.maximum(operands[0], 0.0),
    "Reshape": lambda operands, _: operands[0].reshape(operands[1]),
    "Sigmoid": lambda operands, _: 1 / (1 + np.exp(-operands[0])),
    "Transpose": lambda operands, attributes: operands[0].transpose(attributes["perm"]),
}
"""What the static forms are made of."""
