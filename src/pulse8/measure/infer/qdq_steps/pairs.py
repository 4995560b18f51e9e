"""Steps of two quantised tensors of one shape: Add, Mul."""

from dataclasses import replace

import numpy as np

from pulse8.measure.infer.program import Add, Mul, ScaledAdd, Step, Tensor
from pulse8.measure.infer.qdq_steps.site import Site


def add(site: Site) -> list[Step]:
    """Sum two tensors; the sum is exact where both have one scale."""
    one, other = _two(site)
    output = replace(site.target, shape=one.shape)
    if one.scale == other.scale:
        multiplier = np.float32(np.float64(one.scale) / np.float64(output.scale))
        return [Add(source=one, other=other, output=output, multiplier=multiplier, low=site.low)]
    inverse = np.float32(1 / np.float64(output.scale))
    return [ScaledAdd(source=one, other=other, output=output, inverse=inverse, low=site.low)]


def mul(site: Site) -> list[Step]:
    """Multiply two tensors."""
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
