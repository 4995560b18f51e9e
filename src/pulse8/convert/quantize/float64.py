"""A static FP32 model computed in float64, so that the ranges of its tensors are the same on every processor.

A float32 sum depends on the order and width in which a processor adds, in its last places, and a scale's last place
with it. In float64 that noise is a billion times below the step to which scales are rounded (decision 0101).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from pulse8.convert.quantize.float64_operators import OPERATORS, Attributes, Compute, Values
from pulse8.errors import InputError

Sample = NDArray[np.float32] | tuple[NDArray[np.float32], ...]
"""The one input without its batch axis, or every input of a network of several."""
Read = Callable[[Sample], list[Values]]


def tensor_reader(model: onnx.ModelProto, names: Sequence[str]) -> Read:
    """Return what runs a model on a sample, which has no batch axis, and returns the named tensors.

    Raises
    ------
    InputError
        An operator is none that a static form has.
    """
    constants = {tensor.name: _constant(tensor) for tensor in model.graph.initializer}
    steps = [(node, _operator(node), _attributes(node)) for node in model.graph.node]
    sources, wanted = [end.name for end in model.graph.input], set(names)
    last_use = {name: number for number, node in enumerate(model.graph.node) for name in node.input}

    def read(sample: Sample) -> list[Values]:
        given = sample if isinstance(sample, tuple) else (sample,)
        tensors: dict[str, Any] = {**constants, "": None}
        tensors |= {name: one[None].astype(np.float64) for name, one in zip(sources, given, strict=True)}
        for number, (node, compute, attributes) in enumerate(steps):
            found = compute([tensors[name] for name in node.input], attributes)
            tensors |= zip(node.output, found if isinstance(found, list) else [found], strict=False)
            for name in {*node.input} - wanted:
                if last_use[name] == number and name not in constants and name:
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
    told: Mapping[str, Any] = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    return {**told, "outputs": len(node.output)}
