"""Checks of the quantisation: types, scales, zero points, and the set that the ranges come from."""

import math
from collections.abc import Iterator
from typing import Final

from pulse8.board.onnx_graph.quantized_graph import BORDERS, QuantizedGraph, Scheme
from pulse8.board.onnx_graph.records import Node
from pulse8.board.preflight.findings import Faults, Subject

MIN_CALIBRATION: Final = 30
WEIGHTED: Final = ("Conv", "ConvTranspose", "Gemm", "MatMul")


def all_quantized(subject: Subject) -> Faults:
    """Find layers that compute in float."""
    view = subject.view
    if not any(node.op in BORDERS for node in view.graph.nodes):
        yield view.graph.name, "no QuantizeLinear and no DequantizeLinear: a float model"
        return
    for node in view.layers:
        if not view.is_quantized(node):
            yield node.label, f"{node.op} computes in float"


def _schemes(view: QuantizedGraph) -> Iterator[tuple[Node, Scheme]]:
    return ((node, view.scheme(node)) for node in view.graph.nodes if node.op in BORDERS)


def signed_types(subject: Subject) -> Faults:
    """Find uint8 tensors."""
    for node, scheme in _schemes(subject.view):
        if scheme.kind == "uint8":
            yield node.label, f"{node.operand(0)} is uint8"


def weight_and_activation_scales(subject: Subject) -> Faults:
    """Find weights that are not symmetric or not one scale per channel or tensor, and activations without one scale."""
    view = subject.view
    for layer, maker in _weight_borders(view):
        yield from ((layer.label, what) for what in _weight_faults(view, layer, maker))
    for node, scheme in _schemes(view):
        scales = scheme.scales
        if not view.graph.is_constant(node.operand(0)) and (scales is None or scales.size != 1):
            yield node.label, "an activation's scale is not one constant"


def _weight_borders(view: QuantizedGraph) -> Iterator[tuple[Node, Node]]:
    """Yield each layer with constant weights, and the DequantizeLinear that they come from."""
    for layer in view.layers:
        maker = view.makers.get(layer.operand(1))
        if layer.op in WEIGHTED and maker is not None and maker.op == "DequantizeLinear":
            yield layer, maker


def _weight_faults(view: QuantizedGraph, layer: Node, maker: Node) -> Iterator[str]:
    shape, scheme = view.graph.shape(maker.operand(0)), view.scheme(maker)
    if shape is None or scheme.scales is None or len(shape) < 2 or not view.graph.is_constant(maker.operand(0)):
        return
    if scheme.zeros is not None and any(scheme.zeros.values or ()):
        yield "weights have a zero point other than 0"
    axis = 0 if layer.op == "Conv" or layer.attributes.get("transB", 0) else 1
    if scheme.scales.size != 1 and (scheme.scales.size != shape[axis] or scheme.axis % len(shape) != axis):
        yield f"{scheme.scales.size} weight scales along axis {scheme.axis}, not one per output channel"


def quantized_weights(subject: Subject) -> Faults:
    """Find layers between INT8 activations whose weights are constants in float."""
    view = subject.view
    for layer in view.layers:
        weight = layer.operand(1)
        maker = view.makers.get(weight)
        if layer.op not in WEIGHTED or not view.graph.is_constant(weight) or not view.is_quantized(layer):
            continue
        if maker is None or maker.op != "DequantizeLinear":
            yield layer.label, f"{layer.op} with weights {weight} in float"


def usable_scales(subject: Subject) -> Faults:
    """Find scales that are 0, negative, NaN or infinite."""
    seen = set()
    for node, scheme in _schemes(subject.view):
        scales = scheme.scales
        if scales is None or scales.values is None or node.operand(1) in seen:
            continue
        seen.add(node.operand(1))
        bad = [value for value in scales.values if not usable(value)]
        if bad:
            count = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
            yield node.label, f"{node.operand(0)} has the scale {bad[0]:g}{count}"


def usable(scale: float | None) -> bool:
    """Whether a scale means anything: a positive, finite number."""
    return scale is not None and 0 < scale < math.inf


def qdq_format(subject: Subject) -> Faults:
    """Find operators of the QOperator format."""
    yield from (
        (subject.view.graph.name, f"{written} is QOperator format") for written in subject.view.graph.qoperators
    )


def quantized_types(subject: Subject) -> Faults:
    """Find tensors quantised to other types than int8, and inputs of type bool."""
    view = subject.view
    for node, scheme in _schemes(view):
        constant = view.graph.is_constant(node.operand(0))
        if constant and scheme.kind == "int4" and subject.core != "2" and _feeds_weighted(view, node):
            continue
        if scheme.kind not in ("int8", "uint8") and not (scheme.kind == "int32" and constant):
            yield node.label, f"{node.operand(0)} is quantised as {scheme.kind}"
    for end in view.graph.inputs:
        if end.kind == "bool":
            yield end.name, "an input of type bool"


def _feeds_weighted(view: QuantizedGraph, node: Node) -> bool:
    """Whether only the weights of convolutions and dense layers come from a node: 4 bits are read there from 3.0 on."""
    readers = [reader for name in node.outputs for reader in view.readers.get(name, [])]
    return bool(readers) and all(reader.op in WEIGHTED and reader.operand(1) in node.outputs for reader in readers)


def calibration_set(subject: Subject) -> Faults:
    """Find a calibration set that is unknown, small or not stratified."""
    name, calibration = subject.view.graph.name, subject.calibration
    if calibration is None:
        yield name, "no manifest says what the ranges were taken from"
    elif calibration.samples < MIN_CALIBRATION:
        yield name, f"{calibration.samples} calibration samples"
    elif calibration.distribution not in ("stratified", "clips"):
        yield name, f"{calibration.distribution} calibration samples"


def shared_scales(subject: Subject) -> Faults:
    """Find Adds and Concats whose operands have different scales."""
    view = subject.view
    for node in view.layers:
        if node.op not in ("Add", "Concat"):
            continue
        schemes = [view.operand_scheme(name) for name in node.inputs if name]
        known = {(scheme.scale, scheme.zero) for scheme in schemes if scheme is not None}
        if len(known) > 1:
            yield node.label, f"{node.op} of scales {', '.join(f'{scale:.6g}' for scale, _ in known if scale)}"
