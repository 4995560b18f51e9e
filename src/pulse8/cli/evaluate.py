"""``pulse8 evaluate``: baselines and oracle over the simulated strata."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table as Printed

from pulse8.cli.printing import print_json, watch
from pulse8.learn.evaluate.options import EvaluateOptions
from pulse8.learn.evaluate.scores import Row
from pulse8.learn.evaluate.table import Table, evaluate_strata
from pulse8.values import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(EvaluateOptions):
    """Constant, GREEN, CHROM, POS, fused POS and the oracle on the frozen simulated strata.

    Attributes
    ----------
    json
        Print one machine-readable record instead of the table.
    """

    json: bool = False


def run(flags: Flags) -> int:
    """Evaluate and print."""
    table = evaluate_strata(flags, watch)
    (print_json if flags.json else _print)(table)
    return 0


def _print(table: Table) -> None:
    title = f"Simulated strata {table.strata_sha256[:12]}, windows of {table.window_s:.2f} s"
    columns = ("stratum", "method", "MAE, BPM", "95 %", "within 5", "95 %", "coverage", "MAE accepted", "score")
    printed = Printed(*columns, "whole", "published", "distance", title=title, title_justify="left")
    for before, row in zip((None, *table.rows), table.rows, strict=False):
        if before is not None and before.stratum != row.stratum:
            printed.add_section()
        printed.add_row(row.stratum, row.method, *_cells(row))
    Console(soft_wrap=True, width=200).print(printed, NOTICE, sep="\n", highlight=False)


def _cells(row: Row) -> list[str]:
    mae_95 = "-" if row.mae_95_bpm is None else "{:.1f}-{:.1f}".format(*row.mae_95_bpm)
    close_95 = "-" if row.close_95 is None else "{:.0%}-{:.0%}".format(*row.close_95)
    shares = [_shown(value, ".0%") for value in (row.close_share, row.coverage)]
    accepted, whole, published = (
        _shown(value, ".1f") for value in (row.accepted_mae_bpm, row.whole_mae_bpm, row.published_mae_bpm)
    )
    distance = _shown(row.distance_bpm, "+.1f")
    found = [_shown(row.mae_bpm, ".1f"), mae_95, shares[0], close_95, shares[1], accepted, _shown(row.score, ".2f")]
    return [*found, whole, published, distance]


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
