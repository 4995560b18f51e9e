"""Steps of one operand that are a table of 256 codes: a change of scale, Relu, Sigmoid."""

from dataclasses import replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.infer.program import Lookup, Step, Tensor
from pulse8.measure.infer.qdq_steps.site import Site

CODES: Final = np.arange(-128, 128)


def requantised(source: Tensor, target: Tensor) -> Lookup:
    """Change the scale: acc = q - z."""
    return _table(source, target, "Requantize", CODES - source.zero_point)


def relu(site: Site) -> list[Step]:
    """Clamp at zero, as a table."""
    site.known()
    source = site.tensor()
    return [_table(source, site.target, "Relu", np.maximum(CODES - source.zero_point, 0))]


def sigmoid(site: Site) -> list[Step]:
    """Compute the sigmoid of each code, as a table."""
    site.known()
    source = site.tensor()
    real = 1 / (1 + np.exp(-np.float64(source.scale) * (CODES - source.zero_point)))
    codes = np.rint(real / np.float64(site.target.scale)) + site.target.zero_point
    output = replace(site.target, shape=source.shape)
    return [Lookup(source=source, output=output, operator="Sigmoid", table=_bytes(codes))]


def _table(source: Tensor, target: Tensor, operator: Literal["Relu", "Requantize"], acc: NDArray[np.int64]) -> Lookup:
    multiplier = np.float32(np.float64(source.scale) / np.float64(target.scale))
    codes = np.rint(acc.astype(np.float32) * multiplier) + np.float32(target.zero_point)
    output = replace(target, shape=source.shape)
    return Lookup(source=source, output=output, operator=operator, table=_bytes(codes))


def _bytes(codes: NDArray[Any]) -> NDArray[np.int8]:
    return np.asarray(np.clip(codes, -128, 127), np.int8)
