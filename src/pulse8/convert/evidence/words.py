"""Phrases that several sections share: intervals, and the origin of a picture's data."""

from collections.abc import Sequence

from pulse8.convert.evidence.gather import Evidence
from pulse8.measure.draw.agreement import MAX_DRAWN

Interval = Sequence[float]


def ranged(interval: Interval) -> str:
    """Write an interval of differences, with signs."""
    return f"{interval[0]:+.2f} to {interval[1]:+.2f}"


def span(interval: Interval | None) -> str:
    """Write an interval of errors; a dash where there is none."""
    return "-" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}"


def note(evidence: Evidence) -> str:
    """Return the caption's note: the origin of the data, and how many windows are drawn."""
    count = len(evidence.windows.labels)
    thinned = f" {MAX_DRAWN} of {count} windows are drawn." if count > MAX_DRAWN else ""
    return f"{origin(evidence)}{thinned}"


def origin(evidence: Evidence) -> str:
    """Return the caption's note that data are simulated."""
    return " Simulated data." if evidence.verdict.simulated else ""
