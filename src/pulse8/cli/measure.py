"""``pulse8 measure``: heart rates from recordings or from a camera."""

from dataclasses import dataclass, field
from pathlib import Path

import tyro

from pulse8.cli.beats_text import print_beats
from pulse8.cli.printing import print_answer, print_end, print_json, print_measurement, watch
from pulse8.cli.recordings import NO_PICTURES, named, traces_of
from pulse8.cli.saying import Spoken, complain, say
from pulse8.errors import InputError, Pulse8Error, shown
from pulse8.measure.clips.columns import TableOptions, TimeUnit
from pulse8.measure.draw.beat_csv import write_beat_csv
from pulse8.measure.draw.overlay import Drawn, draw_video
from pulse8.measure.draw.plots import FORMATS
from pulse8.measure.draw.rate_csv import write_rate_csv
from pulse8.measure.line import measure_traces, trace_camera
from pulse8.measure.reading.answer import Answer
from pulse8.measure.reading.edf import write_edf
from pulse8.measure.reading.measurement import Measurement
from pulse8.measure.reading.options import VideoOptions
from pulse8.measure.signal.camera_beats import Beat
from pulse8.measure.signal.display import ShownRate
from pulse8.measure.signal.respiration import Respiration
from pulse8.measure.signal.variability import Variability
from pulse8.values import HeartRate, SeenFaces


