"""Graphs in QOperator format as the same graphs in QDQ: QLinearConv becomes DequantizeLinear, Conv, QuantizeLinear.

Only so that the rest reads one format; what was written otherwise is listed in :attr:`Graph.qoperators`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from pulse8.board.onnx_graph.records import Graph, Node


@dataclass(frozen=True)
class _Form:
    """Where the operands of a QLinear operator stand: its tensors (scale and zero point follow), the result's scale."""

    op: str
    operands: tuple[int, ...]
    result: int
    bias: int | None = None


_TWO: Final = (0, 3)
FORMS: Final[dict[str, _Form]] = {
    "QLinearConv": _Form("Conv", _TWO, 6, bias=8),
    "QLinearMatMul": _Form("MatMul", _TWO, 6),
    "QGemm": _Form("Gemm", _TWO, 7, bias=6),
    "QLinearAdd": _Form("Add", _TWO, 6),
    "QLinearMul": _Form("Mul", _TWO, 6),
    **{
        f"QLinear{op}": _Form(op, (0,), 3)
        for op in ("AveragePool", "GlobalAveragePool", "LeakyRelu", "Sigmoid", "ReduceMean", "Softmax")
    },
}


def as_qdq(graph: Graph) -> Graph:
    """Return the graph with every QLinear operator written as QDQ."""
    nodes, changed = [], []
    taken = {name for node in graph.nodes for name in (*node.inputs, *node.outputs)} | set(graph.constants)
    for node in graph.nodes:
        form = _form(node)
        if form is None or not node.outputs:
            nodes.append(node)
        else:
            nodes += _written(node, form, taken)
            changed.append(f"{node.op} {node.label}")
    return replace(graph, nodes=tuple(nodes), qoperators=tuple(changed)) if changed else graph


def _form(node: Node) -> _Form | None:
    if node.op == "QLinearConcat":
        return _Form("Concat", tuple(range(2, len(node.inputs) - 2, 3)), 0)
    return FORMS.get(node.op)


def _written(node: Node, form: _Form, taken: set[str]) -> Iterator[Node]:
    real = []
    for place in form.operands:
        source = tuple(node.operand(place + part) for part in range(3))
        real.append(_free(f"{source[0]}_real", taken))
        axis = {"axis": 1 if form.op in ("MatMul", "Gemm") else 0} if place else {}
        yield Node("", "DequantizeLinear", "", source, (real[-1],), axis)
    if form.bias is not None and node.operand(form.bias):
        real.append(node.operand(form.bias))
    result = _free(f"{node.outputs[0]}_real", taken)
    yield Node(node.label, form.op, "", tuple(real), (result,), node.attributes)
    ends = (node.operand(form.result), node.operand(form.result + 1))
    yield Node("", "QuantizeLinear", "", (result, *ends), (node.outputs[0],), {})


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "'"
    taken.add(name)
    return name
