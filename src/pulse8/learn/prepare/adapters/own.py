"""My own: videos and tables of PPG or heart rate, listed in ``recordings.csv`` (schema: docs/datasets.md).

``recordings.csv`` has the columns ``video``, ``truth`` and ``subject``, and may have ``recording`` (an id; the video's
name without it); every other column is a condition. A truth table has ``time_s``, in seconds from the video's first
frame, and either ``ppg`` (any unit, 8 samples a second or more) or ``hr_bpm`` (beats per minute).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.prepare.adapters.adapter import Found, Opened, ppg_of
from pulse8.learn.prepare.adapters.tables import read_rows, read_table
from pulse8.learn.recording import Rates
from pulse8.measure.video.decode import read_frames

LIST: Final = "recordings.csv"
COLUMNS: Final = ("video", "truth", "subject")
LAYOUT: Final = f"your own data are a {LIST} with the columns {', '.join(COLUMNS)}, beside the files; name --raw"
LIKELY_BPM: Final = (20.0, 250.0)
FASTEST_HZ: Final = 5.0
"""300 BPM: numbers under it are beats a second, not a minute."""
LONGEST_STEP_S: Final = 60.0


@dataclass(frozen=True)
class Own:
    """Files are named from the list's folder and lie inside it."""

    name: str = "own"
    simulated: bool = False
    seen: str = "fixtures in its format"

    def find(self, raw: Path) -> list[Found]:
        """List the rows."""
        if not (raw / LIST).is_file():
            raise InputError(f"no recordings at {raw}; {LAYOUT}")
        _, rows = read_rows(raw / LIST, COLUMNS, "list of recordings")
        if not rows:
            raise InputError(f"no recordings at {raw}: {raw / LIST} has no rows; {LAYOUT}")
        return [_found(raw, row) for row in rows]

    def open(self, found: Found) -> Opened:
        """Read the truth table and open the video."""
        if not found.subject:
            raise InputError(f"{found.recording} has no subject; fill the column: who is on two videos has one id")
        for path in (found.video, found.truth):
            if not _lies_in(path, found.root):
                raise InputError(f"{path} lies outside {found.root}; move it there, links are not followed")
        table = read_table(found.truth, ("time_s",), ("ppg", "hr_bpm"), "truth table")
        if ("ppg" in table) == ("hr_bpm" in table):
            raise InputError(f"truth table {found.truth} needs one column of ppg and hr_bpm beside time_s")
        pictures = read_frames(found.video)
        if "ppg" in table:
            return Opened(pictures=pictures, reference=ppg_of(found.truth, table["ppg"], table["time_s"]))
        return Opened(pictures=pictures, reference=None, rates=_rates(found.truth, table["hr_bpm"], table["time_s"]))


def _found(raw: Path, row: Mapping[str, str]) -> Found:
    known = {"recording", *COLUMNS}
    return Found(
        recording=row.get("recording") or Path(row["video"]).stem,
        subject=row["subject"],
        video=raw / row["video"],
        truth=raw / row["truth"],
        root=raw,
        conditions={name: _value(text) for name, text in row.items() if name and name not in known and text},
    )


def _lies_in(path: Path, root: Path | None) -> bool:
    """Whether a file lies in a folder once all links are followed; a name that no file can have does not."""
    try:
        return root is not None and path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):  # too long, a circle of links, a zero byte
        return False


def _value(text: str) -> float | str | bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text) if np.isfinite(float(text)) else text
    except ValueError:
        return text


def _rates(path: Path, bpm: NDArray[np.float64], t_s: NDArray[np.float64]) -> Rates:
    if len(bpm) == 0:
        raise InputError(f"{path} holds no heart rates; fill it or leave it out")
    if (np.diff(t_s) <= 0).any():
        raise InputError(f"{path}: time_s does not increase; sort the rows, one a time")
    if len(t_s) > 1 and np.median(np.diff(t_s)) > LONGEST_STEP_S:
        raise InputError(f"{path}: rows are {np.median(np.diff(t_s)):g} s apart; are its times in ms? divide by 1000")
    if np.median(bpm) < FASTEST_HZ:
        raise InputError(f"{path}: hr_bpm is about {np.median(bpm):g}; is it in Hz, where BPM is meant? times 60")
    if not (bpm.min() >= LIKELY_BPM[0] and bpm.max() <= LIKELY_BPM[1]):
        low, high = LIKELY_BPM
        raise InputError(f"{path}: hr_bpm goes from {bpm.min():g} to {bpm.max():g}; give {low:g} to {high:g} BPM")
    return Rates(bpm.astype(np.float32), t_s)
