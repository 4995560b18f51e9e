"""The quantisation that a graph carries: which tensors are bytes, with which scales, and which nodes run as one."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pulse8.board.onnx_graph.kernels import pieces_of
from pulse8.board.onnx_graph.records import Constant, Graph, Node

BORDERS: Final = frozenset({"QuantizeLinear", "DequantizeLinear"})
VIEWS: Final = frozenset(
    {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Constant", "ConstantOfShape", "Shape"}
)
FOLDED: Final = frozenset({"Relu", "Clip", "LeakyRelu", "PRelu", "BatchNormalization", "HardSigmoid", "HardSwish"})
"""Part of the layer before them where nothing else reads that layer."""
LAYERS: Final = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "Add", "Mul", "Sub", "BatchNormalization"})


@dataclass(frozen=True, slots=True)
class Scheme:
    """A tensor's quantisation: type of its integers, scales and zero points, channel axis."""

    kind: str
    scales: Constant | None
    zeros: Constant | None
    axis: int

    @property
    def scale(self) -> float | None:
        """The one scale; ``None`` where there are several or none is constant."""
        return _single(self.scales)

    @property
    def zero(self) -> int | None:
        """The one zero point."""
        if self.zeros is None:
            return 0
        value = _single(self.zeros)
        return None if value is None else int(value)


def _single(constant: Constant | None) -> float | None:
    if constant is None or constant.values is None or len(constant.values) != 1:
        return None
    return constant.values[0]


class QuantizedGraph:
    """A graph seen through its QuantizeLinear and DequantizeLinear nodes."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.makers = graph.makers()
        self.readers = graph.readers()
        self.results = {end.name for end in graph.outputs}

    def scheme(self, node: Node) -> Scheme:
        """Return the scheme that a Q or DQ node states."""
        constants = self.graph.constants
        zeros = constants.get(node.operand(2))
        source = constants.get(node.operand(0)) if node.op == "DequantizeLinear" else None
        kind = zeros.kind if zeros is not None else source.kind if source is not None else "uint8"
        axis = node.attributes.get("axis", 1)
        return Scheme(kind, constants.get(node.operand(1)), zeros, axis if isinstance(axis, int) else 1)

    def operand_scheme(self, name: str) -> Scheme | None:
        """Return the scheme of an operand, through views; ``None`` where it is float."""
        maker = self._behind_views(name)
        return self.scheme(maker) if maker is not None and maker.op in BORDERS else None

    def _behind_views(self, name: str) -> Node | None:
        maker = self.makers.get(name)
        for _ in range(8):
            if maker is None or maker.op not in VIEWS or not maker.inputs:
                break
            maker = self.makers.get(maker.inputs[0])
        return maker

    def result_scheme(self, name: str) -> Scheme | None:
        """Return the scheme that a node's result is quantised to, through folded activations and views."""
        for _ in range(8):
            readers = self.readers.get(name, [])
            quantizers = [node for node in readers if node.op == "QuantizeLinear"]
            if quantizers:
                return self.scheme(quantizers[0])
            if len(readers) != 1 or readers[0].op not in FOLDED | VIEWS or not readers[0].outputs:
                return None
            name = readers[0].outputs[0]
        return None

    def is_quantized(self, node: Node) -> bool:
        """Whether everything that a node reads and writes at run time is INT8."""
        moving = [name for name in node.inputs if name and not self.graph.is_constant(name)]
        read = all(self.operand_scheme(name) is not None or self.is_folded_into(name) for name in moving)
        results = [name for name in node.outputs if name in self.readers or name in self.results]
        return read and bool(results) and all(self.result_scheme(name) is not None for name in results)

    def is_folded_into(self, name: str) -> bool:
        """Whether nothing but the activation folded into a layer reads that layer's tensor."""
        maker = self.makers.get(name)
        return (
            maker is not None
            and maker.op in LAYERS | FOLDED
            and name not in self.results
            and [node.op in FOLDED for node in self.readers.get(name, [])] == [True]
        )

    def is_folded(self, node: Node) -> bool:
        """Whether a node is part of the layer before it."""
        return node.op in FOLDED and self.is_folded_into(node.operand(0))

    def behind_borders(self, name: str) -> str:
        """Return the tensor that a name was quantised or dequantised from."""
        for _ in range(8):
            maker = self.makers.get(name)
            if maker is None or maker.op not in BORDERS:
                break
            name = maker.operand(0)
        return name

    def is_piped(self, node: Node) -> bool:
        """Whether a pool takes a Conv's results while they are computed, so that they are never stored whole.

        A Conv whose kernel is taken apart stores them: its partial results are added up first. A published report of
        a network with two such pools has one epoch per pair, and RAM only for the pools' results.
        """
        if node.op not in ("MaxPool", "AveragePool") or not self.is_quantized(node):
            return False
        source = node.operand(0)
        for _ in range(8):
            maker = self.makers.get(source)
            if maker is None or len(self.readers.get(source, [])) != 1 or source in self.results:
                return False
            if maker.op == "Conv":
                return pieces_of(self.graph, maker) == 1
            if maker.op not in BORDERS | FOLDED:
                return False
            source = maker.operand(0)
        return False

    @cached_property
    def steps(self) -> tuple[tuple[Node, ...], ...]:
        """The layers grouped into what runs at once: a Conv with the pool that takes its results."""
        groups: list[tuple[Node, ...]] = []
        for node in self.layers:
            if groups and self.is_piped(node) and groups[-1][-1].op == "Conv":
                groups[-1] = (*groups[-1], node)
            else:
                groups.append((node,))
        return tuple(groups)

    @cached_property
    def layers(self) -> tuple[Node, ...]:
        """The nodes that compute at run time: no views, no borders, no folded ones, none on constants alone."""
        return tuple(self._layers())

    def _layers(self) -> Iterator[Node]:
        for node in self.graph.nodes:
            if node.op in BORDERS | VIEWS or self.is_folded(node):
                continue
            if node.outputs and all(name in self.graph.derived for name in node.outputs):
                continue
            yield node
