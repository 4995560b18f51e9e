"""``pulse8 evaluate``: methods and networks on the same windows of recordings with known truth."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.evaluation_text import print_longer, print_matrix, print_table
from pulse8.cli.printing import print_json, watch
from pulse8.learn.evaluate.options import EvaluateOptions
from pulse8.learn.evaluate.page import write_evaluation
from pulse8.learn.evaluate.table import evaluate_strata, evaluate_strata_longer


@dataclass(frozen=True, kw_only=True)
class Flags(EvaluateOptions):
    """Classical methods, networks, constant and oracle on the frozen simulated strata, on the same windows.

    Attributes
    ----------
    longer
        Beyond single windows as well: waves joined to 13.5 and 20.5 s, whole recordings, and the rate that a display
        would show. It takes several times as long.
    output
        Write an HTML page here, with pictures.
    json
        Print one machine-readable record instead of the table.
    """

    longer: bool = False
    output: Path | None = None
    json: bool = False


def run(flags: Flags) -> int:
    """Evaluate, write and print."""
    table = evaluate_strata(flags, watch)
    if flags.longer:
        table = dataclasses.replace(table, longer=evaluate_strata_longer(flags, watch))
    if flags.output is not None:
        write_evaluation(flags.output, table)
    if flags.json:
        print_json(table.without_readings())
    else:
        (print_matrix if flags.mechanisms else print_table)(table)
        print_longer(table.longer)
    return 0
