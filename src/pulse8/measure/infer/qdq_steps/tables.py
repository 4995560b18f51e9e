"""Steps of one operand that are a table of 256 codes: a change of scale, Relu, and every function of one number."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import erf
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.infer.program import Lookup, Step, Tensor
from pulse8.measure.infer.qdq_steps.site import Site

CODES: Final = np.arange(-128, 128)
Real = NDArray[np.float64]
Function = Callable[[Real, Mapping[str, Any]], Real]


def requantised(source: Tensor, target: Tensor) -> Lookup:
    """Change the scale: acc = q - z."""
    return _table(source, target, "Requantize", CODES - source.zero_point)


def relu(site: Site) -> list[Step]:
    """Clamp at zero, as a table."""
    site.known()
    source = site.tensor()
    return [_table(source, site.target, "Relu", np.maximum(CODES - source.zero_point, 0))]


def function(operator: str) -> Callable[[Site], list[Step]]:
    """Return the builder of an operator of :data:`FUNCTIONS`."""

    def build(site: Site) -> list[Step]:
        site.known(*KNOWN.get(operator, ()))
        return [_looked_up(site, site.tensor(), operator, FUNCTIONS[operator](_real(site.tensor()), site.attributes))]

    return build


def clip(site: Site) -> list[Step]:
    """Clamp between two numbers."""
    low, high = bounds_of(site)
    return [_looked_up(site, site.tensor(), "Clip", np.minimum(np.maximum(_real(site.tensor()), low), high))]


def bounds_of(site: Site) -> tuple[float, float]:
    """Return a Clip's two numbers, or a Relu's."""
    site.known("min", "max")
    told = [site.attributes.get("min", -np.inf), site.attributes.get("max", np.inf)]
    for number in (1, 2):
        if site.has(number):
            told[number - 1] = float(site.numbers(number).item())
    return float(told[0]), float(told[1])


def prelu(site: Site) -> list[Step]:
    """Multiply what is below 0 by one slope, or by one a channel: a table for each."""
    site.known()
    source, slope = site.tensor(), site.numbers(1)
    shape = [1] * (len(source.shape) - slope.ndim) + list(slope.shape)
    channels = source.shape[1] if len(source.shape) > 1 else 0
    if slope.size != 1 and (slope.size != channels or shape[1] != channels):
        raise site.refuse(f"slopes {list(slope.shape)} on {list(source.shape)}; one, or one a channel")
    real = _real(source)
    return [_looked_up(site, source, "PRelu", np.where(real < 0, real * slope.reshape(-1, 1), real))]


def with_number(site: Site, source: Tensor, operator: str, number: float, *, first: bool) -> Lookup:
    """Compute with one number in a table; ``first`` says that the number stands before the tensor."""
    one, other = (np.float64(number), _real(source)) if first else (_real(source), np.float64(number))
    if operator == "Div" and (first or number == 0):
        raise site.refuse("divides by a tensor or by 0; multiply by a number")
    return _looked_up(site, source, operator, PAIRS[operator](one, other))


PAIRS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
}


def _sigmoid(x: Real, _told: Mapping[str, Any]) -> Real:
    with np.errstate(over="ignore"):  # below -709 the power is infinite, and the quotient 0
        return np.asarray(1 / (1 + np.exp(-x)))


def _hard_sigmoid(x: Real, told: Mapping[str, Any]) -> Real:
    return np.asarray(np.clip(x * told.get("alpha", 0.2) + told.get("beta", 0.5), 0, 1))


def _elu(x: Real, told: Mapping[str, Any]) -> Real:
    return np.where(x < 0, told.get("alpha", 1.0) * np.expm1(np.minimum(x, 0)), x)


def _gelu(x: Real, told: Mapping[str, Any]) -> Real:
    if told.get("approximate", b"none") == b"tanh":
        return np.asarray(x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))
    return np.asarray(x / 2 * (1 + _erf(x / np.sqrt(2), told)))


def _erf(x: Real, _told: Mapping[str, Any]) -> Real:
    return np.array([erf(value) for value in np.ravel(x)]).reshape(np.shape(x))


def _softplus(x: Real, _told: Mapping[str, Any]) -> Real:
    return np.asarray(np.logaddexp(x, 0))


FUNCTIONS: Final[dict[str, Function]] = {
    "Abs": lambda x, _: np.abs(x),
    "Elu": _elu,
    "Erf": _erf,
    "Exp": lambda x, _: np.exp(np.minimum(x, 80)),
    "Gelu": _gelu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": lambda x, _: x * np.clip(x / 6 + 0.5, 0, 1),
    "LeakyRelu": lambda x, told: np.where(x < 0, x * told.get("alpha", 0.01), x),
    "Mish": lambda x, _: x * np.tanh(np.logaddexp(x, 0)),
    "Neg": lambda x, _: -x,
    "Sigmoid": _sigmoid,
    "Softplus": _softplus,
    "Softsign": lambda x, _: x / (1 + np.abs(x)),
    "Tanh": lambda x, _: np.tanh(x),
}
"""Functions of one number, in float64: what a table holds, and what ranges are taken of."""

KNOWN: Final[dict[str, tuple[str, ...]]] = {
    "Elu": ("alpha",),
    "Gelu": ("approximate",),
    "HardSigmoid": ("alpha", "beta"),
    "LeakyRelu": ("alpha",),
}
"""Their attributes."""


def _real(source: Tensor) -> Real:
    return np.float64(source.scale) * (CODES - source.zero_point)


def _looked_up(site: Site, source: Tensor, operator: str, real: Real) -> Lookup:
    codes = np.rint(real / np.float64(site.target.scale)) + site.target.zero_point
    table = np.clip(codes, site.low, site.high).astype(np.int8)
    table = table[0] if table.ndim == 2 and len(table) == 1 else table
    return Lookup(source=source, output=replace(site.target, shape=source.shape), operator=operator, table=table)


def _table(source: Tensor, target: Tensor, operator: Literal["Relu", "Requantize"], acc: NDArray[np.int64]) -> Lookup:
    multiplier = np.float32(np.float64(source.scale) / np.float64(target.scale))
    codes = np.rint(acc.astype(np.float32) * multiplier) + np.float32(target.zero_point)
    output = replace(target, shape=source.shape)
    return Lookup(source=source, output=output, operator=operator, table=_bytes(codes))


def _bytes(codes: NDArray[Any]) -> NDArray[np.int8]:
    return np.asarray(np.clip(codes, -128, 127), np.int8)
