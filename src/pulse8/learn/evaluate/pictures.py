"""Pictures of an evaluation: errors by group with their intervals, and risk over coverage."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import shown
from pulse8.learn.evaluate.readings import CONSTANT, ORACLE, Readings
from pulse8.learn.evaluate.scores import Row
from pulse8.measure.draw.plots import FAINT, INK, PULSE, drawing
from pulse8.measure.signal.selection import risk_coverage

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Final = (PULSE, "#1f5fa8", "#c8641e", "#3c7d4f", "#77808a", "#7a4fa3", "#a08a1e", "#2a9d9d")
NEUTRAL: Final = {CONSTANT: "#9a9a9a", ORACLE: INK}
ROW_IN: Final = 0.17
"""Height of one method's row, inches."""

COLUMNS: Final = 3

Curve = NDArray[np.float64]


def colours_of(methods: Sequence[str]) -> dict[str, str]:
    """One colour per method, the same in every picture; the constant is grey and the oracle black."""
    named = [method for method in methods if method not in NEUTRAL]
    return {**NEUTRAL, **{name: COLOURS[index % len(COLOURS)] for index, name in enumerate(named)}}


def plot_errors(path: Path, rows: Sequence[Row]) -> None:
    """Draw each method's mean absolute error with its interval, group by group.

    Raises
    ------
    InputError
        Another suffix than .svg or .png, or the file cannot be written.
    ToolchainError
        matplotlib is not installed.
    """
    shown = [(row, row.mae_bpm, row.mae_95_bpm) for row in rows if row.mae_bpm is not None and row.mae_95_bpm]
    groups = list(dict.fromkeys(row.stratum for row, *_ in shown))
    colours = colours_of(list(dict.fromkeys(row.method for row in rows)))
    with drawing(path, (9, 1.2 + ROW_IN * (len(shown) + len(groups)))) as figure:
        axes = figure.add_subplot()
        places, labels, place = [], [], 0
        for group in groups:
            own = [one for one in shown if one[0].stratum == group]
            for index, (row, mae_bpm, (low, high)) in enumerate(own):
                axes.plot([low, high], [place, place], color=colours[row.method], linewidth=2, alpha=0.5)
                axes.plot([mae_bpm], [place], "o", color=colours[row.method], markersize=5)
                places.append(place)
                labels.append(row.method if index else f"{group}   {row.method}")
                place += 1
            place += 1
        axes.set_yticks(places, labels)
        axes.set(xlabel="mean absolute error, BPM, and its 95 % interval over subjects", ylim=(place - 1, -1))
        axes.set_xlim(left=0)
        axes.grid(axis="x", color=FAINT, linewidth=0.6)


def plot_risks(path: Path, readings: Mapping[str, Readings]) -> None:
    """Draw the mean absolute error of the most confident readings over their share, group by group.

    Raises
    ------
    InputError
        Another suffix than .svg or .png, or the file cannot be written.
    ToolchainError
        matplotlib is not installed.
    """
    curves = {group: found for group, methods in readings.items() if (found := _curves(methods))}
    colours = colours_of(list(dict.fromkeys(method for found in readings.values() for method in found)))
    lines = max(math.ceil(len(curves) / COLUMNS), 1)
    with drawing(path, (9, 2.6 * lines + 0.5)) as figure:
        for index, (group, found) in enumerate(curves.items()):
            axes = figure.add_subplot(lines, COLUMNS, index + 1)
            _draw_risks(axes, found, colours)
            axes.set_title(shown(group), parse_math=False)
            if index == 0:
                figure.legend(loc="outside upper center", ncols=8, frameon=False)


def _curves(methods: Readings) -> dict[str, Curve]:
    rated = {
        name: [(reading.error_bpm, reading.confidence) for reading in found if reading.error_bpm is not None]
        for name, found in methods.items()
        if name != CONSTANT
    }
    return {name: np.asarray(risk_coverage(*zip(*pairs, strict=True))) for name, pairs in rated.items() if pairs}


def _draw_risks(axes: "Axes", curves: Mapping[str, Curve], colours: Mapping[str, str]) -> None:
    for name, curve in curves.items():
        share = np.arange(1, len(curve) + 1) / len(curve)
        axes.plot(100 * share, curve, color=colours[name], linewidth=1.3, label=name)
    axes.set(xlabel="coverage, %", ylabel="MAE, BPM", xlim=(0, 100))
    axes.set_ylim(bottom=0)
    axes.grid(color=FAINT, linewidth=0.6)
