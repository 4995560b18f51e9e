"""Steps that compute, for the board's kernels: convolutions, pools, pairs and tables."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from pulse8.board.codegen.board_net import GROUP, LANES, LARGEST, BoardStep, Operator, Packed, Slide, refusal, shape_of
from pulse8.measure.infer.program import Add, AveragePool, Conv, Lookup, MaxPool, Mul, ScaledAdd, Step


def conv_step(step: Conv) -> BoardStep:
    """Pack a convolution; a depthwise one has its own kernel."""
    height, width, channels = shape_of(step.output)
    depthwise = step.groups > 1 and step.group_inputs == 1 and len(step.weight) == step.groups
    return BoardStep(
        operator="P8_DEPTHWISE" if depthwise else "P8_CONV",
        x=step.source.name,
        y=step.output.name,
        into=shape_of(step.source),
        out=(height, width, channels),
        macs=height * width * step.weight.size,
        slide=_slide(step),
        zeros=(step.source.zero_point, 0, step.output.zero_point),
        low=step.low,
        high=step.high,
        groups=1 + _apart(step) if depthwise else step.groups,
        packed=_depthwise(step) if depthwise else _packed(step),
    )


def _slide(step: Conv | MaxPool | AveragePool) -> Slide:
    window = step.window
    numbers = (*window.kernel, *window.strides, *window.pads, *window.dilations)
    if max(numbers) > LARGEST:
        raise refusal(step, f"kernel, stride, padding and dilation are at most {LARGEST}")
    (height, width), (stride_y, stride_x), (top, left, *_) = window.kernel, window.strides, window.pads
    dilate_y, dilate_x = window.dilations
    return Slide(
        height=height,
        width=width,
        stride_y=stride_y,
        stride_x=stride_x,
        pad_top=top,
        pad_left=left,
        dilate_y=dilate_y,
        dilate_x=dilate_x,
    )


def _packed(step: Conv) -> Packed:
    """Pack weights so that four channels' taps for one vector of bytes are contiguous; groups follow one another."""
    parts = [_packed_group(step, number) for number in range(step.groups)]
    return Packed(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _packed_group(step: Conv, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    outputs = len(step.weight) // step.groups
    own = slice(number * outputs, (number + 1) * outputs)
    weight = step.weight[own]
    _, channels, height, width = weight.shape
    groups, run = -(-outputs // GROUP), width * channels
    blocks = -(-run // LANES)
    rows = np.zeros((groups * GROUP, height, blocks * LANES), np.int8)
    rows[:outputs, :, :run] = weight.transpose(0, 2, 3, 1).reshape(outputs, height, run)
    weights = rows.reshape(groups, GROUP, height, blocks, LANES).transpose(0, 2, 3, 1, 4)
    sums = weight.reshape(outputs, -1).sum(axis=1, dtype=np.int64)
    bias = step.bias[own].astype(np.int64) - step.source.zero_point * sums
    room = groups * GROUP - outputs
    return (
        np.ascontiguousarray(weights),
        np.pad(bias, (0, room)).astype(np.int32),
        np.pad(step.multiplier[own].astype(np.float32), (0, room)),
    )


def _depthwise(step: Conv) -> Packed:
    """Pack sixteen channels' weights of one tap together; each pair of taps is added in 16 bits."""
    channels, _, height, width = step.weight.shape
    blocks, taps = -(-channels // LANES), height * width
    apart = _apart(step)
    weights = np.zeros((blocks * LANES, taps * 2 if apart else -(-taps // 2) * 2), np.int8)
    weights[:channels, : taps * 2 if apart else taps : 2 if apart else 1] = step.weight.reshape(channels, taps)
    sums = step.weight.reshape(channels, -1).sum(axis=1, dtype=np.int64)
    room = blocks * LANES - channels
    return Packed(
        np.ascontiguousarray(weights.reshape(blocks, LANES, -1).transpose(0, 2, 1)),
        np.pad(step.bias.astype(np.int64) - step.source.zero_point * sums, (0, room)).astype(np.int32),
        np.pad(step.multiplier.astype(np.float32), (0, room)),
    )


def _apart(step: Conv) -> bool:
    """Whether taps may not be added in pairs: twice -128 by -128 is more than 16 bits hold."""
    return bool((step.weight == -128).any())


def pool_step(step: MaxPool | AveragePool) -> BoardStep:
    """Turn a pool into its kernel's row."""
    if step.window.dilations != (1, 1):
        raise refusal(step, "pools are not dilated")
    pooled = BoardStep(
        operator="P8_MAX_POOL",
        x=step.source.name,
        y=step.output.name,
        into=shape_of(step.source),
        out=shape_of(step.output),
        slide=_slide(step),
    )
    if isinstance(step, MaxPool):
        return pooled
    one = step.multiplier.size == 1
    return replace(
        pooled,
        operator="P8_AVERAGE_POOL",
        zeros=(step.source.zero_point, 0, step.output.zero_point),
        scales=(0.0, 0.0, float(step.multiplier.item()) if one else 0.0),
        factors=None if one else np.ascontiguousarray(step.multiplier, np.float32),
        low=step.low,
        high=step.high,
    )


OPERATORS: Final[Mapping[type[Step], Operator]] = {Add: "P8_ADD_EQUAL", ScaledAdd: "P8_ADD", Mul: "P8_MULTIPLY"}


def pair_step(step: Add | ScaledAdd | Mul) -> BoardStep:
    """Turn a pair into its kernel's row: the larger operand first, the other's shape as ``into``.

    For a difference one scale is negative.
    """
    last = step.inverse if isinstance(step, ScaledAdd) else step.multiplier
    sign = step.sign if isinstance(step, ScaledAdd) else 1
    operands = [(step.source, float(step.source.scale)), (step.other, sign * float(step.other.scale))]
    (one, scale), (other, other_scale) = sorted(operands, key=lambda operand: -int(np.prod(operand[0].shape)))
    return BoardStep(
        operator=OPERATORS[type(step)],
        x=one.name,
        other=other.name,
        y=step.output.name,
        into=shape_of(other),
        out=shape_of(step.output),
        zeros=(one.zero_point, other.zero_point, step.output.zero_point),
        scales=(scale, other_scale, float(last)),
        low=step.low,
        high=step.high,
    )


def lookup_step(step: Lookup) -> BoardStep:
    """Turn a table, or one per channel, into its kernel's row; it is indexed by the byte as unsigned."""
    tables = step.table.reshape(-1, 256)
    return BoardStep(
        operator="P8_TABLE" if len(tables) == 1 else "P8_CHANNEL_TABLE",
        x=step.source.name,
        y=step.output.name,
        into=shape_of(step.source),
        out=shape_of(step.output),
        table=np.ascontiguousarray(np.roll(tables, 128, axis=1)).ravel(),
    )
