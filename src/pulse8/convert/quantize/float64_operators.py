"""The operators of a static form in float64: one function each, of its operands and attributes."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.measure.infer.kernels import moved_values, parts_of
from pulse8.measure.infer.qdq_steps.places import padded_places, resized_places, sliced_places, spread_places
from pulse8.measure.infer.qdq_steps.tables import FUNCTIONS, Function

Values = NDArray[np.float64]
Attributes = Mapping[str, Any]
Compute = Callable[[Sequence[Any], Attributes], Any]


def _places(x: Values, kernel: Sequence[int], attributes: Attributes, fill: float) -> list[Values]:
    """View what stands at each place of the kernel, row by row, over all windows."""
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    strides, gaps = attributes.get("strides", (1, 1)), attributes.get("dilations", (1, 1))
    if top or left or bottom or right:
        x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
    rows, columns = (
        [slice(gap * place, size - gap * (reach - 1 - place), stride) for place in range(reach)]
        for size, reach, stride, gap in zip(x.shape[2:], kernel, strides, gaps, strict=True)
    )
    return [x[:, :, row, column] for row, column in product(rows, columns)]


def _conv(operands: Sequence[Values], attributes: Attributes) -> Values:
    x, weight, bias = operands
    groups = attributes.get("group", 1)
    if groups == 1:
        return _one_group(x, weight, bias, attributes)
    parts = zip(np.split(x, groups, 1), np.split(weight, groups), np.split(bias, groups), strict=True)
    return np.concatenate([_one_group(one, kernel, offset, attributes) for one, kernel, offset in parts], axis=1)


def _one_group(x: Values, weight: Values, bias: Values, attributes: Attributes) -> Values:
    places = _places(x, weight.shape[2:], attributes, 0.0)
    batch, channels, height, width = places[0].shape
    columns = np.empty((batch, len(places), channels, height, width))
    for number, view in enumerate(places):
        columns[:, number] = view
    rows = weight.transpose(0, 2, 3, 1).reshape(len(weight), -1)
    flat = columns.reshape(batch, rows.shape[1], height * width)
    sums = np.empty((batch, len(rows), height * width))
    for part in parts_of(height * width, rows.size):
        np.matmul(rows, flat[..., part], out=sums[..., part])
    return np.asarray((sums + bias[:, None]).reshape(batch, -1, height, width))


def _conv_transpose(operands: Sequence[Values], attributes: Attributes) -> Values:
    """Spread the picture by the strides and convolve it with the mirrored kernel."""
    x, weight, bias = operands
    groups, (channels, *kernel) = attributes.get("group", 1), weight.shape[1:]
    gaps, pads = attributes.get("dilations", (1, 1)), attributes.get("pads", (0, 0, 0, 0))
    more = attributes.get("output_padding", (0, 0))
    reach = [gap * (size - 1) for gap, size in zip(gaps, kernel, strict=True)]
    around = [reach[axis] - pads[axis] for axis in (0, 1)]
    around += [reach[axis] - pads[2 + axis] + more[axis] for axis in (0, 1)]
    spread = moved_values(x, spread_places(x.shape, attributes.get("strides", (1, 1)), around), 0.0)
    parts = weight.reshape(groups, -1, channels, *kernel).transpose(0, 2, 1, 3, 4)
    mirrored = parts.reshape(groups * channels, -1, *kernel)[:, :, ::-1, ::-1]
    return _conv((spread, mirrored, bias), {"group": groups, "dilations": gaps})


def _pool(operands: Sequence[Values], attributes: Attributes, fill: float, join: Any) -> Values:  # noqa: ANN401 - a ufunc
    return reduce(join, _places(operands[0], attributes["kernel_shape"], attributes, fill))


def _average(operands: Sequence[Values], attributes: Attributes) -> Values:
    sums = _pool(operands, attributes, 0.0, np.add)
    if any(attributes.get("pads", ())) and not attributes.get("count_include_pad", 0):
        return np.asarray(sums / _pool([np.ones_like(operands[0])], attributes, 0.0, np.add))
    return np.asarray(sums / float(np.prod(attributes["kernel_shape"])))


def _clip(operands: Sequence[Any], _attributes: Attributes) -> Values:
    low, high = (*operands[1:], None, None)[:2]
    ends = (-np.inf if low is None else low), (np.inf if high is None else high)
    return np.asarray(np.clip(operands[0], *ends))


def _prelu(operands: Sequence[Values], _attributes: Attributes) -> Values:
    x, slope = operands
    slope = slope.reshape(*[1] * (x.ndim - slope.ndim), *slope.shape)
    return np.where(x < 0, x * slope, x)


def _pad(operands: Sequence[Any], attributes: Attributes) -> Values:
    mode = attributes.get("mode", b"constant")
    mode = mode.decode() if isinstance(mode, bytes) else mode
    if len(operands) > 2 and operands[2] is not None and np.any(operands[2]):
        raise InputError("a Pad by another value than 0 is not known in INT8; pad by zeros")
    pads, rank = [int(each) for each in operands[1]], operands[0].ndim
    if len(operands) > 3 and operands[3] is not None:
        axes, told = [int(axis) % rank for axis in operands[3].ravel()], pads
        pads = [0] * (2 * rank)
        for number, axis in enumerate(axes):
            pads[axis], pads[rank + axis] = told[number], told[len(axes) + number]
    return _moved(operands[0], padded_places(operands[0].shape, pads, mode), "Pad")


def _slice(operands: Sequence[Any], _attributes: Attributes) -> Values:
    x = operands[0]
    starts, ends, axes, steps = (_whole(operands, place) for place in (1, 2, 3, 4))
    axes = axes or list(range(len(starts)))
    return _moved(
        x, sliced_places(x.shape, starts, ends, [a % x.ndim for a in axes], steps or [1] * len(starts)), "Slice"
    )


def _whole(operands: Sequence[Any], place: int) -> list[int]:
    """Return an operand's whole numbers; none where it is left out."""
    held = operands[place] if place < len(operands) else None
    return [] if held is None else [int(each) for each in held.ravel()]


