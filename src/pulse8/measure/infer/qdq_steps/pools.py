"""MaxPool, AveragePool, GlobalAveragePool, GlobalMaxPool, and means over height and width."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.infer.program import ACC_LIMIT, AveragePool, MaxPool, Reshape, Step, Tensor, Window
from pulse8.measure.infer.qdq_steps.moves import free
from pulse8.measure.infer.qdq_steps.site import Site
from pulse8.measure.infer.qdq_steps.windows import moved, pair, read_window, same_pads


def max_pool(site: Site) -> list[Step]:
    """Take the largest code of each window."""
    site.known("kernel_shape", "strides", "pads", "dilations", "auto_pad", "ceil_mode")
    source, window = site.picture(), _pool_window(site)
    shape = (*source.shape[:2], *moved(site, source, window, source.shape[1]))
    return free(site, source, shape, lambda output: MaxPool(source=source, output=output, window=window))


def average_pool(site: Site) -> list[Step]:
    """Average each window, over the places that count."""
    site.known("kernel_shape", "strides", "pads", "dilations", "count_include_pad", "auto_pad", "ceil_mode")
    source, window = site.picture(), _pool_window(site)
    shape = (*source.shape[:2], *moved(site, source, window, source.shape[1]))
    counts = np.full((1, 1), np.prod(window.kernel))
    if any(window.pads) and not site.attributes.get("count_include_pad", 0):
        counts = np.outer(*(_counts(source.shape[2 + axis], shape[2 + axis], window, axis) for axis in (0, 1)))
    return [_averaged(site, source, shape, window, counts)]


def global_average_pool(site: Site) -> list[Step]:
    """Average the whole picture."""
    site.known()
    source = site.picture()
    window = Window(kernel=pair(source.shape[2:]))
    return [_averaged(site, source, (*source.shape[:2], 1, 1), window, np.full((1, 1), np.prod(window.kernel)))]


def global_max_pool(site: Site) -> list[Step]:
    """Take the largest code of each channel."""
    site.known()
    source = site.picture()
    window = Window(kernel=pair(source.shape[2:]))
    shape = (*source.shape[:2], 1, 1)
    return free(site, source, shape, lambda output: MaxPool(source=source, output=output, window=window))


def reduce_mean(site: Site) -> list[Step]:
    """Average over height, width or both."""
    site.known("axes", "keepdims", "noop_with_empty_axes")
    source = site.picture()
    told = "axes" in site.attributes or site.has(1)
    axes = {axis % 4 for axis in (site.integers(1, "axes") if told else range(4))}
    if not axes or not axes <= {2, 3}:
        raise site.refuse(f"averages axes {sorted(axes)}; height and width (2, 3) alone")
    sizes = [source.shape[axis] if axis in axes else 1 for axis in (2, 3)]
    window = Window(kernel=pair(sizes))
    shape = [1 if axis in axes else size for axis, size in enumerate(source.shape)]
    averaged = _averaged(site, source, tuple(shape), window, np.full((1, 1), np.prod(sizes)))
    if site.attributes.get("keepdims", 1):
        return [averaged]
    kept = replace(averaged, output=replace(averaged.output, name=f"{site.node_output}.kept"))
    flat = tuple(size for axis, size in enumerate(shape) if axis not in axes)
    return [kept, Reshape(source=kept.output, output=replace(site.target, shape=flat))]


def _averaged(
    site: Site, source: Tensor, shape: tuple[int, ...], window: Window, counts: NDArray[np.int64]
) -> AveragePool:
    if counts.max() * 255 >= ACC_LIMIT:
        raise site.refuse(f"a window of {counts.max()} elements can sum to 2^24 or more; average in two steps")
    output = replace(site.target, shape=shape)
    multiplier = (np.float64(source.scale) / (np.float64(output.scale) * counts)).astype(np.float32)
    return AveragePool(source=source, output=output, multiplier=multiplier, window=window, low=site.low, high=site.high)


def _counts(size: int, windows: int, window: Window, axis: int) -> NDArray[np.int64]:
    """For each window, its number of places within the picture along one axis."""
    starts = np.arange(windows)[:, None] * window.strides[axis] - window.pads[axis]
    places = starts + np.arange(window.kernel[axis]) * window.dilations[axis]
    return np.asarray(((places >= 0) & (places < size)).sum(axis=1))


def _pool_window(site: Site) -> Window:
    kernel = site.attributes.get("kernel_shape", [])
    site = same_pads(site, site.tensor().shape[2:], kernel)
    window = read_window(site, kernel)
    if site.attributes.get("ceil_mode", 0) and _overhangs(site.tensor(), window):
        raise site.refuse("ceil_mode=1 adds windows that reach over the edge; pad the picture instead")
    for axis in (0, 1):
        reach = window.dilations[axis] * (window.kernel[axis] - 1) + 1
        if window.dilations[axis] > 1 and (window.pads[axis] or window.pads[2 + axis]):
            raise site.refuse("a pool with both padding and dilation is not known")
        if max(window.pads[axis], window.pads[2 + axis]) >= reach:
            raise site.refuse(f"pads {window.pads} leave a window without a picture")
    return window


def _overhangs(source: Tensor, window: Window) -> bool:
    """Whether the last window would begin inside the picture and end outside."""
    rests = (
        (source.shape[2 + axis] + window.pads[axis] + window.pads[2 + axis] - window.kernel[axis])
        % window.strides[axis]
        for axis in (0, 1)
    )
    return any(rests)
