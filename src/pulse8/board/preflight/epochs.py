"""Where each layer runs and for how long: the operator table's row, decided by the layer's own shapes and scheme."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pulse8.board.estimate.flash import Core
from pulse8.board.estimate.latency import Interval, Work, layer_interval
from pulse8.board.onnx_graph.quantized_graph import QuantizedGraph
from pulse8.board.onnx_graph.records import Node
from pulse8.board.preflight.limits import MAX_WINDOW
from pulse8.board.preflight.rules import Epoch, operators
from pulse8.board.preflight.work import repeats_in_hardware, work_of

TIMED: Final = ("GlobalAveragePool", "ReduceMean", "Softmax", "Transpose", "Concat", "Split", "Add", "Mul")
"""Operators whose time published runs show, wherever they run."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer: where it runs and why, and its time where that can be predicted.

    ``interval`` is ``None`` for what was never measured where it runs, and where a shape is not known; ``work`` is what
    the time is computed from.
    """

    name: str
    op: str
    epoch: Epoch
    why: str
    macs: int
    weight_bytes: int
    out_bytes: int
    interval: Interval | None
    work: Work | None


def layers_of(view: QuantizedGraph, core: Core = "3") -> tuple[Layer, ...]:
    """Return the graph's layers in order; ``core`` is the version of the vendor's tool."""
    return tuple(_layer(view, node, core) for node in view.layers)


def _layer(view: QuantizedGraph, node: Node, core: Core) -> Layer:
    epoch, why = epoch_of(view, node)
    work = work_of(view.graph, node, core)
    if work is not None and view.is_piped(node):
        work = Work(kind="piped", in_bytes=work.in_bytes, out_bytes=work.out_bytes)
    timed = epoch is Epoch.HARDWARE or (node.op in TIMED and _reads_int8(view, node))
    return Layer(
        name=node.label,
        op=node.op,
        epoch=epoch,
        why=why,
        macs=work.macs if work else 0,
        weight_bytes=work.weight_bytes if work else 0,
        out_bytes=work.out_bytes if work else 0,
        interval=layer_interval(work) if timed and work is not None else None,
        work=work,
    )


def _reads_int8(view: QuantizedGraph, node: Node) -> bool:
    return all(
        view.operand_scheme(name) is not None for name in node.inputs if name and not view.graph.is_constant(name)
    )


def epoch_of(view: QuantizedGraph, node: Node) -> tuple[Epoch, str]:
    """Decide where a node runs."""
    row = operators().get(node.op) if node.domain in ("", "ai.onnx") else None
    if row is None:
        return Epoch.UNKNOWN, f"{node.domain or 'operator'} {node.op} is in no table"
    if row.epoch in ("rejected", "unknown", "software"):
        return (Epoch.SOFTWARE if row.epoch == "software" else Epoch.UNKNOWN), row.why
    if not view.is_quantized(node):
        return Epoch.SOFTWARE, "float: not between DequantizeLinear and QuantizeLinear"
    if row.condition and not CONDITIONS[row.condition](view, node):
        return (Epoch.UNKNOWN if row.condition == "channel_axis" else Epoch.SOFTWARE), row.why
    return Epoch.HARDWARE, row.why


def _constant_weights(view: QuantizedGraph, node: Node) -> bool:
    return view.graph.is_constant(node.operand(1)) or node.op.startswith("QLinear")


def _second_constant(view: QuantizedGraph, node: Node) -> bool:
    return view.graph.is_constant(node.operand(1))


def _zero_point_0(view: QuantizedGraph, node: Node) -> bool:
    scheme = view.operand_scheme(node.operand(0))
    return scheme is not None and scheme.zero == 0


def _small_map(view: QuantizedGraph, node: Node) -> bool:
    shape = view.graph.shape(node.operand(0))
    return shape is not None and max(shape[2:], default=MAX_WINDOW + 1) <= MAX_WINDOW


def _after_conv(view: QuantizedGraph, node: Node) -> bool:
    maker = view.makers.get(node.operand(0))
    return maker is not None and maker.op == "Conv"


def _channel_axis(view: QuantizedGraph, node: Node) -> bool:
    shape = view.graph.shape(node.operand(0))
    axis = node.attributes.get("axis", 0)
    if not shape or not isinstance(axis, int):
        return False
    return axis % len(shape) == 1


def _constant_mode(_view: QuantizedGraph, node: Node) -> bool:
    return node.attributes.get("mode", "constant") != "wrap" and len(node.inputs) < 4


def _right_most(view: QuantizedGraph, node: Node) -> bool:
    shape = view.graph.shape(node.operand(0))
    axes = node.attributes.get("axes")
    if axes is None and node.operand(1) in view.graph.constants:
        axes = view.graph.constants[node.operand(1)].values
    if shape is None or axes is None or len(shape) != len(axes) + 2:
        return False
    return {int(axis) % len(shape) for axis in axes} == set(range(2, len(shape))) and _small_map(view, node)


def _nearest_floor(_view: QuantizedGraph, node: Node) -> bool:
    wanted = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    given = {"mode": "nearest", "coordinate_transformation_mode": "half_pixel", "nearest_mode": "round_prefer_floor"}
    return all(node.attributes.get(name, given[name]) == value for name, value in wanted.items())


CONDITIONS: Final[dict[str, Callable[[QuantizedGraph, Node], bool]]] = {
    "constant_weights": _constant_weights,
    "second_constant": _second_constant,
    "zero_point_0": _zero_point_0,
    "broadcast": lambda view, node: repeats_in_hardware(view.graph, node),
    "small_map": _small_map,
    "after_conv": _after_conv,
    "channel_axis": _channel_axis,
    "constant_mode": _constant_mode,
    "right_most": _right_most,
    "nearest_floor": _nearest_floor,
    "boundary": lambda _view, _node: True,
}
