"""The measure line: from a video or from traces to a heart rate, one value after the other.

video -> Frames -> FaceTrack -> CellTraces -> SkinTrace -> Waveform -> HeartRate
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from pulse8.errors import InputError, SpecError
from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.clips.resample import RATE_HZ, SLOWEST_HZ
from pulse8.measure.clips.skin import SkinTrace, cut, skin_trace
from pulse8.measure.clips.windows import stretches
from pulse8.measure.face.track import TrackerName, track_face
from pulse8.measure.signal.classical import NEED_COLOUR, MethodName, is_grey, method
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.measure.signal.rate import SHORTEST_S, heart_rate, no_rate, noise_tonality, tonality
from pulse8.measure.video.decode import read_frames
from pulse8.spec import Readout
from pulse8.values import CellTraces, FaceTrack, HeartRate, Reason, Watch, Waveform, unwatched

FASTEST_BPM: Final = 30 * SLOWEST_HZ
"""Half the slowest frame rate that is accepted: a faster pulse would appear as a slower one."""

FAINTEST: Final = 1e-6
"""Standard deviation of a pulse relative to the mean colour, under which it is rounding: real ones are 1e-3 or more,
and a mean colour in float32 is known to 6e-8."""


Read = Callable[[SkinTrace, "MeasureOptions"], HeartRate]


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """How a rate is measured.

    Attributes
    ----------
    method
        Which classical method makes the pulse; red is for a finger on the camera, the others are for faces.
    window_s
        Length of a window in seconds.
    hop_s
        Seconds from one window's start to the next one's.
    band_bpm
        Lowest and highest rate that is looked for, in beats per minute.
    """

    method: MethodName = "pos"
    window_s: float = 10.0
    hop_s: float = 10.0
    band_bpm: tuple[float, float] = Readout().band_bpm

    def __post_init__(self) -> None:
        method(self.method)
        if not SHORTEST_S <= self.window_s <= 600:
            raise SpecError(f"window of {self.window_s} s; give {SHORTEST_S:g} to 600")
        if not 0.1 <= self.hop_s <= 3600:
            raise SpecError(f"hop of {self.hop_s} s; give 0.1 to 3600")
        if not 20 <= self.band_bpm[0] < self.band_bpm[1] <= FASTEST_BPM:
            raise SpecError(f"band {self.band_bpm} BPM; give two rising rates in 20..{FASTEST_BPM:g}")


@dataclass(frozen=True, kw_only=True)
class VideoOptions(MeasureOptions):
    """How a rate is measured in a video.

    Attributes
    ----------
    roi
        Which tracker places the ROIs: the face mesh, the detector alone as a board runs it, or the guide's Haar boxes.
    """

    roi: TrackerName = "mesh"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Heart rates of one recording: of each window, and of the whole in one spectrum.

    The whole record's confidence is not comparable with a window's: a rate that wanders spreads the spectrum, the more
    the longer the record.
    """

    method: MethodName
    windows: tuple[HeartRate, ...]
    whole: HeartRate


def measure_traces(
    traces: CellTraces,
    options: MeasureOptions = MeasureOptions(),
    watch: Watch[SkinTrace] = unwatched,
) -> Measurement:
    """Measure the heart rate in each window of a recording and in the whole of it.

    A window's rate depends on that window alone. A recording shorter than a window gives one provisional reading.

    Raises
    ------
    InputError
        The recording pauses too long, is too slow, or no ROI is in sight often enough.
    """
    return _measure(skin_trace(traces, RATE_HZ), options, _rate, watch)


def measure_video(
    path: Path,
    options: VideoOptions = VideoOptions(),
    watch: Watch[Any] = unwatched,
) -> Measurement:
    """Measure the heart rate of the face in a video.

    Memory is bounded by one frame and the cells' mean colours (0.2 MB a minute).

    Raises
    ------
    InputError
        The video cannot be read, holds no face, is too slow or shows no ROI often enough.
    """
    return measure_stretches(trace_video(path, options, watch), options)


def trace_video(path: Path, options: VideoOptions = VideoOptions(), watch: Watch[Any] = unwatched) -> CellTraces:
    """Cell traces of the face in a video; raises as :func:`measure_video`."""
    frames = read_frames(path)
    track = track_face(frames, options.roi)
    watched = iter(watch(track, "frames", frames.count or 0))
    return cell_traces(FaceTrack(source=track.source, stream=watched))


