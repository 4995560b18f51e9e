"""Shapes of every tensor, by plain arithmetic over the nodes in order; what cannot be known stays ``None``.

Written here, and not left to ONNX's own inference, because a file of anybody's must neither crash it nor make it
allocate. Only the operators that networks for a microcontroller are made of are known.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Final

from pulse8.board.onnx_graph.records import Graph, Node, Shape

Values = tuple[float, ...] | None
Rule = Callable[[Node, Sequence[Shape | None], Sequence[Values]], Sequence[Shape | None]]
"""A node, its operands' shapes and constant values, to its results' shapes."""

MAX_RANK: Final = 16


def infer(graph: Graph) -> Graph:
    """Return the graph with the shape of every tensor, and which tensors hang on constants alone."""
    shapes: dict[str, Shape | None] = {name: constant.shape for name, constant in graph.constants.items()}
    shapes |= {end.name: end.shape for end in graph.inputs}
    fixed = set(graph.constants)
    derived: set[str] = set()
    for node in graph.nodes:
        if node.constant is None:
            shapes |= dict(zip(node.outputs, _results(node, graph, shapes), strict=False))
        if node.inputs and all(name in fixed for name in node.inputs if name):
            fixed.update(node.outputs)
            derived.update(node.outputs)
    for end in graph.outputs:
        shapes[end.name] = _fuller(shapes.get(end.name), end.shape)
    return replace(graph, shapes=shapes, derived=frozenset(derived))


def _results(node: Node, graph: Graph, shapes: dict[str, Shape | None]) -> list[Shape | None]:
    operands = [shapes.get(name) for name in node.inputs]
    values = [graph.constants[name].values if name in graph.constants else None for name in node.inputs]
    found: Sequence[Shape | None] = ()
    if node.op in RULES and node.domain in ("", "ai.onnx", "com.microsoft"):
        try:
            found = RULES[node.op](node, operands, values)
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError):
            found = ()  # attributes or operands that do not fit: the shape is not known
    padded = [*found, *[None] * len(node.outputs)][: len(node.outputs)]
    return [_fuller(_sane(shape), graph.stated.get(name)) for shape, name in zip(padded, node.outputs, strict=True)]


def _fuller(one: Shape | None, other: Shape | None) -> Shape | None:
    return other if one is None or (None in one and other is not None and None not in other) else one


def _sane(shape: Shape | None) -> Shape | None:
    if shape is None or len(shape) > MAX_RANK or any(size is not None and not 0 <= size < 1 << 40 for size in shape):
        return None
    return tuple(shape)


def _same(_node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    return [shapes[0]]


def _broadcast(_node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    known = [shape for shape in shapes if shape is not None]
    if len(known) != len(shapes):
        return [None]
    rank = max(map(len, known))
    columns = zip(*[(1,) * (rank - len(shape)) + tuple(shape) for shape in known], strict=True)
    return [tuple(_wider(column) for column in columns)]


def _wider(sizes: Sequence[int | None]) -> int | None:
    unequal = {size for size in sizes if size != 1}
    return None if None in unequal else max((size for size in unequal if size is not None), default=1)


def _window(node: Node, shape: Shape, kernel: Sequence[int]) -> list[int | None]:
    """Spatial sizes after a window has passed (ONNX, Conv and pools)."""
    rank = len(kernel)
    strides = node.attributes.get("strides") or (1,) * rank
    dilations = node.attributes.get("dilations") or (1,) * rank
    pads = node.attributes.get("pads") or (0,) * 2 * rank
    auto = node.attributes.get("auto_pad", "NOTSET")
    sizes: list[int | None] = []
    for axis, size in enumerate(shape[2:]):
        if size is None:
            sizes.append(None)
        elif auto in ("SAME_UPPER", "SAME_LOWER"):
            sizes.append(-(-size // strides[axis]))
        else:
            free = size + pads[axis] + pads[axis + rank] - dilations[axis] * (kernel[axis] - 1) - 1
            up = strides[axis] - 1 if node.attributes.get("ceil_mode", 0) else 0
            sizes.append((free + up) // strides[axis] + 1)
    return sizes


def _conv(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    source, weight = shapes[0], shapes[1]
    if source is None or weight is None or None in weight or len(weight) != len(source):
        return [None]
    kernel = [size for size in weight[2:] if size is not None]
    return [(source[0], weight[0], *_window(node, source, kernel))]


def _conv_transpose(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    source, weight = shapes[0], shapes[1]
    if source is None or weight is None or None in weight or None in source or "output_shape" in node.attributes:
        return [None]
    rank = len(source) - 2
    strides = node.attributes.get("strides") or (1,) * rank
    pads = node.attributes.get("pads") or (0,) * 2 * rank
    extra = node.attributes.get("output_padding") or (0,) * rank
    groups = node.attributes.get("group", 1)
    sizes = [
        strides[axis] * (int(source[2 + axis] or 0) - 1)
        + extra[axis]
        + int(weight[2 + axis] or 0)
        - pads[axis]
        - pads[axis + rank]
        for axis in range(rank)
    ]
    return [(source[0], int(weight[1] or 0) * groups, *sizes)]


def _pool(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    source, kernel = shapes[0], node.attributes.get("kernel_shape")
    if source is None or not kernel:
        return [None]
    return [(*source[:2], *_window(node, source, kernel))]


def _global_pool(_node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    source = shapes[0]
    return [None] if source is None else [(*source[:2], *(1,) * (len(source) - 2))]


def _gemm(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    one, other = shapes[0], shapes[1]
    if one is None or other is None:
        return [None]
    rows = one[1] if node.attributes.get("transA", 0) else one[0]
    columns = other[0] if node.attributes.get("transB", 0) else other[1]
    return [(rows, columns)]


def _matmul(_node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    one, other = shapes[0], shapes[1]
    if one is None or other is None or len(one) < 2 or len(other) < 2:
        return [None]
    outer = _broadcast(_node, [one[:-2], other[:-2]], ())[0] or ()
    return [(*outer, one[-2], other[-1])]


def _reshape(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    source, wanted = shapes[0], values[1]
    if wanted is None or source is None:
        return [None]
    keep = not node.attributes.get("allowzero", 0)
    sizes: list[int | None] = [source[axis] if size == 0 and keep else int(size) for axis, size in enumerate(wanted)]
    known = [size for size in sizes if size != -1]
    if -1 in sizes:
        rest = None
        if None not in source and None not in known:
            total, held = prod(int(size or 0) for size in source), prod(int(size or 0) for size in known)
            rest = total // held
        sizes[sizes.index(-1)] = rest
    return [tuple(sizes)]


def _flatten(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    source = shapes[0]
    if source is None or None in source:
        return [None]
    axis = node.attributes.get("axis", 1) % (len(source) + 1)
    known = [int(size or 0) for size in source]
    return [(prod(known[:axis]), prod(known[axis:]))]


def _transpose(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    source = shapes[0]
    if source is None:
        return [None]
    order = node.attributes.get("perm") or tuple(reversed(range(len(source))))
    return [tuple(source[axis] for axis in order)]


def _concat(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    known = [shape for shape in shapes if shape is not None]
    if not known or len(known) != len(shapes):
        return [None]
    axis = node.attributes["axis"] % len(known[0])
    sizes = [shape[axis] for shape in known]
    joined = None if None in sizes else sum(int(size or 0) for size in sizes)
    return [(*known[0][:axis], joined, *known[0][axis + 1 :])]


def _split(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    source = shapes[0]
    if source is None:
        return []
    axis, count = node.attributes.get("axis", 0) % len(source), len(node.outputs)
    sizes = node.attributes.get("split") or (values[1] if len(values) > 1 else None)
    whole = source[axis]
    if sizes is None and whole is not None:
        sizes = (-(-whole // count),) * (count - 1)
        sizes = (*sizes, whole - sum(sizes))
    return [(*source[:axis], int(size), *source[axis + 1 :]) for size in sizes or ()]


def _pad(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    source = shapes[0]
    pads = node.attributes.get("pads") or (values[1] if len(values) > 1 else None)
    if source is None or pads is None or len(values) > 3:
        return [None]
    rank = len(source)
    return [
        tuple(
            None if size is None else size + int(pads[axis]) + int(pads[axis + rank])
            for axis, size in enumerate(source)
        )
    ]


def _slice(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    source = shapes[0]
    names = ("starts", "ends", "axes", "steps")
    given = [node.attributes.get(name) for name in names]
    given = [
        held if held is not None else (values[1 + n] if len(values) > 1 + n else None) for n, held in enumerate(given)
    ]
    starts, ends, axes, steps = given
    if source is None or None in source or starts is None or ends is None:
        return [None]
    sizes = [int(size or 0) for size in source]
    for place, axis in enumerate(axes if axes is not None else range(len(starts))):
        step = int(steps[place]) if steps is not None else 1
        sizes[int(axis)] = len(range(*slice(int(starts[place]), int(ends[place]), step).indices(sizes[int(axis)])))
    return [tuple(sizes)]


def _squeeze(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    source = shapes[0]
    axes = node.attributes.get("axes") or (values[1] if len(values) > 1 else None)
    if source is None:
        return [None]
    if axes is None:
        return [tuple(size for size in source if size != 1)]
    gone = {int(axis) % len(source) for axis in axes}
    return [tuple(size for axis, size in enumerate(source) if axis not in gone)]


def _unsqueeze(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    source = shapes[0]
    axes = node.attributes.get("axes") or (values[1] if len(values) > 1 else None)
    if source is None or axes is None or len(axes) + len(source) > MAX_RANK:
        return [None]
    rank = len(source) + len(axes)
    new = {int(axis) % rank for axis in axes}
    old = iter(source)
    return [tuple(1 if axis in new else next(old) for axis in range(rank))]


def _reduce(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    source = shapes[0]
    axes = node.attributes.get("axes") or (values[1] if len(values) > 1 else None)
    if source is None:
        return [None]
    gone = {int(axis) % len(source) for axis in axes} if axes is not None else set(range(len(source)))
    if node.attributes.get("keepdims", 1):
        return [tuple(1 if axis in gone else size for axis, size in enumerate(source))]
    return [tuple(size for axis, size in enumerate(source) if axis not in gone)]


def _resize(_node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    source = shapes[0]
    if source is None or None in source:
        return [None]
    if len(values) > 3 and values[3]:
        return [tuple(int(size) for size in values[3])]
    scales = values[2] if len(values) > 2 else values[1]  # before opset 11 the second operand
    if not scales:
        return [None]
    return [tuple(int(int(size or 0) * scale) for size, scale in zip(source, scales, strict=True))]


def _gather(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    source, indices = shapes[0], shapes[1]
    if source is None or indices is None:
        return [None]
    axis = node.attributes.get("axis", 0) % len(source)
    return [(*source[:axis], *indices, *source[axis + 1 :])]


def _rank(_node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    return [None] if shapes[0] is None else [(len(shapes[0]),)]


def _depth_to_space(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    source, block = shapes[0], node.attributes["blocksize"]
    if source is None or None in source:
        return [None]
    batch, channels, height, width = (int(size or 0) for size in source)
    return [(batch, channels // block**2, height * block, width * block)]


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
    **dict.fromkeys(_LIKE_THE_FIRST.split(), _same),
    **dict.fromkeys(_BROADCASTING.split(), _broadcast),
    **dict.fromkeys(_REDUCING.split(), _reduce),
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), _pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool"), _global_pool),
    **dict.fromkeys(("Resize", "Upsample"), _resize),
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Concat": _concat,
    "Split": _split,
    "Pad": _pad,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Gather": _gather,
    "Shape": _rank,
    "DepthToSpace": _depth_to_space,
}
