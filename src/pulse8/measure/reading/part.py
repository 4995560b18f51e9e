"""What one stretch of a recording gives, whichever method reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pulse8.measure.infer.engine import Engine
from pulse8.measure.signal.display import Second
from pulse8.values import CellTraces, HeartRate, Reason, Watch, Waveform

SHORTEST_SPAN_S = 1 / 30
"""A record of one frame spans its own interval."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Rates of a stretch's windows, the rate of all of it, and the wave they were read from, where there is one.

    ``seconds`` are windows of 8.53 s at most, a second apart, whatever windows were asked for: what a display follows.
    """

    windows: tuple[HeartRate, ...]
    whole: HeartRate
    wave: Waveform | None
    seconds: tuple[Second, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A method made ready: its name, windows' length, band, what reads a stretch, and the engine of a network."""

    method: str
    window_s: float
    band_bpm: tuple[float, float]
    read: Callable[[CellTraces, Watch[Any]], Part]
    engine: Engine | None = None


def refused(reason: Reason, start_s: float, end_s: float) -> HeartRate:
    """Return a span without a rate."""
    resolution_bpm = 60 / max(end_s - start_s, SHORTEST_SPAN_S)
    return HeartRate(
        bpm=None, reason=reason, confidence=0.0, resolution_bpm=resolution_bpm, start_s=start_s, end_s=end_s
    )


def too_short(stretch: CellTraces) -> Part:
    """Return a stretch that no rate can be read from."""
    rate = refused(Reason.TOO_SHORT, float(stretch.t_s[0]), float(stretch.t_s[-1]))
    return Part(windows=(rate,), whole=rate, wave=None)
