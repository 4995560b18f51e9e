"""``pulse8 measure``: heart rates from recordings or from a camera."""

from pathlib import Path

from pulse8.cli.measure_flags import Flags, check_count, check_names
from pulse8.cli.measured import Tally, finish, write_tables, written
from pulse8.cli.printing import print_end, watch
from pulse8.cli.recordings import named, traces_of
from pulse8.cli.saying import complain, say
from pulse8.errors import Pulse8Error, shown
from pulse8.measure.clips.columns import TableOptions
from pulse8.measure.line import measure_traces, trace_camera

__all__ = ["Flags", "run"]


def run(flags: Flags) -> int:
    """Measure, draw and print; 1 when a recording has no rate at all, 2 when one could not be read."""
    check_names(flags)
    paths = named(flags.recordings)
    check_count(flags, paths)
    tally = Tally()
    for path in paths:
        _one(path, flags, tally, alone=len(paths) == 1)
    if flags.camera is not None:
        traces = trace_camera(flags.camera, flags.seconds, flags, watch)
        finish(f"camera {flags.camera}", measure_traces(traces, flags), flags, tally)
    write_tables(flags, tally)
    if not (flags.quiet or flags.json):
        print_end(written(flags), tally.without)
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
    finish(str(path), measurement, flags, tally)
