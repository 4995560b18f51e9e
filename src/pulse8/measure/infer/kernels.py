"""One function a step, in numpy, for tensors that lie channel first or channel last.

What a step sums is exact; how it is rounded to a byte is a function of its own: :func:`half_even` is the contract,
others say how far a board that rounds differently may be from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce, singledispatch
from typing import Final, Literal, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pulse8.measure.infer.program import (
    Add,
    AveragePool,
    Concat,
    Conv,
    Lookup,
    MaxPool,
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


def _conv_channel_first(windows: Exact, step: Conv) -> Exact:
    """Weights [group, out, in kernel] times windows [batch, group, in kernel, places]."""
    batch, _, height, width = windows.shape[:4]
    columns = windows.transpose(0, 1, 4, 5, 2, 3).reshape(batch, step.groups, -1, height * width)
    weights = step.weight.reshape(step.groups, -1, columns.shape[2]).astype(np.float32)
    return np.asarray(np.matmul(weights, columns).reshape(batch, -1, height, width))


def _conv_channel_last(windows: Exact, step: Conv) -> Exact:
    """Windows [batch, group, places, kernel in] times weights [group, kernel in, out]."""
    batch, height, width, channels, *kernel = windows.shape
    groups, each = step.groups, channels // step.groups
    split = windows.reshape(batch, height, width, groups, each, *kernel)
    rows = split.transpose(0, 3, 1, 2, 5, 6, 4).reshape(batch, groups, height * width, -1)
    weights = step.weight.reshape(groups, -1, each, *kernel).transpose(0, 3, 4, 2, 1)
    sums = np.matmul(rows, weights.reshape(groups, rows.shape[3], -1).astype(np.float32))
    return np.asarray(sums.transpose(0, 2, 1, 3).reshape(batch, height, width, -1))


@dataclass(frozen=True)
class Layout:
    """How a rank 4 tensor lies in memory; other ranks lie as ONNX has them.

    Attributes
    ----------
    order
        The channel-first axes in the order in which they are stored.
    conv
        Sum windows times weights, on axes in that order.
    """

    order: tuple[int, int, int, int]
    conv: Callable[[Exact, Conv], Exact]

    def store(self, tensor: NDArray[Number]) -> NDArray[Number]:
        """Take a channel-first tensor."""
        return np.ascontiguousarray(tensor.transpose(self.order)) if tensor.ndim == 4 else tensor

    def load(self, tensor: NDArray[Number]) -> NDArray[Number]:
        """Return it channel first."""
        return np.ascontiguousarray(tensor.transpose(np.argsort(self.order))) if tensor.ndim == 4 else tensor

    def axis(self, axis: int, rank: int = 4) -> int:
        """Where a channel-first axis lies."""
        return self.order.index(axis) if rank == 4 else axis

    def per_channel(self, values: Exact) -> Exact:
        """Give [channels] the rank of a tensor."""
        return values[None, :, None, None].transpose(self.order)

    def per_place(self, values: Exact) -> Exact:
        """Give [height, width] the rank of a tensor."""
        return values[None, None].transpose(self.order)

    def windows(self, x: NDArray[Number], window: Window, fill: int) -> NDArray[Number]:
        """View of the tensor whose height and width count windows; the kernel's two axes stand behind."""
        axes = self.axis(2), self.axis(3)
        if any(window.pads):
            edges = [(0, 0)] * 4
            edges[axes[0]], edges[axes[1]] = window.pads[::2], window.pads[1::2]
            x = np.pad(x, edges, constant_values=fill)
        reach = tuple(gap * (size - 1) + 1 for gap, size in zip(window.dilations, window.kernel, strict=True))
        view = sliding_window_view(x, reach, axis=axes)[..., :: window.dilations[0], :: window.dilations[1]]
        steps = [slice(None)] * 4
        steps[axes[0]], steps[axes[1]] = (slice(None, None, stride) for stride in window.strides)
        return view[tuple(steps)]


Rounded = Conv | AveragePool | Add | ScaledAdd | Mul
Multiplier = Exact | np.float32
Rounding = Callable[[Exact, Multiplier, Rounded], Codes]
"""From sums, their multiplier and their step to its bytes."""


