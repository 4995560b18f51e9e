"""Pictures of how well two sets of rates agree, as SVG text that is the same for the same numbers."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import ToolchainError, shown
from pulse8.measure.signal.metrics import limits_of_agreement

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = NDArray[np.float64]
BLUE, ORANGE, GREY = "#3b7fc4", "#cf6a28", "#808a94"
"""Each at least 3 to 1 against white and against a dark page."""
SIZE_IN: Final = (4.6, 3.5)
MAX_DRAWN: Final = 1_000
"""Most points of a scatter plot; larger sets are thinned evenly."""
SQNR_SHOWN_DB: Final = 60
"""Bars end here: beyond it an INT8 tensor differs from FP32 by float rounding alone."""


def agreement_svg(fp32: Values, int8: Values) -> str:
    """INT8 over FP32, both [N] in BPM, with the line of equality."""
    figure, axes = _figure("FP32 (BPM)", "INT8 (BPM)")
    ends = [min(fp32.min(), int8.min()) - 1, max(fp32.max(), int8.max()) + 1]
    axes.plot(ends, ends, color=GREY, linewidth=1)
    axes.scatter(_drawn(fp32), _drawn(int8), s=10, color=BLUE, alpha=0.75, linewidths=0)
    return _svg(figure, "agreement")


def bland_altman_svg(reference: Values, test: Values, names: tuple[str, str]) -> str:
    """Difference over mean of [N] rates in BPM, with bias and 95 % limits of agreement (Bland & Altman 1986)."""
    figure, axes = _figure(f"mean of {names[0]} and {names[1]} (BPM)", f"{names[1]} - {names[0]} (BPM)")
    difference = test - reference
    low, high = limits_of_agreement(reference, test)
    for level, style in ((difference.mean(), "-"), (low, "--"), (high, "--")):
        axes.axhline(level, color=ORANGE, linestyle=style, linewidth=1)
    axes.scatter(_drawn((reference + test) / 2), _drawn(difference), s=10, color=BLUE, alpha=0.75, linewidths=0)
    return _svg(figure, f"bland-altman {names}")


def error_histogram_svg(fp32_error: Values, int8_error: Values) -> str:
    """Errors of both models, [N] each in BPM, in the same bins."""
    figure, axes = _figure("estimate - label (BPM)", "windows")
    bins = np.histogram_bin_edges(np.concatenate([fp32_error, int8_error]), bins=30).tolist()
    axes.hist(fp32_error, bins, color=GREY, alpha=0.6, label="FP32")
    axes.hist(int8_error, bins, histtype="step", color=ORANGE, linewidth=1.5, label="INT8")
    axes.legend(frameon=False)
    return _svg(figure, "errors")


def layer_sqnr_svg(layers: Sequence[str], decibels: Sequence[float]) -> str:
    """Signal-to-quantisation-noise ratio of each layer in decibels, input at the top."""
    figure, axes = _figure("SQNR (dB)", "", (SIZE_IN[0], 0.9 + 0.22 * len(layers)))
    places = range(len(layers))
    axes.barh(places, [min(value, SQNR_SHOWN_DB) for value in decibels], color=BLUE)
    axes.set_yticks(places, [_plain(name) for name in layers])
    axes.invert_yaxis()
    axes.margins(y=0.01)
    for place, value in zip(places, decibels, strict=True):
        label = f"{value:.0f}" if value <= SQNR_SHOWN_DB else f"over {SQNR_SHOWN_DB}: equal but for rounding"
        axes.text(min(max(value, 0), SQNR_SHOWN_DB) + 0.5, place, label, va="center", fontsize=8)
    furthest = max(decibels)
    axes.set_xlim(min(0, *decibels), SQNR_SHOWN_DB * 1.6 if furthest > SQNR_SHOWN_DB else 1.15 * max(furthest, 1))
    return _svg(figure, "layers")


def layer_timeline_svg(layers: Sequence[tuple[str, float, float]]) -> str:
    """Layers (name, low and high milliseconds) one after the other, the first at the top; ends are added up."""
    figure, axes = _figure("ms", "")
    low_start = high_start = 0.0
    for place, (_, low, high) in enumerate(layers):
        axes.barh(place, high, left=high_start, color=BLUE, alpha=0.45)
        axes.barh(place, low, left=low_start, color=BLUE)
        low_start, high_start = low_start + low, high_start + high
    axes.set_yticks(
        range(len(layers)), [_plain(name[:24]) for name, _, _ in layers], fontsize=7 if len(layers) < 25 else 4
    )
    axes.invert_yaxis()
    return _svg(figure, "timeline")


def risk_coverage_svg(curves: Mapping[str, Values], others: Mapping[str, float]) -> str:
    """One curve per model: error [N] of the 1 ... N surest windows, in BPM; ``others`` are errors on all windows."""
    figure, axes = _figure("share of windows, surest first (%)", "MAE (BPM)")
    styles = ((GREY, "-", 3.5), (ORANGE, "-", 1.4))
    for (name, curve), (colour, line, width) in zip(curves.items(), styles, strict=False):
        shares = np.arange(1, len(curve) + 1) / len(curve)
        axes.plot(_drawn(100 * shares), _drawn(curve), color=colour, linestyle=line, linewidth=width, label=name)
    for (name, level), line in zip(others.items(), (":", "--"), strict=False):
        axes.axhline(level, color=BLUE, linestyle=line, linewidth=1.2, label=name)
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return _svg(figure, "risk")


def strata_svg(rows: Sequence[tuple[str, float, float, tuple[float, float] | None]]) -> str:
    """Parts with FP32's and INT8's error and INT8's interval, if it has one, in BPM, the first at the top."""
    figure, axes = _figure("MAE (BPM)", "", (SIZE_IN[0], 0.9 + 0.34 * len(rows)))
    for place, (_, fp32, int8, interval) in enumerate(rows):
        axes.plot(interval or (int8, int8), (place, place), color=ORANGE, linewidth=2, alpha=0.5)
        axes.plot([int8], [place], "o", color=ORANGE, markersize=4)
        axes.plot([fp32], [place], "o", color=GREY, markersize=9, fillstyle="none")
    axes.set_yticks(range(len(rows)), [_plain(name) for name, *_ in rows])
    axes.set(xlim=(0, None), ylim=(len(rows) - 0.5, -0.5))
    return _svg(figure, f"strata {rows[0][0]}")


