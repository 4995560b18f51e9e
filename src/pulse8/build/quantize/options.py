"""Options of the calibration set and of the INT8 writer: our own records in front of the library's."""

from dataclasses import dataclass
from typing import Literal

from pulse8.errors import SpecError

MIN_SAMPLES = 30


@dataclass(frozen=True, kw_only=True)
class CalibrateOptions:
    """Which training windows the activation ranges are taken from.

    stratified: as many from every 10 BPM of 40-160 as there are. natural: at random, as the data come. uniform: evenly
    spaced in file order.
    """

    num_samples: int = 200
    distribution: Literal["stratified", "natural", "uniform"] = "stratified"
    seed: int = 0

    def __post_init__(self) -> None:
        if not MIN_SAMPLES <= self.num_samples <= 1_000_000:
            raise SpecError(
                f"{self.num_samples} calibration samples; give at least {MIN_SAMPLES} (the guide takes 200)"
            )
        if not 0 <= self.seed < 1 << 32:
            raise SpecError(f"seed {self.seed}; give 0 to {(1 << 32) - 1:,}")


@dataclass(frozen=True, kw_only=True)
class QuantizeOptions:
    """The STM32N6's scheme: weights S8 symmetric, activations S8 asymmetric a tensor, biases S32, MinMax ranges."""

    per_channel: bool = True
    """One weight scale for every output channel; False gives one a tensor."""
