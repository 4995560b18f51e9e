"""An integer program as steps of the board's kernels: channel last, weights packed, every choice fixed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import SpecError
from pulse8.measure.infer.program import (
    Add,
    AveragePool,
    Conv,
    IntegerProgram,
    Lookup,
    MaxPool,
    Mul,
    Reshape,
    ScaledAdd,
    Step,
    Tensor,
    Window,
)

LANES: Final = 16
"""Bytes in a vector: kernel rows are padded to it."""

GROUP: Final = 4
"""Output channels that a kernel sums together."""

Operator = Literal["P8_CONV", "P8_MAX_POOL", "P8_AVERAGE_POOL", "P8_ADD_EQUAL", "P8_ADD", "P8_MULTIPLY", "P8_TABLE"]
Shape = tuple[int, int, int]
"""Height, width, channels."""


@dataclass(frozen=True, eq=False)
class Packed:
    """A convolution's constants as ``p8_conv`` reads them.

    ``weights`` int8 [groups, kernel rows, blocks, 4, 16]; ``bias`` int32 and ``scale`` float32 [groups * 4], the zero
    point's share already subtracted from the bias.
    """

    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    scale: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Slide:
    """How a kernel moves."""

    height: int = 1
    width: int = 1
    stride_y: int = 1
    stride_x: int = 1
    pad_top: int = 0
    pad_left: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class BoardStep:
    """One row of the step table; tensors by their names in the ONNX file.

    ``scales`` are those of ``p8_pair_t``: of the first and second operand, and the last.
    """

    operator: Operator
    x: str
    y: str
    other: str | None = None
    into: Shape
    out: Shape
    macs: int = 0
    slide: Slide = field(default_factory=Slide)
    zeros: tuple[int, int, int] = (0, 0, 0)
    scales: tuple[float, float, float] = (0.0, 0.0, 0.0)
    low: int = -128
    high: int = 127
    packed: Packed | None = None
    table: NDArray[np.int8] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class BoardNet:
    """A network ready to be written: its steps, its input and output tensors."""

    name: str
    steps: tuple[BoardStep, ...]
    input: Tensor
    output: Tensor

    @property
    def macs(self) -> int:
        """Multiplications and additions of all convolutions."""
        return sum(step.macs for step in self.steps)


def lower(program: IntegerProgram, name: str) -> BoardNet:
    """Turn a program into board steps.

    Raises
    ------
    SpecError
        The kernels do not support a step; the message names it.
    """
    steps = _without_reshapes(program.steps)
    return BoardNet(name=name, steps=tuple(map(_board_step, steps)), input=program.input, output=steps[-1].output)


def _without_reshapes(steps: tuple[Step, ...]) -> list[Step]:
    """Fold each flattening into the 1x1 convolution after it, which becomes a convolution over the whole picture."""
    kept: list[Step] = []
    for step, after in pairwise((*steps, None)):
        before = kept[-1] if kept else None
        if isinstance(before, Reshape) and isinstance(step, Conv):
            kept[-1] = _over_the_whole(step, before)
        elif isinstance(step, Reshape) and not (isinstance(after, Conv) and after.source.name == step.output.name):
            raise _refusal(step, "a Reshape comes before a Conv")
        elif step is not None:
            kept.append(step)
    return kept


def _over_the_whole(conv: Conv, flat: Reshape) -> Conv:
    """Read [1, C, H, W] instead of its flattening [1, C H W, 1, 1]: the same sums, channel by channel."""
    _, channels, height, width = flat.source.shape
    if flat.output.shape != (1, channels * height * width, 1, 1) or conv.window != Window(kernel=(1, 1)):
        raise _refusal(flat, "a Reshape flattens before a 1x1 Conv")
    weight = conv.weight.reshape(len(conv.weight), channels, height, width)
    return replace(conv, source=flat.source, weight=weight, window=Window(kernel=(height, width)))


def _refusal(step: Step, hint: str) -> SpecError:
    return SpecError(f"{type(step).__name__} {step.output.name} has no kernel on the board: there, {hint}")


def _shape(tensor: Tensor) -> Shape:
    if len(tensor.shape) != 4 or tensor.shape[0] != 1:
        raise SpecError(f"tensor {tensor.name} is {list(tensor.shape)}; the board takes [1, channels, height, width]")
    _, channels, height, width = tensor.shape
    return height, width, channels


def _board_step(step: Step) -> BoardStep:
    match step:
        case Conv():
            return _conv(step)
        case MaxPool() | AveragePool():
            return _pool(step)
        case Add() | ScaledAdd() | Mul():
            return _pair(step)
        case Lookup():
            return BoardStep(
                operator="P8_TABLE",
                x=step.source.name,
                y=step.output.name,
                into=_shape(step.source),
                out=_shape(step.output),
                table=np.roll(step.table, 128),  # the kernel indexes the table by the unsigned byte
            )
    raise _refusal(step, "only Conv, pools, Add, Mul and tables run")


def _slide(step: Conv | MaxPool | AveragePool) -> Slide:
    window = step.window
    if window.dilations != (1, 1):
        raise _refusal(step, "kernels are not dilated")
    (height, width), (stride_y, stride_x), (top, left, *_) = window.kernel, window.strides, window.pads
    return Slide(height=height, width=width, stride_y=stride_y, stride_x=stride_x, pad_top=top, pad_left=left)


def _conv(step: Conv) -> BoardStep:
    if step.groups != 1:
        raise _refusal(step, "a Conv has one group")
    height, width, channels = _shape(step.output)
    return BoardStep(
        operator="P8_CONV",
        x=step.source.name,
        y=step.output.name,
        into=_shape(step.source),
        out=(height, width, channels),
        macs=height * width * step.weight.size,
        slide=_slide(step),
        zeros=(step.source.zero_point, 0, step.output.zero_point),
        low=step.low,
        high=step.high,
        packed=_packed(step),
    )


def _packed(step: Conv) -> Packed:
    """Pack weights so that four channels' taps for one vector of bytes lie together."""
    outputs, channels, height, width = step.weight.shape
    groups, run = -(-outputs // GROUP), width * channels
    blocks = -(-run // LANES)
    rows = np.zeros((groups * GROUP, height, blocks * LANES), np.int8)
    rows[:outputs, :, :run] = step.weight.transpose(0, 2, 3, 1).reshape(outputs, height, run)
    weights = rows.reshape(groups, GROUP, height, blocks, LANES).transpose(0, 2, 3, 1, 4)
    sums = step.weight.reshape(outputs, -1).sum(axis=1, dtype=np.int64)
    bias = step.bias.astype(np.int64) - step.source.zero_point * sums
    room = groups * GROUP - outputs
    return Packed(
        weights=np.ascontiguousarray(weights),
        bias=np.pad(bias, (0, room)).astype(np.int32),
        scale=np.pad(step.multiplier.astype(np.float32), (0, room)),
    )


def _pool(step: MaxPool | AveragePool) -> BoardStep:
    if any(step.window.pads):
        raise _refusal(step, "pools are not padded")
    pooled = BoardStep(
        operator="P8_MAX_POOL",
        x=step.source.name,
        y=step.output.name,
        into=_shape(step.source),
        out=_shape(step.output),
        slide=_slide(step),
    )
    if isinstance(step, MaxPool):
        return pooled
    return replace(
        pooled,
        operator="P8_AVERAGE_POOL",
        zeros=(step.source.zero_point, 0, step.output.zero_point),
        scales=(0.0, 0.0, float(step.multiplier.item())),
        low=step.low,
        high=step.high,
    )


OPERATORS: Final[Mapping[type[Step], Operator]] = {Add: "P8_ADD_EQUAL", ScaledAdd: "P8_ADD", Mul: "P8_MULTIPLY"}


def _pair(step: Add | ScaledAdd | Mul) -> BoardStep:
    last = step.inverse if isinstance(step, ScaledAdd) else step.multiplier
    return BoardStep(
        operator=OPERATORS[type(step)],
        x=step.source.name,
        other=step.other.name,
        y=step.output.name,
        into=_shape(step.source),
        out=_shape(step.output),
        zeros=(step.source.zero_point, step.other.zero_point, step.output.zero_point),
        scales=(float(step.source.scale), float(step.other.scale), float(last)),
        low=step.low,
        high=step.high,
    )
