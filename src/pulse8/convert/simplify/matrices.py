"""Gemm and MatMul by a constant, written as 1x1 convolutions; averages and maxima over axes written as pools."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.convert.simplify.network import Network, Node, Shape

POINT: Final[dict[str, Any]] = {"kernel_shape": [1, 1], "pads": [0, 0, 0, 0]}
REDUCED: Final = {"ReduceMean": "GlobalAveragePool", "ReduceMax": "GlobalMaxPool"}


def matrices_as_convs(network: Network) -> None:
    """Write every product with a constant matrix as a 1x1 convolution."""
    for node in list(network.nodes):
        if node.operator not in ("Gemm", "MatMul") or node not in network.nodes:
            continue
        if node.inputs[0] in network.constants or node.inputs[1] not in network.constants:
            continue  # a product of two computed tensors is refused where operators are checked
        matrix = network.constants[node.inputs[1]].astype(np.float64)
        if matrix.ndim != 2:
            continue
        _as_conv(network, node, matrix)
        network.note(f"{node.operator} is a 1x1 convolution")
    network.tidy()


def _as_conv(network: Network, node: Node, matrix: NDArray[np.float64]) -> None:
    told, source = node.attributes, node.inputs[0]
    nodes: list[Node] = []
    if told.get("transA", 0):
        shape = network.shapes[source]
        nodes.append(_turned(network, source, (1, 0), f"{node.output}_turned"))
        source, shape = nodes[-1].output, shape[::-1]
    weight = (matrix if told.get("transB", 0) else matrix.T) * told.get("alpha", 1.0)
    result, bias, replaced = _bias(network, node, len(weight))
    shape = network.shapes[source]
    rows = int(np.prod(shape[:-1]))
    names = [
        network.constant(f"{node.output}_w", weight[:, :, None, None].astype(np.float32)),
        network.constant(f"{node.output}_b", bias.astype(np.float32)),
    ]
    before, after = _around(network, source, shape, (rows, len(weight)), result)
    nodes += before
    wide = (1, len(weight), 1, rows)
    conv = network.made("Conv", [nodes[-1].output, *names], network.fresh(f"{result}_conv"), wide, **POINT)
    nodes.append(conv)
    tail = after(conv.output)
    if replaced is not None:
        network.nodes.remove(replaced)
    network.replace(node, [*nodes, *tail])


def _around(network: Network, source: str, shape: Shape, size: tuple[int, int], result: str) -> Any:  # noqa: ANN401 - two lists of nodes, the second once its source is known
    """Return the nodes that lay rows out along the width, and what brings the result back."""
    rows, outputs = size
    final = (*shape[:-1], outputs)
    if rows == 1:
        start = [network.reshaped(source, (1, shape[-1], 1, 1), network.fresh(f"{result}_wide"))]
        return start, lambda name: [network.reshaped(name, final, result)]
    flat = network.reshaped(source, (rows, shape[-1]), network.fresh(f"{result}_rows"))
    turned = _turned(network, flat.output, (1, 0), f"{result}_columns")
    wide = network.reshaped(turned.output, (1, shape[-1], 1, rows), network.fresh(f"{result}_wide"))

    def back(name: str) -> list[Node]:
        flat_back = network.reshaped(name, (outputs, rows), network.fresh(f"{result}_flat"))
        turned_back = _turned(network, flat_back.output, (1, 0), f"{result}_back")
        return [flat_back, turned_back, network.reshaped(turned_back.output, final, result)]

    return [flat, turned, wide], back


def _bias(network: Network, node: Node, outputs: int) -> tuple[str, NDArray[np.float64], Node | None]:
    """Return the result's name, the bias, and the Add after a MatMul that holds it."""
    if node.operator == "Gemm":
        if len(node.inputs) < 3 or not node.inputs[2]:
            return node.output, np.zeros(outputs), None
        held = network.constants[node.inputs[2]].astype(np.float64) * node.attributes.get("beta", 1.0)
        return node.output, np.broadcast_to(held.ravel(), outputs), None
    after = network.only_reader(node.output)
    if after is None or after.operator != "Add":
        return node.output, np.zeros(outputs), None
    other = next((name for name in after.inputs if name != node.output), "")
    value = network.constants.get(other)
    if value is None or value.size not in (1, outputs) or (value.size > 1 and value.shape[-1] != outputs):
        return node.output, np.zeros(outputs), None
    return after.output, np.broadcast_to(value.ravel().astype(np.float64), outputs), after


def _turned(network: Network, source: str, perm: tuple[int, ...], stem: str) -> Node:
    shape = tuple(network.shapes[source][axis] for axis in perm)
    return network.made("Transpose", [source], network.fresh(stem), shape, perm=list(perm))


def reductions_as_pools(network: Network) -> None:
    """Write means and maxima over axes as pools over a whole picture."""
    for node in list(network.nodes):
        if node.operator in REDUCED:
            _as_pool(network, node)
    network.tidy()


def _as_pool(network: Network, node: Node) -> None:
    source = node.inputs[0]
    shape = network.shapes[source]
    axes = _axes(network, node, len(shape))
    if 0 in axes and shape[0] == 1:
        axes = axes - {0}
    if not axes or 0 in axes:
        return  # refused where operators are checked
    rest = [axis for axis in range(len(shape)) if axis not in axes]
    final, operator = network.shapes[node.output], REDUCED[node.operator]
    nodes: list[Node] = []
    if len(shape) != 4 or axes != {2, 3}:
        perm = (*rest, *sorted(axes))
        nodes.append(_turned(network, source, perm, f"{node.output}_turned"))
        count = int(np.prod([shape[axis] for axis in axes]))
        wide = (1, int(np.prod([shape[axis] for axis in rest])), 1, count)
        nodes.append(network.reshaped(nodes[-1].output, wide, network.fresh(f"{node.output}_wide")))
        source = nodes[-1].output
    channels = network.shapes[source][1]
    pooled = network.made(operator, [source], network.fresh(f"{node.output}_pool"), (1, channels, 1, 1))
    network.replace(node, [*nodes, pooled, network.reshaped(pooled.output, final, node.output)])
    network.note(f"{node.operator} is a {operator}")


def _axes(network: Network, node: Node, rank: int) -> set[int]:
    if "axes" in node.attributes:
        told = node.attributes["axes"]
    elif len(node.inputs) > 1 and node.inputs[1]:
        told = network.constants[node.inputs[1]].ravel()
    else:
        told = range(rank)
    return {int(axis) % rank for axis in told}
