"""The section on strata: a table and a picture by kind of recording, and by true heart rate."""

import shlex
from collections.abc import Sequence
from typing import Final

from pulse8.convert.evidence.gather import Evidence
from pulse8.convert.evidence.words import origin, span
from pulse8.convert.verify.strata import StratumFigures
from pulse8.measure.draw.agreement import strata_svg
from pulse8.report.html import Picture, Section, Table

STRATUM_HEAD: Final = (
    "windows",
    "subjects",
    "MAE FP32",
    "MAE INT8",
    "95 % interval",
    "training mean",
    "POS",
    "change, p95",
)


def strata_section(evidence: Evidence) -> Section:
    """Return FP32 and INT8 on one kind of window at a time."""
    rows = evidence.verdict.strata
    kinds = [row for row in rows if row.by == "kind of recording"]
    rates = [row for row in rows if row.by == "heart rate"]
    whole = evidence.path("int8")
    evaluate = shlex.join(("pulse8", "evaluate", "--model", whole.name if whole else "FILE", "--output", "page.html"))
    return Section(
        title="Strata",
        text=(
            KINDS if kinds else NO_KINDS,
            "Errors are mean absolute ones in BPM; change, p95, is the 95th percentile of the change from FP32 to INT8."
            f"{SHOWN if any(row.shown is not None for row in rows) else ''}",
        ),
        tables=tuple(
            _stratum_table(own, by) for own, by in ((kinds, "kind of recording"), (rates, "true rate, BPM")) if own
        ),
        code=(evaluate,) if kinds else (),
        pictures=tuple(
            _strata_picture(own, by, origin(evidence))
            for own, by in ((kinds, "kind"), (rates, "true rate, BPM"))
            if len(own) > 1
        ),
    )


SHOWN: Final = " Shown are the windows whose INT8 rate pulse8 measure does not refuse."
KINDS: Final = (
    "Kinds are drawn like the frozen test strata, with other seeds. The strata themselves are not measured here: run"
    " the command below."
)
NO_KINDS: Final = "By kind of recording: not measured, the data file does not state the kind of a window."


def _strata_picture(rows: Sequence[StratumFigures], by: str, notes: str) -> Picture:
    drawn = [(row.name, row.fp32_mae, row.int8_mae, row.int8_interval) for row in rows]
    return Picture(
        svg=strata_svg(drawn),
        caption=f"Error by {by.split(',', maxsplit=1)[0]}: FP32 (ring), INT8 (dot) with its 95 % interval.{notes}",
        alt="; ".join(f"{name}: FP32 {fp32:.2f}, INT8 {int8:.2f} BPM" for name, fp32, int8, _ in drawn),
    )


def _stratum_table(rows: Sequence[StratumFigures], by: str) -> Table:
    refuses = any(row.shown is not None for row in rows)
    return Table(
        head=(by, *STRATUM_HEAD, *(("shown", "MAE shown") if refuses else ())),
        rows=tuple((*_stratum_row(row), *(_shown(row) if refuses else ())) for row in rows),
        caption=f"By {by}",
    )


def _stratum_row(row: StratumFigures) -> tuple[str, ...]:
    return (
        row.name,
        str(row.windows),
        "-" if row.subjects is None else str(row.subjects),
        f"{row.fp32_mae:.2f}",
        f"{row.int8_mae:.2f}",
        span(row.int8_interval),
        f"{row.constant_mae:.2f}",
        "-" if row.pos_mae is None else f"{row.pos_mae:.2f}",
        f"{row.difference_p95:.2f}",
    )


def _shown(row: StratumFigures) -> tuple[str, str]:
    share = "-" if row.shown is None else f"{row.shown / row.windows:.0%}"
    return share, "-" if row.shown_mae is None else f"{row.shown_mae:.2f}"
