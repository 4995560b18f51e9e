"""Bytes of weights in flash: what must be there, what is likely, what published builds stayed below.

In 75 published rows the measured size was never below the low end. Core 2.x stores a depthwise kernel as if it were
eight channels wide; Core 3.x does so for some layers. ``benchmarks/npu_latency.py`` holds both ends against the rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Core = Literal["2", "3", "4"]
"""Major version of ST Edge AI Core; 4.x is taken as 3.x, one published row is of it."""
DEPTHWISE_STORED: Final[dict[Core, float]] = {"2": 9, "3": 3, "4": 3}
"""Times that a depthwise weight is stored, on average."""
DEPTHWISE_MOST: Final = 9
OUTPUT_BYTES: Final = 4
OUTPUT_MOST_BYTES: Final = 12
"""Bias and scale of an output channel: likely, and at most."""
PADDING_MOST: Final = 1.1


@dataclass(frozen=True)
class Weights:
    """A layer's weights: how many, for how many output channels, and whether each channel has its own kernel."""

    count: int
    outputs: int
    depthwise: bool

    def low_bytes(self, core: Core) -> int:
        """Return the bytes that no published build was below: each weight once, on 2.x a depthwise one nine times."""
        return self.count * (DEPTHWISE_MOST if self.depthwise and core == "2" else 1)

    def likely_bytes(self, core: Core) -> int:
        """Return the bytes that flash is likely to deliver in a run."""
        stored = DEPTHWISE_STORED[core] if self.depthwise else 1
        return round(self.count * stored) + OUTPUT_BYTES * self.outputs

    def high_bytes(self) -> int:
        """Return the bytes that published builds stayed below, summed over a network."""
        return (
            round(self.count * (DEPTHWISE_MOST if self.depthwise else PADDING_MOST)) + OUTPUT_MOST_BYTES * self.outputs
        )


@dataclass(frozen=True)
class FlashRange:
    """Bytes of a network's weights: a lower bound, and what published builds stayed below."""

    low_bytes: int
    high_bytes: int


def flash_range(layers: Iterable[Weights], core: Core) -> FlashRange:
    """Return the range for a network."""
    known = list(layers)
    return FlashRange(sum(layer.low_bytes(core) for layer in known), sum(layer.high_bytes() for layer in known))
