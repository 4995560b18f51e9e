"""``pulse8 calibrate``: draw the calibration set."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.names import CALIBRATION, DATA
from pulse8.cli.printing import print_json
from pulse8.cli.saying import say
from pulse8.convert.quantize.calibrate import Calibrated, calibrate
from pulse8.convert.quantize.options import CalibrateOptions


@dataclass(frozen=True, kw_only=True)
class Flags(CalibrateOptions):
    """Draw the calibration set from the training subjects of a data file."""

    data: Path = DATA
    """Windows with labels: the guide's format, or clips."""
    output: Path = CALIBRATION
    """Calibration file to write."""
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Calibrate and print what was drawn."""
    drawn = calibrate(flags.data, flags.output, flags)
    if flags.json:
        print_json(drawn)
    else:
        say(_summary(drawn))
    return 0


def _summary(drawn: Calibrated) -> str:
    few = (
        "" if drawn.samples == drawn.asked else f" (asked for {drawn.asked}: all that the training side has were used)"
    )
    bins = "  ".join(f"{bpm}: {count}" for bpm, count in drawn.per_bin.items())
    return "\n".join(
        [
            f"{drawn.samples} calibration samples, {drawn.distribution}{few}; {drawn.split}",
            f"per BPM range  {bins}  outside: {drawn.outside}",
            f"{drawn.calibration}: {drawn.bytes / 1e6:.1f} MB",
        ]
    )
