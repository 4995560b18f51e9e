"""An evaluation as one HTML page: first errors with coverage, then pictures, then results by subject and condition."""

import tempfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from pulse8.learn.evaluate.longer import Longer
from pulse8.learn.evaluate.pictures import plot_errors, plot_risks
from pulse8.learn.evaluate.scores import Interval, Row
from pulse8.learn.evaluate.table import FEW_SUBJECTS, POS, Table
from pulse8.measure.draw.agreement import bland_altman_svg
from pulse8.measure.signal.selection import COVERAGES
from pulse8.report.html import Picture, Section, render, write_page
from pulse8.report.html import Table as Printed

GLUE: Final = "\u00a0"
"""A non-breaking space."""

MAIN: Final = (
    "group",
    "method",
    "MAE, BPM",
    "within 5 BPM",
    "coverage",
    "MAE acc.",
    "wrong acc.",
    "MAE - POS",
)
MORE: Final = (
    "group",
    "method",
    "RMSE",
    "MAPE",
    "r",
    "bias",
    "limits of agreement",
    "SNR, dB",
    "MACC",
    "AUROC",
    "score",
)
LONGER: Final = (*MAIN[:2], "span", *MAIN[2:], "moves")
WHOLE: Final = ("anchor", "method", "whole recordings", "published", "distance")
READ_IT: Final = (
    "Every method reads the same windows by the same readout. In brackets: 95 % intervals by resampling subjects.",
    "Coverage is the share of windows whose rate is accepted; where there is no pulse, these are false accepts. MAE"
    " acc. and wrong acc. are of those: wrong is off by more than 5 BPM, at most by the 95 % upper bound in brackets."
    " MAE - POS: the difference on windows that both read.",
    "Constant: each group's own mean rate. Oracle: the best fixed linear filter, fitted with the truth on a subject's"
    " other windows. Score: 0 is POS, 1 the oracle.",
)


def write_evaluation(path: Path, table: Table) -> None:
    """Write the page.

    Raises
    ------
    ToolchainError
        matplotlib or Jinja2 is not installed.
    """
    sections = [_errors(table), _pictures(table), _more(table)]
    if table.conditions:
        sections.append(Section(title="By condition", text=(BY_CONDITION,), tables=(_main(table.conditions),)))
    if table.subjects:
        told = f"Groups of under {FEW_SUBJECTS} subjects: an interval over so few says little."
        sections.append(Section(title="Every subject", text=(told,), tables=(_main(table.subjects),)))
    if table.longer:
        sections.append(_longer(table.longer))
    people = len({reading.subject for found in table.readings.values() for reading in found[POS]})
    headline = f"{table.source}: {people} subjects, windows of {table.window_s:.2f} s"
    write_page(path, render("pulse8: evaluation", headline, tone="good", sections=sections))


BY_CONDITION: Final = "All groups that have a pulse together; numbers in thirds of the recordings."


def _errors(table: Table) -> Section:
    return Section(title="Errors, with coverage beside them", text=READ_IT, tables=(_main(table.rows),))


def _main(rows: Sequence[Row]) -> Printed:
    return Printed(head=MAIN, rows=tuple(grouped([main_row(row) for row in rows])))


def main_row(row: Row) -> tuple[str, ...]:
    """Return a row's cells under ``MAIN``."""
    wrong = "" if row.wrong_share is None else f"{row.wrong_share:.1%} (≤{shown(row.wrong_upper, '.0%')})"
    accepted = f"{row.coverage:.0%}" if row.mae_bpm is not None else f"{row.coverage:.1%} (≤{row.accepted_upper:.1%})"
    return (
        row.stratum,
        row.method,
        f"{shown(row.mae_bpm)} {bracketed(row.mae_95_bpm)}",
        f"{shown(row.close_share, '.0%')} {bracketed(row.close_95, '.0%')}",
        accepted,
        shown(row.accepted_mae_bpm, ".2f"),
        wrong,
        f"{shown(row.paired_bpm, '+.1f')} {bracketed(row.paired_95_bpm, '+.1f')}",
    )


