"""Checks of the file as a whole: versions, shapes, its inputs and outputs, and what the vendor's tool reported."""

import re
from pathlib import Path

from pulse8.board.onnx_graph.quantized_graph import BORDERS, VIEWS, QuantizedGraph
from pulse8.board.onnx_graph.records import Node
from pulse8.board.preflight.findings import Faults, Subject
from pulse8.board.preflight.limits import MAX_IR_VERSION, MAX_RANK, MAX_SIZE, OPSETS


def rank(subject: Subject) -> Faults:
    """Find tensors of more than 4 dimensions, and dimensions that are too long."""
    graph = subject.view.graph
    homes = {name: node.label for node in graph.nodes for name in node.outputs}
    for name, shape in graph.shapes.items():
        if shape is None:
            continue
        if len(shape) > MAX_RANK:
            yield homes.get(name, name), f"{name} has {len(shape)} dimensions"
        elif any(size is not None and size >= MAX_SIZE for size in shape) and name not in graph.constants:
            yield homes.get(name, name), f"{name} has a dimension of {max(size or 0 for size in shape):,}"


def static_shapes(subject: Subject) -> Faults:
    """Find inputs and outputs whose shape is dynamic, unknown or of a larger batch."""
    graph = subject.view.graph
    for end in (*graph.inputs, *graph.outputs):
        shape = graph.shapes.get(end.name)
        if shape is None:
            yield end.name, "its shape is not known"
        elif None in shape or end.symbols:
            yield end.name, f"dynamic axis {', '.join(end.symbols) or 'without a name'}"
    for end in graph.inputs:
        if end.shape and len(end.shape) > 1 and end.shape[0] not in (1, None):
            yield end.name, f"batch {end.shape[0]}"


def versions(subject: Subject) -> Faults:
    """Find an IR version, operator set or foreign domain that the vendor's checker refuses."""
    graph = subject.view.graph
    if graph.ir_version > MAX_IR_VERSION:
        yield graph.name, f"IR version {graph.ir_version}"
    if graph.opset not in OPSETS:
        yield graph.name, f"opset {graph.opset}"
    for domain, version in graph.imports:
        if domain not in ("", "ai.onnx"):
            yield graph.name, f"imports {domain} {version}"


def something_computes(subject: Subject) -> Faults:
    """Find a graph in which no node computes."""
    graph = subject.view.graph
    if all(node.op in VIEWS | BORDERS for node in graph.nodes):
        yield graph.name, "nothing computes"


def ends_quantized(subject: Subject) -> Faults:
    """Find inputs that are not quantised first and outputs that are not dequantised last."""
    view = subject.view
    for end in view.graph.inputs:
        readers = view.readers.get(end.name, [])
        if end.kind != "int8" and not (readers and all(node.op == "QuantizeLinear" for node in readers)):
            yield end.name, "an input that is not quantised first"
    for end in view.graph.outputs:
        maker = view.makers.get(end.name)
        if end.kind != "int8" and (maker is None or maker.op != "DequantizeLinear"):
            yield end.name, "an output that is not dequantised last"


def intermediate_file(subject: Subject) -> Faults:
    """Find a file that the vendor's tool wrote for itself."""
    graph = subject.view.graph
    if re.search(r"_OE_\d", Path(graph.name).name):
        yield graph.name, "the name of an intermediate file of the vendor's tool"


def layout_changes(subject: Subject) -> Faults:
    """Find channel-first inputs and Transposes at an end of the graph."""
    view = subject.view
    for end in view.graph.inputs:
        if subject.channel == "first" and end.shape and len(end.shape) > 2 and end.shape[1] not in (1, None):
            yield end.name, f"{end.shape[1]} channels, channel first"
    ends = {end.name for end in view.graph.inputs}
    for node in view.layers:
        if node.op == "Transpose" and (view.behind_borders(node.operand(0)) in ends or _leaves(view, node)):
            yield node.label, "a Transpose at an end of the graph"


def _leaves(view: QuantizedGraph, node: Node) -> bool:
    return any(view.behind_borders(end.name) in node.outputs for end in view.graph.outputs)


def vendor_gates_met(subject: Subject) -> Faults:
    """Pass on the gates that a report of the vendor's tool does not meet."""
    yield from ((subject.view.graph.name, gate) for gate in subject.vendor)
