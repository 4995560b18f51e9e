"""An evaluation as tables on a terminal."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table as Printed

from pulse8.learn.evaluate.longer import Longer
from pulse8.learn.evaluate.page import bracketed, shown
from pulse8.learn.evaluate.scores import Row
from pulse8.learn.evaluate.table import Table
from pulse8.values import NOTICE

COLUMNS: Final = ("MAE, BPM", "95 %", "within 5", "95 %", "coverage", "MAE acc.", "wrong acc.")
MORE: Final = ("RMSE", "r", "SNR", "MACC", "AUROC", "- POS", "95 %", "score")
ANCHORS: Final = ("whole", "published", "distance")


def print_table(table: Table) -> None:
    """Print a row a group and method, then every subject where there are few."""
    anchored = any(row.whole_mae_bpm is not None for row in table.rows)
    title = f"{table.source}, windows of {table.window_s:.2f} s"
    head = ("group", "method", *COLUMNS, *MORE, *(ANCHORS if anchored else ()))
    rows = [
        (row.stratum, row.method, *_cells(row), *_more(row), *(_anchor(row) if anchored else ()))
        for row in (*table.rows, *table.subjects)
    ]
    _print(title, head, rows)


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
        rows = [
            (one.row.stratum, one.row.method, one.span, *_cells(one.row), shown(one.moved_share, ".1%"))
            for one in longer
        ]
        _print("Beyond single windows, one every second", ("group", "method", "span", *COLUMNS, "moves"), rows)


def _cells(row: Row) -> tuple[str, ...]:
    errors = (shown(row.mae_bpm), bracketed(row.mae_95_bpm), shown(row.close_share, ".0%"))
    sure = (shown(row.coverage, ".0%" if row.mae_bpm else ".1%"), shown(row.accepted_mae_bpm, ".2f"))
    return (*errors, bracketed(row.close_95, ".0%"), *sure, shown(row.wrong_share, ".1%"))


def _more(row: Row) -> tuple[str, ...]:
    figures = (shown(row.rmse_bpm), *(shown(value, ".2f") for value in (row.r, row.snr_db, row.macc, row.auroc)))
    return (*figures, shown(row.paired_bpm, "+.1f"), bracketed(row.paired_95_bpm, "+.1f"), shown(row.score, ".2f"))


def _anchor(row: Row) -> tuple[str, ...]:
    return shown(row.whole_mae_bpm), shown(row.published_mae_bpm), shown(row.distance_bpm, "+.1f")


def _print(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    printed = Printed(*head, title=title, title_justify="left")
    for before, row in zip((None, *rows), rows, strict=False):
        if before is not None and before[0] != row[0]:
            printed.add_section()
        printed.add_row(*row)
    Console(soft_wrap=True, width=250).print(printed, NOTICE, sep="\n", highlight=False)
