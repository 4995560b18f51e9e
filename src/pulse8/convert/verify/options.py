"""Options and thresholds of the verification."""

from dataclasses import dataclass
from typing import Final

from pulse8.errors import SpecError
from pulse8.measure.infer.engine import RunnerName

MIN_SAMPLES: Final = 30


@dataclass(frozen=True, kw_only=True)
class VerifyOptions:
    """How many held-out windows to compare on, and which engine runs the INT8 file."""

    num_samples: int = 500
    """Held-out windows to compare on; all there are, where there are fewer."""
    runner: RunnerName = "integer"
    """What computes the INT8 side: the integer reference, or for comparison ONNX Runtime with its QDQ fusion off."""
    min_sqnr_db: float = 20.0
    """What INT8 must keep of each output of a network of your own, dB: a tenth of its standard deviation is noise."""

    def __post_init__(self) -> None:
        if not MIN_SAMPLES <= self.num_samples <= 10_000_000:
            raise SpecError(f"{self.num_samples} samples; give at least {MIN_SAMPLES} (the guide takes 500)")
        if not 0 <= self.min_sqnr_db <= 100:
            raise SpecError(f"SQNR of {self.min_sqnr_db} dB; give 0 to 100")
