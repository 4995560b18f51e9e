"""Shapes after the nodes that rearrange, cut, join or shrink a tensor along its axes."""

from collections.abc import Sequence
from math import prod

from pulse8.board.onnx_graph.records import MAX_RANK, Node, Shape, Values


def reshape(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    """Return the shape that a Reshape asks for: 0 keeps an axis, -1 takes what is left."""
    source, wanted = shapes[0], values[1]
    if wanted is None or source is None:
        return [None]
    keep = not node.attributes.get("allowzero", 0)
    sizes: list[int | None] = [source[axis] if size == 0 and keep else int(size) for axis, size in enumerate(wanted)]
    known = [size for size in sizes if size != -1]
    if -1 in sizes:
        rest = None
        if None not in source and None not in known:
            total, stated = prod(int(size or 0) for size in source), prod(int(size or 0) for size in known)
            rest = total // stated
        sizes[sizes.index(-1)] = rest
    return [tuple(sizes)]


def flatten(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return the two axes that a Flatten makes."""
    source = shapes[0]
    if source is None or None in source:
        return [None]
    axis = node.attributes.get("axis", 1) % (len(source) + 1)
    known = [int(size or 0) for size in source]
    return [(prod(known[:axis]), prod(known[axis:]))]


def transpose(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return the axes in the order of ``perm``."""
    source = shapes[0]
    if source is None:
        return [None]
    order = node.attributes.get("perm") or tuple(reversed(range(len(source))))
    return [tuple(source[axis] for axis in order)]


def concat(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return the operands joined along an axis."""
    known = [shape for shape in shapes if shape is not None]
    if not known or len(known) != len(shapes):
        return [None]
    axis = node.attributes["axis"] % len(known[0])
    sizes = [shape[axis] for shape in known]
    joined = None if None in sizes else sum(int(size or 0) for size in sizes)
    return [(*known[0][:axis], joined, *known[0][axis + 1 :])]


def split(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    """Return the parts of a tensor along an axis: as stated, or equal ones."""
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


def pad(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    """Return the shape with its pads added."""
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


def sliced(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    """Return the shape that a Slice leaves."""
    source = shapes[0]
    names = ("starts", "ends", "axes", "steps")
    given = [node.attributes.get(name) for name in names]
    given = [
        value if value is not None else (values[1 + n] if len(values) > 1 + n else None)
        for n, value in enumerate(given)
    ]
    starts, ends, axes, steps = given
    if source is None or None in source or starts is None or ends is None:
        return [None]
    sizes = [int(size or 0) for size in source]
    for place, axis in enumerate(axes if axes is not None else range(len(starts))):
        step = int(steps[place]) if steps is not None else 1
        sizes[int(axis)] = len(range(*slice(int(starts[place]), int(ends[place]), step).indices(sizes[int(axis)])))
    return [tuple(sizes)]


def squeeze(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    """Return the shape without the named axes, or without every axis of 1."""
    source = shapes[0]
    axes = node.attributes.get("axes") or (values[1] if len(values) > 1 else None)
    if source is None:
        return [None]
    if axes is None:
        return [tuple(size for size in source if size != 1)]
    gone = {int(axis) % len(source) for axis in axes}
    return [tuple(size for axis, size in enumerate(source) if axis not in gone)]


def unsqueeze(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    """Return the shape with axes of 1 put in."""
    source = shapes[0]
    axes = node.attributes.get("axes") or (values[1] if len(values) > 1 else None)
    if source is None or axes is None or len(axes) + len(source) > MAX_RANK:
        return [None]
    rank = len(source) + len(axes)
    new = {int(axis) % rank for axis in axes}
    old = iter(source)
    return [tuple(1 if axis in new else next(old) for axis in range(rank))]


def reduce(node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    """Return the shape after a reduction: axes removed, or 1 with ``keepdims``."""
    source = shapes[0]
    axes = node.attributes.get("axes") or (values[1] if len(values) > 1 else None)
    if source is None:
        return [None]
    gone = {int(axis) % len(source) for axis in axes} if axes is not None else set(range(len(source)))
    if node.attributes.get("keepdims", 1):
        return [tuple(1 if axis in gone else size for axis, size in enumerate(source))]
    return [tuple(size for axis, size in enumerate(source) if axis not in gone)]


def resize(_node: Node, shapes: Sequence[Shape | None], values: Sequence[Values]) -> list[Shape | None]:
    """Return the shape that a Resize states, or that its scales give."""
    source = shapes[0]
    if source is None or None in source:
        return [None]
    if len(values) > 3 and values[3]:
        return [tuple(int(size) for size in values[3])]
    scales = values[2] if len(values) > 2 else values[1]  # before opset 11 the second operand
    if not scales:
        return [None]
    return [tuple(int(int(size or 0) * scale) for size, scale in zip(source, scales, strict=True))]


def gather(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return the shape with one axis replaced by the indices' axes."""
    source, indices = shapes[0], shapes[1]
    if source is None or indices is None:
        return [None]
    axis = node.attributes.get("axis", 0) % len(source)
    return [(*source[:axis], *indices, *source[axis + 1 :])]


def rank(_node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return the shape of a shape: one axis with the number of dimensions."""
    return [None] if shapes[0] is None else [(len(shapes[0]),)]


def depth_to_space(node: Node, shapes: Sequence[Shape | None], _values: Sequence[Values]) -> list[Shape | None]:
    """Return the shape after channels are moved into blocks of pixels."""
    source, block = shapes[0], node.attributes["blocksize"]
    if source is None or None in source:
        return [None]
    batch, channels, height, width = (int(size or 0) for size in source)
    return [(batch, channels // block**2, height * block, width * block)]
