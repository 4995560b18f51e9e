"""One builder an operator: from an ONNX node's operands and attributes to the steps that compute it in integers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.infer.program import (
    ACC_LIMIT,
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

CODES: Final = np.arange(-128, 128)
MAX_OPERANDS: Final = 1 << 27
"""Window elements that one step may gather: 512 MB of float32."""
BIAS_SCALE_TOLERANCE: Final = 1e-6
DEFAULTS: Final[dict[str, Any]] = {
    "auto_pad": b"NOTSET",
    "ceil_mode": 0,
    "storage_order": 0,
    "alpha": 1.0,
    "beta": 1.0,
    "transA": 0,
    "allowzero": 0,
}
"""Attributes that may stand in a file if they say this."""


class Refusal(Exception):  # noqa: N818 - becomes an InputError with the file's name
    """Why a file cannot be read as a program."""


@dataclass(frozen=True)
class Constant:
    """A DequantizeLinear of an initialiser (a bare initialiser has scale 1)."""

    values: NDArray[Any]
    scale: NDArray[np.float32]
    zero_point: NDArray[Any]
    axis: int


@dataclass(frozen=True)
class Site:
    """One node and what stands around it.

    Attributes
    ----------
    title
        Operator and name, for messages.
    operands
        In the node's order.
    target
        The int8 tensor that its result is quantised to; its shape is not yet known.
    low
        Lower clamp.
    attributes
        As ONNX has them.
    made
        Name of the float tensor that the node makes: free for a tensor between two steps.
    """

    title: str
    operands: Sequence[Tensor | Constant]
    target: Tensor
    low: int
    attributes: Mapping[str, Any]
    made: str

    def refuse(self, text: str) -> Refusal:
        """Name the node."""
        return Refusal(f"{self.title}: {text}")

    def known(self, *names: str) -> None:
        """Refuse attributes that are neither named nor at their default."""
        for name, value in self.attributes.items():
            if name not in names and DEFAULTS.get(name) != value:
                raise self.refuse(f"{name}={value!r} is not known")

    def tensor(self, number: int = 0) -> Tensor:
        """Return an operand that must be quantised."""
        operand = self.operands[number] if number < len(self.operands) else None
        if not isinstance(operand, Tensor):
            raise self.refuse("an operand is missing or a constant; a quantised tensor is needed")
        return operand

    def picture(self) -> Tensor:
        """Return the first operand, which must have rank 4."""
        tensor = self.tensor()
        if len(tensor.shape) != 4:
            raise self.refuse(f"rank {len(tensor.shape)}; write it as [batch, channel, height, width]")
        return tensor

    def constant(self, number: int) -> Constant:
        """Return an operand that must be an initialiser."""
        operand = self.operands[number] if number < len(self.operands) else None
        if not isinstance(operand, Constant):
            raise self.refuse("weight, bias or shape is missing or computed; an initialiser is needed")
        return operand

    def integers(self, number: int, name: str) -> list[int]:
        """Return an attribute, or the operand that took its place in newer operator sets."""
        if name in self.attributes:
            return [int(each) for each in self.attributes[name]]
        return [int(each) for each in self.constant(number).values.ravel()]


def requantised(source: Tensor, target: Tensor) -> Lookup:
    """Change of scale: acc = q - z."""
    return _table(source, target, "Requantize", CODES - source.zero_point)


def _table(source: Tensor, target: Tensor, operator: Literal["Relu", "Requantize"], acc: NDArray[np.int64]) -> Lookup:
    multiplier = np.float32(np.float64(source.scale) / np.float64(target.scale))
    codes = np.rint(acc.astype(np.float32) * multiplier) + np.float32(target.zero_point)
    output = replace(target, shape=source.shape)
    return Lookup(source=source, output=output, operator=operator, table=_bytes(codes))


def _bytes(codes: NDArray[Any]) -> NDArray[np.int8]:
    return np.asarray(np.clip(codes, -128, 127), np.int8)


def _conv(site: Site) -> list[Step]:
    site.known("kernel_shape", "strides", "pads", "dilations", "group")
    source, weight = site.picture(), site.constant(1)
    groups = int(site.attributes.get("group", 1))
    channels, each = weight.values.shape[:2] if weight.values.ndim == 4 else (0, 0)
    if not (channels and groups > 0 and channels % groups == 0 and each * groups == source.shape[1]):
        raise site.refuse(f"weights {list(weight.values.shape)} in {groups} groups on {list(source.shape)}")
    window = _window(site, weight.values.shape[2:])
    shape = (source.shape[0], channels, *_moved(site, source, window, each * groups))
    return [_weighted(site, source, weight, replace(site.target, shape=shape), window, groups)]


def _gemm(site: Site) -> list[Step]:
    site.known("transB")
    source, found = site.tensor(), site.constant(1)
    transposed = bool(site.attributes.get("transB", 0))
    if found.values.ndim != 2 or source.shape[1:] != found.values.shape[1 if transposed else 0 :][:1]:
        raise site.refuse(f"weights {list(found.values.shape)} on {list(source.shape)}")
    values = found.values if transposed else found.values.T
    axis = found.axis if transposed else 1 - found.axis
    weight = replace(found, values=np.ascontiguousarray(values)[:, :, None, None], axis=axis)
    output = replace(site.target, shape=(source.shape[0], len(values)))
    return [_weighted(site, source, weight, output, Window(kernel=(1, 1)), 1)]


def _weighted(site: Site, source: Tensor, weight: Constant, output: Tensor, window: Window, groups: int) -> Conv:
    channels = len(weight.values)
    if weight.values.dtype != np.int8 or np.any(weight.zero_point):
        raise site.refuse("weights are not int8 with zero point 0")
    if weight.scale.size not in (1, channels) or (weight.scale.size > 1 and weight.axis != 0):
        raise site.refuse(f"{weight.scale.size} weight scales along axis {weight.axis}; one, or one an output channel")
    weight_scale = np.broadcast_to(weight.scale.ravel(), channels)
    units = np.float64(source.scale) * weight_scale
    bias = _bias(site, units, channels)
    _refuse_large(site, source, weight.values, bias)
    return Conv(
        source=source,
        output=output,
        weight=weight.values,
        weight_scale=weight_scale.copy(),
        bias=bias,
        multiplier=(units / np.float64(output.scale)).astype(np.float32),
        window=window,
        groups=groups,
        low=site.low,
    )


def _bias(site: Site, units: NDArray[np.float64], channels: int) -> NDArray[np.int32]:
    if len(site.operands) < 3:
        return np.zeros(channels, np.int32)
    bias = site.constant(2)
    if bias.values.dtype != np.int32 or np.any(bias.zero_point) or bias.values.size != channels:
        raise site.refuse("bias is not int32 with zero point 0, one an output channel")
    if bias.scale.size not in (1, channels) or not np.allclose(bias.scale, units, rtol=BIAS_SCALE_TOLERANCE, atol=0):
        raise site.refuse("bias scale is not input scale times weight scale")
    return np.ascontiguousarray(bias.values.ravel())


def _refuse_large(site: Site, source: Tensor, weight: NDArray[np.int8], bias: NDArray[np.int32]) -> None:
    """Bound every partial sum: each term's range holds 0, so no order of summing leaves the interval."""
    flat = weight.reshape(len(weight), -1).astype(np.int64)
    ends = np.stack([flat * (-128 - source.zero_point), flat * (127 - source.zero_point)])
    sums = np.stack([ends.min(0).sum(1), ends.max(0).sum(1)])
    largest = np.maximum(np.abs(sums), np.abs(sums + bias)).max(0)
    channel = int(largest.argmax())
    if largest[channel] >= ACC_LIMIT:
        raise site.refuse(
            f"channel {channel} can sum to {largest[channel]}, not below 2^24, where float32 is exact:"
            " narrow the layer, or give its weights a scale a channel"
        )


