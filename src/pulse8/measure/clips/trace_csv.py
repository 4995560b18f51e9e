"""Skin traces from a CSV file: time in seconds and mean red, green and blue."""

import csv
import math
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.manifest import existing_file
from pulse8.measure.signal.rate import SHORTEST_S
from pulse8.values import CELLS_PER_ROI, ROI_NAMES, CellTraces

if TYPE_CHECKING:
    from _csv import Reader

COLUMNS: Final = ("time_s", "red", "green", "blue")
MAX_BYTES: Final = 64_000_000
"""About 16 hours at 30 frames a second; read whole, so it is limited before it is read."""

BRIGHTEST: Final = 255.0
MEND: Final = f"give a CSV file with the columns {', '.join(COLUMNS)}"

Row = tuple[float, float, float, float]


def read_trace_csv(path: Path) -> CellTraces:
    """Read one skin trace and repeat it over the 3 ROIs and their 4 cells, all valid.

    The repetition is a view: every cell of a frame is the same three numbers, and writing to it is refused. Rows with
    the same timestamp are averaged into one, as a camera that writes milliseconds may stamp two frames alike. Columns
    may stand in any order and others beside them.

    Parameters
    ----------
    path
        CSV in UTF-8 with a header: ``time_s`` in seconds, ``red``, ``green`` and ``blue`` in 0..255.

    Raises
    ------
    InputError
        The file is missing, a folder, empty or over ``MAX_BYTES``; a column is missing; a cell is no finite number or
        no colour; time runs backwards; or the rows span less than the shortest time that has a rate. The message names
        the file and, where there is one, the line and column.
    """
    existing_file(path, "trace file", MEND)
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES:,} bytes; cut the recording into parts")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            flat = np.fromiter(chain.from_iterable(_rows(path, csv.reader(file))), dtype=np.float64)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a CSV file in UTF-8 ({error}); {MEND}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; {MEND}") from error
    rows = flat.reshape(-1, len(COLUMNS))
    _refuse_short(path, rows)
    rows = _one_row_a_time(rows)
    return repeated(rows[:, 0], rows[:, 1:])


def repeated(t_s: NDArray[np.float64], rgb: NDArray[np.floating]) -> CellTraces:
    """Repeat one skin trace over the ROIs and cells, without copying it.

    Parameters
    ----------
    t_s
        float64 [T], seconds, strictly increasing.
    rgb
        [T, 3], 0..255.
    """
    shape = (len(t_s), len(ROI_NAMES), CELLS_PER_ROI, 3)
    cells = np.broadcast_to(rgb[:, None, None, :].astype(np.float32), shape)
    return CellTraces(rgb=cells, t_s=t_s, valid=np.ones(shape[:2], dtype=np.bool_))


def _rows(path: Path, lines: "Reader") -> Iterator[Row]:
    """Yield the four numbers of each line that is not blank."""
    header = [name.strip() for name in next(lines, [])]
    if absent := [name for name in COLUMNS if name not in header]:
        raise InputError(f"{path} has no column {', '.join(absent)}; {MEND}")
    places = [header.index(name) for name in COLUMNS]
    before_s = -math.inf
    for cells in filter(None, lines):
        where = f"{path}, line {lines.line_num}"
        time_s, red, green, blue = (
            _number(where, name, cells[place : place + 1]) for name, place in zip(COLUMNS, places, strict=True)
        )
        if time_s < before_s:
            raise InputError(f"{where}, column time_s: time runs backwards, {time_s} after {before_s}; sort the rows")
        before_s = time_s
        yield time_s, _colour(where, "red", red), _colour(where, "green", green), _colour(where, "blue", blue)


def _number(where: str, column: str, cell: list[str]) -> float:
    try:
        number = float(cell[0])
    except (ValueError, IndexError) as error:
        found = repr(cell[0][:40]) if cell else "no cell"
        raise InputError(f"{where}, column {column}: {found} is not a number; mend or remove the row") from error
    if not math.isfinite(number):
        raise InputError(f"{where}, column {column}: {cell[0]} is not finite; mend or remove the row")
    return number


def _colour(where: str, column: str, value: float) -> float:
    if not 0 <= value <= BRIGHTEST:
        raise InputError(f"{where}, column {column}: {value:g} is outside 0..255; give mean 8-bit colours")
    return value


def _refuse_short(path: Path, rows: NDArray[np.float64]) -> None:
    span_s = float(np.ptp(rows[:, 0])) if len(rows) else 0.0
    if span_s < SHORTEST_S * (1 - 1 / max(len(rows), 2)):  # the last frame lasts as long as the others
        raise InputError(
            f"{path} holds {len(rows)} rows over {span_s:.2f} s; a heart rate needs {SHORTEST_S:g} s, record longer"
        )


def _one_row_a_time(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average rows [T, 4] that share a timestamp; their times already do not fall."""
    times, first, counts = np.unique(rows[:, 0], return_index=True, return_counts=True)
    means = np.add.reduceat(rows[:, 1:], first, axis=0) / counts[:, None]
    return np.column_stack([times, means])
