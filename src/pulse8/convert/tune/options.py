"""Options of the search. No Optuna here, so that the command line stays light."""

from dataclasses import dataclass

from pulse8.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class TuneOptions:
    """Size of the search."""

    trials: int = 30
    """Ways to quantise that are tried, the default among them."""
    windows: int = 200
    """Validation windows that each trial is judged on."""
    seed: int = 0
    """Seed of the search and of the draws of calibration windows."""

    def __post_init__(self) -> None:
        if not (2 <= self.trials <= 10_000 and 8 <= self.windows <= 1_000_000):
            raise SpecError(f"{self.trials} trials on {self.windows} windows; give 2-10,000 and 8-1,000,000")
        if not 0 <= self.seed < 1 << 32:
            raise SpecError(f"seed {self.seed}; give 0 to {(1 << 32) - 1:,}")
