"""Pictures of how well two sets of rates agree, as SVG text that is the same for the same numbers."""

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import ToolchainError
from pulse8.measure.signal.metrics import limits_of_agreement

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = NDArray[np.float64]
BLUE, ORANGE, GREY = "#1f5fa8", "#c8641e", "#77808a"
SIZE_IN: Final = (4.6, 3.5)
SQNR_SHOWN_DB: Final = 60
"""Bars end here: beyond it an INT8 tensor differs from FP32 by float rounding alone."""


def agreement_svg(fp32: Values, int8: Values) -> str:
    """INT8 over FP32, both [N] in BPM, with the line of equality."""
    figure, axes = _figure("FP32 (BPM)", "INT8 (BPM)")
    ends = [min(fp32.min(), int8.min()) - 1, max(fp32.max(), int8.max()) + 1]
    axes.plot(ends, ends, color=GREY, linewidth=1)
    axes.scatter(fp32, int8, s=10, color=BLUE, alpha=0.6, linewidths=0)
    return _svg(figure, "agreement")


def bland_altman_svg(reference: Values, test: Values, names: tuple[str, str]) -> str:
    """Difference over mean of [N] rates in BPM, with bias and 95 % limits of agreement (Bland & Altman 1986)."""
    figure, axes = _figure(f"mean of {names[0]} and {names[1]} (BPM)", f"{names[1]} - {names[0]} (BPM)")
    difference = test - reference
    low, high = limits_of_agreement(reference, test)
    for level, style in ((difference.mean(), "-"), (low, "--"), (high, "--")):
        axes.axhline(level, color=ORANGE, linestyle=style, linewidth=1)
    axes.scatter((reference + test) / 2, difference, s=10, color=BLUE, alpha=0.6, linewidths=0)
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
    figure, axes = _figure("SQNR (dB)", "")
    places = range(len(layers))
    axes.barh(places, [min(value, SQNR_SHOWN_DB) for value in decibels], color=BLUE)
    axes.set_yticks(places, layers)
    axes.invert_yaxis()
    for place, value in zip(places, decibels, strict=True):
        shown = f" {value:.0f}" if value <= SQNR_SHOWN_DB else f" over {SQNR_SHOWN_DB}: equal but for rounding"
        axes.text(min(max(value, 0), SQNR_SHOWN_DB), place, shown, va="center", fontsize=8)
    axes.set_xlim(min(0, *decibels), SQNR_SHOWN_DB * 1.6)
    return _svg(figure, "layers")


def layer_timeline_svg(layers: Sequence[tuple[str, float, float]]) -> str:
    """Layers (name, low and high milliseconds) one after the other, the first at the top; ends are added up."""
    figure, axes = _figure("ms", "")
    low_start = high_start = 0.0
    for place, (_, low, high) in enumerate(layers):
        axes.barh(place, high, left=high_start, color=BLUE, alpha=0.3)
        axes.barh(place, low, left=low_start, color=BLUE)
        low_start, high_start = low_start + low, high_start + high
    axes.set_yticks(range(len(layers)), [name[:24] for name, _, _ in layers], fontsize=7 if len(layers) < 25 else 4)
    axes.invert_yaxis()
    return _svg(figure, "timeline")


def _figure(x: str, y: str) -> "tuple[Figure, Axes]":
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra: named where it is needed
    except ModuleNotFoundError as error:
        raise ToolchainError('pictures need matplotlib; install it with: pip install "pulse8[plot]"') from error
    figure = Figure(figsize=SIZE_IN, layout="constrained")
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
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return re.sub(r"^.*?(?=<svg)", "", text.getvalue(), flags=re.DOTALL)
