"""Pictures of a measurement, as SVG or PNG; the same measurement gives the same bytes."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pulse8.errors import InputError, ToolchainError, shown
from pulse8.manifest import writing
from pulse8.measure.signal.spectrum import power_spectrum
from pulse8.notice import NOTICE
from pulse8.spec import Readout
from pulse8.values import HeartRate, Waveform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS: Final = {".svg": "svg", ".png": "png"}
SHOWN_S: Final = 10.0
"""Length of the wave that is drawn: single beats can be seen."""

PULSE: Final = "#b3243b"
INK: Final = "#222222"
FAINT: Final = "#d5d5d5"
STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "pulse8",  # element names in SVG are random without it
    "svg.fonttype": "none",  # text stays text: it can be read and searched
    "font.family": "DejaVu Sans",  # comes with matplotlib, so the bytes do not depend on the machine's fonts
    "font.size": 9.0,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Plotted:
    """What is drawn of a measurement.

    Attributes
    ----------
    wave
        Pulse of its longest part.
    windows, whole
        Its rates.
    band_bpm
        Rates that were searched: the range of the spectrum's axis.
    title
        What was measured, and by which method.
    """

    wave: Waveform
    windows: tuple[HeartRate, ...]
    whole: HeartRate
    band_bpm: tuple[float, float]
    title: str


def plot_measurement(path: Path | None, drawn: Plotted) -> "Figure":
    """Draw the wave's first seconds, the whole record's spectrum with its peak, and the rate over time.

    Parameters
    ----------
    path
        Where to; ``.svg`` or ``.png``. ``None`` draws the figure alone.
    drawn
        The measurement.

    Raises
    ------
    InputError
        Another suffix, or the file cannot be written.
    ToolchainError
        matplotlib is not installed.
    """
    with drawing(path, (9, 6.5)) as figure:
        figure.suptitle(shown(drawn.title), x=0.01, ha="left", fontsize=11, fontweight="bold", parse_math=False)
        _draw(figure, drawn)
    return figure


@contextmanager
def drawing(path: Path | None, size_in: tuple[float, float]) -> "Iterator[Figure]":
    """Give an empty figure of a width and height in inches, and write it to ``path`` with the notice under it.

    Without a path it is drawn for a notebook and not written.

    Raises
    ------
    InputError
        Another suffix than .svg or .png, or the file cannot be written.
    ToolchainError
        matplotlib is not installed.
    """
    if path is not None and path.suffix.lower() not in FORMATS:
        raise InputError(f"cannot draw {path}; choose a name that ends in {' or '.join(FORMATS)}")
    try:
        from matplotlib import rc_context  # noqa: PLC0415 - an extra, and slow to load

        from pulse8.measure.draw.notebook_figure import NotebookFigure  # noqa: PLC0415 - it loads matplotlib
    except ImportError as error:
        raise ToolchainError('pictures need matplotlib; run `pip install "pulse8[plot]"`') from error
    with rc_context(STYLE):
        figure = NotebookFigure(figsize=size_in, layout="constrained")
        yield figure
        figure.supxlabel(NOTICE, fontsize=8, color=INK)
        if path is not None:
            kind = FORMATS[path.suffix.lower()]
            with writing(path) as temporary:
                figure.savefig(temporary, format=kind, dpi=120, metadata={"Date": None} if kind == "svg" else None)


def _draw(figure: "Figure", drawn: Plotted) -> None:
    grid = figure.add_gridspec(2, 2, width_ratios=(1.5, 1), height_ratios=(1, 1.15))
    _draw_wave(figure.add_subplot(grid[0, 0]), drawn.wave)
    _draw_spectrum(figure.add_subplot(grid[0, 1]), drawn)
    _draw_rates(figure.add_subplot(grid[1, :]), drawn.windows, drawn.whole)


def _draw_wave(axes: "Axes", wave: Waveform) -> None:
    """Draw the first seconds; a network's wave has no unit, and the classical methods' units differ."""
    first = wave.samples[: round(SHOWN_S * wave.rate_hz)]
    seconds = wave.start_s + np.arange(len(first)) / wave.rate_hz
    axes.plot(seconds, first, color=PULSE, linewidth=1.2)
    lasts_s = len(wave.samples) / wave.rate_hz
    extent = f", first {SHOWN_S:.0f} of {lasts_s:.0f} s" if len(first) < len(wave.samples) else ""
    axes.set(title=f"Pulse wave{extent}", xlabel="time, s", ylabel="amplitude, no unit", yticks=[])
    axes.margins(x=0)
    axes.grid(color=FAINT, linewidth=0.6)


def _draw_spectrum(axes: "Axes", drawn: Plotted) -> None:
    whole, spectrum = drawn.whole, power_spectrum(drawn.wave, Readout().fft_length)
    inside = spectrum.inside(drawn.band_bpm)
    power = spectrum.power[inside]
    axes.fill_between(spectrum.bpm[inside], power / (power.max() or 1.0), color=FAINT, edgecolor=INK, linewidth=0.8)
    axes.set(title="Spectrum, whole record", xlabel="rate, BPM", xlim=drawn.band_bpm, ylim=(0, 1.2), yticks=[])
    axes.spines["left"].set_visible(False)
    text = str(whole.reason) if whole.bpm is None else f"{whole.bpm:.1f} BPM"
    axes.text(0.98, 0.97, text, transform=axes.transAxes, ha="right", va="top", color=PULSE, fontweight="bold")
    if whole.bpm is not None:
        axes.plot([whole.bpm], [1.05], marker="v", color=PULSE, markersize=7)


def _draw_rates(axes: "Axes", windows: tuple[HeartRate, ...], whole: HeartRate) -> None:
    read = [(rate, rate.bpm) for rate in windows if rate.bpm is not None]
    middles_s = [(rate.start_s + rate.end_s) / 2 for rate, _ in read]
    rates = [bpm for _, bpm in read]
    if whole.bpm is not None:
        axes.axhline(whole.bpm, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), label="whole record", zorder=1)
        axes.legend(loc="upper right", frameon=False)
    axes.hlines(rates, [r.start_s for r, _ in read], [r.end_s for r, _ in read], color=PULSE, linewidth=1.5, alpha=0.35)
    dots = axes.scatter(
        middles_s,
        rates,
        c=[rate.confidence for rate, _ in read],
        cmap="Reds",
        vmin=0,
        vmax=1,
        s=60,
        edgecolors=INK,
        zorder=3,
    )
    axes.figure.colorbar(dots, ax=axes, label="confidence", pad=0.01)
    axes.set(title="Rate of each window", xlabel="time, s", ylabel="BPM", xlim=(whole.start_s, whole.end_s))
    axes.grid(color=FAINT, linewidth=0.6)
    if rates:
        middle = float(np.median(rates))
        axes.set_ylim(min([middle - 15, *rates]) - 3, max([middle + 15, *rates]) + 3)
    else:
        axes.set_yticks([])
        reasons = ", ".join(sorted({str(rate.reason) for rate in windows}))
        axes.text(0.5, 0.5, f"no window has a rate: {reasons}", transform=axes.transAxes, ha="center", color=PULSE)
