"""The checks, one function each: what it looks at and, for every fault, the node and what was found there.

The words of a rule (severity, why, mend, source) are its row in ``checks.csv``.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from pulse8.board.estimate import hardware as hw
from pulse8.board.onnx_graph.quantised import BORDERS, VIEWS, Quantised, Scheme
from pulse8.board.onnx_graph.records import Constant, Node
from pulse8.board.preflight.epochs import MAX_WINDOW
from pulse8.board.preflight.findings import Finding, Subject, finding
from pulse8.board.preflight.rules import Epoch

Faults = Iterator[tuple[str, str]]
"""Node and what was found."""

MAX_PER_RULE: Final = 20
MAX_RANK, MAX_SIZE, MAX_IR = 4, 65_536, 9
OPSETS: Final = range(7, 21)
MAX_ROW: Final = 2_048
SPARE: Final = 1.3
MIN_CALIBRATION: Final = 30
OPEN_END: Final = 2**31 - 1
POOLS: Final = ("AveragePool", "MaxPool", "LpPool", "GlobalAveragePool", "GlobalMaxPool")
WEIGHTED: Final = ("Conv", "ConvTranspose", "Gemm", "MatMul")


def run_checks(subject: Subject) -> tuple[Finding, ...]:
    """Run every check; of one rule the first faults are told and the rest counted."""
    return tuple(found for rule, check in CHECKS.items() for found in _capped(rule, check(subject)))


def _capped(rule: str, faults: Faults) -> Iterator[Finding]:
    for node, what in islice(faults, MAX_PER_RULE):
        yield finding(rule, node, what)
    rest = sum(1 for _ in faults)
    if rest:
        yield finding(rule, f"{rest:,} more", "the same")


def _rank(subject: Subject) -> Faults:
    graph = subject.view.graph
    homes = {name: node.label for node in graph.nodes for name in node.outputs}
    for name, shape in graph.shapes.items():
        if shape is None:
            continue
        if len(shape) > MAX_RANK:
            yield homes.get(name, name), f"{name} has {len(shape)} dimensions"
        elif any(size is not None and size >= MAX_SIZE for size in shape) and name not in graph.constants:
            yield homes.get(name, name), f"{name} has a dimension of {max(size or 0 for size in shape):,}"


def _static(subject: Subject) -> Faults:
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


def _batch(subject: Subject) -> Faults:
    graph = subject.view.graph
    for node in subject.view.layers:
        shape = graph.shapes.get(node.operand(0))
        if node.op in ("Conv", "ConvTranspose", "Gemm", *POOLS) and shape and shape[0] not in (1, None):
            yield node.label, f"{node.op} with batch {shape[0]}"


def _versions(subject: Subject) -> Faults:
    graph = subject.view.graph
    if graph.ir_version > MAX_IR:
        yield graph.name, f"IR version {graph.ir_version}"
    if graph.opset not in OPSETS:
        yield graph.name, f"opset {graph.opset}"
    for domain, version in graph.imports:
        if domain not in ("", "ai.onnx"):
            yield graph.name, f"imports {domain} {version}"


def _quantised(subject: Subject) -> Faults:
    view = subject.view
    if not any(node.op in BORDERS for node in view.graph.nodes):
        yield view.graph.name, "no QuantizeLinear and no DequantizeLinear: a float model"
        return
    for node in view.layers:
        if not view.is_quantised(node):
            yield node.label, f"{node.op} computes in float"


def _schemes(view: Quantised) -> Iterator[tuple[Node, Scheme]]:
    return ((node, view.scheme(node)) for node in view.graph.nodes if node.op in BORDERS)


def _signed(subject: Subject) -> Faults:
    for node, scheme in _schemes(subject.view):
        if scheme.kind == "uint8":
            yield node.label, f"{node.operand(0)} is uint8"


def _symmetric(subject: Subject) -> Faults:
    view = subject.view
    for layer in view.layers:
        maker = view.makers.get(layer.operand(1))
        if layer.op in WEIGHTED and maker is not None and maker.op == "DequantizeLinear":
            yield from ((layer.label, what) for what in _weight_faults(view, layer, maker))
    for node, scheme in _schemes(view):
        scales = scheme.scales
        if not view.graph.is_constant(node.operand(0)) and (scales is None or scales.size != 1):
            yield node.label, "an activation's scale is not one constant"


def _weight_faults(view: Quantised, layer: Node, maker: Node) -> Iterator[str]:
    source, scheme = view.graph.constants.get(maker.operand(0)), view.scheme(maker)
    if source is None or scheme.scales is None or len(source.shape) < 2:
        return
    if scheme.zeros is not None and any(scheme.zeros.values or ()):
        yield "weights have a zero point other than 0"
    axis = 0 if layer.op == "Conv" or layer.attributes.get("transB", 0) else 1
    if scheme.scales.size != 1 and (scheme.scales.size != source.shape[axis] or scheme.axis != axis):
        yield f"{scheme.scales.size} weight scales along axis {scheme.axis}, not one an output channel"


def _types(subject: Subject) -> Faults:
    view = subject.view
    for node, scheme in _schemes(view):
        constant = view.graph.is_constant(node.operand(0))
        if scheme.kind not in ("int8", "uint8") and not (scheme.kind == "int32" and constant):
            yield node.label, f"{node.operand(0)} is quantised as {scheme.kind}"
    for end in view.graph.inputs:
        if end.kind == "bool":
            yield end.name, "an input of type bool"


def _middle(subject: Subject) -> Faults:
    places = [number for number, layer in enumerate(subject.layers) if layer.epoch is Epoch.HARDWARE]
    for layer in subject.layers[places[0] : places[-1]] if places else ():
        if layer.epoch is not Epoch.HARDWARE:
            yield layer.name, f"{layer.op}, {layer.epoch} epoch: {layer.why}"


def _windows(subject: Subject) -> Faults:
    graph = subject.view.graph
    for node in subject.view.layers:
        shape = graph.shape(node.operand(0))
        window = node.attributes.get("kernel_shape") or ((shape or ())[2:] if node.op in POOLS else ())
        if node.op in POOLS and max(window, default=0) > MAX_WINDOW:
            yield node.label, f"{node.op} over {'x'.join(map(str, window))}"


def _kernels(subject: Subject) -> Faults:
    for node in subject.view.layers:
        weight = subject.view.graph.shape(node.operand(1))
        if node.op != "Conv" or weight is None or len(weight) < 3:
            continue
        height, width = weight[-2:] if len(weight) > 3 else (1, weight[-1])
        wide = 6 if max(node.attributes.get("strides") or (1,)) == 1 else 12
        if height > MAX_WINDOW or (height > 1 and width > wide):
            yield node.label, f"kernel {height}x{width}"


def _rows(subject: Subject) -> Faults:
    for node in subject.view.layers:
        shape = subject.view.graph.shape(node.operand(0))
        if node.op in ("Conv", *POOLS) and shape is not None and len(shape) > 2 and shape[-1] * shape[1] > MAX_ROW:
            yield node.label, f"{shape[-1]} wide, {shape[1]} channels: {shape[-1] * shape[1]:,}"


def _memory(subject: Subject) -> Faults:
    memory = subject.memory
    if memory is not None and subject.view.steps and memory.peak_bytes * SPARE > hw.CHIP_BYTES:
        yield (
            subject.view.steps[memory.peak_step][0].label,
            f"at least {memory.peak_bytes / hw.KIB:,.0f} KiB alive together",
        )


def _flash(subject: Subject) -> Faults:
    weights_ms = 1e3 * sum(layer.weight_bytes for layer in subject.layers) / hw.FLASH_BYTES_S
    known = [layer.interval.high_ms for layer in subject.layers if layer.interval is not None]
    if len(known) == len(subject.layers) and weights_ms > sum(known) - weights_ms:
        heaviest = max(subject.layers, key=lambda layer: layer.weight_bytes)
        yield heaviest.name, f"{weights_ms:.2f} ms for weights, {sum(known) - weights_ms:.2f} ms for the rest"


PLAIN_OPERANDS: Final = {"Clip": (1, 2), "Pad": (1, 2), "Resize": (2, 3), "Reshape": (1,)}


def _plain(subject: Subject) -> Faults:
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


def _operands(subject: Subject) -> Faults:
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


def _slice_ends(view: Quantised, node: Node) -> Iterable[float]:
    held = view.graph.constants.get(node.operand(2))
    ends: Iterable[float] = node.attributes.get("ends") or (held.values if held is not None else None) or ()
    return ends


def _something(subject: Subject) -> Faults:
    graph = subject.view.graph
    if all(node.op in VIEWS | BORDERS for node in graph.nodes):
        yield graph.name, "nothing computes"


def _contract(subject: Subject) -> Faults:
    view = subject.view
    for end in view.graph.inputs:
        readers = view.readers.get(end.name, [])
        if end.kind != "int8" and not (readers and all(node.op == "QuantizeLinear" for node in readers)):
            yield end.name, "an input that is not quantised first"
    for end in view.graph.outputs:
        maker = view.makers.get(end.name)
        if end.kind != "int8" and (maker is None or maker.op != "DequantizeLinear"):
            yield end.name, "an output that is not dequantised last"


def _calibration(subject: Subject) -> Faults:
    name, found = subject.view.graph.name, subject.calibration
    if found is None:
        yield name, "no manifest says what the ranges were taken from"
    elif found.samples < MIN_CALIBRATION:
        yield name, f"{found.samples} calibration samples"
    elif found.distribution not in ("stratified", "clips"):
        yield name, f"{found.distribution} calibration samples"


def _layout(subject: Subject) -> Faults:
    view = subject.view
    for end in view.graph.inputs:
        if subject.channel == "first" and end.shape and len(end.shape) > 2 and end.shape[1] not in (1, None):
            yield end.name, f"{end.shape[1]} channels, channel first"
    ends = {end.name for end in view.graph.inputs}
    for node in view.layers:
        if node.op == "Transpose" and (view.behind_borders(node.operand(0)) in ends or _leaves(view, node)):
            yield node.label, "a Transpose at an end of the graph"


def _leaves(view: Quantised, node: Node) -> bool:
    return any(view.behind_borders(end.name) in node.outputs for end in view.graph.outputs)


def _suppression(subject: Subject) -> Faults:
    for node in subject.view.graph.nodes:
        if re.search(r"NonMaxSuppression|Detection_?PostProcess|NMS", node.op):
            yield node.label, node.op


def _stalling(subject: Subject) -> Faults:
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


def _between_transposes(view: Quantised, node: Node) -> bool:
    before = view.makers.get(view.behind_borders(node.operand(0)))
    after = [reader for name in node.outputs for reader in _past_borders(view, name)]
    return before is not None and before.op == "Transpose" and any(reader.op == "Transpose" for reader in after)


def _past_borders(view: Quantised, name: str) -> Iterator[Node]:
    names = [name]
    for _ in range(4):
        readers = [node for each in names for node in view.readers.get(each, [])]
        yield from (node for node in readers if node.op not in BORDERS)
        names = [output for node in readers if node.op in BORDERS for output in node.outputs]


def _vendor(subject: Subject) -> Faults:
    yield from ((subject.view.graph.name, gate) for gate in subject.vendor)


def _intermediate(subject: Subject) -> Faults:
    graph = subject.view.graph
    if re.search(r"_OE_\d", Path(graph.name).name):
        yield graph.name, "the name of an intermediate file of the vendor's tool"


def _shared_scales(subject: Subject) -> Faults:
    view = subject.view
    for node in view.layers:
        if node.op not in ("Add", "Concat"):
            continue
        schemes = [view.operand_scheme(name) for name in node.inputs if name]
        known = {(scheme.scale, scheme.zero) for scheme in schemes if scheme is not None}
        if len(known) > 1:
            yield node.label, f"{node.op} of scales {', '.join(f'{scale:.6g}' for scale, _ in known if scale)}"


CHECKS: Final[dict[str, Callable[[Subject], Faults]]] = {
    "P01": _rank,
    "P02": _static,
    "P03": _batch,
    "P04": _versions,
    "P05": _quantised,
    "P06": _signed,
    "P07": _symmetric,
    "P08": _types,
    "P09": _middle,
    "P10": _windows,
    "P11": _kernels,
    "P12": _rows,
    "P13": _memory,
    "P14": _flash,
    "P15": _plain,
    "P16": _operands,
    "P17": _something,
    "P18": _contract,
    "P19": _calibration,
    "P20": _layout,
    "P21": _suppression,
    "P22": _stalling,
    "P23": _vendor,
    "P24": _intermediate,
    "P25": _shared_scales,
}
