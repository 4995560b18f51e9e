"""How long a layer takes on the NPU: a sum of what it does, each at a rate fitted to published runs, as an interval.

The rates are those of ``benchmarks/npu_latency.py``, which fits them to the rows of a model zoo whose networks can be
written down. The interval is a prediction interval, calibrated on networks of other families: what most rows share has
one common pair of factors, what only few rows show has wider factors of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["conv", "grouped", "stream", "piped", "map", "mean", "move", "ragged", "softmax"]
"""What a layer is to the clock.

``piped``: a pool that takes a convolution's results while they are computed. ``map``: a function of each element in a
pass of its own. ``mean``: over more than 3x3. ``move``: bytes joined, parted or reordered; ``ragged`` where a part's
channels are no multiple of 8.
"""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a layer does, in INT8.

    Attributes
    ----------
    in_bytes, out_bytes
        All operands that change from run to run, and the result.
    macs
        Multiplications of a dense convolution; ``pointwise`` where its kernel is 1x1.
    area
        Results times kernel places of a grouped convolution.
    weight_bytes
        Likely size in flash.
    pieces
        Smaller kernels that its kernel becomes.
    spills
        Whether the partial results of those pieces do not fit the chip.
    """

    kind: Kind
    in_bytes: int
    out_bytes: int
    macs: int = 0
    pointwise: bool = False
    area: int = 0
    weight_bytes: int = 0
    pieces: int = 1
    spills: bool = False


@dataclass(frozen=True)
class Interval:
    """Milliseconds, from and to; and the most likely, where one is known."""

    low_ms: float
    high_ms: float
    expected_ms: float | None = None

    def times(self, low: float, high: float) -> "Interval":
        """Return the interval with both ends scaled."""
        return Interval(self.low_ms * low, self.high_ms * high, self.expected_ms)


RATES_NS: Final[Mapping[str, float]] = {
    "layer": 5667.0,
    "flash": 2.546,
    "pointwise": 0.003564,
    "kernel": 0.001391,
    "area": 0.1352,
    "out": 0.2476,
    "in": 0.232,
    "move": 2.366,
    "ragged": 25.75,
    "pieces": 1.677,
    "spilled": 33.42,
    "mean": 15.42,
    "softmax": 348.8,
    "map": 1.164,
}
"""Nanoseconds per layer, byte, multiplication, result or element: fitted, from ``results/npu_latency.json``."""
OWN: Final[Mapping[str, tuple[float, float]]] = {
    "mean": (0.3, 1.3),
    "softmax": (0.3, 2.0),
    "ragged": (0.5, 1.7),
    "spilled": (0.5, 2.0),
}
"""Lower and upper factor of the terms that few families show."""
COMMON: Final = (0.821, 1.222)
"""Factors of all other terms: what nine of ten published rows need, families left out."""
RECORD: Final = (
    "against 75 published runs of 17 families, the run's own family left out, it was off by 8% (median), 57% at most,"
    " and 95% of the runs lay inside"
)
"""The result of ``benchmarks/npu_latency.py``; printed beside every interval."""


def terms(work: Work) -> dict[str, float]:
    """Return how much of each rate's unit a layer has."""
    found = {"layer": 1.0}
    if work.kind == "piped":
        return found
    if work.kind in ("mean", "map"):
        return found | {work.kind: work.in_bytes}
    if work.kind in ("move", "ragged", "softmax"):
        return found | {work.kind: work.out_bytes}
    found |= {"out": work.out_bytes, "in": work.in_bytes, "flash": work.weight_bytes, "area": work.area}
    found["pointwise" if work.pointwise else "kernel"] = work.macs
    if work.pieces > 1:
        found["pieces"] = work.pieces * work.out_bytes
        found["spilled"] = found["pieces"] * work.spills
    return found


def layer_interval(work: Work) -> Interval:
    """Return a layer's time."""
    times = {name: 1e-6 * RATES_NS[name] * amount for name, amount in terms(work).items()}
    low, high = (sum(OWN.get(name, COMMON)[end] * time for name, time in times.items()) for end in (0, 1))
    return Interval(low, high, sum(times.values()))


def total_interval(layers: Iterable[Interval]) -> Interval:
    """Return the sum of the layers' times: their errors are the rates', so they go the same way."""
    known = list(layers)
    expected = [layer.expected_ms for layer in known]
    return Interval(
        sum(layer.low_ms for layer in known),
        sum(layer.high_ms for layer in known),
        None if None in expected else sum(time or 0.0 for time in expected),
    )