def stages_svg(stages: Sequence[tuple[str, float]]) -> str:
    """Stages (name, seconds) one after the other, the first at the top."""
    figure, axes = _figure("seconds", "", (SIZE_IN[0], 0.9 + 0.34 * len(stages)))
    start = 0.0
    for place, (_, seconds) in enumerate(stages):
        axes.barh(place, seconds, left=start, color=BLUE)
        start += seconds
    axes.set_yticks(range(len(stages)), [name for name, _ in stages])
    axes.invert_yaxis()
    return _svg(figure, "stages")


def _plain(name: str) -> str:
    """Return a name of anybody's as a label: no mathematics between dollars, no control signs."""
    return shown(name).replace("$", r"\$")


def _drawn(values: Values) -> Values:
    """Thin values [N] to at most ``MAX_DRAWN``."""
    if len(values) <= MAX_DRAWN:
        return values
    return np.asarray(values[np.linspace(0, len(values) - 1, MAX_DRAWN).round().astype(int)])


def _figure(x: str, y: str, size_in: tuple[float, float] = SIZE_IN) -> "tuple[Figure, Axes]":
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra: named where it is needed
    except ModuleNotFoundError as error:
        raise ToolchainError('pictures need matplotlib; install it with: pip install "pulse8[plot]"') from error
    figure = Figure(figsize=size_in, layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: "Figure", salt: str) -> str:
    """Draw without date and with stable ids: the same numbers give the same bytes."""
    import matplotlib as mpl  # noqa: PLC0415 - an extra, present by now

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return re.sub(r"^.*?(?=<svg)", "", text.getvalue(), flags=re.DOTALL)
