"""``pulse8 camera-check``: the smallest pulse that a camera and its codec carry."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from pulse8.cli.printing import print_json, show, table, watch
from pulse8.cli.saying import say
from pulse8.learn.camera_check.camera_check import CameraCheck, CameraCheckOptions, camera_check
from pulse8.learn.camera_check.plot import plot_camera_check
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(CameraCheckOptions):
    """Lay known pulses on the noise of your own camera and codec and see from which size on they are read.

    Attributes
    ----------
    clip
        A video, 20 s or longer: of a wall, or of a face before something plain.
    plot
        Draw the answer to this .svg or .png file.
    json
        Print one machine-readable record instead of the table.
    """

    clip: tyro.conf.Positional[Path]
    plot: Path | None = None
    json: bool = False


def run(flags: Flags) -> int:
    """Check, draw and print; 1 when no amplitude is carried."""
    check = camera_check(flags.clip, flags, watch)
    if flags.plot:
        plot_camera_check(flags.plot, check)
    (print_json if flags.json else _print)(check)
    if flags.plot and not flags.json:
        say(f"picture: {flags.plot}")
    return 0 if check.smallest_share is not None else 1


def _print(check: CameraCheck) -> None:
    title = f"{check.pulses} test pulses on the noise of {check.clip}"
    rows = []
    for row in check.rows:
        errors = ("-" if value is None else f"{value:.1f}" for value in (row.mae_bpm, row.accepted_mae_bpm))
        close = f"{row.close_share:.0%}" if row.amplitude_share else "-"
        rows.append((f"{row.amplitude_share:.2%}", close, f"{row.accepted_share:.0%}", *errors))
    head = ("test pulse, % of green", "within 5 BPM", "believed", "MAE, BPM", "MAE believed")
    show(check.sentence, table(head, rows, title), NOTICE)
