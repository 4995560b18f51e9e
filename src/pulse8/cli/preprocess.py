"""``pulse8 preprocess``: UBFC recordings to a data file of the guide's format."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.printing import print_json, watch
from pulse8.learn.datasets.ubfc import Preprocessed, UbfcOptions, preprocess_ubfc


@dataclass(frozen=True, kw_only=True)
class Flags(UbfcOptions):
    """Cut UBFC-rPPG recordings into windows of ROI patches with heart rates.

    Attributes
    ----------
    raw_data
        Folder with subject1, subject2 and so on.
    output
        Folder for ubfc_processed.pt.
    json
        Print one machine-readable record.
    """

    raw_data: Path = Path("raw_data/ubfc")
    output: Path = Path("data")
    json: bool = False


def run(flags: Flags) -> int:
    """Preprocess and say what was written and what was left out."""
    file = flags.output / "ubfc_processed.pt"
    done = preprocess_ubfc(flags.raw_data, file, flags.window_size, flags.stride, watch)
    (print_json if flags.json else _print)(done)
    return 0


def _print(done: Preprocessed) -> None:
    for counted in done.subjects:
        print(
            f"{counted.subject}: {counted.windows} windows of {counted.frames} frames; left out: "
            f"{counted.left_out_lost_face} with a lost face ({counted.lost_frames} frames), "
            f"{counted.left_out_no_rate} without a rate"
        )
    print(f"{done.windows} windows of {len(done.subjects)} subjects: {done.output}")
