"""The flags of ``pulse8 measure``, and what is refused of them before minutes are spent on a video."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from pulse8.cli.recordings import NO_PICTURES
from pulse8.cli.saying import Spoken
from pulse8.errors import InputError
from pulse8.measure.clips.columns import TimeUnit
from pulse8.measure.draw.plots import FORMATS
from pulse8.measure.reading.options import VideoOptions


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


def check_names(flags: Flags) -> None:
    """Refuse names that cannot be written."""
    tables = ((flags.csv, (".csv",)), (flags.beats_csv, (".csv",)), (flags.edf, (".edf",)))
    for path, suffixes in ((flags.plot, FORMATS), (flags.overlay, (".mp4",)), *tables):
        if path and path.suffix.lower() not in suffixes:
            raise InputError(f"cannot write {path}; choose a name that ends in {' or '.join(suffixes)}")


def check_count(flags: Flags, paths: list[Path]) -> None:
    """Refuse what does not fit the number of recordings."""
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
