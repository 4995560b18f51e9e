"""The training recipe: its defaults are the committed one. No torch here, so that the command line stays light."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pulse8.errors import SpecError
from pulse8.learn.splits.split import Way


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """How the ultralight model is trained: AdamW on smooth L1 in units of 10 BPM, one-cycle rate, best epoch kept.

    ``split`` is the unit that is never divided between training, validation and test: a subject, or (leaky) a window.
    """

    epochs: int = 12
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    seed: int = 0
    split: Way = "subject"

    def __post_init__(self) -> None:
        if not (1 <= self.epochs <= 10_000 and 1 <= self.batch_size <= 4096):
            raise SpecError(f"{self.epochs} epochs of batches of {self.batch_size}; give 1-10,000 and 1-4,096")
        if not (0 < self.learning_rate <= 1 and 0 <= self.weight_decay <= 1):
            raise SpecError(
                f"learning rate {self.learning_rate}, weight decay {self.weight_decay}; give values up to 1"
            )
        if not 0 <= self.seed < 1 << 32:
            raise SpecError(f"seed {self.seed}; give 0 to {(1 << 32) - 1:,}")


REAL_WEIGHT: Final = 0.4
"""How often known pulses on real traces are drawn, against 1 for simulated people: 29 % of the windows."""


@dataclass(frozen=True, kw_only=True)
class Pulse12Options:
    """How pulse12 is trained: AdamW with a one-cycle rate on windows drawn anew for each step.

    Attributes
    ----------
    steps, batch_size
        Number of steps, and of windows per step on each device.
    learning_rate, weight_decay
        Of AdamW; the rate is the maximum of the one-cycle schedule.
    seed
        Of the initial weights and of the draw of windows.
    subjects
        Simulated people to train on; 0 for stores alone.
    without
        Mechanisms to leave out of their simulation: motion, flicker, codec, exposure, specular.
    stores, weights
        Prepared stores to train on as well, and how often each is drawn from, relative to 1 for the simulated people.
    real, real_weight
        Folder with the real recordings of docs/people.md, to train on known pulses on real traces of people who tune,
        and how often these are drawn, relative to 1 for the simulated people.
    protocol, fold
        A protocol in place of stores, and which of its folds, by default the first; its training side is used.
    split
        The unit that is never divided between training and validation: a subject, or (leaky) a window.
    precision
        Of the arithmetic during training: float32, or bfloat16, which takes two thirds of the time.
    accelerator, devices
        As Lightning names them: auto, cpu, gpu, and how many.
    start
        Checkpoint with the initial weights, for another round of the schedule.
    resume
        Go on from the last state in the output's folder.
    """

    steps: int = 14_000
    batch_size: int = 32
    learning_rate: float = 4e-3
    weight_decay: float = 1e-3
    seed: int = 0
    subjects: int = 8_000
    without: tuple[str, ...] = ()
    stores: tuple[Path, ...] = ()
    weights: tuple[float, ...] = ()
    real: Path | None = None
    real_weight: float = REAL_WEIGHT
    protocol: Path | None = None
    fold: str | None = None
    split: Way = "subject"
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed"
    accelerator: str = "auto"
    devices: int = 1
    start: Path | None = None
    resume: bool = False

    def __post_init__(self) -> None:
        if not (2 <= self.steps <= 10_000_000 and 2 <= self.batch_size <= 4096):
            raise SpecError(f"{self.steps} steps of batches of {self.batch_size}; give 2-10,000,000 and 2-4,096")
        if not (0 < self.learning_rate <= 1 and 0 <= self.weight_decay <= 1):
            raise SpecError(
                f"learning rate {self.learning_rate}, weight decay {self.weight_decay}; give values up to 1"
            )
        if not 0 <= self.seed < 1 << 32:
            raise SpecError(f"seed {self.seed}; give 0 to {(1 << 32) - 1:,}")
        if not (self.subjects or self.stores or self.protocol):
            raise SpecError("nothing to train on; give --subjects, --stores or --protocol")
        if self.protocol is not None and self.stores:
            raise SpecError("a protocol names its own stores; leave --stores out")
        sources = 1 if self.protocol is not None else len(self.stores)
        if self.weights and (len(self.weights) != sources or min(self.weights) <= 0):
            raise SpecError(f"{len(self.weights)} weights for {sources} stores; give one above 0 for each")
        self._refuse_counts()

    def _refuse_counts(self) -> None:
        if not 0 < self.real_weight <= 100:
            raise SpecError(f"a weight of {self.real_weight} for real traces; give one above 0, up to 100")
        if self.real is None and self.real_weight != REAL_WEIGHT:
            raise SpecError(f"a weight of {self.real_weight} for real traces that are not there; give --real too")
        if self.devices < 1:
            raise SpecError(f"{self.devices} devices; give 1 or more")


@dataclass(frozen=True, kw_only=True)
class LossOptions:
    """Weights of the loss's terms.

    Attributes
    ----------
    spectrum
        Minus the logarithm of the share of power within 5 BPM of the true rate.
    distance
        Mean distance of the power from the true rate, in units of 20 BPM.
    shape
        1 - Pearson's correlation with the contact pulse at the best lag.
    size
        Mean squared difference from the contact pulse of unit variance, or from zero where there is no pulse: the
        wave's amplitude then is its confidence.
    centre
        Distance in BPM between the centres of the wave's peak and of the contact pulse's: an error of 4 BPM costs more
        than one of 0.2.
    """

    spectrum: float = 1.0
    distance: float = 0.5
    shape: float = 0.5
    size: float = 0.3
    centre: float = 0.1

    def __post_init__(self) -> None:
        if min(vars(self).values()) < 0:
            raise SpecError(f"loss weights {vars(self)}; give 0 or more")