def _split(operands: Sequence[Any], attributes: Attributes) -> list[Values]:
    x, axis = operands[0], attributes.get("axis", 0)
    told = operands[1] if len(operands) > 1 else attributes.get("split")
    if told is None:
        each = -(-x.shape[axis] // attributes["outputs"])
        return np.split(x, [each * number for number in range(1, attributes["outputs"])], axis)
    return np.split(x, np.cumsum(told)[:-1].astype(int), axis)


def _resize(operands: Sequence[Any], attributes: Attributes) -> Values:
    x = operands[0]
    if len(operands) > 3 and operands[3] is not None:
        sizes = [int(each) for each in operands[3]]
        scales = [wanted / size for wanted, size in zip(sizes, x.shape, strict=False)]
    else:
        told = operands[2 if len(operands) > 2 else 1] if len(operands) > 1 else attributes["scales"]
        scales = [float(each) for each in told]
        sizes = [int(np.floor(size * scale)) for size, scale in zip(x.shape, scales, strict=False)]
    found = resized_places(x.shape, sizes, scales, attributes) if len(sizes) == x.ndim else None
    return _moved(x, found, "Resize (the nearest place alone, one size for each axis)")


def _moved(x: Values, places: Sequence[NDArray[np.int64]] | None, what: str) -> Values:
    if places is None:
        raise InputError(f"{what} of this kind is not known in INT8; pulse8 takes Pad by zeros, edge or reflect")
    return moved_values(x, places, 0.0)


def _depth_to_space(operands: Sequence[Values], attributes: Attributes) -> Values:
    batch, channels, height, width = operands[0].shape
    block, deep = attributes["blocksize"], attributes.get("mode", b"DCR") in (b"DCR", "DCR")
    each = channels // block**2
    cut = operands[0].reshape(batch, *((block, block, each) if deep else (each, block, block)), height, width)
    turned = cut.transpose((0, 3, 4, 1, 5, 2) if deep else (0, 1, 4, 2, 5, 3))
    return turned.reshape(batch, each, height * block, width * block)


def _space_to_depth(operands: Sequence[Values], attributes: Attributes) -> Values:
    batch, channels, height, width = operands[0].shape
    block = attributes["blocksize"]
    cut = operands[0].reshape(batch, channels, height // block, block, width // block, block)
    return cut.transpose(0, 3, 5, 1, 2, 4).reshape(batch, -1, height // block, width // block)


def _softmax(operands: Sequence[Values], attributes: Attributes) -> Values:
    axis = attributes.get("axis", -1)
    shares = np.exp(operands[0] - operands[0].max(axis=axis, keepdims=True))
    return np.asarray(shares / shares.sum(axis=axis, keepdims=True))


def _reshape(operands: Sequence[Any], _attributes: Attributes) -> Values:
    x, wanted = operands
    return np.asarray(x.reshape([x.shape[axis] if size == 0 else int(size) for axis, size in enumerate(wanted)]))


def _of_one(function: Function) -> Compute:
    return lambda operands, told: function(operands[0], told)


OPERATORS: Final[dict[str, Compute]] = {
    "Add": lambda operands, _: operands[0] + operands[1],
    "AveragePool": _average,
    "Clip": _clip,
    "Concat": lambda operands, told: np.concatenate(operands, axis=told["axis"]),
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "DepthToSpace": _depth_to_space,
    "Div": lambda operands, _: operands[0] / operands[1],
    "Expand": lambda operands, _: np.broadcast_to(
        operands[0], np.broadcast_shapes(operands[0].shape, tuple(int(size) for size in operands[1]))
    ),
    "GlobalAveragePool": lambda operands, _: operands[0].mean(axis=(2, 3), keepdims=True),
    "GlobalMaxPool": lambda operands, _: operands[0].max(axis=(2, 3), keepdims=True),
    "Identity": lambda operands, _: operands[0],
    "LogSoftmax": lambda operands, told: np.log(_softmax(operands, told)),
    "MaxPool": lambda operands, attributes: _pool(operands, attributes, -np.inf, np.maximum),
    "Mul": lambda operands, _: operands[0] * operands[1],
    "PRelu": _prelu,
    "Pad": _pad,
    "Relu": lambda operands, _: np.maximum(operands[0], 0.0),
    "Reshape": _reshape,
    "Resize": _resize,
    "Slice": _slice,
    "Softmax": _softmax,
    "SpaceToDepth": _space_to_depth,
    "Split": _split,
    "Sub": lambda operands, _: operands[0] - operands[1],
    "Transpose": lambda operands, told: operands[0].transpose(told.get("perm")),
    "Upsample": _resize,
    **{name: _of_one(compute) for name, compute in FUNCTIONS.items()},
}
"""What the static forms are made of."""
