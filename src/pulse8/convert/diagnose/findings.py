"""The figures of each part, and the causes that follow from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.convert.diagnose.options import CLIPPED_SHARE, UNEVEN_CHANNELS, USED_SHARE, WEIGHT_STEPS_OFF
from pulse8.convert.diagnose.parts import Kind, RoundedPart, StoredConstant

BINS: Final = 64


@dataclass(frozen=True, kw_only=True)
class PartFinding:
    """One part of the INT8 file.

    Attributes
    ----------
    name, kind
        The activation's tensor or the weights' convolution; whether the part is the input, weights or an activation.
    alone_db
        SQNR of the model's output when only this part is rounded.
    without_db
        SQNR of the output when every other part is rounded; if it is far above the whole file's, this part is to blame.
    noise_share
        Its share of the summed noise of all parts, each rounded alone.
    sqnr_db, bias_steps
        SQNR of the tensor in the whole file, with all errors up to here, and the errors' mean in INT8 steps. ``None``
        for weights.
    range, seen
        Range that INT8 can represent, and range of FP32's values; ``None`` for weights.
    clipped_share, used_share
        Share of values outside the range, and share of the range between the smallest and the largest value. ``None``
        for weights.
    dead, silenced
        Number of channels that are constant in FP32, and of channels that vary in FP32 but are one code in INT8.
        ``None`` for weights.
    causes
        What is wrong and how to fix it, likeliest first; empty where nothing is wrong.
    """

    name: str
    kind: Kind
    alone_db: float
    without_db: float
    noise_share: float
    sqnr_db: float | None = None
    bias_steps: float | None = None
    range: tuple[float, float] | None = None
    seen: tuple[float, float] | None = None
    clipped_share: float | None = None
    used_share: float | None = None
    dead: int | None = None
    silenced: int | None = None
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Values:
    """An activation's values over all samples in FP32 and in the INT8 file, from which its figures are computed.

    ``counts`` is the histogram of FP32's values in equal bins over ``span``.
    """

    low: float
    high: float
    clipped_share: float
    sqnr_db: float
    bias: float
    dead: int
    silenced: int
    span: tuple[float, float]
    counts: NDArray[np.int64]


def measured(fp32: NDArray[np.float32], int8: NDArray[np.float32], part: RoundedPart) -> Values:
    """Measure one activation; values [samples, channels, ...] of FP32 and of the INT8 file, dequantised."""
    low, high = part.range
    step = (high - low) / 255
    error = int8.astype(np.float64) - fp32
    noise, signal = float(np.square(error).mean()), float(fp32.var(dtype=np.float64))
    varies, moves = (
        np.ptp(np.moveaxis(tensor, 1, 0).reshape(tensor.shape[1], -1), axis=1) > 0 for tensor in (fp32, int8)
    )
    span = min(low, float(fp32.min())), max(high, float(fp32.max()))
    return Values(
        low=float(fp32.min()),
        high=float(fp32.max()),
        clipped_share=float(((fp32 < low - step / 2) | (fp32 > high + step / 2)).mean()),
        sqnr_db=decibels(signal, noise),
        bias=float(error.mean()) / step,
        dead=int((~varies).sum()),
        silenced=int((varies & ~moves).sum()),
        span=span,
        counts=np.histogram(fp32, BINS, span)[0].astype(np.int64),
    )


def decibels(signal: float, noise: float) -> float:
    """Return a power ratio in decibels, limited to +-200 where one side is zero."""
    tiny = 1e-20 * max(signal, noise, np.finfo(np.float64).tiny)
    return float(10 * np.log10(max(signal, tiny) / max(noise, tiny)))


def activation_causes(part: RoundedPart, values: Values) -> Iterator[str]:
    """List what is wrong with an activation's scale."""
    low, high = part.range
    used = (values.high - values.low) / (high - low)
    points = zip(part.quantize or (), part.dequantize or (), strict=True)
    if any(not np.array_equal(one, other) for one, other in points):
        yield "is dequantised with another scale or zero point than it is quantised with: quantise the model again"
    if values.clipped_share > CLIPPED_SHARE:
        wider = "take more calibration windows, or its range by minmax (--layers NAME=minmax)"
        if part.kind == "input":
            wider = "the input is not what the spec says: normalise it first"
        yield f"{values.clipped_share:.1%} of its values lie outside {low:.3g} to {high:.3g} and are clipped: {wider}"
    if used < USED_SHARE:
        hint = f"take its range by percentile (--layers {part.name}=percentile)"
        if part.kind == "input":
            hint = "normalise the input, so that the pulse is more than a few steps"
        yield f"its values use {used:.0%} of its range {low:.3g} to {high:.3g}: {hint}"
    if values.silenced:
        hint = "--equalise, or train with rounding (--qat)"
        yield f"{values.silenced} of its channels vary in FP32 and are one code in INT8: {hint}"


def weight_causes(
    stored: StoredConstant, true: NDArray[np.float32], bias: StoredConstant, true_bias: NDArray[np.float32]
) -> Iterator[str]:
    """List what is wrong with a convolution's weights or biases."""
    for what, coded, wanted in (("weights", stored, true), ("biases", bias, true_bias)):
        steps = np.abs(coded.real() - wanted) / _steps(coded)
        wrong = np.flatnonzero((steps > WEIGHT_STEPS_OFF).reshape(len(wanted), -1).any(1))
        if wrong.size:
            yield (
                f"the {what} of {wrong.size} of {len(wanted)} channels (first: {wrong[0]}) differ from FP32's: up to"
                f" {steps.max():.0f} steps off; quantise this FP32 file again"
            )
    largest = np.abs(true).reshape(len(true), -1).max(1)
    if stored.scale.ndim == 0 and largest.max() > UNEVEN_CHANNELS * max(largest.min(), np.finfo(np.float32).tiny):
        yield f"one scale for channels of weights up to {largest.min():.2g} and {largest.max():.2g}: --per-channel"


def _steps(stored: StoredConstant) -> NDArray[np.float32]:
    return stored.scale.reshape((-1, *[1] * (stored.codes.ndim - 1)) if stored.scale.ndim else ())


def add_causes(parts: Sequence[RoundedPart]) -> tuple[str, ...]:
    """List each Add whose operands have different scales."""
    one, other = (np.ravel((part.quantize or (1, 0))[0])[0] for part in parts)
    if one == other:
        return ()
    scales = f"{one:.3g} ({parts[0].name}) and {other:.3g} ({parts[1].name})"
    times = max(one, other) / min(one, other)
    return (f"an Add takes scales {scales}, {times:.1f} times apart, and the NPU needs one: quantise again",)
