"""The open benchmark: anybody's predictions on the frozen strata and on the people of the table, scored like ours.

A prediction file is CSV with a header: ``recording``, ``start_s``, ``seconds``, ``bpm`` and, where it refuses,
``shown`` (1 or 0; without the column every rate is shown). One row a window; a window without a row counts as not read.
Windows and their names are written by :func:`write_windows`.
"""

import csv
import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pulse8.errors import InputError
from pulse8.learn.evaluate.people.evaluate import FACES
from pulse8.learn.evaluate.people.spans import windows_at
from pulse8.learn.evaluate.people.table import PeopleRow, row_of
from pulse8.learn.evaluate.readings import read
from pulse8.learn.evaluate.scores import Reading
from pulse8.learn.prepare.adapters.tables import read_rows
from pulse8.learn.prepare.windows import WINDOW, windows_of
from pulse8.learn.real.recordings import open_recording
from pulse8.learn.real.roles import present
from pulse8.learn.simulate.strata import Stratum, strata, stratum
from pulse8.manifest import writing
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.shown import SPANS
from pulse8.values import Watch, unwatched

COLUMNS: Final = ("recording", "start_s", "seconds", "bpm")
SHOWN: Final = {"": True, "1": True, "0": False, "true": True, "false": False}

Key = tuple[str, str, str]
"""A recording's name, its window's start and length in seconds, both with one digit."""

Asked = tuple[str, float, Reading]
"""A window's group, its length in seconds, and a reading without a rate."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One row: a rate, or none, and whether it is shown."""

    bpm: float | None
    shown: bool


def read_predictions(path: Path) -> dict[Key, Prediction]:
    """Read a prediction file.

    Raises
    ------
    InputError
        It cannot be read, lacks a column, holds a cell that is no number, or two rows for one window.
    """
    _, rows = read_rows(path, COLUMNS, "predictions")
    found: dict[Key, Prediction] = {}
    for line, row in enumerate(rows, 2):
        key = _key(row["recording"], _number(path, line, row, "start_s"), _number(path, line, row, "seconds"))
        if key in found:
            raise InputError(f"predictions {path}, row {line}: {' '.join(key)} stands there twice; keep one")
        shown = row.get("shown", "").lower()
        if shown not in SHOWN:
            raise InputError(f"predictions {path}, row {line}: shown is {shown!r}; give 1 or 0")
        bpm = _number(path, line, row, "bpm") if row["bpm"] else None
        found[key] = Prediction(bpm=bpm, shown=SHOWN[shown] and bpm is not None)
    return found


def _number(path: Path, line: int, row: Mapping[str, str], name: str) -> float:
    try:
        value = float(row[name])
    except ValueError as error:
        raise InputError(f"predictions {path}, row {line}, column {name}: {row[name][:40]!r} is no number") from error
    if not 0 <= value < 1e9:  # not a number is not greater either
        raise InputError(f"predictions {path}, row {line}, column {name}: {row[name]} is outside what it may be")
    return value


def _key(recording: str, start_s: float, seconds: float) -> Key:
    return recording, f"{round(start_s, 1) + 0.0:.1f}", f"{seconds:.1f}"  # no minus zero


def windows_of_strata(names: Sequence[str], limit: int, watch: Watch[Stratum] = unwatched) -> Iterator[Asked]:
    """Windows of the frozen strata, side by side, of all of them where ``names`` is empty; ``limit`` people of each."""
    wanted = [stratum(name) for name in names] or [*strata().values()]
    for one in watch(wanted, "strata", len(wanted)):
        for recording in one.recordings(limit or None):
            yield from ((one.name, WINDOW / RATE_HZ, read(None, window.truth)) for window in windows_of(recording))


def windows_of_people(data: Path) -> Iterator[Asked]:
    """Windows of the faces that have a reference, one every second, on each span."""
    for entry in present(data):
        recording = open_recording(entry, data) if entry.dataset in FACES and entry.reference != "none" else None
        if recording is not None:
            group = f"{entry.dataset} {entry.session}"
            yield from ((group, span / RATE_HZ, one) for span in SPANS for one in windows_at(recording, span))


def write_windows(path: Path, windows: Iterable[Asked]) -> int:
    """Write the windows that a prediction file has rows for, without truth; returns how many."""
    rows = [(*_key(one.recording, one.start_s, seconds), "") for _, seconds, one in windows]
    with writing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
    return len(rows)


def score_predictions(
    predictions: Mapping[Key, Prediction], windows: Iterable[Asked], method: str
) -> tuple[PeopleRow, ...]:
    """Score predictions on all windows of the groups that they have any row for.

    Raises
    ------
    InputError
        No row names a window.
    """
    groups: dict[tuple[str, str], list[Reading]] = defaultdict(list)
    named: set[tuple[str, str]] = set()
    for group, seconds, reading in windows:
        key, place = _key(reading.recording, reading.start_s, seconds), (group, f"{seconds:.1f} s")
        one = predictions.get(key)
        named |= {place} if one is not None else set()
        bpm, shown = (None, False) if one is None else (one.bpm, one.shown)
        groups[place].append(dataclasses.replace(reading, bpm=bpm, accepted=shown))
    rows = [_row(group, span, method, readings) for (group, span), readings in groups.items() if (group, span) in named]
    if not rows:
        raise InputError("no prediction names a window; write their names with pulse8 evaluate --windows FILE.csv")
    return tuple(row for row in rows if row is not None)


def _row(group: str, span: str, method: str, readings: Sequence[Reading]) -> PeopleRow | None:
    """Count a group; where nobody has a pulse, every rate that is shown is wrong."""
    if any(reading.alive for reading in readings):
        return row_of((group, "all", method, span), readings)
    shown = sum(reading.accepted for reading in readings) / len(readings)
    return PeopleRow(
        group=group,
        part="all",
        method=method,
        span=span,
        people=len({reading.subject for reading in readings}),
        windows=len(readings),
        shown_share=shown,
        mae_bpm=None,
        close_share=0.0,
        shown_mae_bpm=None,
        shown_close_share=0.0 if shown else None,
        wrong_share=shown,
    )
