"""Products and sums with constants: into the convolution before them, or a convolution of one place of their own."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.convert.simplify.network import Network, Node

Real = NDArray[np.float64]
AFFINE: Final = ("Mul", "Add", "Sub", "Div", "BatchNormalization")


@dataclass(frozen=True, eq=False)
class Affine:
    """x becomes ``gain * x + shift``: one number each, or one a channel (axis 1)."""

    gain: Real
    shift: Real


def fold_affine(network: Network) -> None:
    """Fold what multiplies and adds constants."""
    for node in list(network.nodes):
        found = _affine(network, node) if node.operator in AFFINE else None
        if found is None:
            continue
        source = next(name for name in node.inputs if name not in network.constants)
        before = network.maker(source)
        if before is not None and _folds(network, before, node):
            _into(network, before, found)
            node.inputs = [source]
            network.bypass(node)
            network.note(f"{node.operator} with a constant is part of the convolution before it")
        elif node.operator == "BatchNormalization" or found.gain.size > 1 or found.shift.size > 1:
            _as_conv(network, node, source, found)
            network.note(f"{node.operator} with a constant for each channel is a 1x1 convolution")
    network.tidy()


def _folds(network: Network, before: Node, node: Node) -> bool:
    linear = before.operator == "Conv" or (
        before.operator == "ConvTranspose" and before.attributes.get("group", 1) == 1
    )
    return linear and set(before.inputs[1:]) <= set(network.constants) and network.only_reader(before.output) is node


def _affine(network: Network, node: Node) -> Affine | None:
    held = [name in network.constants for name in node.inputs]
    if node.operator == "BatchNormalization":
        gain, shift, mean, variance = (network.constants[name].astype(np.float64) for name in node.inputs[1:5])
        factor = gain / np.sqrt(variance + node.attributes.get("epsilon", 1e-5))
        return Affine(factor, shift - mean * factor)
    if sum(held) != 1:
        return None
    first = held[0]
    number = _per_channel(network, node, node.inputs[0 if first else 1])
    if number is None or (node.operator == "Div" and (first or not number.all())):
        return None
    one, none = np.ones(1), np.zeros(1)
    sign = -one if first and node.operator == "Sub" else one
    return {
        "Mul": lambda: Affine(number, none),
        "Div": lambda: Affine(1 / number, none),
        "Add": lambda: Affine(one, number),
        "Sub": lambda: Affine(sign, number if first else -number),
    }[node.operator]()


def _per_channel(network: Network, node: Node, name: str) -> Real | None:
    """Return a constant as one number or one a channel; ``None`` for one of another shape."""
    value = network.constants[name].astype(np.float64)
    if value.size == 1:
        return value.reshape(1)
    shape = network.shapes[node.output]
    full = (*[1] * (len(shape) - value.ndim), *value.shape)
    channels = shape[1] if len(shape) > 1 else 0
    return value.ravel() if value.size == channels == full[1] else None


def _into(network: Network, conv: Node, found: Affine) -> None:
    weight = network.constants[conv.inputs[1]].astype(np.float64)
    axis = 0 if conv.operator == "Conv" else 1
    channels = weight.shape[axis]
    bias = network.constants[conv.inputs[2]].astype(np.float64) if len(conv.inputs) > 2 else np.zeros(channels)
    spread = [1] * weight.ndim
    spread[axis] = -1
    weight = weight * found.gain.reshape(spread)
    names = [
        network.constant(f"{conv.output}_folded_w", weight.astype(np.float32)),
        network.constant(f"{conv.output}_folded_b", (bias * found.gain + found.shift).astype(np.float32)),
    ]
    conv.inputs = [conv.inputs[0], *names]


def _as_conv(network: Network, node: Node, source: str, found: Affine) -> None:
    shape = network.shapes[source]
    channels = shape[1]
    weight, bias = (np.broadcast_to(each, channels).astype(np.float32) for each in (found.gain, found.shift))
    names = [
        network.constant(f"{node.output}_w", weight.reshape(-1, 1, 1, 1)),
        network.constant(f"{node.output}_b", bias.copy()),
    ]
    told: dict[str, Any] = {"kernel_shape": [1, 1], "pads": [0, 0, 0, 0], "group": channels}
    if len(shape) == 4:
        made = network.made("Conv", [source, *names], node.output, network.shapes[node.output], **told)
        network.replace(node, [made])
        return
    wide = (shape[0], channels, 1, int(np.prod(shape[2:])))
    before = network.reshaped(source, wide, network.fresh(f"{node.output}_wide"))
    conv = network.made("Conv", [before.output, *names], network.fresh(f"{node.output}_conv"), wide, **told)
    network.replace(node, [before, conv, network.reshaped(conv.output, shape, node.output)])
