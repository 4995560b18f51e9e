"""A meter for frames or colours as they come: the measure line's own tracker and reader on the last window.

Memory holds one window. After a pause of more than ``LONGEST_PAUSE_S``, or a time that far back, it starts anew.
"""

import dataclasses
import time
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.measure.clips.cells import CellRow, RecentRows, cell_row
from pulse8.measure.face.track import MeshTracker, Tracker
from pulse8.measure.reading.measurement import Measurement, open_reader, read_traces
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.reading.part import refused
from pulse8.measure.signal.display import Display, Second, ShownRate
from pulse8.measure.signal.rate import SHORTEST_S
from pulse8.measure.signal.spectrum import power_spectrum
from pulse8.regions import RoiLimits
from pulse8.values import CellTraces, HeartRate, Reason, Rgb, Waveform

DEFAULTS: Final = MeasureOptions()
READ_EVERY_S: Final = 0.5
LONGEST_PAUSE_S: Final = 3.0
SPECTRUM_LENGTH: Final = 2048


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The last frame as a page draws it.

    Attributes
    ----------
    t_s
        The frame's time, seconds on the caller's clock.
    rois
        x0, y0, x1, y1 of each ROI as a share of the picture's width and height; empty where there is no face.
    reasons
        Why each ROI cannot be measured; ``None`` where it can.
    other_faces
        Faces beside the one that is followed.
    face
        Which of them is measured, counted from the picture's left, 1 first; ``None`` where none is.
    cost_ms
        Processor time that the frame took.
    """

    t_s: float
    rois: tuple[tuple[float, float, float, float], ...]
    reasons: tuple[Reason | None, ...]
    other_faces: int
    face: int | None
    cost_ms: float


@dataclass(frozen=True, kw_only=True, eq=False)
class MeterReading:
    """A rate or the reason why there is none, with what it was read from.

    Attributes
    ----------
    rate
        Of the last window; provisional while the window is not full.
    shown
        What a display shows now: followed from reading to reading.
    wave
        The pulse wave; ``None`` where the window is too short for one.
    spectrum_bpm, spectrum
        Rates in the band and the wave's power there, its largest value 1; empty without a wave.
    coverage
        Share of the window's frames in which at least one ROI could be measured.
    """

    rate: HeartRate
    shown: ShownRate
    wave: Waveform | None
    spectrum_bpm: NDArray[np.float64]
    spectrum: NDArray[np.float64]
    coverage: float


UNSEEN: Final = Seen(t_s=-np.inf, rois=(), reasons=(), other_faces=0, face=None, cost_ms=0.0)


class Meter:
    """Measures one person: push frames, or the colours of the cells, with rising times.

    Attributes
    ----------
    seen
        What the last frame showed; nothing before the first frame, and where colours are pushed.
    """

    def __init__(self, options: MeasureOptions = DEFAULTS, tracker: Tracker | None = None) -> None:
        self.seen = UNSEEN
        self._band_bpm, self._face = options.band_bpm, options.face
        self._reader = open_reader(options)
        self._tracker = tracker
        self._limits = RoiLimits()
        self._rows = RecentRows()
        self._display = Display(options.band_bpm)
        self._next_s = -np.inf

    def push(self, frame: Rgb | CellRow, t_s: float) -> MeterReading | None:
        """Take the next frame, uint8 [height, width, 3], or its cells' colours; read twice a second.

        Returns
        -------
        MeterReading or None
            ``None`` between two readings.

        Raises
        ------
        InputError
            The time is not after the last one's.
        """
        self._refuse_time(t_s)
        self._rows.add(t_s, frame if isinstance(frame, CellRow) else self._look(frame, t_s))
        self._rows.forget_before(t_s - self._reader.window_s)
        if t_s < self._next_s:
            return None
        self._next_s = t_s + READ_EVERY_S
        return self._reading()

    def _refuse_time(self, t_s: float) -> None:
        last_s = self._rows.last_s
        if 0 >= t_s - last_s > -LONGEST_PAUSE_S:
            raise InputError(f"time does not increase after {last_s:.3f} s; send each frame once, in order")
        if not 0 < t_s - last_s <= LONGEST_PAUSE_S:
            self._rows.clear()
            self._display = Display(self._band_bpm)
            self._next_s = -np.inf

    def _look(self, rgb: Rgb, t_s: float) -> CellRow:
        began_s = time.thread_time()
        self._tracker = self._tracker or MeshTracker(self._face)
        tracked = self._tracker.look(rgb, t_s)
        row = cell_row(tracked, self._limits)
        height, width = (side * 16 for side in rgb.shape[:2])
        rois = tuple((r.x0 / width, r.y0 / height, r.x1 / width, r.y1 / height) for r in tracked.rois or ())
        cost_ms = 1000 * (time.thread_time() - began_s)
        self.seen = Seen(
            t_s=t_s,
            rois=rois,
            reasons=row.reasons,
            other_faces=tracked.other_faces,
            face=None if tracked.rois is None else tracked.place,
            cost_ms=cost_ms,
        )
        return row

    def _reading(self) -> MeterReading:
        traces = self._rows.traces()
        try:
            measured = read_traces(traces, self._reader)
        except InputError:  # no ROI in any frame, or too few frames a second
            rate, wave, second = refused(_commonest(traces), float(traces.t_s[0]), float(traces.t_s[-1])), None, None
        else:
            rate, wave = measured.windows[-1], measured.waves[-1] if measured.waves else None
            second = _last_second(measured)
        if rate.reason is Reason.TOO_SHORT and _seconds_in_sight(traces) >= SHORTEST_S:
            rate = dataclasses.replace(rate, reason=Reason.TOO_FEW)
        bpm, power = _spectrum(wave, self._band_bpm)
        return MeterReading(
            rate=rate,
            shown=self._display.push(second or Second(end_s=rate.end_s, wave=None, reason=rate.reason)),
            wave=wave,
            spectrum_bpm=bpm,
            spectrum=power,
            coverage=float(traces.valid.any(axis=1).mean()),
        )


def _commonest(traces: CellTraces) -> Reason:
    """Say why the last frames could not be measured."""
    return max(traces.reasons, key=lambda reason: traces.reasons[reason], default=Reason.TOO_SHORT)


def _last_second(measured: Measurement) -> Second | None:
    """Take the newest window's wave; ``None`` while the face is away, when the last row is the pause's."""
    if not measured.seconds or measured.windows[-1].start_s > measured.seconds[-1].end_s - 1:
        return None
    return measured.seconds[-1]


def _seconds_in_sight(traces: CellTraces) -> float:
    """For how long the face has been in every frame that came, however few they were."""
    lost = np.flatnonzero(~traces.valid.any(axis=1))
    since = traces.t_s[lost[-1] + 1 :] if len(lost) else traces.t_s
    return float(np.ptp(since)) if len(since) else 0.0


def _spectrum(wave: Waveform | None, band_bpm: tuple[float, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if wave is None:
        return np.zeros(0), np.zeros(0)
    spectrum = power_spectrum(wave, SPECTRUM_LENGTH)
    inside = spectrum.inside(band_bpm)
    power = spectrum.power[inside]
    return spectrum.bpm[inside], power / max(float(power.max(initial=0.0)), 1e-30)