@dataclass(frozen=True, kw_only=True)
class Flags(VideoOptions, Spoken):
    """Heart rate from face videos, skin traces or a camera, one line a recording. Not a medical device.

    Attributes
    ----------
    recordings
        Video files, folders of them, CSV files with the columns time_s, red, green, blue, or recordings of a store
        (.npz); patterns too.
    camera
        Measure this camera of the machine, from 0, in place of files.
    seconds
        How long to watch the camera.
    columns
        Which column of a table is which, such as time=stamp red=R green=G blue=B; usual names are known.
    time_unit
        What a table's times are counted in, where its header does not say it.
    table
        Print every window's rate below a recording's line.
    quiet
        Print the number alone, in beats per minute, or none; one line a recording.
    json
        Print one machine-readable record a recording instead.
    csv
        Write every window's rate to this .csv file.
    plot
        Draw the wave, its spectrum and the rates to this .svg or .png file; one recording.
    overlay
        Write the video again to this .mp4 file with ROIs, wave and rate drawn in; one recording.
    beats
        Work out beats with 95 % intervals, their variability and respiration too.
    beats_csv
        Write every beat to this .csv file.
    edf
        Write the wave, the rate and markers to this .edf file (EDF+); one recording.
    """

    recordings: tyro.conf.Positional[tuple[str, ...]] = ()
    camera: int | None = None
    seconds: float = 20.0
    columns: tuple[str, ...] = ()
    time_unit: TimeUnit = "auto"
    table: bool = False
    quiet: bool = False
    json: bool = False
    csv: Path | None = None
    plot: Path | None = None
    overlay: Path | None = None
    beats: bool = False
    beats_csv: Path | None = None
    edf: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A measurement as it is printed, and what it was made of."""

    method: str
    answer: Answer
    windows: tuple[HeartRate, ...]
    whole: HeartRate
    shown: tuple[ShownRate, ...]
    recording: str
    faces: SeenFaces | None
    beats: tuple[Beat, ...] | None
    variability: Variability | None
    respiration: Respiration | None


@dataclass
class Tally:
    """What a run over several recordings came to."""

    rates: list[tuple[str, str, HeartRate]] = field(default_factory=list)
    beats: list[tuple[str, Beat]] = field(default_factory=list)
    unread: int = 0
    without: list[str] = field(default_factory=list)


def run(flags: Flags) -> int:
    """Measure, draw and print; 1 when a recording has no rate at all, 2 when one could not be read."""
    _check_names(flags)
    paths = named(flags.recordings)
    _check_count(flags, paths)
    tally = Tally()
    for path in paths:
        _one(path, flags, tally, alone=len(paths) == 1)
    if flags.camera is not None:
        traces = trace_camera(flags.camera, flags.seconds, flags, watch)
        _show(f"camera {flags.camera}", measure_traces(traces, flags), flags, tally)
    if flags.csv:
        write_rate_csv(flags.csv, tally.rates)
    if flags.beats_csv:
        write_beat_csv(flags.beats_csv, tally.beats)
    if not (flags.quiet or flags.json):
        print_end(_written(flags), tally.without)
    return 2 if tally.unread else int(bool(tally.without))


def _one(path: Path, flags: Flags, tally: Tally, *, alone: bool) -> None:
    """Measure one file; among others, one that cannot be read is one line and the rest goes on."""
    try:
        table = TableOptions(columns=flags.columns, time_unit=flags.time_unit)
        measurement = measure_traces(traces_of(path, flags, table), flags, watch, source=str(path))
    except Pulse8Error as error:
        if alone:
            raise
        complain(f"{error.heading}: {shown(str(path))}: {error}")
        if flags.quiet:
            say("none")  # the lines stay those of the recordings
        tally.unread += 1
        return
    _show(str(path), measurement, flags, tally)


def _show(recording: str, measurement: Measurement, flags: Flags, tally: Tally) -> None:
    waves, windows, whole = measurement.waves, measurement.windows, measurement.whole
    if flags.plot:
        measurement.plot(flags.plot)
    if flags.overlay:
        draw_video(Path(recording), flags.overlay, (flags.roi, flags.face), Drawn(waves=waves, windows=windows), watch)
    if flags.edf:
        write_edf(flags.edf, measurement)
    record = Measured(
        recording=recording,
        method=measurement.method,
        answer=measurement.answer,
        windows=windows,
        whole=whole,
        shown=measurement.shown,
        faces=measurement.faces,
        beats=measurement.beats if flags.beats else None,
        variability=measurement.variability if flags.beats else None,
        respiration=measurement.respiration if flags.beats else None,
    )
    _print(record, flags)
    if flags.beats and not (flags.json or flags.quiet):
        print_beats(recording, measurement)
    if flags.beats_csv:
        tally.beats += [(recording, beat) for beat in measurement.beats]
    tally.rates += [(recording, "window", rate) for rate in windows]
    tally.rates.append((recording, "whole", whole))
    if all(rate.bpm is None for rate in (*windows, whole)):
        tally.without.append(recording)


def _print(record: Measured, flags: Flags) -> None:
    if flags.json:
        print_json(record)
    elif flags.quiet:
        say("none" if record.answer.bpm is None else f"{record.answer.bpm:.1f}")
    else:
        print_answer(record)
        if flags.table:
            print_measurement(record)


def _written(flags: Flags) -> list[tuple[str, Path]]:
    pictures = (("picture", flags.plot), ("video", flags.overlay))
    named_paths = (("rates", flags.csv), *pictures, ("beats", flags.beats_csv), ("EDF+", flags.edf))
    return [(what, path) for what, path in named_paths if path is not None]


def _check_names(flags: Flags) -> None:
    """Refuse names that cannot be written before minutes are spent on the video."""
    tables = ((flags.csv, (".csv",)), (flags.beats_csv, (".csv",)), (flags.edf, (".edf",)))
    for path, suffixes in ((flags.plot, FORMATS), (flags.overlay, (".mp4",)), *tables):
        if path and path.suffix.lower() not in suffixes:
            raise InputError(f"cannot write {path}; choose a name that ends in {' or '.join(suffixes)}")


def _check_count(flags: Flags, paths: list[Path]) -> None:
    sources = len(paths) + (flags.camera is not None)
    if flags.quiet and (flags.json or flags.table):
        raise InputError("--quiet prints the number alone; leave --json and --table out")
    if not sources:
        raise InputError(
            "nothing to measure; name a recording or a folder, or a camera with --camera 0; `pulse8 demo` brings a clip"
        )
    if sources > 1 and (flags.plot or flags.overlay):
        raise InputError(f"{sources} recordings do not fit one picture; leave --plot and --overlay out, or name one")
    if sources > 1 and flags.edf:
        raise InputError(f"{sources} recordings do not fit one EDF file; leave --edf out, or name one recording")
    if flags.overlay and (flags.camera is not None or paths[0].suffix.lower() in NO_PICTURES):
        name = paths[0] if paths else f"camera {flags.camera}"
        raise InputError(f"{name} holds no pictures to draw into; leave --overlay out")
