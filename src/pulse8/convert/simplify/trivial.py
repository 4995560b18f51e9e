"""What computes nothing is taken out; what has two names gets one."""

from collections.abc import Callable
from typing import Final

import numpy as np
from onnx import TensorProto

from pulse8.convert.simplify.network import Network, Node

RESHAPES: Final = ("Flatten", "Squeeze", "Unsqueeze", "Reshape")
FLOATS: Final = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16)
"""A Cast to another type rounds."""
STEPS: Final = 4
"""Place of a Slice's steps among its inputs."""


def drop_trivial(network: Network) -> None:
    """Take out Identity, Dropout, Cast and every move that moves nothing; write what is a Reshape as one."""
    for node in list(network.nodes):
        if node.operator in RESHAPES and node.operator != "Reshape":
            _as_reshape(network, node)
        rule = SAME.get(node.operator)
        if rule is not None and rule(network, node):
            network.bypass(node)
            if node.operator in ("Identity", "Dropout", "Cast"):
                network.note(f"{node.operator} is left out")
    _merge_reshapes(network)
    network.tidy()


def _as_reshape(network: Network, node: Node) -> None:
    shape = np.array(network.shapes[node.output], np.int64)
    node.inputs = [node.inputs[0], network.constant(f"{node.output}_shape", shape)]
    node.operator, node.attributes = "Reshape", {}


def _merge_reshapes(network: Network) -> None:
    """Let a Reshape of a Reshape read the first one's source."""
    for node in list(network.nodes):
        before = network.maker(node.inputs[0]) if node.operator == "Reshape" else None
        if before is not None and before.operator == "Reshape":
            node.inputs[0] = before.inputs[0]
        if node.operator == "Reshape" and _same_shape(network, node):
            network.bypass(node)


def _always(_network: Network, _node: Node) -> bool:
    return True


def _same_shape(network: Network, node: Node) -> bool:
    return node.inputs[0] in network.shapes and network.shapes[node.inputs[0]] == network.shapes[node.output]


def _forwards(network: Network, node: Node) -> bool:
    """Whether a Slice takes every place from the first on: a mirror has the same shape."""
    steps = network.constants.get(node.inputs[4], np.array([-1])) if len(node.inputs) > STEPS else np.array([1])
    return _same_shape(network, node) and bool((steps > 0).all())


def _unpadded(network: Network, node: Node) -> bool:
    """Whether a Pad adds nothing: one that cuts off as much shifts."""
    pads = network.constants.get(node.inputs[1]) if len(node.inputs) > 1 else np.array(node.attributes.get("pads"))
    return pads is not None and not pads.any()


def _to_float(_network: Network, node: Node) -> bool:
    return node.attributes["to"] in FLOATS


def _same_order(network: Network, node: Node) -> bool:
    perm = node.attributes.get("perm", list(range(len(network.shapes[node.output])))[::-1])
    return list(perm) == list(range(len(perm)))


def _one_source(_network: Network, node: Node) -> bool:
    return len(node.inputs) == 1


def _one_part(_network: Network, node: Node) -> bool:
    return len(node.outputs) == 1


SAME: Final[dict[str, Callable[[Network, Node], bool]]] = {
    "Identity": _always,
    "Dropout": _always,
    "Cast": _to_float,
    "Reshape": _same_shape,
    "Pad": _unpadded,
    "Slice": _forwards,
    "Expand": _same_shape,
    "Resize": _same_shape,
    "Upsample": _same_shape,
    "Transpose": _same_order,
    "Concat": _one_source,
    "Split": _one_part,
}
"""When a node passes on its first input."""
