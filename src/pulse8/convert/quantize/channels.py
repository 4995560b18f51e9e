"""Which channels of a static network bear one factor: a number for each, followed from makers to readers.

Each channel that a convolution makes gets a number. Relu, pools and sums keep or join numbers; what moves bytes is run
on the numbers themselves, so that a Reshape, a Concat or a padded channel axis needs no rule of its own. Whatever else
reads a channel (a function, an output of the network) pins it: its factor stays 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from pulse8.convert.quantize.families import KEEPS_SCALE
from pulse8.convert.quantize.float64_operators import OPERATORS

Numbers = NDArray[np.int64]
NOTHING: Final = 0
"""Number of a padded place: it is 0 whatever its factor."""
PINNED: Final = 1
POOLS: Final = ("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool")
SAME: Final = ("Relu", "LeakyRelu", "PRelu", "Identity")
"""Functions f with f(s x) = s f(x) for every s > 0."""
MOVES: Final = ({*KEEPS_SCALE} | {"Concat"}) - {*POOLS, *SAME}


@dataclass(frozen=True, eq=False)
class Weighted:
    """A convolution.

    Attributes
    ----------
    output
        What it makes.
    rows, bias
        Weights [channels made, channels read of its group, height, width], and [channels made].
    made, read
        The number of each channel that it makes [channels made], and behind each weight [channels made, read].
    transposed
        Whether the node has what it makes along the second axis of its weights.
    """

    output: str
    rows: NDArray[np.float64]
    bias: NDArray[np.float64]
    made: Numbers
    read: Numbers
    transposed: bool

    def divided(self, powers: Numbers) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return weights and bias as the node has them, divided by two to the powers of what it makes, times read's."""
        moved = np.ldexp(self.rows, (powers[self.read] - powers[self.made][:, None])[:, :, None, None])
        weight = np.moveaxis(moved, 0, 1) if self.transposed else moved
        return weight.astype(np.float32), np.ldexp(self.bias, -powers[self.made]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Channels:
    """Numbers of all tensors, each of an array that broadcasts to the tensor's shape, and the convolutions."""

    numbers: dict[str, Numbers]
    weighted: tuple[Weighted, ...]
    count: int


def channels_of(static: onnx.ModelProto) -> Channels:
    """Follow the channels of a static network."""
    return _Follower(static).followed()


class _Follower:
    """Numbers in the graph's order; those that turn out to be one are joined, and resolved at the end."""

    def __init__(self, static: onnx.ModelProto) -> None:
        self._graph = static.graph
        self._held = {tensor.name: numpy_helper.to_array(tensor) for tensor in static.graph.initializer}
        known = onnx.shape_inference.infer_shapes(static).graph
        ends = (*known.input, *known.value_info, *known.output)
        self._shapes = {end.name: tuple(dim.dim_value for dim in end.type.tensor_type.shape.dim) for end in ends}
        self._leaders: list[int] = [NOTHING, PINNED]
        self._numbers = {end.name: np.full((1,) * len(self._shapes[end.name]), PINNED) for end in static.graph.input}
        self._weighted: list[Weighted] = []

    def followed(self) -> Channels:
        for node in self._graph.node:
            self._follow(node)
        for end in self._graph.output:
            self._pin(self._numbers[end.name])
        leaders = np.array([self._leader(number) for number in range(len(self._leaders))])
        layers = (replace(layer, made=leaders[layer.made], read=leaders[layer.read]) for layer in self._weighted)
        numbers = {name: leaders[each] for name, each in self._numbers.items()}
        return Channels(numbers, tuple(layers), len(leaders))

    def _follow(self, node: onnx.NodeProto) -> None:
        told = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        for name, numbers in zip(node.output, self._made(node, told), strict=False):
            self._numbers[name] = numbers

    def _made(self, node: onnx.NodeProto, told: dict[str, Any]) -> Sequence[Numbers]:
        if node.op_type == "Conv" or (node.op_type == "ConvTranspose" and told.get("group", 1) == 1):
            return [self._convolved(node, told.get("group", 1))]
        if node.op_type in POOLS:
            return [self._spread(self._by_channel(node.input[0]))]
        if node.op_type in MOVES:
            return self._moved(node, told)
        sources = [self._numbers[name] for name in node.input if name in self._numbers]
        kept = self._kept(node, sources)
        if kept is not None:
            return [kept]
        for source in sources:
            self._pin(source)
        return [np.full((1,) * len(self._shapes.get(name, ())), PINNED) for name in node.output]

    def _kept(self, node: onnx.NodeProto, sources: list[Numbers]) -> Numbers | None:
        """Return the numbers that pass through an operator on numbers; ``None`` where it keeps no factor."""
        if node.op_type in SAME or (
            node.op_type in ("Mul", "Div") and len(sources) == 1 and self._times_constant(node)
        ):
            return sources[0]
        if node.op_type in ("Add", "Sub") and len(sources) == 2:
            return self._joined(*np.broadcast_arrays(*sources))
        gates = [bool(np.all(one == PINNED)) for one in sources]
        return sources[1 - gates.index(True)] if node.op_type == "Mul" and len(sources) == 2 and any(gates) else None

    def _times_constant(self, node: onnx.NodeProto) -> bool:
        """Whether a tensor is multiplied or divided by a constant, and no constant is divided."""
        return node.input[1] in self._held or node.op_type == "Mul"

    def _convolved(self, node: onnx.NodeProto, groups: int) -> Numbers:
        weight, bias = (self._held[name].astype(np.float64) for name in node.input[1:3])
        transposed = node.op_type == "ConvTranspose"
        weight = np.moveaxis(weight, 0, 1) if transposed else weight
        count, each = weight.shape[:2]
        read = self._by_channel(node.input[0]).reshape(groups, each)
        made = np.arange(len(self._leaders), len(self._leaders) + count)
        self._leaders.extend(made.tolist())
        behind = np.repeat(read, count // groups, axis=0)
        self._weighted.append(Weighted(node.output[0], weight, bias, made, behind, transposed))
        return self._spread(made)

    def _by_channel(self, name: str) -> Numbers:
        """Return one number for each channel (axis 1): all that stand in it are one from now on."""
        numbers, channels = self._numbers[name], self._shapes[name][1]
        rows = np.moveaxis(numbers, 1, 0).reshape(numbers.shape[1], -1)
        firsts = []
        for row in rows:
            found = np.unique(row[row != NOTHING])
            self._join(found, found[:1].repeat(len(found)))
            firsts.append(found[0] if len(found) else NOTHING)
        return np.broadcast_to(np.array(firsts, np.int64), channels)

    @staticmethod
    def _spread(numbers: Numbers) -> Numbers:
        return numbers.reshape(1, -1, 1, 1)

    def _joined(self, one: Numbers, other: Numbers) -> Numbers:
        """Join what is added; a padded place takes the other's factor."""
        pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
        self._join(*pairs[:, (pairs != NOTHING).all(axis=0)])
        return np.where(one == NOTHING, other, one)

    def _moved(self, node: onnx.NodeProto, told: dict[str, Any]) -> Sequence[Numbers]:
        operands = [
            np.broadcast_to(self._numbers[name], self._shapes[name]).astype(np.float64)
            if name in self._numbers
            else self._held.get(name)
            for name in node.input
        ]
        found = OPERATORS[node.op_type](operands, {**told, "outputs": len(node.output)})
        return [_narrow(each.astype(np.int64)) for each in (found if isinstance(found, list) else [found])]

    def _pin(self, numbers: Numbers) -> None:
        found = np.unique(numbers[numbers != NOTHING])
        self._join(found, np.full(len(found), PINNED))

    def _join(self, ones: Numbers, others: Numbers) -> None:
        for one, other in zip(ones.tolist(), others.tolist(), strict=True):
            first, second = sorted((self._leader(one), self._leader(other)))
            self._leaders[second] = first

    def _leader(self, number: int) -> int:
        while self._leaders[number] != number:
            self._leaders[number] = self._leaders[self._leaders[number]]
            number = self._leaders[number]
        return number


def _narrow(numbers: Numbers) -> Numbers:
    """Keep one place of each axis along which nothing changes."""
    for axis in range(numbers.ndim):
        first = numbers.take([0], axis)
        if axis != 1 and (numbers == first).all():
            numbers = first
    return numbers
