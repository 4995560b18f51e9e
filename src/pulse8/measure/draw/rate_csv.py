"""Rates of recordings as one CSV table, one row per window."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pulse8.errors import shown
from pulse8.manifest import writing
from pulse8.notice import NOTICE
from pulse8.values import HeartRate

COLUMNS: Final = (
    "recording", "span", "start_s", "end_s", "bpm", "reason", "confidence", "resolution_bpm", "provisional", "notice",
)  # fmt: skip


def write_rate_csv(path: Path, rates: Sequence[tuple[str, str, HeartRate]]) -> None:
    """Write (recording, ``window`` or ``whole``, rate) rows; what is unknown is empty, the last column is a notice."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for recording, span, rate in rates:
        bpm = "" if rate.bpm is None else f"{rate.bpm:.3f}"
        spans = (f"{rate.start_s:.3f}", f"{rate.end_s:.3f}")
        end = (f"{rate.confidence:.4f}", f"{rate.resolution_bpm:.3f}", str(rate.provisional).lower(), NOTICE)
        table.writerow([shown(recording), span, *spans, bpm, rate.reason or "", *end])
    with writing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
