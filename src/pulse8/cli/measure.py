"""``pulse8 measure``: heart rate from a recording."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from pulse8.cli.printing import print_json, print_measurement, watch
from pulse8.errors import InputError
from pulse8.learn.datasets.store import read_recording
from pulse8.measure.clips.trace_csv import read_trace_csv
from pulse8.measure.draw.overlay import Drawn, draw_video
from pulse8.measure.draw.plots import FORMATS, plot_measurement
from pulse8.measure.line import (
    Measurement,
    VideoOptions,
    measure_stretches,
    measure_traces,
    pulse_waves,
    trace_video,
)
from pulse8.measure.signal.classical import MethodName
from pulse8.values import CellTraces, Waveform


@dataclass(frozen=True, kw_only=True)
class Flags(VideoOptions):
    """Heart rate from a face video or from skin traces. Not a medical device.

    Attributes
    ----------
    recording
        A video file, a CSV file with the columns time_s, red, green, blue, or a recording of a store (.npz).
    json
        Print one machine-readable record instead of the table.
    plot
        Draw the wave, its spectrum and the rates to this .svg or .png file.
    overlay
        Write the video again to this .mp4 file with ROIs, wave and rate drawn in.
    """

    recording: tyro.conf.Positional[Path]
    method: MethodName | Literal["pulse12"] = "pulse12"
    json: bool = False
    plot: Path | None = None
    overlay: Path | None = None


def run(flags: Flags) -> int:
    """Measure, draw and print; 1 when neither a window nor the whole has a rate."""
    _check_names(flags)
    traces, measurement = _measured(flags)
    waves = pulse_waves(traces, flags) if flags.plot or flags.overlay else ()
    if flags.plot:
        plot_measurement(flags.plot, _longest(waves), measurement.windows, measurement.whole, flags.band_bpm)
    if flags.overlay:
        draw_video(flags.recording, flags.overlay, flags.roi, Drawn(waves=waves, windows=measurement.windows), watch)
    (print_json if flags.json else print_measurement)(measurement)
    return 0 if any(rate.bpm is not None for rate in (*measurement.windows, measurement.whole)) else 1


def _check_names(flags: Flags) -> None:
    """Refuse names that cannot be written before minutes are spent on the video."""
    for path, suffixes in ((flags.plot, FORMATS), (flags.overlay, (".mp4",))):
        if path and path.suffix.lower() not in suffixes:
            raise InputError(f"cannot draw {path}; choose a name that ends in {' or '.join(suffixes)}")


def _measured(flags: Flags) -> tuple[CellTraces, Measurement]:
    """Take the road that the file's name says: traces from a table or a store, or from a face."""
    kind = flags.recording.suffix.lower()
    if kind in (".csv", ".npz") and flags.overlay:
        raise InputError(f"{flags.recording} holds no pictures to draw into; leave --overlay out")
    if kind == ".csv":
        traces = read_trace_csv(flags.recording)
        return traces, measure_traces(traces, flags, watch)
    traces = read_recording(flags.recording).traces if kind == ".npz" else trace_video(flags.recording, flags, watch)
    return traces, measure_stretches(traces, flags)


def _longest(waves: tuple[Waveform, ...]) -> Waveform:
    if not waves:
        raise InputError("the face is nowhere in sight for long enough to plot a wave; leave --plot out")
    return max(waves, key=lambda wave: len(wave.samples))
