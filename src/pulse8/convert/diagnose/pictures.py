"""The diagnosis in two pictures: noise of each part, and values with their chosen ranges."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from pulse8.convert.diagnose.findings import PartFinding, Values
from pulse8.errors import shown
from pulse8.measure.draw.plots import FAINT, INK, PULSE, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS: Final = 3
MAX_SHOWN_DB: Final = 80.0


def draw_noise(path: Path, findings: Sequence[PartFinding], whole_db: float) -> None:
    """Draw the SQNR with each part alone and without it, noisiest first, and the whole file's SQNR as a line."""
    with drawing(path, (8, 1.2 + 0.28 * len(findings))) as figure:
        axes = figure.subplots()
        places = np.arange(len(findings))
        shown = [[min(value, MAX_SHOWN_DB) for value in (finding.alone_db, finding.without_db)] for finding in findings]
        axes.barh(places - 0.2, [pair[0] for pair in shown], 0.36, color=PULSE, label="this part alone")
        axes.barh(places + 0.2, [pair[1] for pair in shown], 0.36, color=FAINT, label="all but this part")
        axes.axvline(whole_db, color=INK, linewidth=1, label="whole file")
        axes.set_yticks(places, [f"{finding.name}, {finding.kind}" for finding in findings])
        axes.invert_yaxis()
        axes.set_xlabel("SQNR of the model's output (dB)")
        axes.legend(frameon=False)


def draw_histograms(path: Path, shown: Sequence[tuple[PartFinding, Values]]) -> None:
    """Draw FP32's values of each activation with the ends of its INT8 range."""
    rows = max(1, math.ceil(len(shown) / COLUMNS))
    with drawing(path, (9, 1.9 * rows + 0.4)) as figure:
        panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
        for axes, (finding, values) in zip(panels, shown, strict=False):
            _draw_histogram(axes, finding, values)


def _draw_histogram(axes: "Axes", finding: PartFinding, values: Values) -> None:
    edges = np.linspace(*values.span, len(values.counts) + 1)
    axes.stairs(np.log10(1 + values.counts), edges, fill=True, color=FAINT)
    for end in finding.range or ():
        axes.axvline(end, color=PULSE, linewidth=1)
    axes.set_title(shown(finding.name), parse_math=False)
    axes.set_xlabel(f"clipped {finding.clipped_share:.2%}, used {finding.used_share:.0%}")
    axes.set_ylabel("log10(1 + values)")
