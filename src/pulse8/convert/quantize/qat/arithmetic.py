"""INT8 arithmetic in torch, by the numerics contract, with gradients (decision 0036).

A tensor in INT8 is its integer code minus its zero point, held in float32: products and sums below 2^24 are exact
there. Requantising is one float32 multiplication, one rounding half to even, and the clamp, which is the ReLU too.
Rounding passes its gradient straight through (Bengio et al. 2013), a clamp stops it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pulse8.convert.quantize.scales import HIGH, LOW, Scale
from pulse8.convert.quantize.weights import MOST_BIAS

WEIGHT_STEPS: Final = 127


@dataclass(frozen=True, eq=False)
class Codes:
    """A tensor in INT8: integers ``values`` = code minus zero point, and what they are worth."""

    values: Tensor
    scale: Scale

    def real(self) -> Tensor:
        """Return the dequantised values."""
        return self.values * self.scale.scale


Value = Tensor | Codes
Attributes = dict[str, Any]


def real(value: Value) -> Tensor:
    """Return a tensor's values in float."""
    return value.real() if isinstance(value, Codes) else value


def rounded(values: Tensor) -> Tensor:
    """Round half to even; the gradient passes."""
    return values + (values.round() - values).detach()


def requantised(steps: Tensor, scale: Scale) -> Codes:
    """Round values that are counted in steps of ``scale`` to codes."""
    return Codes(rounded(steps).clamp(LOW - scale.zero_point, HIGH - scale.zero_point), scale)


def quantised(values: Tensor, scale: Scale) -> Codes:
    """Round real values to codes."""
    return requantised(values / scale.scale, scale)


def convolved(values: Tensor, weight: Tensor, bias: Tensor, told: Attributes) -> Tensor:
    """Convolve [n, in, height, width], in groups and with taps apart where the node says so."""
    top, left, bottom, right = told.get("pads", (0, 0, 0, 0))
    if (top, left) != (bottom, right):
        values = functional.pad(values, (left, right, top, bottom))
        top = left = 0
    apart, groups = told.get("dilations", (1, 1)), told.get("group", 1)
    return functional.conv2d(values, weight, bias, told.get("strides", (1, 1)), (top, left), apart, groups)


def averaged(values: Tensor, told: Attributes) -> Tensor:
    """Average each window, over the places that count."""
    kernel, strides, padded, inside = _window(values, told, 0.0)
    sums = functional.avg_pool2d(padded, kernel, strides, divisor_override=1)
    if told.get("count_include_pad", 0) or inside is None:
        return sums / (kernel[0] * kernel[1])
    return sums / functional.avg_pool2d(inside, kernel, strides, divisor_override=1)


def maximum(values: Tensor, told: Attributes) -> Tensor:
    """Take the largest of each window; padding never wins."""
    kernel, strides, padded, _ = _window(values, told, -1e9)
    return functional.max_pool2d(padded, kernel, strides)


def _window(values: Tensor, told: Attributes, fill: float) -> tuple[list[int], list[int], Tensor, Tensor | None]:
    """Return kernel, strides, what is padded, and ones where it is not padding."""
    top, left, bottom, right = told.get("pads", (0, 0, 0, 0))
    kernel, strides = told["kernel_shape"], told.get("strides", (1, 1))
    if not any((top, left, bottom, right)):
        return kernel, strides, values, None
    around = (left, right, top, bottom)
    return kernel, strides, functional.pad(values, around, value=fill), functional.pad(torch.ones_like(values), around)


def int8_weights(weight: Tensor, bias: Tensor, source: Scale, *, per_channel: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Return integer weights, integer biases at s_x s_w, and the weight scale of each output channel, float32 [out]."""
    largest = weight.detach().abs().flatten(1).amax(1)
    scale = (largest if per_channel else largest.max().expand(len(weight))).double() / WEIGHT_STEPS
    least = bias.detach().double().abs() / (source.scale * MOST_BIAS)  # a bias keeps its steps, as in the writer
    scale = torch.maximum(scale.float(), (least if per_channel else least.max().expand(len(weight))).float())
    scale = torch.where(scale > 0, scale, 1)
    codes = rounded(weight / scale.reshape(-1, *[1] * (weight.ndim - 1)))
    return codes, rounded(bias.double() / (scale * source.scale)).float(), scale  # the writer divides in float64


def int8_conv(
    source: Codes, parameters: tuple[Tensor, Tensor], told: Attributes, target: Scale, *, per_channel: bool
) -> Codes:
    """Convolve in integers; a padded place holds the zero point."""
    weight, bias, scale = int8_weights(*parameters, source.scale, per_channel=per_channel)
    factor = (source.scale.scale * scale.double() / target.scale).float()
    return requantised(convolved(source.values, weight, bias, told) * factor.reshape(-1, 1, 1), target)


def _average(operands: list[Codes], told: Attributes, target: Scale) -> Codes:
    source, kernel = operands[0], told["kernel_shape"]
    if any(told.get("pads", ())):
        return quantised(averaged(source.real(), told), target)
    sums = functional.avg_pool2d(source.values, kernel, told.get("strides", (1, 1)), divisor_override=1)
    return requantised(sums * _once(source.scale.scale / (target.scale * kernel[0] * kernel[1])), target)


def _add(operands: list[Codes], _told: Attributes, target: Scale) -> Codes:
    one, other = operands
    if one.scale == other.scale:
        return requantised((one.values + other.values) * _once(one.scale.scale / target.scale), target)
    return requantised((one.real() + other.real()) * _once(1 / target.scale), target)


def _multiply(operands: list[Codes], _told: Attributes, target: Scale) -> Codes:
    one, other = operands
    return requantised(one.values * other.values * _once(one.scale.scale * other.scale.scale / target.scale), target)


def _sigmoid(operands: list[Codes], _told: Attributes, target: Scale) -> Codes:
    exact = torch.sigmoid(operands[0].values.double() * operands[0].scale.scale)
    return requantised((exact / target.scale).float(), target)


def _once(factor: float) -> float:
    """Round a factor to float32, once."""
    return float(np.float32(factor))


REQUANTISING: Final[dict[str, Callable[[list[Codes], Attributes, Scale], Codes]]] = {
    "AveragePool": _average,
    "Add": _add,
    "Mul": _multiply,
    "Sigmoid": _sigmoid,
}
"""Operators beside Conv that make new codes."""
