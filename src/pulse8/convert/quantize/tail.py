"""What of a network stays in float: the readout of a rate, which its spec asks for, and a Softmax that ends it."""

from collections.abc import Mapping
from typing import Final

import onnx

from pulse8.spec import METADATA_KEY, ModelSpec

READOUT: Final = ("Add", "Mul", "Sigmoid")
"""From the output back: an INT8 sigmoid would step by 0.69 BPM."""
LAST: Final = ("Softmax", "LogSoftmax")


def float_tail(model: onnx.ModelProto) -> frozenset[str]:
    """Return the tensors at a static model's outputs that stay in float; names mean nothing."""
    makers = {node.output[0]: node for node in model.graph.node}
    spec = next((entry.value for entry in model.metadata_props if entry.key == METADATA_KEY), None)
    if spec is not None and ModelSpec.from_json(spec).output == "bpm":
        return _readout(model, makers)
    ends = [end.name for end in model.graph.output]
    return frozenset(name for name in ends if name in makers and makers[name].op_type in LAST)


def _readout(model: onnx.ModelProto, makers: Mapping[str, onnx.NodeProto]) -> frozenset[str]:
    found, name = [], model.graph.output[0].name
    for operator in READOUT:
        node = makers.get(name)
        if node is None or node.op_type != operator:
            return frozenset()
        found.append(name)
        name = next(source for source in node.input if operator == "Sigmoid" or source in makers)
    return frozenset(found)
