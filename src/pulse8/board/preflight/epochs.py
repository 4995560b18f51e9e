"""Where each layer runs and for how long: the operator table's row, decided by the layer's own shapes and scheme."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Final

from pulse8.board.estimate import hardware as hw
from pulse8.board.estimate.latency import Interval, Work, layer_interval
from pulse8.board.onnx_graph.quantized_graph import QuantizedGraph
from pulse8.board.onnx_graph.records import Graph, Node
from pulse8.board.preflight.limits import MAX_WINDOW
from pulse8.board.preflight.rules import Epoch, operators

MAX_BROADCAST: Final = 512


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer: where it runs and why, and its time where that can be predicted.

    ``interval`` is ``None`` for what does not run on the NPU, and where a shape is not known.
    """

    name: str
    op: str
    epoch: Epoch
    why: str
    macs: int
    weight_bytes: int
    out_bytes: int
    interval: Interval | None


def layers_of(view: QuantizedGraph) -> tuple[Layer, ...]:
    """Return the graph's layers in order."""
    return tuple(_layer(view, node) for node in view.layers)


def _layer(view: QuantizedGraph, node: Node) -> Layer:
    epoch, why = epoch_of(view, node)
    work = work_of(view.graph, node)
    interval = layer_interval(work) if epoch is Epoch.HARDWARE and work is not None else None
    if interval is not None and view.is_piped(node):
        interval = Interval(0.0, interval.high_ms)  # at best it adds nothing: it runs together with its Conv
    return Layer(
        name=node.label,
        op=node.op,
        epoch=epoch,
        why=why,
        macs=work.macs if work else 0,
        weight_bytes=work.weight_bytes if work else 0,
        out_bytes=work.out_bytes if work else 0,
        interval=interval,
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


def _broadcast(view: QuantizedGraph, node: Node) -> bool:
    """Equal shapes, or one operand scalar or along C, H, W or HW with at most 512 elements."""
    shapes = [view.graph.shape(name) for name in node.inputs[:2]]
    if len(shapes) < 2 or None in shapes:
        return False
    one, other = sorted((shape for shape in shapes if shape is not None), key=prod)
    if one == other or prod(one) == 1:
        return True
    full = (1,) * (len(other) - len(one)) + one
    wide = tuple(axis for axis, size in enumerate(full) if size != 1)
    fits = all(full[axis] == other[axis] for axis in wide) and wide in ((1,), (2,), (3,), (2, 3))
    return fits and prod(one) <= MAX_BROADCAST


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
    "broadcast": _broadcast,
    "small_map": _small_map,
    "after_conv": _after_conv,
    "channel_axis": _channel_axis,
    "constant_mode": _constant_mode,
    "right_most": _right_most,
    "nearest_floor": _nearest_floor,
    "boundary": lambda _view, _node: True,
}


def work_of(graph: Graph, node: Node) -> Work | None:
    """Return what a layer moves and computes in INT8; ``None`` where a shape is not known."""
    sizes = [graph.elements(name) for name in node.inputs if name and not graph.is_constant(name)]
    source, out = graph.shape(node.operand(0)), graph.elements(node.outputs[0]) if node.outputs else None
    known = [size for size in sizes if size is not None]
    if source is None or out is None or not known or len(known) != len(sizes):
        return None
    channels = source[1] if len(source) > 1 else 1
    if node.op in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
        return _weighted(graph, node, known[0], out, channels)
    mean = node.op in ("GlobalAveragePool", "ReduceMean", "GlobalMaxPool")
    return Work(kind="global mean" if mean else "stream", in_bytes=max(known), out_bytes=out, in_channels=channels)


def _weighted(graph: Graph, node: Node, in_bytes: int, out_bytes: int, channels: int) -> Work | None:
    weight = graph.shape(node.operand(1))
    if weight is None or len(weight) < 2:
        return None
    groups = node.attributes.get("group", 1)
    outputs = weight[0] if node.op == "Conv" or node.attributes.get("transB", 0) else weight[1]
    depthwise = node.op == "Conv" and groups == channels > 1
    macs = in_bytes * prod(weight[1:]) if node.op == "ConvTranspose" else out_bytes * prod(weight) // max(1, outputs)
    return Work(
        kind="depthwise" if depthwise else "conv",
        in_bytes=in_bytes,
        out_bytes=out_bytes,
        in_channels=channels,
        macs=macs,
        weight_bytes=prod(weight) + hw.BIAS_BYTES * outputs,
    )
