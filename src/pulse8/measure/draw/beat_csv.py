"""Beats of recordings as one CSV table, one row per peak of the pulse."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pulse8.errors import shown
from pulse8.manifest import writing
from pulse8.measure.signal.camera_beats import Beat
from pulse8.notice import NOTICE

COLUMNS: Final = (
    "recording", "near_s", "t_s", "t_low_s", "t_high_s", "interval_s", "interval_low_s", "interval_high_s", "reason",
    "notice",
)  # fmt: skip


def write_beat_csv(path: Path, beats: Sequence[tuple[str, Beat]]) -> None:
    """Write (recording, beat) rows with 95 % intervals; what is unknown is empty, the last column is a notice."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for recording, beat in beats:
        time = _bounds(beat.t_s, beat.half_s)
        interval = _bounds(beat.interval_s, beat.interval_half_s)
        table.writerow([shown(recording), f"{beat.near_s:.4f}", *time, *interval, beat.reason or "", NOTICE])
    with writing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def _bounds(middle: float | None, half: float | None) -> tuple[str, str, str]:
    if middle is None or half is None:
        return "", "", ""
    return f"{middle:.4f}", f"{middle - half:.4f}", f"{middle + half:.4f}"
