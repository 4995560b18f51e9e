"""The training recipe: its defaults are the committed one. No torch here, so that the command line stays light."""

from dataclasses import dataclass

from pulse8.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """How the ultralight model is trained: AdamW on smooth L1 in units of 10 BPM, one-cycle rate, best epoch kept."""

    epochs: int = 12
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    seed: int = 0

    def __post_init__(self) -> None:
        if not (1 <= self.epochs <= 10_000 and 1 <= self.batch_size <= 4096):
            raise SpecError(f"{self.epochs} epochs of batches of {self.batch_size}; give 1-10,000 and 1-4,096")
        if not (0 < self.learning_rate <= 1 and 0 <= self.weight_decay <= 1):
            raise SpecError(
                f"learning rate {self.learning_rate}, weight decay {self.weight_decay}; give values up to 1"
            )
        if not 0 <= self.seed < 1 << 32:
            raise SpecError(f"seed {self.seed}; give 0 to {(1 << 32) - 1:,}")
