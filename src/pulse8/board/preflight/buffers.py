"""The activations of a graph as buffers with lifetimes; nodes that only pass data on share their operand's buffer."""

from collections.abc import Iterator
from typing import Final

from pulse8.board.estimate.memory import Buffer
from pulse8.board.onnx_graph.quantized_graph import BORDERS, VIEWS, QuantizedGraph
from pulse8.board.onnx_graph.records import Node
from pulse8.board.preflight.work import partial_bytes

WIDTHS: Final = {"int8": 1, "uint8": 1, "bool": 1, "int16": 2, "float16": 2, "int64": 8, "double": 8}


def buffers_of(view: QuantizedGraph, *, partials: bool = True) -> tuple[Buffer, ...] | None:
    """Return the buffers, each with the first and last of the graph's steps that needs it.

    ``partials``: with the partial results of convolutions whose kernel the NPU takes apart.
    A tensor that is INT8 anywhere counts one byte per element: at the graph's ends the tool's INT8 I/O is assumed.
    ``None`` where a shape is not known.
    """
    lives = _Lives(view)
    steps = {id(node): number for number, group in enumerate(view.steps) for node in group}
    step = 0
    for node in view.graph.nodes:
        step = steps.get(id(node), step)
        lives.pass_node(node, step)
    for end in view.graph.outputs:
        lives.touch(end.name, len(view.steps) - 1)
    sizes = {name: view.graph.elements(name) for name in lives.first}
    if None in sizes.values():
        return None
    buffers = tuple(
        Buffer(name, lives.wide[name] * int(sizes[name] or 0), lives.first[name], lives.last[name])
        for name in lives.first
    )
    return (*buffers, *_partials(view)) if partials else buffers


def _partials(view: QuantizedGraph) -> Iterator[Buffer]:
    for step, group in enumerate(view.steps):
        extra = partial_bytes(view.graph, group[0])
        if extra:
            yield Buffer(f"partial results of {group[0].label}", extra, step, step)


class _Lives:
    """Which buffer each tensor lives in, and each buffer's width in bytes, first and last step."""

    def __init__(self, view: QuantizedGraph) -> None:
        self._view = view
        self._piped = {id(group[0]) for group in view.steps if len(group) > 1}
        self._home = {end.name: end.name for end in view.graph.inputs}
        self.first = dict.fromkeys(self._home, 0)
        self.last = dict(self.first)
        self.wide = {end.name: WIDTHS.get(end.kind, 4) for end in view.graph.inputs}

    def pass_node(self, node: Node, step: int) -> None:
        """Record what a node reads and writes."""
        moving = [self._home[name] for name in node.inputs if name in self._home]
        for name in node.inputs:
            self.touch(name, step)
        if not moving:
            return
        shares = node.op in BORDERS | VIEWS or self._view.is_folded(node)
        for name in node.outputs:
            self._home[name] = moving[0] if shares else name
            if not shares:
                self.first[name] = self.last[name] = step
                self.wide[name] = 0 if id(node) in self._piped else 4
        if node.op in BORDERS:
            self.wide[moving[0]] = min(self.wide[moving[0]], 1)

    def touch(self, name: str, step: int) -> None:
        """Note that a tensor's buffer is needed at a step."""
        home = self._home.get(name)
        if home is not None:
            self.last[home] = max(self.last[home], step)
