"""What each layer of a graph does, read from its operator and shapes: the input to the time and flash estimates."""

from math import prod
from typing import Final

from pulse8.board.estimate.flash import Core, Weights
from pulse8.board.estimate.hardware import CHIP_BYTES
from pulse8.board.estimate.latency import Kind, Work
from pulse8.board.onnx_graph.kernels import pieces_of
from pulse8.board.onnx_graph.records import Graph, Node
from pulse8.board.preflight.limits import MAX_WINDOW

WEIGHTED: Final = ("Conv", "ConvTranspose", "Gemm", "MatMul")
MEANS: Final = ("GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceMax")
MOVES: Final = ("Concat", "Split", "Transpose", "Slice", "Pad", "DepthToSpace", "SpaceToDepth", "Resize")
STREAMS: Final = ("Add", "Sub", "Mul", "Sum", "MaxPool", "AveragePool", "LpPool", "BatchNormalization")
MAX_REPEATED: Final = 512
_SEEN_LAYERS: Final = (
    "Conv",
    "Gemm",
    "MatMul",
    "Add",
    "Mul",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "ReduceMean",
)
_SEEN_OTHERS: Final = ("Concat", "Split", "Transpose", "Sigmoid", "Relu", "Clip", "LeakyRelu", "Softmax")
SEEN: Final = frozenset((*_SEEN_LAYERS, *_SEEN_OTHERS))
"""Operators of the networks that the rates were fitted to; another one's time is outside the record."""
BLOCK: Final = 8
"""Channels that lie together in the NPU's memory."""
MOST_PARTIALS: Final = 3
"""Partial results that live at once; each has 16 bits."""


def work_of(graph: Graph, node: Node, core: Core = "3") -> Work | None:
    """Return what a layer does; ``None`` where a shape is not known."""
    moving = [name for name in node.inputs if name and not graph.is_constant(name)]
    sizes = [graph.elements(name) for name in moving]
    out = sum(graph.elements(name) or 0 for name in node.outputs)
    if not sizes or None in sizes or graph.shape(node.operand(0)) is None or not node.outputs or not out:
        return None
    in_bytes = sum(size or 0 for size in sizes)
    if node.op not in WEIGHTED:
        return Work(kind=_kind(graph, node, moving), in_bytes=in_bytes, out_bytes=_moved(graph, node, out))
    weights = weights_of(graph, node)
    return None if weights is None else _weighted(graph, node, weights, in_bytes, out, core)


def weights_of(graph: Graph, node: Node) -> Weights | None:
    """Return a layer's weights; ``None`` where it has none or their shape is not known."""
    shape = graph.shape(node.operand(1))
    if node.op not in WEIGHTED or shape is None or len(shape) < 2:
        return None
    groups, channels = node.attributes.get("group", 1), (graph.shape(node.operand(0)) or (1, 1))[1:2]
    outputs = shape[0] if node.op == "Conv" or node.attributes.get("transB", 0) else shape[-1 if len(shape) == 2 else 1]
    return Weights(prod(shape), outputs, depthwise=node.op == "Conv" and (groups,) == channels != (1,))


def partial_bytes(graph: Graph, node: Node) -> int:
    """Return the bytes of partial results that live beside a convolution's operands; 0 where its kernel stays whole."""
    count, out = pieces_of(graph, node), graph.elements(node.outputs[0]) if node.outputs else None
    return 0 if count == 1 or out is None else (2 * min(count, MOST_PARTIALS) - 1) * out


def _weighted(graph: Graph, node: Node, weights: Weights, in_bytes: int, out: int, core: Core) -> Work:
    shape = graph.shape(node.operand(1)) or ()
    places = prod(shape[2:]) if len(shape) > 2 else 1
    grouped = node.attributes.get("group", 1) > 1
    count = pieces_of(graph, node)
    macs = in_bytes * prod(shape[1:]) if node.op == "ConvTranspose" else out * weights.count // max(1, weights.outputs)
    return Work(
        kind="grouped" if grouped else "conv",
        in_bytes=in_bytes,
        out_bytes=out,
        macs=macs,
        pointwise=places == 1,
        area=out * places if grouped else 0,
        weight_bytes=weights.likely_bytes(core),
        pieces=count,
        spills=count > 1 and in_bytes + out + partial_bytes(graph, node) > CHIP_BYTES,
    )


def _kind(graph: Graph, node: Node, moving: list[str]) -> Kind:
    if node.op in MEANS or (node.op == "AveragePool" and max(node.attributes.get("kernel_shape") or (1,)) > MAX_WINDOW):
        return "mean"
    if node.op == "Softmax":
        return "softmax"
    if node.op in MOVES:
        parts = node.outputs if node.op == "Split" else moving if node.op == "Concat" else ()
        channels = [(graph.shape(name) or (1, BLOCK))[1:2] for name in parts]
        return "ragged" if any(size[0] % BLOCK for size in channels if size) else "move"
    return "stream" if node.op in STREAMS else "map"


def repeats_in_hardware(graph: Graph, node: Node) -> bool:
    """Equal shapes, or one operand scalar or along C, H, W or HW with at most 512 elements."""
    shapes = [graph.shape(name) for name in node.inputs[:2]]
    if len(shapes) < 2 or None in shapes:
        return False
    one, other = sorted((shape for shape in shapes if shape is not None), key=prod)
    if one == other or prod(one) == 1:
        return True
    full = (1,) * (len(other) - len(one)) + one
    wide = tuple(axis for axis, size in enumerate(full) if size != 1)
    fits = all(full[axis] == other[axis] for axis in wide) and wide in ((1,), (2,), (3,), (2, 3))
    return fits and prod(one) <= MAX_REPEATED


def _moved(graph: Graph, node: Node, out: int) -> int:
    """Return the bytes that a layer writes: a Split's first part stays where it is."""
    return out - (graph.elements(node.outputs[0]) or 0) if node.op == "Split" else out