def _window(site: Site, kernel: Sequence[int]) -> Window:
    strides, dilations = (site.attributes.get(name, [1, 1]) for name in ("strides", "dilations"))
    pads = site.attributes.get("pads", [0, 0, 0, 0])
    told = site.attributes.get("kernel_shape", kernel)
    if not (list(told) == list(kernel) and [len(each) for each in (kernel, strides, dilations, pads)] == [2, 2, 2, 4]):
        raise site.refuse("kernel, strides, dilations or pads are not two-dimensional, or contradict the weights")
    if min(*kernel, *strides, *dilations) < 1 or min(pads) < 0:
        raise site.refuse("kernel, strides or dilations below 1, or pads below 0")
    return Window(
        kernel=_pair(kernel),
        strides=_pair(strides),
        pads=(*_pair(pads[:2]), *_pair(pads[2:])),
        dilations=_pair(dilations),
    )


def _pair(values: Sequence[int]) -> tuple[int, int]:
    return int(values[0]), int(values[1])


def _moved(site: Site, source: Tensor, window: Window, channels: int) -> tuple[int, int]:
    """Return height and width of the result."""
    sizes = []
    for axis in (0, 1):
        padded = source.shape[2 + axis] + window.pads[axis] + window.pads[2 + axis]
        reach = window.dilations[axis] * (window.kernel[axis] - 1) + 1
        sizes.append((padded - reach) // window.strides[axis] + 1 if padded >= reach else 0)
    if 0 in sizes:
        raise site.refuse(f"its kernel is larger than the padded picture {list(source.shape)}")
    if np.prod([source.shape[0], channels, *sizes, *window.kernel], dtype=np.float64) > MAX_OPERANDS:
        raise site.refuse(f"more than {MAX_OPERANDS} window elements; the reference is for small models")
    return sizes[0], sizes[1]


def _max_pool(site: Site) -> list[Step]:
    site.known("kernel_shape", "strides", "pads", "dilations")
    source, window = site.picture(), _pool_window(site)
    shape = (*source.shape[:2], *_moved(site, source, window, source.shape[1]))
    return _free(site, source, shape, lambda output: MaxPool(source=source, output=output, window=window))


def _average_pool(site: Site) -> list[Step]:
    site.known("kernel_shape", "strides", "pads", "dilations", "count_include_pad")
    source, window = site.picture(), _pool_window(site)
    shape = (*source.shape[:2], *_moved(site, source, window, source.shape[1]))
    counts = np.full((1, 1), np.prod(window.kernel))
    if any(window.pads) and not site.attributes.get("count_include_pad", 0):
        counts = np.outer(*(_counts(source.shape[2 + axis], shape[2 + axis], window, axis) for axis in (0, 1)))
    return [_averaged(site, source, shape, window, counts)]


def _global_average_pool(site: Site) -> list[Step]:
    site.known()
    source = site.picture()
    window = Window(kernel=_pair(source.shape[2:]))
    return [_averaged(site, source, (*source.shape[:2], 1, 1), window, np.full((1, 1), np.prod(window.kernel)))]


def _averaged(
    site: Site, source: Tensor, shape: tuple[int, ...], window: Window, counts: NDArray[np.int64]
) -> AveragePool:
    if counts.max() * 255 >= ACC_LIMIT:
        raise site.refuse(f"a window of {counts.max()} elements can sum to 2^24 or more; average in two steps")
    output = replace(site.target, shape=shape)
    multiplier = (np.float64(source.scale) / (np.float64(output.scale) * counts)).astype(np.float32)
    return AveragePool(source=source, output=output, multiplier=multiplier, window=window, low=site.low)


def _counts(size: int, windows: int, window: Window, axis: int) -> NDArray[np.int64]:
    """How many of a window's places along one axis lie in the picture, window by window."""
    starts = np.arange(windows)[:, None] * window.strides[axis] - window.pads[axis]
    places = starts + np.arange(window.kernel[axis]) * window.dilations[axis]
    return np.asarray(((places >= 0) & (places < size)).sum(axis=1))


def _pool_window(site: Site) -> Window:
    window = _window(site, site.attributes.get("kernel_shape", []))
    for axis in (0, 1):
        reach = window.dilations[axis] * (window.kernel[axis] - 1) + 1
        if window.dilations[axis] > 1 and (window.pads[axis] or window.pads[2 + axis]):
            raise site.refuse("padding and dilation at once are not known of a pool")
        if max(window.pads[axis], window.pads[2 + axis]) >= reach:
            raise site.refuse(f"pads {window.pads} leave a window without a picture")
    return window


def _add(site: Site) -> list[Step]:
    one, other = _two(site)
    output = replace(site.target, shape=one.shape)
    if one.scale == other.scale:
        multiplier = np.float32(np.float64(one.scale) / np.float64(output.scale))
        return [Add(source=one, other=other, output=output, multiplier=multiplier, low=site.low)]
    inverse = np.float32(1 / np.float64(output.scale))
    return [ScaledAdd(source=one, other=other, output=output, inverse=inverse, low=site.low)]


def _mul(site: Site) -> list[Step]:
    one, other = _two(site)
    output = replace(site.target, shape=one.shape)
    multiplier = np.float32(np.float64(one.scale) * np.float64(other.scale) / np.float64(output.scale))
    return [Mul(source=one, other=other, output=output, multiplier=multiplier, low=site.low)]


def _two(site: Site) -> tuple[Tensor, Tensor]:
    site.known()
    one, other = site.tensor(0), site.tensor(1)
    if one.shape != other.shape:
        raise site.refuse(f"shapes {list(one.shape)} and {list(other.shape)} differ; nothing is broadcast")
    return one, other


def _sigmoid(site: Site) -> list[Step]:
    site.known()
    source = site.tensor()
    real = 1 / (1 + np.exp(-np.float64(source.scale) * (CODES - source.zero_point)))
    codes = np.rint(real / np.float64(site.target.scale)) + site.target.zero_point
    output = replace(site.target, shape=source.shape)
    return [Lookup(source=source, output=output, operator="Sigmoid", table=_bytes(codes))]


def _relu(site: Site) -> list[Step]:
    site.known()
    source = site.tensor()
    return [_table(source, site.target, "Relu", np.maximum(CODES - source.zero_point, 0))]


def _concat(site: Site) -> list[Step]:
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
            steps.append(requantised(tensor, replace(site.target, name=f"{site.made}.{number}")))
        sources.append(tensor if tensor.same_codes(site.target) else steps[-1].output)
    return [*steps, Concat(sources=tuple(sources), output=replace(site.target, shape=tuple(shape)), axis=axis)]


def _reshape(site: Site) -> list[Step]:
    site.known()
    source, wanted = site.tensor(), site.integers(1, "shape")
    if any(size == 0 and number >= len(source.shape) for number, size in enumerate(wanted)):
        raise site.refuse(f"shape {wanted} copies an axis that {list(source.shape)} lacks")
    return _reshaped(site, [source.shape[number] if size == 0 else size for number, size in enumerate(wanted)])


def _flatten(site: Site) -> list[Step]:
    site.known("axis")
    shape = site.tensor().shape
    axis = int(site.attributes.get("axis", 1))
    if not -len(shape) <= axis <= len(shape):
        raise site.refuse(f"axis {axis} of rank {len(shape)}")
    axis = axis + len(shape) if axis < 0 else axis
    return _reshaped(site, [int(np.prod(shape[:axis])), int(np.prod(shape[axis:]))])


def _squeeze(site: Site) -> list[Step]:
    site.known("axes")
    shape = site.tensor().shape
    told = "axes" in site.attributes or len(site.operands) > 1
    axes = site.integers(1, "axes") if told else [axis for axis, size in enumerate(shape) if size == 1]
    if any(not -len(shape) <= axis < len(shape) or shape[axis] != 1 for axis in axes):
        raise site.refuse(f"axes {axes} of {list(shape)} are not all 1")
    gone = {axis % len(shape) for axis in axes}
    return _reshaped(site, [size for axis, size in enumerate(shape) if axis not in gone])


def _unsqueeze(site: Site) -> list[Step]:
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
    return _free(site, source, tuple(shape), lambda output: Reshape(source=source, output=output))


def _transpose(site: Site) -> list[Step]:
    site.known("perm")
    source = site.tensor()
    rank = len(source.shape)
    axes = tuple(int(axis) for axis in site.attributes.get("perm", range(rank)[::-1]))
    if sorted(axes) != list(range(rank)):
        raise site.refuse(f"perm {list(axes)} of rank {rank}")
    shape = tuple(source.shape[axis] for axis in axes)
    return _free(site, source, shape, lambda output: Transpose(source=source, output=output, axes=axes))


def _free(site: Site, source: Tensor, shape: tuple[int, ...], step: Callable[[Tensor], Step]) -> list[Step]:
    """Move bytes, then change their scale where the target has another."""
    target = replace(site.target, shape=shape)
    if source.same_codes(target):
        return [step(target)]
    between = replace(source, name=site.made, shape=shape)
    return [step(between), requantised(between, target)]


BUILDERS: Final[dict[str, Callable[[Site], list[Step]]]] = {
    "Add": _add,
    "AveragePool": _average_pool,
    "Concat": _concat,
    "Conv": _conv,
    "Flatten": _flatten,
    "Gemm": _gemm,
    "GlobalAveragePool": _global_average_pool,
    "MaxPool": _max_pool,
    "Mul": _mul,
    "Relu": _relu,
    "Reshape": _reshape,
    "Sigmoid": _sigmoid,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}

FOLDABLE: Final = ("Conv", "Gemm", "Add", "Mul", "AveragePool", "GlobalAveragePool")
"""After these a Relu is a clamp."""
