"""Convolutions and pools: pads written out, a bias given, one dimension written as two."""

from typing import Any, Final

import numpy as np

from pulse8.convert.simplify.network import Network, Node, Shape

WINDOWED: Final = ("Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool")
PER_AXIS: Final = {"kernel_shape": 1, "strides": 1, "dilations": 1, "output_padding": 0}


def plain_pictures(network: Network) -> None:
    """Write every convolution and pool on pictures of rank 4, with pads and a bias."""
    for node in list(network.nodes):
        if node.operator not in WINDOWED:
            continue
        if len(network.shapes[node.inputs[0]]) == 3:
            _flat(network, node)
        _pads(network, node)
        if node.operator.startswith("Conv") and (len(node.inputs) < 3 or not node.inputs[2]):
            channels = network.shapes[node.output][1]
            bias = network.constant(f"{node.output}_zero_b", np.zeros(channels, np.float32))
            node.inputs = [*node.inputs[:2], bias]
    network.tidy()


def _flat(network: Network, node: Node) -> None:
    """Write one dimension as the width of a picture that is one row high."""
    source, shape, final = node.inputs[0], network.shapes[node.inputs[0]], network.shapes[node.output]
    before = network.reshaped(source, (*shape[:2], 1, shape[2]), network.fresh(f"{node.output}_wide"))
    result = network.fresh(f"{node.output}_row")
    network.shapes[result] = (*final[:2], 1, final[2])
    after = network.reshaped(result, final, node.output)
    node.inputs[0], node.outputs = before.output, [result]
    if node.operator.startswith("Conv") and node.inputs[1] in network.constants:
        weight = network.constants[node.inputs[1]]
        node.inputs[1] = network.constant(f"{node.inputs[1]}_wide", weight[:, :, None])
    told = node.attributes
    for name, usual in PER_AXIS.items():
        if name in told:
            told[name] = [usual, *told[name]]
    if "pads" in told:
        told["pads"] = [0, told["pads"][0], 0, told["pads"][1]]
    network.replace(node, [before, node, after])
    network.note("one-dimensional layers are written as pictures of one row")


def _pads(network: Network, node: Node) -> None:
    told = node.attributes
    source, result = network.shapes[node.inputs[0]], network.shapes[node.output]
    if len(source) != 4 or node.operator.startswith("Global"):
        return
    automatic = told.pop("auto_pad", b"NOTSET")
    overhang = told.pop("ceil_mode", 0)
    told.pop("storage_order", None)
    if node.operator == "ConvTranspose":
        _transposed_pads(network, node, automatic)
        return
    if automatic in (b"NOTSET", b"VALID", "NOTSET", "VALID") and not overhang:
        return
    pads = list(told.get("pads", [0, 0, 0, 0]))
    for axis in (0, 1):
        needed = _needed(network, node, source, result, axis) - pads[axis] - pads[2 + axis]
        if automatic in (b"SAME_UPPER", b"SAME_LOWER", "SAME_UPPER", "SAME_LOWER"):
            upper = automatic in (b"SAME_UPPER", "SAME_UPPER")
            pads[axis] = needed // 2 if upper else needed - needed // 2
            pads[2 + axis] = needed - pads[axis]
        elif needed > 0 and not told.get("count_include_pad", 0):
            pads[2 + axis] += needed
    told["pads"] = pads
    network.note("pads are written out")


def _needed(network: Network, node: Node, source: Shape, result: Shape, axis: int) -> int:
    """How many pads along an axis give the result its size."""
    told: dict[str, Any] = node.attributes
    kernel = told.get("kernel_shape") or network.constants[node.inputs[1]].shape[2:]
    stride, gap = (told.get(name, [1, 1])[axis] for name in ("strides", "dilations"))
    return max(int((result[2 + axis] - 1) * stride + gap * (kernel[axis] - 1) + 1 - source[2 + axis]), 0)


def _transposed_pads(network: Network, node: Node, automatic: Any) -> None:  # noqa: ANN401 - bytes or text
    """Replace ``output_shape`` and ``auto_pad`` by the pads that give the same size."""
    told = node.attributes
    if told.pop("output_shape", None) is None and automatic in (b"NOTSET", b"VALID", "NOTSET", "VALID"):
        return
    source, result = network.shapes[node.inputs[0]], network.shapes[node.output]
    kernel = network.constants[node.inputs[1]].shape[2:]
    more = told.get("output_padding", [0, 0])
    pads = [0, 0, 0, 0]
    for axis in (0, 1):
        stride, gap = (told.get(name, [1, 1])[axis] for name in ("strides", "dilations"))
        total = stride * (source[2 + axis] - 1) + more[axis] + gap * (kernel[axis] - 1) + 1 - result[2 + axis]
        upper = automatic in (b"SAME_UPPER", "SAME_UPPER")
        pads[axis] = total // 2 if upper else total - total // 2
        pads[2 + axis] = total - pads[axis]
    told["pads"] = pads
    network.note("pads are written out")
