"""``pulse8 train``: the ultralight model, split by subject."""

import logging
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.printing import print_json
from pulse8.learn.train.options import TrainOptions


@dataclass(frozen=True, kw_only=True)
class Flags(TrainOptions):
    """Train the ultralight model on a data file of the guide's format."""

    data: Path = Path("data/ubfc_processed.pt")
    """Windows with labels; subjects, where it has them, decide the split."""
    output: Path = Path("checkpoints/best_model.pth")
    """Checkpoint to write: the weights of the epoch that is best on validation subjects."""
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Train and print the error on subjects that the weights never saw, beside the constant predictor's."""
    from pulse8.learn.train.ultralight import train  # noqa: PLC0415 - torch is loaded after the flags are read

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")  # advice on worker processes, which a local file needs not
    trained = train(flags.data, flags.output, flags, show_progress=sys.stderr.isatty() and not flags.json)
    if flags.json:
        print_json(trained)
        return 0
    print(f"{trained.train_windows} training windows; {trained.split}")
    print(f"epoch {trained.epoch}: validation MAE {trained.validation_mae_bpm:.2f} BPM")
    print(f"test MAE {trained.test_mae_bpm:.2f} BPM; always the training mean: {trained.constant_test_mae_bpm:.2f} BPM")
    print(f"checkpoint: {trained.checkpoint}")
    return 0
