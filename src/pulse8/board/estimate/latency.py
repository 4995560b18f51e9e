"""How long the NPU takes, as an interval per layer: weights from flash hidden behind the compute, or added to it.

Measured epochs lie between the two, nearer the sum: on the run that the rates were read from, the larger of both is 6 %
short of the whole and the sum 5 % beyond it. ``benchmarks/npu_latency.py`` compares the frozen rates with a model zoo.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pulse8.board.estimate import hardware as hw

RECORD: Final = (
    "against 27 published runs the midpoint was off by 9% (median), 43% at most, and 44% of the runs lay inside"
)
"""The result of ``benchmarks/npu_latency.py``; printed beside every interval."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a layer moves and computes: bytes in and out (INT8), multiplications, channels, bytes of weights."""

    kind: Literal["conv", "depthwise", "stream", "global mean"]
    in_bytes: int
    out_bytes: int
    in_channels: int
    macs: int = 0
    weight_bytes: int = 0


@dataclass(frozen=True)
class Interval:
    """Milliseconds, from and to."""

    low_ms: float
    high_ms: float

    @property
    def mid_ms(self) -> float:
        """The middle."""
        return (self.low_ms + self.high_ms) / 2


def layer_interval(work: Work) -> Interval:
    """Return a layer's time; a global average runs on the NPU at best, in software at worst."""
    compute, weights = _compute_s(work), work.weight_bytes / hw.FLASH_BYTES_S
    high = compute + weights
    if work.kind == "global mean":
        high = max(high, work.in_bytes * hw.GLOBAL_MEAN_S)
    return Interval(1e3 * (max(compute, weights) + hw.EPOCH_S), 1e3 * (high + hw.EPOCH_S))


def total_interval(layers: Iterable[Interval]) -> Interval:
    """Return the sum of the layers' times."""
    known = list(layers)
    return Interval(sum(layer.low_ms for layer in known), sum(layer.high_ms for layer in known))


def _compute_s(work: Work) -> float:
    out = work.out_bytes / hw.STREAM_BYTES_S
    if work.kind == "depthwise":
        return max(out, work.in_bytes / hw.STREAM_BYTES_S, hw.DEPTHWISE_CHANNEL_S * work.in_channels)
    if work.kind != "conv":
        return max(out, work.in_bytes / hw.STREAM_BYTES_S)
    rate = hw.STREAM_BYTES_S if work.in_channels <= hw.NARROW_CHANNELS else hw.WIDE_INPUT_BYTES_S
    return max(out, work.in_bytes / rate, work.macs / hw.MACS_S)
