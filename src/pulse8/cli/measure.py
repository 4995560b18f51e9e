"""``pulse8 measure``: heart rate from a recording."""

from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.table import Table

from pulse8.cli.printing import print_json, watch
from pulse8.measure.clips.skin import skin_trace
from pulse8.measure.clips.trace_csv import read_trace_csv
from pulse8.measure.draw.plots import plot_measurement
from pulse8.measure.line import Measurement, MeasureOptions, measure_traces, pulse_wave
from pulse8.values import NOTICE, HeartRate


@dataclass(frozen=True, kw_only=True)
class Flags(MeasureOptions):
    """Heart rate from skin traces. Not a medical device.

    Attributes
    ----------
    traces
        CSV file with the columns time_s, red, green, blue.
    json
        Print one machine-readable record instead of the table.
    plot
        Draw the wave, its spectrum and the rates to this .svg or .png file.
    """

    traces: tyro.conf.Positional[Path]
    json: bool = False
    plot: Path | None = None


def run(flags: Flags) -> int:
    """Measure, draw and print; 1 when no window has a rate."""
    traces = read_trace_csv(flags.traces)
    measurement = measure_traces(traces, flags, watch)
    if flags.plot:
        wave = pulse_wave(skin_trace(traces), flags)
        plot_measurement(flags.plot, wave, measurement.windows, measurement.whole, flags.band_bpm)
    (print_json if flags.json else _print_table)(measurement)
    return 0 if any(rate.bpm is not None for rate in measurement.windows) else 1


def _print_table(measurement: Measurement) -> None:
    title = f"Heart rate, {measurement.method}"
    table = Table("seconds", "BPM", "confidence", "resolution, BPM", title=title, title_justify="left")
    for rate in measurement.windows:
        table.add_row(*_cells(rate))
    table.add_section()
    seconds, *others = _cells(measurement.whole)
    table.add_row(f"{seconds}, one spectrum", *others, style="bold")
    Console(soft_wrap=True).print(table, NOTICE, sep="\n", highlight=False)


def _cells(rate: HeartRate) -> tuple[str, str, str, str]:
    shown = rate.reason if rate.bpm is None else f"{rate.bpm:.1f}{' provisional' if rate.provisional else ''}"
    return f"{rate.start_s:.1f} - {rate.end_s:.1f}", str(shown), f"{rate.confidence:.2f}", f"{rate.resolution_bpm:.1f}"
