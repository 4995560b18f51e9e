"""People and predictions as tables on a terminal."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pulse8.learn.evaluate.people.page import HEAD, figures
from pulse8.learn.evaluate.people.table import PeopleRow


def print_people(rows: Sequence[PeopleRow], title: str) -> None:
    """Print one row a method, span and part."""
    printed = Table("set", "part", *HEAD, title=title, title_justify="left", box=SIMPLE_HEAD, collapse_padding=True)
    for row in rows:
        printed.add_row(row.group, row.part, row.method, row.span, str(row.windows), *figures(row))
    Console(soft_wrap=True, width=200).print(printed, highlight=False)
