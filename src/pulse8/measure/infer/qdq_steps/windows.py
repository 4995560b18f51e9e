"""The sliding window of a convolution or a pool, read and bounded."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from pulse8.measure.infer.program import Tensor, Window
from pulse8.measure.infer.qdq_steps.site import Site

MAX_OPERANDS: Final = 1 << 27
"""Window elements that one step may gather: 512 MB of float32."""


def read_window(site: Site, kernel: Sequence[int]) -> Window:
    """Read kernel, strides, pads and dilations, for two axes."""
    strides, dilations = (site.attributes.get(name, [1, 1]) for name in ("strides", "dilations"))
    pads = site.attributes.get("pads", [0, 0, 0, 0])
    stated = site.attributes.get("kernel_shape", kernel)
    lengths = [len(values) for values in (kernel, strides, dilations, pads)]
    if not (list(stated) == list(kernel) and lengths == [2, 2, 2, 4]):
        raise site.refuse("kernel, strides, dilations or pads are not two-dimensional, or contradict the weights")
    if min(*kernel, *strides, *dilations) < 1 or min(pads) < 0:
        raise site.refuse("kernel, strides or dilations below 1, or pads below 0")
    return Window(
        kernel=pair(kernel),
        strides=pair(strides),
        pads=(*pair(pads[:2]), *pair(pads[2:])),
        dilations=pair(dilations),
    )


def same_pads(site: Site, sizes: Sequence[int], kernel: Sequence[int]) -> Site:
    """Write out the pads that ``auto_pad`` asks for."""
    kind = site.attributes.get("auto_pad", b"NOTSET")
    rest = {name: value for name, value in site.attributes.items() if name != "auto_pad"}
    if kind in (b"NOTSET", b"VALID"):
        return replace(site, attributes=rest)
    if kind not in (b"SAME_UPPER", b"SAME_LOWER") or len(sizes) != 2 or len(kernel) != 2:
        raise site.refuse(f"auto_pad={kind!r} is not known")
    begins, ends = [], []
    for axis in (0, 1):
        stride, gap = (int(rest.get(name, [1, 1])[axis]) for name in ("strides", "dilations"))
        room = max((-(-sizes[axis] // stride) - 1) * stride + gap * (kernel[axis] - 1) + 1 - sizes[axis], 0)
        begins.append(room // 2 if kind == b"SAME_UPPER" else room - room // 2)
        ends.append(room - begins[-1])
    return replace(site, attributes={**rest, "pads": [*begins, *ends]})


def moved(site: Site, source: Tensor, window: Window, channels: int) -> tuple[int, int]:
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


def pair(values: Sequence[int]) -> tuple[int, int]:
    """Return two integers."""
    return int(values[0]), int(values[1])
