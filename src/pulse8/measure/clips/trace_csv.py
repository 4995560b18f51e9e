"""Skin traces from a CSV file: time in seconds and mean red, green and blue."""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.manifest import existing_file
from pulse8.measure.clips.columns import AS_IT_IS, COLUMNS, TableOptions, number_of, places_of, seconds_of, separator_of
from pulse8.measure.signal.rate import SHORTEST_S
from pulse8.values import CELLS_PER_ROI, ROI_NAMES, CellTraces

MAX_BYTES: Final = 64_000_000
"""About 16 hours at 30 frames a second; read whole, so it is limited before it is read."""

BRIGHTEST: Final = 255.0
FIX: Final = f"give a CSV file with the columns {', '.join(COLUMNS)}"

Row = tuple[float, float, float, float]


def read_trace_csv(path: Path, options: TableOptions = AS_IT_IS) -> CellTraces:
    """Read one skin trace and repeat it over the 3 ROIs and their 4 cells, all valid.

    The repetition is a view: every cell of a frame is the same three numbers, and writing to it is refused. Rows with
    the same timestamp are averaged into one, as a camera that writes milliseconds may stamp two frames alike. Columns
    may stand in any order and others beside them.

    Parameters
    ----------
    path
        CSV in UTF-8 with a header: ``time_s`` in seconds, ``red``, ``green`` and ``blue`` in 0..255, or what
        :mod:`pulse8.measure.clips.columns` understands as such.
    options
        What the header does not say.

    Raises
    ------
    InputError
        The file is missing, a folder, empty or over ``MAX_BYTES``; a column is missing; a cell is no finite number or
        no colour; time runs backwards; or the rows span less than the shortest time that has a rate. The message names
        the file and, where there is one, the line and column.
    """
    existing_file(path, "trace file", FIX)
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES:,} bytes; cut the recording into parts")
    try:
        table = _Table(path, options, _text(path.read_bytes()))
        rows = np.fromiter(chain.from_iterable(table.rows()), dtype=np.float64).reshape(-1, len(COLUMNS))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a CSV file in UTF-8 ({error}); {FIX}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; {FIX}") from error
    try:
        unit = replace(options, time_unit="s") if table.dated else options
        rows[:, 0] = seconds_of(rows[:, 0], table.time_header, unit)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    _refuse_short(path, rows)
    _refuse_shares(path, rows[:, 1:])
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


def _text(data: bytes) -> str:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))  # what a spreadsheet calls Unicode
    return data.decode("utf-16" if wide else "utf-8-sig")


class _Table:
    """A table's lines, and which of its columns are ours."""

    def __init__(self, path: Path, options: TableOptions, text: str) -> None:
        self._path = path
        separator = separator_of(text.partition("\n")[0])
        self._lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        self._comma = separator != ","
        header = [name.strip() for name in next(self._lines, [])]
        self._places = places_of(header, options, str(path))
        self.time_header = header[self._places["time_s"]]
        self.dated = False

    def rows(self) -> Iterator[Row]:
        """Yield the four numbers of each line that is neither blank nor a comment."""
        before = -math.inf
        for cells in self._lines:
            if not cells or cells[0].startswith("#"):
                continue
            where = f"{self._path}, line {self._lines.line_num}"
            time, red, green, blue = (self._number(where, name, cells) for name in COLUMNS)
            self.dated = self.dated or ":" in cells[self._places["time_s"]]  # dates are counted in seconds
            if time < before:
                raise InputError(f"{where}, column time_s: time runs backwards, {time} after {before}; sort the rows")
            before = time
            yield time, _colour(where, "red", red), _colour(where, "green", green), _colour(where, "blue", blue)

    def _number(self, where: str, column: str, cells: list[str]) -> float:
        place = self._places[column]
        return _number(where, column, cells[place : place + 1], comma=self._comma)


def _number(where: str, column: str, cell: list[str], *, comma: bool) -> float:
    try:
        number = number_of(cell[0], comma=comma)
    except (ValueError, IndexError, OverflowError, OSError) as error:
        found = repr(cell[0][:40]) if cell else "no cell"
        raise InputError(f"{where}, column {column}: {found} is not a number; correct or remove the row") from error
    if not math.isfinite(number):
        raise InputError(f"{where}, column {column}: {cell[0]} is not finite; correct or remove the row")
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


def _refuse_shares(path: Path, rgb: NDArray[np.float64]) -> None:
    brightest = float(rgb.max(initial=0.0))
    if 0 < brightest <= 1:
        raise InputError(f"{path}: no colour is over {brightest:g}; are they shares of 1? multiply them by 255")


def _one_row_a_time(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average rows [T, 4] that share a timestamp; their times already do not fall."""
    times, first, counts = np.unique(rows[:, 0], return_index=True, return_counts=True)
    means = np.add.reduceat(rows[:, 1:], first, axis=0) / counts[:, None]
    return np.column_stack([times, means])
