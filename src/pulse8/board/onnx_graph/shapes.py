"""Shapes of every tensor, by plain arithmetic over the nodes in order; what cannot be known stays ``None``.

Written here, and not left to ONNX's own inference, because a file from elsewhere must neither crash it nor make it
allocate. Only the operators of networks for a microcontroller are known.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from pulse8.board.onnx_graph import layer_shapes as layer
from pulse8.board.onnx_graph import layout_shapes as layout
from pulse8.board.onnx_graph.records import MAX_RANK, Graph, Node, Shape, Values

Rule = Callable[[Node, Sequence[Shape | None], Sequence[Values]], Sequence[Shape | None]]
"""A node, its operands' shapes and constant values, to its results' shapes."""


BRANCHING: Final = frozenset({"If", "Loop", "Scan", "SequenceMap"})
"""Their inner graphs read tensors that are not among their operands: never constant, however constant those are."""


def infer(graph: Graph) -> Graph:
    """Return the graph with the shape of every tensor, and which tensors depend on constants alone."""
    shapes: dict[str, Shape | None] = {name: constant.shape for name, constant in graph.constants.items()}
    shapes |= {end.name: end.shape for end in graph.inputs}
    fixed = set(graph.constants)
    derived: set[str] = set()
    for node in graph.nodes:
        if node.constant is None:
            shapes |= dict(zip(node.outputs, _results(node, graph, shapes), strict=False))
        if node.op not in BRANCHING and node.inputs and all(name in fixed for name in node.inputs if name):
            fixed.update(node.outputs)
            derived.update(node.outputs)
    for end in graph.outputs:
        shapes[end.name] = _fuller(shapes.get(end.name), end.shape)
    return replace(graph, shapes=shapes, derived=frozenset(derived))


def _results(node: Node, graph: Graph, shapes: dict[str, Shape | None]) -> list[Shape | None]:
    operands = [shapes.get(name) for name in node.inputs]
    values = [graph.constants[name].values if name in graph.constants else None for name in node.inputs]
    results: Sequence[Shape | None] = ()
    if node.op in RULES and node.domain in ("", "ai.onnx", "com.microsoft"):
        try:
            results = RULES[node.op](node, operands, values)
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError):
            results = ()  # attributes or operands that do not fit: the shape is not known
    padded = [*results, *[None] * len(node.outputs)][: len(node.outputs)]
    return [_fuller(_sane(shape), graph.stated.get(name)) for shape, name in zip(padded, node.outputs, strict=True)]


def _fuller(one: Shape | None, other: Shape | None) -> Shape | None:
    return other if one is None or (None in one and other is not None and None not in other) else one


def _sane(shape: Shape | None) -> Shape | None:
    if shape is None or len(shape) > MAX_RANK or any(size is not None and not 0 <= size < 1 << 40 for size in shape):
        return None
    return tuple(shape)


_LIKE_THE_FIRST = (
    "Relu LeakyRelu PRelu Clip Sigmoid HardSigmoid HardSwish Tanh Softmax LogSoftmax Elu Selu Softplus Softsign"
    " Identity Cast QuantizeLinear DequantizeLinear BatchNormalization InstanceNormalization LayerNormalization LRN"
    " Dropout Abs Neg Exp Log Sqrt Reciprocal Floor Ceil Round Sign Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh"
    " Atanh Erf Not Gelu ThresholdedRelu LpNormalization Hardmax CumSum"
)
_BROADCASTING = (
    "Add Sub Mul Div Pow Max Min Mean Sum And Or Xor Equal Greater GreaterOrEqual Less LessOrEqual Mod Where"
)
_REDUCING = "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSumExp ReduceSumSquare"

RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(_LIKE_THE_FIRST.split(), layer.same),
    **dict.fromkeys(_BROADCASTING.split(), layer.broadcast),
    **dict.fromkeys(_REDUCING.split(), layout.reduce),
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), layer.pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool"), layer.global_pool),
    **dict.fromkeys(("Resize", "Upsample"), layout.resize),
    "Conv": layer.conv,
    "ConvTranspose": layer.conv_transpose,
    "Gemm": layer.gemm,
    "MatMul": layer.matmul,
    "Reshape": layout.reshape,
    "Flatten": layout.flatten,
    "Transpose": layout.transpose,
    "Concat": layout.concat,
    "Split": layout.split,
    "Pad": layout.pad,
    "Slice": layout.sliced,
    "Squeeze": layout.squeeze,
    "Unsqueeze": layout.unsqueeze,
    "Gather": layout.gather,
    "Shape": layout.rank,
    "DepthToSpace": layout.depth_to_space,
}
