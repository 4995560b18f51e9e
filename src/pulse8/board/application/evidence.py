"""The files for the board, their pre-flights, and the report's table of the budget."""

from pathlib import Path
from typing import Final

from pulse8.board.application.budget import Budget, budget_lines, load_lines
from pulse8.board.inputs import pair_paths
from pulse8.board.preflight.options import PreflightOptions
from pulse8.board.preflight.preflight import Preflight, preflight, write_preflight
from pulse8.report.html import Section, Table

PAIR_RATES: Final = (90.0, 30.0)
"""Three new patches and one answer per frame, at 30 frames per second."""
WHOLE_RATE: Final = 1.0
"""One window of 8.5 s each second."""
BUDGET_TEXT: Final = (
    "Estimated, not measured. The face networks ship in float: their figures are those of the same layers in INT8. CPU"
    " rates are published ones of a Cortex-M55; other layers than convolutions are left out there."
)


def board_files(whole: Path) -> dict[Path, float]:
    """Return the files that go to the board with their runs per second: the pair, or the whole without one."""
    pair = pair_paths(whole)
    return dict(zip(pair, PAIR_RATES, strict=True)) if all(path.is_file() for path in pair) else {whole: WHOLE_RATE}


def preflight_board_files(whole: Path) -> tuple[Preflight, ...]:
    """Pre-flight the files for the board and write each result beside its file."""
    results = []
    for path in board_files(whole):
        result = preflight(path, PreflightOptions())
        write_preflight(result, path)
        results.append(result)
    return tuple(results)


def budget_section(figures: Budget) -> Section:
    """Return the application's budget as a section."""
    return Section(
        title="What fits at 30 frames per second",
        text=(BUDGET_TEXT,),
        tables=(
            Table(head=("part", "runs per second", "MAC", "NPU, ms", "CPU, ms"), rows=budget_lines(figures)),
            Table(head=("application", "NPU busy", "CPU busy", "verdict"), rows=load_lines(figures)),
        ),
    )