def half_even(sums: Exact, multiplier: Multiplier, step: Rounded) -> Codes:
    """Multiply once in float32, round half to even, add the zero point, clamp."""
    codes: Exact = np.rint(sums * multiplier) + np.float32(step.output.zero_point)
    return codes.clip(step.low, step.high).astype(np.int8)


LayoutName = Literal["channel first", "channel last"]
LAYOUTS: Final[dict[LayoutName, Layout]] = {
    "channel first": Layout((0, 1, 2, 3), _conv_channel_first),
    "channel last": Layout((0, 2, 3, 1), _conv_channel_last),
}


@singledispatch
def run_step(step: Step, _sources: list[Codes], _layout: Layout, _rounding: Rounding) -> Codes:
    """Compute one step on tensors as the layout stores them."""
    raise TypeError(step)


@run_step.register
def _conv(step: Conv, sources: list[Codes], layout: Layout, rounding: Rounding) -> Codes:
    x = _minus_zero(sources[0], step.source)
    if x.ndim == 2:  # a Gemm: one place
        x = layout.store(x[:, :, None, None])
    sums = layout.conv(layout.windows(x, step.window, 0), step) + layout.per_channel(step.bias.astype(np.float32))
    codes = rounding(sums, layout.per_channel(step.multiplier), step)
    return codes if len(step.output.shape) == 4 else layout.load(codes).reshape(step.output.shape)


@run_step.register
def _max_pool(step: MaxPool, sources: list[Codes], layout: Layout, _rounding: Rounding) -> Codes:
    return reduce(np.maximum, _places(layout.windows(sources[0], step.window, -128)))


@run_step.register
def _average_pool(step: AveragePool, sources: list[Codes], layout: Layout, rounding: Rounding) -> Codes:
    sums = reduce(np.add, _places(layout.windows(_minus_zero(sources[0], step.source), step.window, 0)))
    return rounding(sums, layout.per_place(step.multiplier), step)


@run_step.register
def _add(step: Add, sources: list[Codes], _layout: Layout, rounding: Rounding) -> Codes:
    one, other = _minus_zero(sources[0], step.source), _minus_zero(sources[1], step.other)
    return rounding(one + other, step.multiplier, step)


@run_step.register
def _scaled_add(step: ScaledAdd, sources: list[Codes], _layout: Layout, rounding: Rounding) -> Codes:
    one = _minus_zero(sources[0], step.source) * step.source.scale
    other = _minus_zero(sources[1], step.other) * step.other.scale
    return rounding(one + other, step.inverse, step)


@run_step.register
def _mul(step: Mul, sources: list[Codes], _layout: Layout, rounding: Rounding) -> Codes:
    one, other = _minus_zero(sources[0], step.source), _minus_zero(sources[1], step.other)
    return rounding(one * other, step.multiplier, step)


@run_step.register
def _lookup(step: Lookup, sources: list[Codes], _layout: Layout, _rounding: Rounding) -> Codes:
    return np.asarray(step.table[sources[0].astype(np.int16) + 128])


@run_step.register
def _concat(step: Concat, sources: list[Codes], layout: Layout, _rounding: Rounding) -> Codes:
    return np.concatenate(sources, axis=layout.axis(step.axis, len(step.output.shape)))


@run_step.register
def _reshape(step: Reshape, sources: list[Codes], layout: Layout, _rounding: Rounding) -> Codes:
    return layout.store(layout.load(sources[0]).reshape(step.output.shape))


@run_step.register
def _transpose(step: Transpose, sources: list[Codes], layout: Layout, _rounding: Rounding) -> Codes:
    return layout.store(np.ascontiguousarray(layout.load(sources[0]).transpose(step.axes)))


def _places(windows: NDArray[Number]) -> list[NDArray[Number]]:
    """Split windows into one tensor a place of the kernel."""
    return [windows[..., row, column] for row, column in np.ndindex(windows.shape[-2:])]


def _minus_zero(codes: Codes, tensor: Tensor) -> Exact:
    return np.subtract(codes, np.float32(tensor.zero_point), dtype=np.float32)
