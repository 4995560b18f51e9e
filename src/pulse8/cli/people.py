"""``pulse8 evaluate`` on people and on predictions: real recordings, and the open benchmark."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from pulse8.cli.people_text import print_people
from pulse8.cli.printing import print_json, watch
from pulse8.cli.saying import say
from pulse8.errors import SpecError
from pulse8.learn.evaluate.options import PeopleOptions
from pulse8.learn.evaluate.people.evaluate import evaluate_people
from pulse8.learn.evaluate.people.methods import shipped_models
from pulse8.learn.evaluate.people.page import write_people
from pulse8.learn.evaluate.people.predictions import (
    Asked,
    read_predictions,
    score_predictions,
    windows_of_people,
    windows_of_strata,
    write_windows,
)
from pulse8.learn.evaluate.people.table import PeopleRow
from pulse8.notice import NOTICE

PAGE: Final = ".md"


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Predictions, scored."""

    rows: tuple[PeopleRow, ...]


def run_people(options: PeopleOptions, output: Path | None, *, as_json: bool) -> int:
    """Write the windows' names, score predictions, or read people by all methods."""
    if options.windows is not None:
        count = write_windows(options.windows, _windows(options))
        say(f"{options.windows}: {count:,} windows; fill in bpm, add shown (1 or 0) where you refuse")
        return 0
    if options.predictions is not None:
        found = read_predictions(options.predictions)
        rows = score_predictions(found, _windows(options), options.predictions.stem)
        return _printed(rows, f"{options.predictions}: {len(found):,} predictions", as_json=as_json)
    if options.people is None:
        raise SpecError("name the folder of the real recordings with --people")
    if output is not None and output.suffix != PAGE:
        raise SpecError(f"people are written as Markdown; give --output a name that ends in {PAGE}")
    models = {path.stem: path for path in options.model} or shipped_models()
    table = evaluate_people(options.people, models, watch)
    if output is not None:
        write_people(output, table)
    if as_json:
        print_json(table)
        return 0
    return _printed((*table.rows, *table.shown), "People, every second", as_json=False)


def _windows(options: PeopleOptions) -> Iterator[Asked]:
    people = windows_of_people(options.people) if options.people is not None else iter(())
    return chain(windows_of_strata(options.strata, options.limit, watch), people)


def _printed(rows: tuple[PeopleRow, ...], title: str, *, as_json: bool) -> int:
    if as_json:
        print_json(Scores(rows=rows))
    else:
        print_people(rows, title)
        say(NOTICE)
    return 0