def measure_stretches(traces: CellTraces, options: MeasureOptions = MeasureOptions()) -> Measurement:
    """Measure each part of a recording in which the face is in sight; where it is not, there is the reason.

    Pauses of at most ``LONGEST_GAP_S`` are bridged, longer ones split the recording. The whole is its longest part. A
    rate whose wave is no more of a tone than noise is refused: no pulse.
    """
    windows: list[HeartRate] = []
    wholes: list[HeartRate] = []
    for stretch in stretches(traces):
        if windows:
            windows.append(_unseen(windows[-1].end_s, float(stretch.t_s[0]), traces))
        measured = _measure_stretch(stretch, options)
        windows += measured.windows
        wholes.append(measured.whole)
    if not wholes:
        raise InputError("no ROI can be measured in any frame; " + _most_common(traces))
    whole = max(wholes, key=lambda rate: rate.end_s - rate.start_s)
    return Measurement(method=options.method, windows=tuple(windows), whole=whole)


def _measure_stretch(stretch: CellTraces, options: MeasureOptions) -> Measurement:
    first_s, last_s = float(stretch.t_s[0]), float(stretch.t_s[-1])
    if last_s - first_s >= SHORTEST_S - 2 / RATE_HZ:  # the last frame's own interval, and a rounded length
        return _measure(skin_trace(stretch, RATE_HZ), options, _sure_rate, unwatched)
    short = _none(Reason.TOO_SHORT, first_s, last_s)
    return Measurement(method=options.method, windows=(short,), whole=short)


def _unseen(start_s: float, end_s: float, traces: CellTraces) -> HeartRate:
    """Say that there is no rate between two stretches."""
    reason = max(traces.reasons, key=lambda reason: traces.reasons[reason], default=Reason.NO_FACE)
    return _none(reason, min(start_s, end_s), end_s)


def _none(reason: Reason, start_s: float, end_s: float) -> HeartRate:
    resolution_bpm = 60 / max(end_s - start_s, 1 / RATE_HZ)
    return HeartRate(
        bpm=None, reason=reason, confidence=0.0, resolution_bpm=resolution_bpm, start_s=start_s, end_s=end_s
    )


def _most_common(traces: CellTraces) -> str:
    counts = sorted(traces.reasons.items(), key=lambda item: -item[1])
    return ", ".join(f"{reason} ({count})" for reason, count in counts) or "no frame was read"


def pulse_waves(traces: CellTraces, options: MeasureOptions) -> tuple[Waveform, ...]:
    """Pulse of each part of a recording that is long enough to be measured; for pictures."""
    long_enough = [part for part in stretches(traces) if part.t_s[-1] - part.t_s[0] >= SHORTEST_S - 2 / RATE_HZ]
    return tuple(pulse_wave(skin_trace(part, RATE_HZ), options) for part in long_enough)


def pulse_wave(skin: SkinTrace, options: MeasureOptions) -> Waveform:
    """Pulse of a skin trace, detrended and band-passed; zeros where the colour does not change."""
    raw = method(options.method)(skin.rgb, skin.rate_hz)
    pulse = band_pass(detrend(raw), skin.rate_hz, options.band_bpm)
    beats = pulse if pulse.std() > FAINTEST else np.zeros_like(pulse)
    return Waveform(samples=beats.astype(np.float32), rate_hz=skin.rate_hz, start_s=skin.start_s)


def _measure(skin: SkinTrace, options: MeasureOptions, read: Read, watch: Watch[SkinTrace]) -> Measurement:
    parts = cut(skin, options.window_s, options.hop_s)
    windows = tuple(_window_rate(part, options, read) for part in watch(parts, "windows", len(parts)))
    return Measurement(method=options.method, windows=windows, whole=read(skin, options))


def _rate(skin: SkinTrace, options: MeasureOptions) -> HeartRate:
    wave = pulse_wave(skin, options)
    if options.method in NEED_COLOUR and is_grey(skin.rgb):
        return no_rate(wave, Reason.NO_COLOUR)
    return heart_rate(wave, Readout(band_bpm=options.band_bpm))


def _sure_rate(skin: SkinTrace, options: MeasureOptions) -> HeartRate:
    """Read a rate and refuse what noise could have given: a face's video always has some strongest periodicity."""
    rate = _rate(skin, options)
    if rate.bpm is None:
        return rate
    pulse = detrend(method(options.method)(skin.rgb, skin.rate_hz)).astype(np.float32)
    wave = Waveform(samples=pulse, rate_hz=skin.rate_hz, start_s=skin.start_s)
    if tonality(wave, options.band_bpm) > noise_tonality(rate.end_s - rate.start_s, options.band_bpm):
        return rate
    return dataclasses.replace(rate, bpm=None, reason=Reason.NO_PULSE)


def _window_rate(part: SkinTrace, options: MeasureOptions, read: Read) -> HeartRate:
    filled = len(part.rgb) >= round(options.window_s * part.rate_hz)
    return dataclasses.replace(read(part, options), provisional=not filled)
