"""Steps that move bytes and do not compute: Concat, Transpose, what cuts and pads, and what only changes a shape."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from pulse8.measure.infer.program import Concat, Move, Reshape, Step, Tensor, Transpose
from pulse8.measure.infer.qdq_steps.pairs import spread
from pulse8.measure.infer.qdq_steps.places import Places, padded_places, resized_places, sliced_places
from pulse8.measure.infer.qdq_steps.site import Site
from pulse8.measure.infer.qdq_steps.tables import requantised

MOST_RANK: Final = 6


def concat(site: Site) -> list[Step]:
    """Join along an axis; operands with other codes are requantised first."""
    site.known("axis")
    tensors = [site.tensor(number) for number in range(len(site.operands))]
    rank = len(tensors[0].shape)
    axis = int(site.attributes.get("axis", 0))
    if not -rank <= axis < rank:
        raise site.refuse(f"axis {axis} of rank {rank}")
    axis %= rank
    rests = {(*tensor.shape[:axis], *tensor.shape[axis + 1 :]) for tensor in tensors}
    if len(rests) != 1 or any(len(tensor.shape) != rank for tensor in tensors):
        raise site.refuse("shapes differ beside the axis")
    shape = list(tensors[0].shape)
    shape[axis] = sum(tensor.shape[axis] for tensor in tensors)
    steps: list[Step] = []
    sources = []
    for number, tensor in enumerate(tensors):
        if not tensor.same_codes(site.target):
            steps.append(requantised(tensor, replace(site.target, name=f"{site.node_output}.{number}")))
        sources.append(tensor if tensor.same_codes(site.target) else steps[-1].output)
    return [*steps, Concat(sources=tuple(sources), output=replace(site.target, shape=tuple(shape)), axis=axis)]


def reshape(site: Site) -> list[Step]:
    """Change the shape, given with at most one -1, and 0 for an axis that keeps its size."""
    site.known()
    source, wanted = site.tensor(), site.integers(1, "shape")
    if any(size == 0 and number >= len(source.shape) for number, size in enumerate(wanted)):
        raise site.refuse(f"shape {wanted} copies an axis that {list(source.shape)} lacks")
    return _reshaped(site, [source.shape[number] if size == 0 else size for number, size in enumerate(wanted)])


def flatten(site: Site) -> list[Step]:
    """Flatten to two axes, split at ``axis``."""
    site.known("axis")
    shape = site.tensor().shape
    axis = int(site.attributes.get("axis", 1))
    if not -len(shape) <= axis <= len(shape):
        raise site.refuse(f"axis {axis} of rank {len(shape)}")
    axis = axis + len(shape) if axis < 0 else axis
    return _reshaped(site, [int(np.prod(shape[:axis])), int(np.prod(shape[axis:]))])


def squeeze(site: Site) -> list[Step]:
    """Drop axes of size 1: those named, or all."""
    site.known("axes")
    shape = site.tensor().shape
    given = "axes" in site.attributes or len(site.operands) > 1
    axes = site.integers(1, "axes") if given else [axis for axis, size in enumerate(shape) if size == 1]
    if any(not -len(shape) <= axis < len(shape) or shape[axis] != 1 for axis in axes):
        raise site.refuse(f"axes {axes} of {list(shape)} are not all 1")
    gone = {axis % len(shape) for axis in axes}
    return _reshaped(site, [size for axis, size in enumerate(shape) if axis not in gone])


def unsqueeze(site: Site) -> list[Step]:
    """Insert axes of size 1."""
    site.known("axes")
    shape, axes = site.tensor().shape, site.integers(1, "axes")
    rank = len(shape) + len(axes)
    new = {axis % rank for axis in axes if -rank <= axis < rank}
    if len(new) != len(axes):
        raise site.refuse(f"axes {axes} of rank {rank}")
    rest = iter(shape)
    return _reshaped(site, [1 if axis in new else next(rest) for axis in range(rank)])


def _reshaped(site: Site, shape: list[int]) -> list[Step]:
    source = site.tensor()
    count = int(np.prod(source.shape))
    known = int(np.prod([size for size in shape if size != -1], dtype=np.float64))
    if shape.count(-1) == 1 and known > 0 and count % known == 0:
        shape = [count // known if size == -1 else size for size in shape]
    if min(shape, default=0) < 1 or np.prod(shape, dtype=np.float64) != count or len(shape) > MOST_RANK:
        raise site.refuse(f"{list(source.shape)} cannot become {shape} (rank 1 to 6, the same elements)")
    return free(site, source, tuple(shape), lambda output: Reshape(source=source, output=output))


def transpose(site: Site) -> list[Step]:
    """Change the order of axes; the default reverses it."""
    site.known("perm")
    source = site.tensor()
    rank = len(source.shape)
    axes = tuple(int(axis) for axis in site.attributes.get("perm", range(rank)[::-1]))
    if sorted(axes) != list(range(rank)):
        raise site.refuse(f"perm {list(axes)} of rank {rank}")
    shape = tuple(source.shape[axis] for axis in axes)
    return free(site, source, shape, lambda output: Transpose(source=source, output=output, axes=axes))


def identity(site: Site) -> list[Step]:
    """Pass on what comes: Identity, and Dropout after training."""
    source = site.tensor()
    return [requantised(source, replace(site.target, shape=source.shape))]


def pad(site: Site) -> list[Step]:
    """Lengthen axes by zeros, by what stands at the edge, or by its mirror image."""
    site.known("mode", "pads", "value")
    source = site.tensor()
    value = float(site.numbers(2).item()) if site.has(2) else float(site.attributes.get("value", 0.0))
    mode = site.attributes.get("mode", b"constant").decode()
    pads = site.integers(1, "pads")
    if site.has(3):
        pads = _on_axes(pads, [int(axis) for axis in site.constant(3).values.ravel()], len(source.shape))
    places = padded_places(source.shape, pads, mode)
    if places is None or (mode == "constant" and value != 0):
        raise site.refuse(
            f"pads {pads} of {list(source.shape)} by {value:g} ({mode}); zeros, edge or reflect are known"
        )
    return _placed(site, source, places)


def _on_axes(pads: list[int], axes: list[int], rank: int) -> list[int]:
    full = [0] * (2 * rank)
    for number, axis in enumerate(axes):
        full[axis % rank], full[rank + axis % rank] = pads[number], pads[len(axes) + number]
    return full


def sliced(site: Site) -> list[Step]:
    """Cut axes between two places."""
    site.known("starts", "ends", "axes", "steps")
    source = site.tensor()
    starts, ends = site.integers(1, "starts"), site.integers(2, "ends")
    axes = site.integers(3, "axes") if site.has(3) or "axes" in site.attributes else list(range(len(starts)))
    steps = site.integers(4, "steps") if site.has(4) else [1] * len(starts)
    rank = len(source.shape)
    if (
        not all(-rank <= axis < rank for axis in axes)
        or 0 in steps
        or len({*map(len, (starts, ends, axes, steps))}) > 1
    ):
        raise site.refuse(f"starts {starts}, ends {ends}, axes {axes}, steps {steps} of rank {rank}")
    return _placed(site, source, sliced_places(source.shape, starts, ends, [axis % rank for axis in axes], steps))


def split(site: Site) -> list[Step]:
    """Cut one axis into parts; each output is one."""
    site.known("axis", "split", "num_outputs")
    source, rank = site.tensor(), len(site.tensor().shape)
    axis = int(site.attributes.get("axis", 0)) % rank
    told = site.has(1) or "split" in site.attributes
    outputs = int(site.attributes.get("num_outputs", 0))
    if not told and not outputs:
        raise site.refuse("its parts are not stated; give their sizes")
    each = -(-source.shape[axis] // max(outputs, 1))
    sizes = site.integers(1, "split") if told else [each] * outputs
    start = sum(sizes[: site.number])
    return _placed(site, source, sliced_places(source.shape, [start], [start + sizes[site.number]], [axis], [1]))


def resize(site: Site) -> list[Step]:
    """Repeat or leave out places: the nearest one is taken."""
    site.known("mode", "coordinate_transformation_mode", "nearest_mode", "cubic_coeff_a", "extrapolation_value",
               "exclude_outside", "antialias", "keep_aspect_ratio_policy", "axes", "scales")  # fmt: skip
    source = site.tensor()
    number = 1 if len(site.operands) == 2 else 2
    if site.has(3) and len(site.operands) > 3:
        sizes = site.integers(3, "sizes")
        scales = [wanted / size for wanted, size in zip(sizes, source.shape, strict=False)]
    else:
        scales = [float(each) for each in site.attributes.get("scales", site.numbers(number).ravel())]
        sizes = [int(np.floor(size * scale)) for size, scale in zip(source.shape, scales, strict=False)]
    if len(sizes) != len(source.shape) or min(sizes) < 1 or "axes" in site.attributes:
        raise site.refuse(f"sizes {sizes} of {list(source.shape)}; one for each axis, and no axes")
    places = resized_places(source.shape, sizes, scales, site.attributes)
    if places is None:
        raise site.refuse("only the nearest place is taken (mode nearest): write the Resize so, or as a ConvTranspose")
    return _placed(site, source, places)


def expand(site: Site) -> list[Step]:
    """Repeat along axes of size 1."""
    site.known()
    source, wanted = site.tensor(), site.integers(1, "shape")
    shape = np.broadcast_shapes(source.shape, tuple(wanted))
    steps = spread(source, shape, f"{site.node_output}.spread")
    last = steps[-1].output if steps else source
    return [*steps, requantised(last, replace(site.target, shape=shape))]


def depth_to_space(site: Site) -> list[Step]:
    """Deal channels out over height and width."""
    site.known("blocksize", "mode")
    source, block = site.picture(), int(site.attributes["blocksize"])
    batch, channels, height, width = source.shape
    deep = site.attributes.get("mode", b"DCR") == b"DCR"
    each = channels // block**2
    split_shape = (batch, block, block, each) if deep else (batch, each, block, block)
    axes = (0, 3, 4, 1, 5, 2) if deep else (0, 1, 4, 2, 5, 3)
    shape = (batch, each, height * block, width * block)
    return _rearranged(site, (*split_shape, height, width), axes, shape)


def space_to_depth(site: Site) -> list[Step]:
    """Collect blocks of height and width into channels."""
    site.known("blocksize")
    source, block = site.picture(), int(site.attributes["blocksize"])
    batch, channels, height, width = source.shape
    parts = (batch, channels, height // block, block, width // block, block)
    shape = (batch, channels * block**2, height // block, width // block)
    return _rearranged(site, parts, (0, 3, 5, 1, 2, 4), shape)


def _rearranged(site: Site, parts: tuple[int, ...], axes: tuple[int, ...], shape: tuple[int, ...]) -> list[Step]:
    source = site.tensor()
    if np.prod(parts) != np.prod(source.shape):
        raise site.refuse(f"blocks do not divide {list(source.shape)}")
    cut = replace(source, name=f"{site.node_output}.cut", shape=parts)
    turned = replace(source, name=f"{site.node_output}.turned", shape=tuple(parts[axis] for axis in axes))
    steps: list[Step] = [Reshape(source=source, output=cut), Transpose(source=cut, output=turned, axes=axes)]
    return [*steps, *free(site, turned, shape, lambda output: Reshape(source=turned, output=output))]


def _placed(site: Site, source: Tensor, places: Places) -> list[Step]:
    shape = tuple(len(each) for each in places)
    return free(site, source, shape, lambda output: Move(source=source, output=output, places=places))


def free(site: Site, source: Tensor, shape: tuple[int, ...], step: Callable[[Tensor], Step]) -> list[Step]:
    """Move bytes, then change their scale where the target has another."""
    target = replace(site.target, shape=shape)
    if source.same_codes(target):
        return [step(target)]
    between = replace(source, name=site.node_output, shape=shape)
    return [step(between), requantised(between, target)]
