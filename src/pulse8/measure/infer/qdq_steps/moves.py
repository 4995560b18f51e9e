"""Steps that move bytes and do not compute: Concat, Transpose and changes of shape."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pulse8.measure.infer.program import Concat, Reshape, Step, Tensor, Transpose
from pulse8.measure.infer.qdq_steps.site import Site
from pulse8.measure.infer.qdq_steps.tables import requantised


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
    if min(shape, default=0) < 1 or np.prod(shape, dtype=np.float64) != count or len(shape) > 4:
        raise site.refuse(f"{list(source.shape)} cannot become {shape} (rank 1 to 4, the same elements)")
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


def free(site: Site, source: Tensor, shape: tuple[int, ...], step: Callable[[Tensor], Step]) -> list[Step]:
    """Move bytes, then change their scale where the target has another."""
    target = replace(site.target, shape=shape)
    if source.same_codes(target):
        return [step(target)]
    between = replace(source, name=site.node_output, shape=shape)
    return [step(between), requantised(between, target)]
