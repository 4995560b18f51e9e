"""People and predictions as tables on a terminal."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD

from pulse8.cli.printing import show, table
from pulse8.learn.evaluate.people.page import HEAD, figures
from pulse8.learn.evaluate.people.table import PeopleRow


def print_people(rows: Sequence[PeopleRow], title: str) -> None:
    """Print one row for each method, span and part."""
    cells = [(row.group, row.part, row.method, row.span, str(row.windows), *figures(row)) for row in rows]
    printed = table(("set", "part", *HEAD), cells, title, SIMPLE_HEAD)
    printed.collapse_padding = True
    show(printed, width=200)
