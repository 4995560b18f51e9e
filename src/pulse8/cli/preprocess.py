"""``pulse8 preprocess``: UBFC recordings, or a store with patches, to a data file of the guide's format."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.printing import print_json, watch
from pulse8.cli.saying import say
from pulse8.learn.prepare.guide_store import guide_data_of
from pulse8.learn.prepare.guide_windows import WindowOptions
from pulse8.learn.prepare.ubfc import Preprocessed, preprocess_ubfc


@dataclass(frozen=True, kw_only=True)
class Flags(WindowOptions):
    """Cut UBFC-rPPG recordings into windows of ROI patches with heart rates.

    Attributes
    ----------
    raw_data
        Folder with subject1, subject2 and so on.
    store
        A store that was prepared with --patches, in place of raw_data.
    output
        Folder for ubfc_processed.pt.
    json
        Print one machine-readable record.
    """

    raw_data: Path = Path("raw_data/ubfc")
    store: Path | None = None
    output: Path = Path("data")
    json: bool = False


def run(flags: Flags) -> int:
    """Preprocess and say what was written and what was left out."""
    file = flags.output / "ubfc_processed.pt"
    if flags.store is not None:
        done = guide_data_of(flags.store, file, flags, watch)
    else:
        done = preprocess_ubfc(flags.raw_data, file, flags.window_size, flags.stride, watch)
    (print_json if flags.json else _print)(done)
    return 0


def _print(done: Preprocessed) -> None:
    for counted in done.subjects:
        say(
            f"{counted.subject}: {counted.windows} windows of {counted.frames} frames; left out: "
            f"{counted.left_out_lost_face} with a lost face ({counted.lost_frames} frames), "
            f"{counted.left_out_no_rate} without a rate"
        )
    say(f"{done.windows} windows of {len(done.subjects)} subjects: {done.output}")
