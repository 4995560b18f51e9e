"""MaxPool, AveragePool, GlobalAveragePool."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.infer.program import ACC_LIMIT, AveragePool, MaxPool, Step, Tensor, Window
from pulse8.measure.infer.qdq_steps.moves import free
from pulse8.measure.infer.qdq_steps.site import Site
from pulse8.measure.infer.qdq_steps.windows import moved, pair, read_window


def max_pool(site: Site) -> list[Step]:
    """Take the largest code of each window."""
    site.known("kernel_shape", "strides", "pads", "dilations")
    source, window = site.picture(), _pool_window(site)
    shape = (*source.shape[:2], *moved(site, source, window, source.shape[1]))
    return free(site, source, shape, lambda output: MaxPool(source=source, output=output, window=window))


def average_pool(site: Site) -> list[Step]:
    """Average each window over its counted places."""
    site.known("kernel_shape", "strides", "pads", "dilations", "count_include_pad")
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


def _averaged(
    site: Site, source: Tensor, shape: tuple[int, ...], window: Window, counts: NDArray[np.int64]
) -> AveragePool:
    if counts.max() * 255 >= ACC_LIMIT:
        raise site.refuse(f"a window of {counts.max()} elements can sum to 2^24 or more; average in two steps")
    output = replace(site.target, shape=shape)
    multiplier = (np.float64(source.scale) / (np.float64(output.scale) * counts)).astype(np.float32)
    return AveragePool(source=source, output=output, multiplier=multiplier, window=window, low=site.low)


def _counts(size: int, windows: int, window: Window, axis: int) -> NDArray[np.int64]:
    """For each window, its number of places within the picture along one axis."""
    starts = np.arange(windows)[:, None] * window.strides[axis] - window.pads[axis]
    places = starts + np.arange(window.kernel[axis]) * window.dilations[axis]
    return np.asarray(((places >= 0) & (places < size)).sum(axis=1))


def _pool_window(site: Site) -> Window:
    window = read_window(site, site.attributes.get("kernel_shape", []))
    for axis in (0, 1):
        reach = window.dilations[axis] * (window.kernel[axis] - 1) + 1
        if window.dilations[axis] > 1 and (window.pads[axis] or window.pads[2 + axis]):
            raise site.refuse("a pool with both padding and dilation is not known")
        if max(window.pads[axis], window.pads[2 + axis]) >= reach:
            raise site.refuse(f"pads {window.pads} leave a window without a picture")
    return window
