"""My own: videos and tables of PPG or heart rate, listed in ``recordings.csv`` (schema: docs/datasets.md).

``recordings.csv`` has the columns ``video``, ``truth`` and ``subject``, and may have ``recording`` (an id; the video's
name without it) and what a truth table does not say itself: ``columns``, ``offset_s``, ``video_start``. Every other
column is a condition. A truth table has ``time_s``, in seconds from the video's first frame, and one of ``ppg`` (any
unit, 8 samples a second or more), ``ecg`` (any unit, 60 or more) and ``hr_bpm`` (beats per minute), or columns by the
names that devices give them (:mod:`pulse8.learn.prepare.adapters.truth`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from pulse8.errors import InputError
from pulse8.learn.prepare.adapters.adapter import Found, Opened
from pulse8.learn.prepare.adapters.tables import read_rows
from pulse8.learn.prepare.adapters.truth import TruthOptions, columns_of, read_truth
from pulse8.measure.video.decode import read_frames
from pulse8.times import FARTHEST_S

LIST: Final = "recordings.csv"
COLUMNS: Final = ("video", "truth", "subject")
LAYOUT: Final = f"your own data are a {LIST} with the columns {', '.join(COLUMNS)}, beside the files; name --raw"
ABOUT_TRUTH: Final = ("columns", "offset_s", "video_start")
"""Columns of the list that say how a truth table is read; empty where it says so itself."""


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
        truth = read_truth(found.truth, _options(found))
        conditions = {"reference": truth.source} if truth.rates is not None else {}
        pictures = read_frames(found.video)
        return Opened(pictures=pictures, reference=truth.ppg, rates=truth.rates, conditions=conditions)


def _found(raw: Path, row: Mapping[str, str]) -> Found:
    known = {"recording", *COLUMNS, *ABOUT_TRUTH}
    return Found(
        recording=row.get("recording") or Path(row["video"]).stem,
        subject=row["subject"],
        video=raw / row["video"],
        truth=raw / row["truth"],
        root=raw,
        conditions={name: _value(text) for name, text in row.items() if name and name not in known and text},
        notes={name: row[name] for name in ABOUT_TRUTH if row.get(name)},
    )


def _options(found: Found) -> TruthOptions:
    offset = found.notes.get("offset_s", "0")
    try:
        offset_s = float(offset)
    except ValueError as error:
        raise InputError(f"{found.recording}: offset_s {offset[:40]!r} is no number; give seconds") from error
    if not abs(offset_s) < FARTHEST_S:
        raise InputError(f"{found.recording}: offset_s {offset[:40]} is no span of seconds; give what is added")
    columns = columns_of(found.notes.get("columns", ""))
    return TruthOptions(columns=columns, offset_s=offset_s, video_start=found.notes.get("video_start", ""))


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
