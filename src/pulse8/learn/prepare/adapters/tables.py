"""CSV tables with a header: the columns that are wanted, by name."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.prepare.adapters.adapter import text_of
from pulse8.measure.clips.columns import separator_of

Rows = list[dict[str, str]]


def read_rows(path: Path, required: Sequence[str], what: str = "table") -> tuple[list[str], Rows]:
    """Read a table as texts: its header, and one dictionary a row; names and cells are stripped of blanks.

    Raises
    ------
    InputError
        It cannot be read, a column is missing, or a row has more cells than the header.
    """
    text = text_of(path, what)
    lines = csv.reader(text.splitlines(), delimiter=separator_of(text.partition("\n")[0]))
    try:
        header = [name.strip() for name in next(lines, [])]
        rows = [([cell.strip() for cell in cells], lines.line_num) for cells in lines if any(map(str.strip, cells))]
    except csv.Error as error:
        raise InputError(f"{what} {path} is not CSV ({error}); write it again") from error
    if absent := [name for name in required if name not in header]:
        raise InputError(
            f"{what} {path} has no column {', '.join(absent)}; it has {', '.join(filter(None, header)) or 'none'}"
        )
    for cells, line in rows:
        if len(cells) > len(header):
            raise InputError(f"{what} {path}, line {line}: {len(cells)} cells under {len(header)} columns; correct it")
    return header, [{**dict.fromkeys(header, ""), **dict(zip(header, cells, strict=False))} for cells, _ in rows]


def read_table(
    path: Path, required: Sequence[str], optional: Sequence[str] = (), what: str = "table"
) -> dict[str, NDArray[np.float64]]:
    """Read columns of numbers, float64 [rows] each; an optional one that is not there is left out.

    A line that begins with # is a comment, as `pulse8 render` writes one at the end of a truth table.

    Raises
    ------
    InputError
        As :func:`read_rows`, or a cell is no finite number.
    """
    header, rows = read_rows(path, required, what)
    names = [*required, *(name for name in optional if name in header)]
    numbered = [(at, row) for at, row in enumerate(rows, 2) if not row[header[0]].startswith("#")]
    return {name: np.array([_number(path, what, row, name, at) for at, row in numbered]) for name in names}


def _number(path: Path, what: str, row: dict[str, str], name: str, line: int) -> float:
    try:
        number = float(row[name])
    except ValueError as error:
        raise InputError(f"{what} {path}, row {line}, column {name}: {row[name][:40]!r} is no number") from error
    if number - number != 0:
        raise InputError(
            f"{what} {path}, row {line}, column {name}: {row[name]} is not finite; correct or remove the row"
        )
    return number
