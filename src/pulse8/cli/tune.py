"""``pulse8 tune``: search for the best INT8 options."""

import logging
from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.names import DATA, FP32, TUNE
from pulse8.cli.printing import print_json, watch, without_advice
from pulse8.cli.saying import say
from pulse8.convert.tune.options import TuneOptions
from pulse8.errors import ToolchainError
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(TuneOptions):
    """Search calibration windows, range methods and scales for the smallest change of the heart rate."""

    input: Path = FP32
    """FP32 ONNX."""
    data: Path = DATA
    """Labelled windows: ranges from its training side, the loss from its validation side."""
    output: Path = TUNE
    """Folder for tune.json and the journal, which a later run continues."""
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Search and print the best options."""
    try:
        from pulse8.convert.tune.text import outcome  # noqa: PLC0415 - Optuna is an extra
        from pulse8.convert.tune.tune import tune  # noqa: PLC0415 - optuna is in an extra
    except ModuleNotFoundError as error:
        raise ToolchainError('the search needs Optuna; install it with: pip install "pulse8[tune]"') from error
    logging.getLogger("optuna").setLevel(logging.WARNING)
    with without_advice():
        tuned = tune(flags.input, flags.data, flags.output, flags, watch)
    if flags.json:
        print_json(tuned)
    else:
        say(f"{outcome(tuned)}\n{NOTICE}")
    return 0
