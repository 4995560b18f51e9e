"""Frames as they come to readings, by the measure line's own tracker and code; memory holds one window."""

import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.measure.clips.cells import CellRow, cell_row
from pulse8.measure.face.track import MeshTracker, Tracker
from pulse8.measure.line import measure_stretches, network_of, pulse_waves
from pulse8.measure.reading import NETWORK, MeasureOptions
from pulse8.measure.signal.spectrum import power_spectrum
from pulse8.spec import RoiLimits
from pulse8.values import CellTraces, HeartRate, Reason, Rgb, Waveform

READ_EVERY_S: Final = 0.5
LONGEST_PAUSE_S: Final = 3.0
"""After a longer pause between frames, or when time runs back, measuring starts anew."""

SPECTRUM_LENGTH: Final = 2048


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One frame as the page draws it.

    Attributes
    ----------
    t_s
        The frame's time, seconds on the page's clock.
    rois
        x0, y0, x1, y1 of each ROI as a share of the picture's width and height; empty where there is no face.
    reasons
        Why each ROI cannot be measured; ``None`` where it can.
    other_faces
        Faces beside the one that is followed.
    cost_ms
        Processor time that the frame took.
    """

    t_s: float
    rois: tuple[tuple[float, float, float, float], ...]
    reasons: tuple[Reason | None, ...]
    other_faces: int
    cost_ms: float


@dataclass(frozen=True, kw_only=True, eq=False)
class LiveReading:
    """A rate or the reason why there is none, with what it was read from.

    Attributes
    ----------
    rate
        Of the last window; provisional while the window is not full.
    wave
        The pulse wave; ``None`` where the window is too short for one.
    spectrum_bpm, spectrum
        Rates in the band and the wave's power there, its largest value 1; empty without a wave.
    coverage
        Share of the window's frames in which at least one ROI could be measured.
    """

    rate: HeartRate
    wave: Waveform | None
    spectrum_bpm: NDArray[np.float64]
    spectrum: NDArray[np.float64]
    coverage: float


class Meter:
    """Measures one camera: give it frames with rising times."""

    def __init__(self, options: MeasureOptions, tracker: Tracker | None = None) -> None:
        self._options = options
        self._tracker = tracker or MeshTracker()
        self._limits = RoiLimits()
        self._span_s = _span_s(options)
        self._rows: deque[tuple[float, CellRow]] = deque()
        self._next_s = -np.inf

    def look(self, rgb: Rgb, t_s: float) -> Seen:
        """Take the next frame.

        Raises
        ------
        InputError
            Its time is not after the last one's.
        """
        if self._rows and 0 >= t_s - self._rows[-1][0] > -LONGEST_PAUSE_S:
            raise InputError(f"time does not increase after {self._rows[-1][0]:.3f} s; send each frame once, in order")
        began_s = time.thread_time()
        if self._rows and not 0 < t_s - self._rows[-1][0] <= LONGEST_PAUSE_S:
            self._rows.clear()
            self._next_s = -np.inf
        tracked = self._tracker.look(rgb, t_s)
        row = cell_row(tracked, self._limits)
        self._rows.append((t_s, row))
        while len(self._rows) > 1 and t_s - self._rows[1][0] >= self._span_s:
            self._rows.popleft()
        height, width = (side * 16 for side in rgb.shape[:2])
        rois = tuple((r.x0 / width, r.y0 / height, r.x1 / width, r.y1 / height) for r in tracked.rois or ())
        cost_ms = 1000 * (time.thread_time() - began_s)
        return Seen(t_s=t_s, rois=rois, reasons=row.reasons, other_faces=tracked.others, cost_ms=cost_ms)

    def reading(self) -> LiveReading | None:
        """Read the rate twice a second; ``None`` in between."""
        if not self._rows or self._rows[-1][0] < self._next_s:
            return None
        self._next_s = self._rows[-1][0] + READ_EVERY_S
        traces = self._window()
        coverage = float(traces.valid.any(axis=1).mean())
        try:
            rate = measure_stretches(traces, self._options).windows[-1]
            waves = pulse_waves(traces, self._options)
        except InputError:  # no ROI in any frame, or too few frames a second
            return _without(traces, _commonest(traces), coverage)
        if traces.t_s[-1] - rate.end_s > 2 * READ_EVERY_S:
            return _without(traces, _commonest(traces), coverage)
        wave = waves[-1] if waves else None
        bpm, power = _spectrum(wave, self._options.band_bpm)
        return LiveReading(rate=rate, wave=wave, spectrum_bpm=bpm, spectrum=power, coverage=coverage)

    def _window(self) -> CellTraces:
        rows = [row for _, row in self._rows]
        reasons = Counter(reason for row in rows for reason in row.reasons if reason is not None)
        return CellTraces(
            rgb=np.array([row.rgb for row in rows]),
            t_s=np.array([t_s for t_s, _ in self._rows]),
            valid=np.array([row.valid for row in rows]),
            pixels=np.array([row.pixels for row in rows]),
            reasons=dict(reasons),
        )


def _span_s(options: MeasureOptions) -> float:
    """Return the length of a window in seconds: the network's own, or the one that was asked for."""
    if options.method != NETWORK:
        return options.window_s
    spec = network_of(options).spec
    return spec.window / spec.rate_hz


def _commonest(traces: CellTraces) -> Reason:
    """Say why the last frames could not be measured."""
    return max(traces.reasons, key=lambda reason: traces.reasons[reason], default=Reason.TOO_SHORT)


def _without(traces: CellTraces, reason: Reason, coverage: float) -> LiveReading:
    start_s, end_s = float(traces.t_s[0]), float(traces.t_s[-1])
    rate = HeartRate(
        bpm=None,
        reason=reason,
        confidence=0.0,
        resolution_bpm=60 / max(end_s - start_s, 1.0),
        start_s=start_s,
        end_s=end_s,
    )
    nothing = np.zeros(0)
    return LiveReading(rate=rate, wave=None, spectrum_bpm=nothing, spectrum=nothing, coverage=coverage)


def _spectrum(wave: Waveform | None, band_bpm: tuple[float, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if wave is None:
        return np.zeros(0), np.zeros(0)
    spectrum = power_spectrum(wave, SPECTRUM_LENGTH)
    inside = spectrum.inside(band_bpm)
    power = spectrum.power[inside]
    return spectrum.bpm[inside], power / max(float(power.max(initial=0.0)), 1e-30)
