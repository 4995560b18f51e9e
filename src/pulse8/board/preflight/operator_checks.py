"""Checks of single nodes: operands and attributes that the compiler refuses, and patterns on which the NPU stalled."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from pulse8.board.onnx_graph.quantized_graph import BORDERS, QuantizedGraph
from pulse8.board.onnx_graph.records import Constant, Node
from pulse8.board.preflight.findings import Faults, Subject
from pulse8.board.preflight.limits import POOLS
from pulse8.board.preflight.rules import operators

OPEN_END: Final = 2**31 - 1
PLAIN_OPERANDS: Final = {"Clip": (1, 2), "Pad": (1, 2), "Resize": (2, 3), "Reshape": (1,)}


def batch_of_one(subject: Subject) -> Faults:
    """Find layers with a batch above 1."""
    graph = subject.view.graph
    for node in subject.view.layers:
        shape = graph.shapes.get(node.operand(0))
        if node.op in ("Conv", "ConvTranspose", "Gemm", *POOLS) and shape and shape[0] not in (1, None):
            yield node.label, f"{node.op} with batch {shape[0]}"


def plain_constants(subject: Subject) -> Faults:
    """Find operands that have to be plain constants and are not."""
    constants = subject.view.graph.constants
    for node in subject.view.graph.nodes:
        for place in PLAIN_OPERANDS.get(node.op, ()):
            if node.operand(place) and node.operand(place) not in constants:
                yield node.label, f"{node.op}: {node.operand(place)} is no plain constant"
        if node.op == "Pad" and node.attributes.get("mode", "constant") == "constant":
            yield from _pad_value(node, constants.get(node.operand(2)))


def _pad_value(node: Node, value: Constant | None) -> Faults:
    if "pads" not in node.attributes and (not node.operand(2) or (value is not None and value.size == 0)):
        yield node.label, "Pad without a value"


def readable_operands(subject: Subject) -> Faults:
    """Find operands and attributes that the front end cannot read."""
    graph = subject.view.graph
    for node in graph.nodes:
        if node.op == "Einsum":
            yield node.label, "Einsum"
        elif node.op == "Gemm" and node.operand(2) and not graph.is_constant(node.operand(2)):
            yield node.label, f"C is {node.operand(2)}, computed at run time"
        elif node.op == "Reshape" and node.attributes.get("allowzero", 0):
            yield node.label, "allowzero is set"
        elif node.op == "Slice" and any(abs(end) >= OPEN_END for end in _slice_ends(subject.view, node)):
            yield node.label, "a Slice with an open end"
    for end in graph.inputs:
        if end.shape is not None and len(end.shape) < 2:
            yield end.name, f"an input of rank {len(end.shape)}"


def _slice_ends(view: QuantizedGraph, node: Node) -> Iterable[float]:
    constant = view.graph.constants.get(node.operand(2))
    ends: Iterable[float] = node.attributes.get("ends") or (constant.values if constant is not None else None) or ()
    return ends


def box_suppression(subject: Subject) -> Faults:
    """Find box suppression."""
    for node in subject.view.graph.nodes:
        if re.search(r"NonMaxSuppression|Detection_?PostProcess|NMS", node.op):
            yield node.label, node.op


def read_by_the_front_end(subject: Subject) -> Faults:
    """Find operators that the front end does not document; on constants too, for it reads the graph before it folds."""
    for node in subject.view.graph.nodes:
        row = operators().get(node.op)
        if row is not None and row.epoch == "rejected":
            yield node.label, f"{node.op}: {row.why}"


def reported_faults(subject: Subject) -> Faults:
    """Find operators that documents allow and public reports warn of."""
    for node in subject.view.layers:
        row = operators().get(node.op)
        if row is not None and row.reported:
            yield node.label, f"{node.op}: {row.reported}"


def stalling_convolutions(subject: Subject) -> Faults:
    """Find the convolutions on which the NPU stalled."""
    view = subject.view
    for node in view.layers:
        shape, weight = view.graph.shape(node.operand(0)), view.graph.shape(node.operand(1))
        if node.op != "Conv" or shape is None or weight is None or len(shape) < 3:
            continue
        flat = len(shape) == 3 or 1 in (shape[2], shape[3])
        depthwise = node.attributes.get("group", 1) == shape[1] > 1
        if flat and depthwise and max(weight[2:]) == 3 and max(node.attributes.get("strides") or (1,)) == 2:
            yield node.label, "a depthwise Conv along one axis with kernel 3 and stride 2"
        elif flat and _between_transposes(view, node):
            yield node.label, "a Conv along one axis between Transposes"


def _between_transposes(view: QuantizedGraph, node: Node) -> bool:
    before = view.makers.get(view.behind_borders(node.operand(0)))
    after = [reader for name in node.outputs for reader in _past_borders(view, name)]
    return before is not None and before.op == "Transpose" and any(reader.op == "Transpose" for reader in after)


def _past_borders(view: QuantizedGraph, name: str) -> Iterator[Node]:
    names = [name]
    for _ in range(4):
        readers = [node for tensor in names for node in view.readers.get(tensor, [])]
        yield from (node for node in readers if node.op not in BORDERS)
        names = [output for node in readers if node.op in BORDERS for output in node.outputs]
