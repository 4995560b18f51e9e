"""Shapes after the layers that compute: convolutions, pools, matrix products and element by element."""

from collections.abc import Sequence

from pulse8.board.onnx_graph.records import Node, Shape, Values


def same(_node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return the first operand's shape: what works element by element."""
    return [shapes[0]]


def broadcast(_node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return the shape that all operands are broadcast to."""
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


def conv(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return a Conv's shape: its weight's channels, and as many places as the kernel takes."""
    source, weight = shapes[0], shapes[1]
    if source is None or weight is None or None in weight or len(weight) != len(source):
        return [None]
    kernel = [size for size in weight[2:] if size is not None]
    return [(source[0], weight[0], *_window(node, source, kernel))]


def conv_transpose(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return a ConvTranspose's shape."""
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


def pool(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return the shape after a pool with a window."""
    source, kernel = shapes[0], node.attributes.get("kernel_shape")
    if source is None or not kernel:
        return [None]
    return [(*source[:2], *_window(node, source, kernel))]


def global_pool(_node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return the shape after a pool over the whole map: 1 on each spatial axis."""
    source = shapes[0]
    return [None] if source is None else [(*source[:2], *(1,) * (len(source) - 2))]


def gemm(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return a Gemm's rows and columns."""
    one, other = shapes[0], shapes[1]
    if one is None or other is None:
        return [None]
    rows = one[1] if node.attributes.get("transA", 0) else one[0]
    columns = other[0] if node.attributes.get("transB", 0) else other[1]
    return [(rows, columns)]


def matmul(_node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return a matrix product's shape, its outer axes broadcast."""
    one, other = shapes[0], shapes[1]
    if one is None or other is None or len(one) < 2 or len(other) < 2:
        return [None]
    outer = broadcast(_node, [one[:-2], other[:-2]], ())[0] or ()
    return [(*outer, one[-2], other[-1])]
