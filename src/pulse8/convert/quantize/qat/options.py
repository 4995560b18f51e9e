"""Options of quantisation-aware training. No torch here, so that the command line stays light."""

from dataclasses import dataclass

from pulse8.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class QatOptions:
    """A short fine-tune: AdamW, a cosine rate down to zero, the same batches for the float control."""

    steps: int = 200
    """Optimiser steps."""
    batch_size: int = 16
    """Windows a step."""
    learning_rate: float = 2e-4
    """Largest rate: a tenth of the training's, because the weights are good already."""
    seed: int = 0
    """Of the order in which training windows are drawn."""

    def __post_init__(self) -> None:
        if not (1 <= self.steps <= 1_000_000 and 1 <= self.batch_size <= 4096):
            raise SpecError(f"{self.steps} steps of {self.batch_size} windows; give 1-1,000,000 and 1-4,096")
        if not 0 < self.learning_rate <= 1:
            raise SpecError(f"learning rate {self.learning_rate}; give a value up to 1")
        if not 0 <= self.seed < 1 << 32:
            raise SpecError(f"seed {self.seed}; give 0 to {(1 << 32) - 1:,}")
