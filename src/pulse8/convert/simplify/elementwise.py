"""Operators of single numbers: other spellings of a clamp, and Reshapes moved behind them."""

from typing import Final

import numpy as np

from pulse8.convert.simplify.network import Network, Node
from pulse8.measure.infer.qdq_steps.tables import FUNCTIONS

UNARY: Final = {"Relu", "Clip", *FUNCTIONS}
MOVED_PAST: Final = {*UNARY, "BatchNormalization"}


def plain_clamps(network: Network) -> None:
    """Write Min, Max and Clip with numbers as Relu or Clip."""
    for node in list(network.nodes):
        if node.operator in ("Min", "Max") and len(node.inputs) == 2:
            _as_clip(network, node)
        if node.operator == "Clip":
            _plain_clip(network, node)
    network.tidy()


def _as_clip(network: Network, node: Node) -> None:
    held = [name for name in node.inputs if name in network.constants and network.constants[name].size == 1]
    others = [name for name in node.inputs if name not in held]
    if len(held) == len(others) == 1:
        node.inputs = [others[0], "", held[0]] if node.operator == "Min" else [others[0], held[0]]
        node.operator = "Clip"


def _plain_clip(network: Network, node: Node) -> None:
    """Hold its ends in constants of one number; one of 0 and infinity is a Relu, one of no ends nothing."""
    ends = [node.attributes.pop("min", -np.inf), node.attributes.pop("max", np.inf)]
    for place, name in enumerate(node.inputs[1:3]):
        if name in network.constants:
            ends[place] = float(network.constants[name].item())
    low, high = (None if abs(end) > 1e30 else end for end in ends)
    if low is None and high is None:
        node.operator, node.inputs = "Identity", node.inputs[:1]
        network.bypass(node)
    elif low == 0 and high is None:
        node.operator, node.inputs = "Relu", node.inputs[:1]
    else:
        names = [
            "" if end is None else network.constant(f"{node.output}_{what}", np.array(end, np.float32))
            for what, end in (("low", low), ("high", high))
        ]
        node.inputs = [node.inputs[0], *names]


def sink_reshapes(network: Network) -> None:
    """Move a Reshape behind the operator of single numbers that alone reads it, next to what it may cancel."""
    for _ in range(len(network.nodes)):
        moved = [node for node in list(network.nodes) if node.operator == "Reshape" and _sunk(network, node)]
        if not moved:
            return


def _sunk(network: Network, node: Node) -> bool:
    after = network.only_reader(node.output)
    if after is None or after.operator not in MOVED_PAST or after.inputs[0] != node.output:
        return False
    before, behind = network.shapes[node.inputs[0]], network.shapes[node.output]
    if after.operator == "BatchNormalization" and (len(before) < 2 or before[1] != behind[1]):
        return False
    result, inner = after.output, network.fresh(f"{after.output}_wide")
    network.shapes[inner] = before
    after.inputs[0], after.outputs = node.inputs[0], [inner]
    node.inputs[0], node.outputs = inner, [result]
    one, other = network.nodes.index(node), network.nodes.index(after)
    network.nodes[one], network.nodes[other] = after, node
    return True
