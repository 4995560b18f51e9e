"""``pulse8 measure``: heart rate from a recording."""

from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.table import Table

from pulse8.cli.printing import print_json, watch
from pulse8.errors import InputError
from pulse8.measure.clips.trace_csv import read_trace_csv
from pulse8.measure.draw.overlay import Drawn, write_overlay
from pulse8.measure.draw.plots import plot_measurement
from pulse8.measure.face.track import track_face
from pulse8.measure.line import (
    Measurement,
    VideoOptions,
    measure_stretches,
    measure_traces,
    pulse_waves,
    trace_video,
)
from pulse8.measure.video.decode import read_frames
from pulse8.values import NOTICE, CellTraces, FaceTrack, HeartRate, Waveform


@dataclass(frozen=True, kw_only=True)
class Flags(VideoOptions):
    """Heart rate from a face video or from skin traces. Not a medical device.

    Attributes
    ----------
    recording
        A video file, or a CSV file with the columns time_s, red, green, blue.
    json
        Print one machine-readable record instead of the table.
    plot
        Draw the wave, its spectrum and the rates to this .svg or .png file.
    overlay
        Write the video again to this .mp4 file with ROIs, wave and rate drawn in.
    """

    recording: tyro.conf.Positional[Path]
    json: bool = False
    plot: Path | None = None
    overlay: Path | None = None


def run(flags: Flags) -> int:
    """Measure, draw and print; 1 when no window has a rate."""
    traces, measurement = _measured(flags)
    waves = pulse_waves(traces, flags) if flags.plot or flags.overlay else ()
    if flags.plot:
        plot_measurement(flags.plot, _longest(waves), measurement.windows, measurement.whole, flags.band_bpm)
    if flags.overlay:
        _draw(flags, flags.overlay, Drawn(waves=waves, windows=measurement.windows))
    (print_json if flags.json else _print_table)(measurement)
    return 0 if any(rate.bpm is not None for rate in measurement.windows) else 1


def _measured(flags: Flags) -> tuple[CellTraces, Measurement]:
    """Take the road that the file's name says: traces from a table, or from a face."""
    if flags.recording.suffix.lower() == ".csv":
        if flags.overlay:
            raise InputError(f"{flags.recording} holds no pictures to draw into; leave --overlay out")
        traces = read_trace_csv(flags.recording)
        return traces, measure_traces(traces, flags, watch)
    traces = trace_video(flags.recording, flags, watch)
    return traces, measure_stretches(traces, flags)


def _longest(waves: tuple[Waveform, ...]) -> Waveform:
    if not waves:
        raise InputError("the face is nowhere in sight for long enough to plot a wave; leave --plot out")
    return max(waves, key=lambda wave: len(wave.samples))


def _draw(flags: Flags, output: Path, drawn: Drawn) -> None:
    """Read the video a second time: what is drawn is known only when it has been read once."""
    frames = read_frames(flags.recording)
    track = iter(watch(track_face(frames, flags.roi), "drawing", frames.count or 0))
    write_overlay(output, FaceTrack(frames.source, track), drawn, frames.rate_hz or 30.0)


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
