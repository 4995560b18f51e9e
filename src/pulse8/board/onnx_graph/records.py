"""What a network's file states, as records: nodes in order, constants, shapes. Nothing here can run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any, Final

Shape = tuple[int | None, ...]
"""Dimensions; ``None`` where one is dynamic."""
Values = tuple[float, ...] | None
"""What a constant holds; ``None`` where it is not read, or the operand is no constant."""
MAX_RANK: Final = 16
"""A tensor of more dimensions is not read."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: its operands' and results' names (an empty name is an operand left out), and its attributes."""

    name: str
    op: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    """Numbers, texts, tuples of them; ``None`` for what is neither (tensors, subgraphs)."""
    constant: "Constant | None" = None
    """The tensor of a Constant node."""

    @property
    def label(self) -> str:
        """The name to show: the node's, or that of its first result."""
        return self.name or (self.outputs[0] if self.outputs else self.op)

    def operand(self, place: int) -> str:
        """Return the name of an operand; empty where it is left out."""
        return self.inputs[place] if place < len(self.inputs) else ""


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant tensor: its shape, ONNX's name of its type, its bytes, and its values where they are few."""

    shape: tuple[int, ...]
    kind: str
    bytes: int
    values: tuple[float, ...] | None
    """At most 4,096 values in order; ``None`` where there are more, or where they are not numbers."""

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class End:
    """An input or output of the graph; ``shape`` is ``None`` where the file states none."""

    name: str
    kind: str
    shape: Shape | None
    symbols: tuple[str, ...] = ()
    """Names that stand for dynamic dimensions."""


@dataclass(frozen=True)
class Graph:
    """A network as its file states it.

    Attributes
    ----------
    name
        The file, for messages.
    imports
        (domain, version) of every operator set.
    constants
        Initialisers and the tensors of Constant nodes, by name.
    shapes
        Every tensor's shape, by name, as far as it could be inferred.
    derived
        Tensors computed from constants alone (a cast or reshaped weight): they cost nothing at run time.
    qoperators
        What the file wrote in QOperator format and is read here as QDQ.
    stated
        Inner tensors whose shape the file itself states.
    """

    name: str
    ir_version: int
    imports: tuple[tuple[str, int], ...]
    nodes: tuple[Node, ...]
    inputs: tuple[End, ...]
    outputs: tuple[End, ...]
    constants: Mapping[str, Constant]
    metadata: Mapping[str, str]
    stated: Mapping[str, Shape] = field(default_factory=dict)
    shapes: Mapping[str, Shape | None] = field(default_factory=dict)
    derived: frozenset[str] = frozenset()
    qoperators: tuple[str, ...] = ()

    @property
    def opset(self) -> int:
        """Version of the standard operator set; 0 where the file imports none."""
        return max((version for domain, version in self.imports if domain in ("", "ai.onnx")), default=0)

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Return a tensor's shape, or ``None`` where it is not known in full."""
        sizes = self.shapes.get(name)
        if sizes is None or None in sizes:
            return None
        return tuple(size for size in sizes if size is not None)

    def elements(self, name: str) -> int | None:
        """Return a tensor's number of elements, or ``None`` where its shape is not known."""
        shape = self.shape(name)
        return None if shape is None else prod(shape)

    def is_constant(self, name: str) -> bool:
        """Whether a tensor is known before the first run."""
        return name in self.constants or name in self.derived

    def makers(self) -> dict[str, Node]:
        """Return the node that writes each tensor."""
        return {name: node for node in self.nodes for name in node.outputs if name}

    def readers(self) -> dict[str, list[Node]]:
        """Return the nodes that read each tensor."""
        readers: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                readers.setdefault(name, []).append(node)
        return readers
