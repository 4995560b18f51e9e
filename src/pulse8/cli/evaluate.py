"""``pulse8 evaluate``: methods and networks over the simulated strata, or over a data set."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table as Printed

from pulse8.cli.printing import print_json, tell_failure, watch
from pulse8.learn.evaluate.data_set import evaluate_data_set
from pulse8.learn.evaluate.options import DataSetOptions, EvaluateOptions
from pulse8.learn.evaluate.scores import Interval, Row
from pulse8.learn.evaluate.table import Table, evaluate_strata
from pulse8.values import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(EvaluateOptions, DataSetOptions):
    """Methods, networks, constant and oracle on the same windows: of the frozen simulated strata, or of a data set.

    Attributes
    ----------
    json
        Print one machine-readable record instead of the table.
    """

    json: bool = False


def run(flags: Flags) -> int:
    """Evaluate and print."""
    table = evaluate_data_set(flags, flags, watch, tell_failure) if flags.asked else evaluate_strata(flags, watch)
    (print_json if flags.json else _print)(table.without_readings())
    return 0


COLUMNS = ("group", "method", "MAE, BPM", "95 %", "within 5", "95 %", "coverage", "MAE acc.", "wrong acc.", "RMSE", "r")
MORE = ("SNR", "MACC", "AUROC", "- POS", "95 %", "score", "whole", "published")


def _print(table: Table) -> None:
    title = f"{table.source}, windows of {table.window_s:.2f} s"
    printed = Printed(*COLUMNS, *MORE, title=title, title_justify="left")
    rows = (*table.rows, *table.subjects)
    for before, row in zip((None, *rows), rows, strict=False):
        if before is not None and before.stratum != row.stratum:
            printed.add_section()
        printed.add_row(row.stratum, row.method, *_cells(row))
    Console(soft_wrap=True, width=250).print(printed, NOTICE, sep="\n", highlight=False)


def _cells(row: Row) -> list[str]:
    right = [_one(row.mae_bpm), _two(row.mae_95_bpm), _one(row.close_share, ".0%"), _two(row.close_95, ".0%")]
    sure = [_one(row.coverage, ".0%"), _one(row.accepted_mae_bpm), _one(row.wrong_share, ".1%")]
    more = [_one(row.rmse_bpm), *(_one(value, ".2f") for value in (row.r, row.snr_db, row.macc, row.auroc))]
    beside = [_one(row.paired_bpm, "+.1f"), _two(row.paired_95_bpm, "+.1f"), _one(row.score, ".2f")]
    return [*right, *sure, *more, *beside, _one(row.whole_mae_bpm), _one(row.published_mae_bpm)]


def _one(value: float | None, form: str = ".1f") -> str:
    return "-" if value is None else format(value, form)


def _two(values: Interval | None, form: str = ".1f") -> str:
    return "-" if values is None else f"{values[0]:{form}} to {values[1]:{form}}"
