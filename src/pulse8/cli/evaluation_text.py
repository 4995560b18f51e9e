"""An evaluation as tables on a terminal."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD

from pulse8.cli.printing import show
from pulse8.cli.printing import table as printed
from pulse8.learn.evaluate.longer import Longer
from pulse8.learn.evaluate.page import (
    LONGER,
    MAIN,
    MORE,
    WHOLE,
    grouped,
    longer_row,
    main_row,
    more_row,
    shown,
    whole_rows,
)
from pulse8.learn.evaluate.table import Table


def print_table(table: Table) -> None:
    """Print errors with coverage beside them, more figures, whole recordings, and every subject where there are few."""
    title = f"{table.source}, windows of {table.window_s:.2f} s"
    _print(title, MAIN, list(map(main_row, table.rows)))
    _print("More figures", MORE, list(map(more_row, table.rows)))
    if wholes := whole_rows((*table.rows, *table.subjects)):
        _print("Whole recordings", WHOLE, wholes)
    if table.subjects:
        _print("Every subject", MAIN, list(map(main_row, table.subjects)))


def print_matrix(table: Table) -> None:
    """Print mean absolute errors, a method a line and a mechanism a column; in brackets the share within 5 BPM."""
    groups = list(dict.fromkeys(row.stratum for row in table.rows))
    methods = list(dict.fromkeys(row.method for row in table.rows))
    found = {(row.stratum, row.method): row for row in table.rows}
    rows = [
        (
            method,
            *(
                f"{shown(found[group, method].mae_bpm)} ({shown(found[group, method].close_share, '.0%')})"
                for group in groups
            ),
        )
        for method in methods
    ]
    _print(f"{table.source}, hard: MAE in BPM (within 5) under each mechanism alone", ("method", *groups), rows)


def print_longer(longer: Sequence[Longer]) -> None:
    """Print what lies beyond single windows, if anything."""
    if longer:
        rows = [longer_row(one) for one in longer]
        _print("Beyond single windows, one every second", LONGER, rows)


def _print(title: str, head: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    lines: list[Sequence[str]] = []
    for row, told in zip(rows, grouped(rows), strict=True):
        lines += [(), told] if told[0] and row is not rows[0] else [told]
    made = printed(head, lines, title, SIMPLE_HEAD)
    made.collapse_padding = True
    show(made, width=250)
