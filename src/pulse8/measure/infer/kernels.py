"""One function per step, in numpy, for tensors in channel-first or channel-last layout.

The sums of a step are exact; rounding to bytes is a separate function. :func:`half_even` is the contract; other
roundings show how far a board that rounds differently may be from it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce, singledispatch
from itertools import product
from typing import Any, Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.infer.program import (
    Add,
    AveragePool,
    Concat,
    Conv,
    Lookup,
    MaxPool,
    Move,
    Mul,
    Reshape,
    ScaledAdd,
    Step,
    Tensor,
    Transpose,
    Window,
)

Codes = NDArray[np.int8]
Exact = NDArray[np.float32]
"""Integers below 2^24 as float32: sums and products of them are exact."""


Number = TypeVar("Number", np.int8, np.float32)

ONE_CORE: Final = 1 << 18
"""Multiplications up to which OpenBLAS keeps a matrix product on one core: smaller ones are slower on several."""


def _conv_channel_first(places: list[Exact], step: Conv) -> Exact:
    """Weights [group, out, place of the kernel x in] times columns [batch, group, the same, place]."""
    batch, _, height, width = places[0].shape
    gathered = np.empty((batch, step.groups, len(places), step.group_inputs, height, width), np.float32)
    for number, view in enumerate(places):
        gathered[:, :, number] = view.reshape(batch, step.groups, step.group_inputs, height, width)
    columns = gathered.reshape(batch, step.groups, -1, height * width)
    sums = np.empty((batch, *step.rows.shape[:2], height * width), np.float32)
    for part in parts_of(height * width, step.rows[0].size):
        np.matmul(step.rows, columns[..., part], out=sums[..., part])
    return sums.reshape(batch, -1, height, width)


def parts_of(places: int, products: int) -> Iterator[slice]:
    """Split a matrix product along its places; ``products`` is the number of multiplications per place."""
    length = max(1, ONE_CORE // products)
    return (slice(start, start + length) for start in range(0, places, length))


def _conv_channel_last(places: list[Exact], step: Conv) -> Exact:
    """Rows [batch, group, place, place of the kernel x in] times weights [group, the same, out]."""
    batch, height, width, _ = places[0].shape
    split = [view.reshape(batch, height * width, step.groups, step.group_inputs) for view in places]
    rows = np.stack(split, axis=3).transpose(0, 2, 1, 3, 4).reshape(batch, step.groups, height * width, -1)
    sums = np.matmul(rows, step.rows.transpose(0, 2, 1))
    return np.asarray(sums.transpose(0, 2, 1, 3).reshape(batch, height, width, -1))


@dataclass(frozen=True)
class Layout:
    """Memory layout of a rank 4 tensor; other ranks are stored as in ONNX.

    Attributes
    ----------
    order
        The channel-first axes in the order in which they are stored.
    conv
        Sum weights times what :meth:`places` returned.
    """

    order: tuple[int, int, int, int]
    conv: Callable[[list[Exact], Conv], Exact]

    def store(self, tensor: NDArray[Number]) -> NDArray[Number]:
        """Convert a channel-first tensor to this layout."""
        return np.ascontiguousarray(tensor.transpose(self.order)) if tensor.ndim == 4 else tensor

    def load(self, tensor: NDArray[Number]) -> NDArray[Number]:
        """Convert a tensor of this layout to channel first."""
        return np.ascontiguousarray(tensor.transpose(np.argsort(self.order))) if tensor.ndim == 4 else tensor

    def axis(self, axis: int, rank: int = 4) -> int:
        """Position of a channel-first axis in this layout."""
        return self.order.index(axis) if rank == 4 else axis

    def per_channel(self, values: Exact) -> Exact:
        """Reshape [channels] so that it broadcasts against a tensor."""
        return values[None, :, None, None].transpose(self.order)

    def per_place(self, values: Exact) -> Exact:
        """Reshape [height, width] so that it broadcasts against a tensor."""
        return values[None, None].transpose(self.order)

    def places(self, x: NDArray[Number], window: Window, fill: int) -> list[NDArray[Number]]:
        """Yield one view per place of the kernel, row by row; height and width of a view count windows."""
        axes = self.axis(2), self.axis(3)
        if any(window.pads):
            x = self._padded(x, window.pads, fill)
        steps = zip(axes, window.kernel, window.strides, window.dilations, strict=True)
        slices = [
            [slice(gap * place, x.shape[axis] - gap * (size - 1 - place), stride) for place in range(size)]
            for axis, size, stride, gap in steps
        ]
        chosen = [slice(None)] * 4
        views = []
        for chosen[axes[0]], chosen[axes[1]] in product(*slices):
            views.append(x[tuple(chosen)])
        return views

    def _padded(self, x: NDArray[Number], pads: tuple[int, int, int, int], fill: int) -> NDArray[Number]:
        top, left, bottom, right = pads
        shape, inside = list(x.shape), [slice(None)] * 4
        for axis, before, after in ((self.axis(2), top, bottom), (self.axis(3), left, right)):
            inside[axis] = slice(before, before + shape[axis])
            shape[axis] += before + after
        padded = np.full(shape, fill, x.dtype)
        padded[tuple(inside)] = x
        return padded


Rounded = Conv | AveragePool | Add | ScaledAdd | Mul
Multiplier = Exact | np.float32
Rounding = Callable[[Exact, Multiplier, Rounded], Codes]
"""Rounds sums, with their multiplier and step, to bytes."""


def half_even(sums: Exact, multiplier: Multiplier, step: Rounded) -> Codes:
    """Multiply once in float32, round half to even, add the zero point, clamp."""
    codes = np.multiply(sums, multiplier, dtype=np.float32)
    np.rint(codes, out=codes)
    codes += np.float32(step.output.zero_point)
    np.clip(codes, step.low, step.high, out=codes)
    return codes.astype(np.int8)


LayoutName = Literal["channel first", "channel last"]
LAYOUTS: Final[dict[LayoutName, Layout]] = {
    "channel first": Layout((0, 1, 2, 3), _conv_channel_first),
    "channel last": Layout((0, 2, 3, 1), _conv_channel_last),
}


@singledispatch
def run_step(step: Step, _sources: list[Codes], _layout: Layout, _rounding: Rounding) -> Codes:
    """Compute one step on tensors in the given layout."""
    raise TypeError(step)


@run_step.register
def _conv(step: Conv, sources: list[Codes], layout: Layout, rounding: Rounding) -> Codes:
    x = _minus_zero(sources[0], step.source)
    if x.ndim == 2:  # a Gemm: one place
        x = layout.store(x[:, :, None, None])
    sums = layout.conv(layout.places(x, step.window, 0), step)
    sums += layout.per_channel(step.bias.astype(np.float32))
    codes = rounding(sums, layout.per_channel(step.multiplier), step)
    return codes if len(step.output.shape) == 4 else layout.load(codes).reshape(step.output.shape)


@run_step.register
def _max_pool(step: MaxPool, sources: list[Codes], layout: Layout, _rounding: Rounding) -> Codes:
    return reduce(np.maximum, layout.places(sources[0], step.window, -128))


@run_step.register
def _average_pool(step: AveragePool, sources: list[Codes], layout: Layout, rounding: Rounding) -> Codes:
    sums = reduce(np.add, layout.places(_minus_zero(sources[0], step.source), step.window, 0))
    return rounding(sums, layout.per_place(step.multiplier), step)


@run_step.register
def _add(step: Add, sources: list[Codes], _layout: Layout, rounding: Rounding) -> Codes:
    one, other = _minus_zero(sources[0], step.source), _minus_zero(sources[1], step.other)
    return rounding(one + other, step.multiplier, step)


@run_step.register
def _scaled_add(step: ScaledAdd, sources: list[Codes], _layout: Layout, rounding: Rounding) -> Codes:
    one = _minus_zero(sources[0], step.source) * step.source.scale
    other = _minus_zero(sources[1], step.other) * (step.sign * step.other.scale)
    return rounding(one + other, step.inverse, step)


@run_step.register
def _mul(step: Mul, sources: list[Codes], _layout: Layout, rounding: Rounding) -> Codes:
    one, other = _minus_zero(sources[0], step.source), _minus_zero(sources[1], step.other)
    return rounding(one * other, step.multiplier, step)


@run_step.register
def _lookup(step: Lookup, sources: list[Codes], layout: Layout, _rounding: Rounding) -> Codes:
    if len(step.by_byte) == 1:
        return _translated(sources[0], step.by_byte[0])
    channels = np.moveaxis(layout.load(sources[0]), 1, 0)
    found = np.stack([_translated(codes, table) for codes, table in zip(channels, step.by_byte, strict=True)])
    return layout.store(np.moveaxis(found, 0, 1))


def _translated(codes: Codes, table: bytes) -> Codes:
    return np.frombuffer(codes.tobytes().translate(table), np.int8).reshape(codes.shape)


@run_step.register
def _concat(step: Concat, sources: list[Codes], layout: Layout, _rounding: Rounding) -> Codes:
    return np.concatenate(sources, axis=layout.axis(step.axis, len(step.output.shape)))


@run_step.register
def _reshape(step: Reshape, sources: list[Codes], layout: Layout, _rounding: Rounding) -> Codes:
    return layout.store(layout.load(sources[0]).reshape(step.output.shape))


@run_step.register
def _transpose(step: Transpose, sources: list[Codes], layout: Layout, _rounding: Rounding) -> Codes:
    return layout.store(np.ascontiguousarray(layout.load(sources[0]).transpose(step.axes)))


@run_step.register
def _move(step: Move, sources: list[Codes], layout: Layout, _rounding: Rounding) -> Codes:
    return layout.store(moved_values(layout.load(sources[0]), step.places, step.source.zero_point))


def moved_values(values: NDArray[Any], places: Sequence[NDArray[np.int64]], fill: float) -> NDArray[Any]:
    """Take the named places of each axis of a tensor; -1 gives ``fill``."""
    for axis, wanted in enumerate(places):
        size = values.shape[axis]
        if np.array_equal(wanted, np.arange(size)):
            continue
        taken = np.take(values, np.maximum(wanted, 0), axis=axis)
        outside = (wanted < 0).reshape([-1 if other == axis else 1 for other in range(values.ndim)])
        values = np.where(outside, np.asarray(fill, values.dtype), taken) if (wanted < 0).any() else taken
    return np.ascontiguousarray(values)


def _minus_zero(codes: Codes, tensor: Tensor) -> Exact:
    return np.subtract(codes, np.float32(tensor.zero_point), dtype=np.float32)