def more_row(row: Row) -> tuple[str, ...]:
    """Return a row's cells under ``MORE``."""
    return (
        row.stratum,
        row.method,
        shown(row.rmse_bpm),
        shown(row.mape, ".1%"),
        shown(row.r, ".2f"),
        shown(row.bias_bpm, "+.1f"),
        bracketed(row.agreement_bpm, "+.1f"),
        shown(row.snr_db),
        shown(row.macc, ".2f"),
        shown(row.auroc, ".3f"),
        shown(row.score, ".2f"),
    )


def whole_rows(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return cells under ``WHOLE`` of the rows that have a figure of whole recordings."""
    return [
        (
            row.stratum,
            row.method,
            shown(row.whole_mae_bpm),
            shown(row.published_mae_bpm),
            shown(row.distance_bpm, "+.1f"),
        )
        for row in rows
        if row.whole_mae_bpm is not None
    ]


def _more(table: Table) -> Section:
    risks = [
        (row.stratum, row.method, *(shown(risk, ".2f") for risk in row.risks_bpm))
        for row in table.rows
        if row.risks_bpm
    ]
    head = ("group", "method", *(f"MAE at {coverage:.0%}" for coverage in COVERAGES))
    wholes = whole_rows(table.rows)
    whole = Printed(head=WHOLE, rows=tuple(grouped(wholes)))
    return Section(
        title="More figures",
        text=(
            "Risk over coverage: the mean absolute error of the surest share of readings, by the method's confidence.",
        ),
        tables=(
            Printed(head=MORE, rows=tuple(grouped(list(map(more_row, table.rows))))),
            Printed(head=head, rows=tuple(grouped(risks))),
            *((whole,) if wholes else ()),
        ),
    )


def _pictures(table: Table) -> Section:
    name = next(reversed(table.networks), POS)
    pairs = [
        (reading.true_bpm, reading.bpm)
        for found in table.readings.values()
        for reading in found.get(name, [])
        if reading.true_bpm is not None and reading.bpm is not None
    ]
    errors = _svg(lambda path: plot_errors(path, table.rows))
    risks = _svg(lambda path: plot_risks(path, table.readings))
    pictures = [
        Picture(svg=errors, caption="Mean absolute error and its 95 % interval over subjects", wide=True),
        Picture(svg=risks, caption="Mean absolute error of the surest readings over their share", wide=True),
    ]
    if len(pairs) > 1:
        truth, bpm = np.array(pairs).T
        caption = f"Bland-Altman of {name}, all groups: bias and 95 % limits of agreement"
        pictures.append(Picture(svg=bland_altman_svg(truth, bpm, ("contact sensor", name)), caption=caption))
    return Section(title="Pictures", pictures=tuple(pictures))


def longer_row(one: Longer) -> tuple[str, ...]:
    """Return the cells of a longer span's row under ``LONGER``."""
    return one.row.stratum, one.row.method, one.span, *main_row(one.row)[2:], shown(one.moved_share, ".1%")


def _longer(longer: Sequence[Longer]) -> Section:
    return Section(
        title="Beyond single windows",
        text=(
            "A window every second. Joined: waves overlap-added over so many seconds, then read once. Tracked: the rate"
            " that a display shows. Moves: seconds in which the rate is over 5 BPM from the one before.",
        ),
        tables=(Printed(head=LONGER, rows=tuple(grouped(list(map(longer_row, longer))))),),
    )


def grouped(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Show each group's name once."""
    return [*rows[:1], *(("" if now[0] == before[0] else now[0], *now[1:]) for before, now in pairwise(rows))]


def _svg(draw: Callable[[Path], None]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.svg"
        draw(path)
        text = path.read_text(encoding="utf-8")
    return text[text.index("<svg") :]


def shown(value: float | None, form: str = ".1f") -> str:
    """Return a figure, or a dash where there is none."""
    return "-" if value is None else format(value, form)


def bracketed(values: Interval | None, form: str = ".1f") -> str:
    """Return an interval in brackets, or nothing where there is none."""
    return "" if values is None else f"[{values[0]:{form}},{GLUE}{values[1]:{form}}]"
