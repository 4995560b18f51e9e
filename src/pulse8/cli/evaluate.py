"""``pulse8 evaluate``: methods and networks on the same windows, of simulated strata or of a data set."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.evaluation_text import print_longer, print_matrix, print_table
from pulse8.cli.people import run_people
from pulse8.cli.printing import print_json, report_failure, watch
from pulse8.cli.saying import say
from pulse8.learn.evaluate.data_set import evaluate_data_set
from pulse8.learn.evaluate.options import DataSetOptions, PeopleOptions
from pulse8.learn.evaluate.page import write_evaluation
from pulse8.learn.evaluate.table import evaluate_strata
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(PeopleOptions, DataSetOptions):
    """Methods, networks, constant and oracle on the same windows: of the frozen strata, a data set, or real people.

    Attributes
    ----------
    output
        Write an HTML page here, with pictures; of people a page of Markdown.
    json
        Print one machine-readable record instead of the table.
    """

    output: Path | None = None
    json: bool = False


def run(flags: Flags) -> int:
    """Evaluate, write and print."""
    if flags.on_people:
        return run_people(flags, flags.output, as_json=flags.json)
    table = evaluate_data_set(flags, flags, watch, report_failure) if flags.asked else evaluate_strata(flags, watch)
    if flags.output is not None:
        write_evaluation(flags.output, table)
    if flags.json:
        print_json(table.without_readings())
    else:
        (print_matrix if flags.mechanisms else print_table)(table)
        print_longer(table.longer)
        say(NOTICE)
    return 0
