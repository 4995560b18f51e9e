"""A scale table: what one INT8 step of each tensor is worth, and which code is zero."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pulse8.build.quantize.ranges import Range

LOW: Final = -128
HIGH: Final = 127


@dataclass(frozen=True)
class Scale:
    """Real value = ``scale`` (a float32) times (code minus ``zero_point``), codes -128 to 127."""

    scale: float
    zero_point: int

    @property
    def low(self) -> float:
        """Smallest value that has a code of its own."""
        return self.scale * (LOW - self.zero_point)

    @property
    def high(self) -> float:
        """Largest value that has a code of its own."""
        return self.scale * (HIGH - self.zero_point)


Scales = dict[str, Scale]
"""Tensor name to its scale."""


def scale_of(ends: Range) -> Scale:
    """Return the asymmetric INT8 scale of a range; 0 is always in it and exact, and an empty range has step 1."""
    low, high = min(ends[0], 0.0), max(ends[1], 0.0)
    scale = float(np.float32((high - low) / (HIGH - LOW))) or 1.0
    return Scale(scale, int(np.clip(np.rint(LOW - low / scale), LOW, HIGH)))
