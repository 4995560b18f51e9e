"""Conv, Gemm and MatMul: weights and a bias whose sums float32 holds exactly."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.infer.program import ACC_LIMIT, Conv, Step, Tensor, Window
from pulse8.measure.infer.qdq_steps.site import Constant, Site
from pulse8.measure.infer.qdq_steps.windows import moved, read_window, same_pads

BIAS_SCALE_TOLERANCE: Final = 1e-6


def conv(site: Site) -> list[Step]:
    """Convolve a picture, in groups."""
    site.known("kernel_shape", "strides", "pads", "dilations", "group", "auto_pad")
    source, weight = site.picture(), site.constant(1)
    site = same_pads(site, source.shape[2:], weight.values.shape[2:])
    groups = int(site.attributes.get("group", 1))
    channels, group_inputs = weight.values.shape[:2] if weight.values.ndim == 4 else (0, 0)
    if not (channels and groups > 0 and channels % groups == 0 and group_inputs * groups == source.shape[1]):
        raise site.refuse(f"weights {list(weight.values.shape)} in {groups} groups on {list(source.shape)}")
    window = read_window(site, weight.values.shape[2:])
    shape = (source.shape[0], channels, *moved(site, source, window, group_inputs * groups))
    return [weighted(site, source, weight, replace(site.target, shape=shape), window, groups)]


def gemm(site: Site) -> list[Step]:
    """Multiply by a matrix, as a convolution with one place."""
    site.known("transB")
    source, found = site.tensor(), site.constant(1)
    transposed = bool(site.attributes.get("transB", 0))
    if (
        len(source.shape) != 2
        or found.values.ndim != 2
        or source.shape[1:] != found.values.shape[1 if transposed else 0 :][:1]
    ):
        raise site.refuse(f"weights {list(found.values.shape)} on {list(source.shape)}")
    values = found.values if transposed else found.values.T
    axis = found.axis % 2 if transposed else 1 - found.axis % 2
    weight = replace(found, values=np.ascontiguousarray(values)[:, :, None, None], axis=axis)
    output = replace(site.target, shape=(source.shape[0], len(values)))
    return [weighted(site, source, weight, output, Window(kernel=(1, 1)), 1)]


def matmul(site: Site) -> list[Step]:
    """Multiply rows by a matrix: a convolution of one place."""
    site.known()
    source, found = site.tensor(), site.constant(1)
    if len(source.shape) != 2 or found.values.ndim != 2 or source.shape[1] != len(found.values):
        raise site.refuse(f"{list(source.shape)} times {list(found.values.shape)}; [rows, n] times a constant [n, m]")
    values = np.ascontiguousarray(found.values.T)[:, :, None, None]
    weight = replace(found, values=values, axis=1 - found.axis % 2)
    output = replace(site.target, shape=(source.shape[0], len(values)))
    return [weighted(site, source, weight, output, Window(kernel=(1, 1)), 1)]


def weighted(site: Site, source: Tensor, weight: Constant, output: Tensor, window: Window, groups: int) -> Conv:
    """Return a convolution by the node's weights and bias."""
    channels = len(weight.values)
    if weight.values.dtype != np.int8 or np.any(weight.zero_point):
        raise site.refuse("weights are not int8 with zero point 0")
    if weight.scale.size not in (1, channels) or (weight.scale.size > 1 and weight.axis % weight.values.ndim != 0):
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
        high=site.high,
    )


def _bias(site: Site, units: NDArray[np.float64], channels: int) -> NDArray[np.int32]:
    if not site.has(2):
        return np.zeros(channels, np.int32)
    bias = site.constant(2)
    if bias.values.dtype == np.float32 and bias.values.size == channels:
        return _rounded_bias(site, bias.values.ravel(), units)
    if bias.values.dtype != np.int32 or np.any(bias.zero_point) or bias.values.size != channels:
        raise site.refuse("bias is not int32 with zero point 0, one per output channel")
    if bias.scale.size not in (1, channels) or not np.allclose(bias.scale, units, rtol=BIAS_SCALE_TOLERANCE, atol=0):
        raise site.refuse("bias scale is not input scale times weight scale")
    return np.ascontiguousarray(bias.values.ravel())


def _rounded_bias(site: Site, bias: NDArray[np.float32], units: NDArray[np.float64]) -> NDArray[np.int32]:
    """Round a bias that the file holds in float."""
    codes = np.rint(bias.astype(np.float64) / units)
    if not (np.abs(codes) < ACC_LIMIT).all():
        raise site.refuse("its float bias is not finite, or does not fit its weights' scale")
    return codes.astype(np.int32)


def _refuse_large(site: Site, source: Tensor, weight: NDArray[np.int8], bias: NDArray[np.int32]) -> None:
    """Bound every partial sum: each term's range includes 0, so sums stay in the interval in any order."""
    flat = weight.reshape(len(weight), -1).astype(np.int64)
    ends = np.stack([flat * (-128 - source.zero_point), flat * (127 - source.zero_point)])
    sums = np.stack([ends.min(0).sum(1), ends.max(0).sum(1)])
    largest = np.maximum(np.abs(sums), np.abs(sums + bias)).max(0)
    channel = int(largest.argmax())
    if largest[channel] >= ACC_LIMIT:
        raise site.refuse(
            f"channel {channel} can sum to {largest[channel]}, not below 2^24, where float32 is exact:"
            " narrow the layer, or give its weights one scale per channel"
        )
