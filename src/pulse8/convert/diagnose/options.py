"""Options of the diagnosis, and the limits beyond which something is a cause."""

from dataclasses import dataclass
from typing import Final

from pulse8.errors import SpecError

MIN_SAMPLES: Final = 8
CLIPPED_SHARE: Final = 1e-3
"""Ten times the share that a percentile of 99.99 clips on purpose."""
USED_SHARE: Final = 0.25
"""Below this share, a tensor's values use two bits fewer than INT8 has."""
WEIGHT_STEPS_OFF: Final = 1.01
"""An INT8 weight or bias is within half a step of its FP32 value; beyond one step it belongs to another model."""
UNEVEN_CHANNELS: Final = 8.0
"""Ratio of largest to smallest weight of channels that share a scale: the smallest loses three bits."""


@dataclass(frozen=True, kw_only=True)
class DiagnoseOptions:
    """How the layers are compared."""

    num_samples: int = 32
    """Calibration windows that the layers are compared on."""

    def __post_init__(self) -> None:
        if not MIN_SAMPLES <= self.num_samples <= 100_000:
            raise SpecError(f"{self.num_samples} samples; give {MIN_SAMPLES} to 100,000")
