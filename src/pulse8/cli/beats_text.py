"""What ``pulse8 measure --beats`` prints: the beats with their intervals, variability, respiration."""

from collections.abc import Iterator, Sequence

from pulse8.cli.printing import show, table
from pulse8.measure.reading.measurement import Measurement
from pulse8.measure.signal.camera_beats import Beat
from pulse8.measure.signal.respiration import Respiration
from pulse8.measure.signal.variability import Spread

HEAD = ("beat, s", "95 %", "interval, ms", "95 %", "")


def print_beats(recording: str, measurement: Measurement) -> None:
    """Print every beat and what they come to."""
    beats = measurement.beats
    lines = (*_variability(measurement), _respiration(measurement.respiration), _count(beats))
    show(table(HEAD, map(_cells, beats), f"Beats: {recording}"), *lines)


def _cells(beat: Beat) -> tuple[str, str, str, str, str]:
    time = "-" if beat.t_s is None else f"{beat.t_s:.3f}"
    about = "" if beat.half_s is None else f"+- {beat.half_s:.3f}"
    interval = "" if beat.interval_s is None else f"{1e3 * beat.interval_s:.0f}"
    width = "" if beat.interval_half_s is None else f"+- {1e3 * beat.interval_half_s:.0f}"
    reason = f"near {beat.near_s:.1f}: {beat.reason}" if beat.t_s is None else str(beat.reason or "")
    return time, about, interval, width, reason


def _variability(measurement: Measurement) -> Iterator[str]:
    found = measurement.variability
    for name, spread in (("SDNN", found.sdnn), ("RMSSD", found.rmssd)):
        yield f"{name}: {_spread(spread)}, of {found.intervals} intervals"


def _spread(spread: Spread) -> str:
    if spread.ms is None:
        return f"no value, {spread.reason}"
    return f"{spread.ms:.0f} ms ({spread.low_ms:.0f}-{spread.high_ms:.0f})"


def _respiration(found: Respiration) -> str:
    if found.per_min is None:
        return f"respiration: no rate, {found.reason}"
    bounds = f"{found.low_per_min:.0f}-{found.high_per_min:.0f}"
    return f"respiration: {found.per_min:.0f} a minute ({bounds}), by {' and '.join(found.signs)}"


def _count(beats: Sequence[Beat]) -> str:
    known = sum(beat.t_s is not None for beat in beats)
    return f"{known} of {len(beats)} peaks are beats; the others' 95 % intervals are too wide"
