"""ConvTranspose as an ordinary convolution: the same sums, and few or no products with inserted zeros."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.infer.program import Conv, Move, Pair, Reshape, Step, Tensor, Transpose, Window
from pulse8.measure.infer.qdq_steps.places import sliced_places, spread_places
from pulse8.measure.infer.qdq_steps.site import Constant, Site
from pulse8.measure.infer.qdq_steps.weighted import weighted
from pulse8.measure.infer.qdq_steps.windows import moved, pair, read_window


def conv_transpose(site: Site) -> list[Step]:
    """Convolve with the mirrored kernel: in phases where places are inserted, else over the padded picture."""
    site.known("kernel_shape", "strides", "pads", "dilations", "group", "output_padding")
    source, found = site.picture(), site.constant(1)
    groups = int(site.attributes.get("group", 1))
    if found.values.ndim != 4 or len(found.values) != source.shape[1] or source.shape[1] % groups:
        raise site.refuse(f"weights {list(found.values.shape)} in {groups} groups on {list(source.shape)}")
    if found.scale.size > 1 and (groups > 1 or found.axis % 4 != 1):
        raise site.refuse(f"{found.scale.size} weight scales along axis {found.axis} in {groups} groups; one alone")
    window = read_window(site, found.values.shape[2:])
    spread, step = _over_zeros(site, replace(found, values=_mirrored(found.values, groups), axis=0), window, groups)
    if groups > 1 or max(window.strides) == 1 or max(window.dilations) > 1:
        return [spread, step]
    return _in_phases(site, step, window)


def _over_zeros(site: Site, weight: Constant, window: Window, groups: int) -> tuple[Move, Conv]:
    """Spread the picture by the strides and convolve it."""
    source = site.picture()
    reach = [gap * (size - 1) for gap, size in zip(window.dilations, window.kernel, strict=True)]
    more = pair(site.attributes.get("output_padding", [0, 0]))
    pads = [reach[0] - window.pads[0], reach[1] - window.pads[1]]
    pads += [reach[0] - window.pads[2] + more[0], reach[1] - window.pads[3] + more[1]]
    places = spread_places(source.shape, window.strides, pads)
    spread = replace(source, name=f"{site.node_output}.spread", shape=tuple(len(each) for each in places))
    within = Window(kernel=window.kernel, dilations=window.dilations)
    shape = (source.shape[0], len(weight.values), *moved(site, spread, within, source.shape[1]))
    step = weighted(site, spread, weight, replace(site.target, shape=shape), within, groups)
    return Move(source=source, output=spread, places=places), step


def _mirrored(values: NDArray[np.int8], groups: int) -> NDArray[np.int8]:
    """Turn [in, out / groups, height, width] into [out, in / groups, height, width], both axes reversed."""
    each, (channels, *kernel) = len(values) // groups, values.shape[1:]
    parts = values.reshape(groups, each, channels, *kernel).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(parts.reshape(groups * channels, each, *kernel)[:, :, ::-1, ::-1])


def _in_phases(site: Site, step: Conv, window: Window) -> list[Step]:
    """Compute neighbouring results as channels of one place, then deal them out over height and width.

    Before pads are cut off, result ``stride * q + phase`` is the sum over t of x[q - t] w[stride * t + phase].
    """
    source, (batch, channels, *sizes) = site.picture(), step.output.shape
    taps = [-(-size // stride) for size, stride in zip(window.kernel, window.strides, strict=True)]
    cut = window.pads[:2]
    places = [max(-(-(cut[axis] + sizes[axis]) // window.strides[axis]), source.shape[2 + axis]) for axis in (0, 1)]
    phases = int(np.prod(window.strides))
    made = replace(step.output, name=f"{site.node_output}.phases", shape=(batch, phases * channels, *places))
    conv = replace(
        step,
        source=source,
        output=made,
        weight=_phased(step.weight, taps, window.strides),
        weight_scale=np.tile(step.weight_scale, phases),
        bias=np.tile(step.bias, phases),
        multiplier=np.tile(step.multiplier, phases),
        window=Window(
            kernel=pair(taps),
            pads=(taps[0] - 1, taps[1] - 1, places[0] - source.shape[2], places[1] - source.shape[3]),
        ),
    )
    return [conv, *_dealt_out(made, step.output, window.strides, cut)]


def _phased(weight: NDArray[np.int8], taps: Sequence[int], strides: Pair) -> NDArray[np.int8]:
    """Turn [out, in, height, width], mirrored, into [phase, phase, out, in, taps, taps] of rank 4; 0 where none is."""
    outputs, inputs, height, width = weight.shape
    wide = np.zeros((outputs, inputs, taps[0] * strides[0], taps[1] * strides[1]), np.int8)
    wide[:, :, :height, :width] = weight[:, :, ::-1, ::-1]
    split = wide.reshape(outputs, inputs, taps[0], strides[0], taps[1], strides[1])[:, :, ::-1, :, ::-1]
    return np.ascontiguousarray(split.transpose(3, 5, 0, 1, 2, 4)).reshape(-1, inputs, *taps)


def _dealt_out(made: Tensor, output: Tensor, strides: Pair, cut: Sequence[int]) -> list[Step]:
    """Put phases beside each other and cut pads off."""
    batch, channels, height, width = made.shape
    parts = (batch, *strides, channels // int(np.prod(strides)), height, width)
    axes = (0, 3, 4, 1, 5, 2)
    split, turned, whole = (replace(made, name=f"{made.name}.{name}") for name in ("split", "turned", "whole"))
    split, turned = replace(split, shape=parts), replace(turned, shape=tuple(parts[axis] for axis in axes))
    whole = replace(whole, shape=(batch, parts[3], height * strides[0], width * strides[1]))
    ends = [begin + size for begin, size in zip(cut, output.shape[2:], strict=True)]
    places = sliced_places(whole.shape, cut, ends, (2, 3), (1, 1))
    return [
        Reshape(source=made, output=split),
        Transpose(source=split, output=turned, axes=axes),
        Reshape(source=turned, output=whole),
        Move(source=whole, output=output, places=places),
    ]
