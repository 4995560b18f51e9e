"""The measure line: from a video or from traces to a heart rate, one value after the other.

video -> Frames -> FaceTrack -> CellTraces -> Clip -> Waveform -> HeartRate through the network, and by classical
methods with a SkinTrace in the Clip's place.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pulse8.errors import InputError
from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.clips.skin import SkinTrace, cut, skin_trace
from pulse8.measure.clips.windows import stretches
from pulse8.measure.face.track import TrackerName, track_face
from pulse8.measure.infer.engine import Engine
from pulse8.measure.network import Network, load_network, network_readings
from pulse8.measure.reading import NETWORK, MeasureOptions, pulse_wave, read_rate, read_sure_rate
from pulse8.measure.signal.network import banded
from pulse8.measure.signal.rate import SHORTEST_S, heart_rate
from pulse8.measure.video.decode import read_frames
from pulse8.values import CellTraces, FaceTrack, HeartRate, Reason, Watch, Waveform, unwatched

Read = Callable[[SkinTrace, MeasureOptions], HeartRate]
DEFAULTS: Final = MeasureOptions()


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
    the longer the record. ``engine`` is what ran the network; a classical method needs none.
    """

    method: str
    windows: tuple[HeartRate, ...]
    whole: HeartRate
    engine: Engine | None = None


def measure_traces(
    traces: CellTraces,
    options: MeasureOptions = DEFAULTS,
    watch: Watch[SkinTrace] = unwatched,
) -> Measurement:
    """Measure the heart rate in each window of a recording and in the whole of it.

    A window's rate depends on that window alone. A recording shorter than a window gives one provisional reading.

    Raises
    ------
    InputError
        The recording pauses too long, is too slow, or no ROI is in sight often enough.
    """
    skin = skin_trace(traces, RATE_HZ)  # refuses what no method can measure
    if options.method == NETWORK:
        return measure_network(traces, network_of(options), watch)[0]
    return _measure(skin, options, read_rate, watch)


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


def network_of(options: MeasureOptions) -> Network:
    """Load the network that the options name, its rates looked for in their band."""
    network = load_network(options.model)
    readout = dataclasses.replace(network.spec.readout, band_bpm=options.band_bpm)
    return dataclasses.replace(network, spec=dataclasses.replace(network.spec, readout=readout))


def measure_network(
    traces: CellTraces, network: Network, watch: Watch[Any] = unwatched
) -> tuple[Measurement, tuple[Waveform, ...]]:
    """Measure each window of a recording through a waveform network, and return the joined waves beside the rates.

    Windows have the model's length and distance; where the face is not in sight, there is the reason. The whole is the
    longest wave that is joined from windows with a rate: it is refused by no further rule.

    Raises
    ------
    InputError
        No ROI is in sight in any frame.
    """
    rates, waves = network_readings(traces, network, watch)
    if not rates and not traces.valid.any():
        raise InputError("no ROI can be measured in any frame; " + _most_common(traces))
    if not rates:
        rates = (_none(Reason.TOO_SHORT, float(traces.t_s[0]), float(traces.t_s[-1])),)
    drawn = tuple(banded(wave, network.spec) for wave in waves)
    longest = max(drawn, key=lambda wave: len(wave.samples), default=None)
    whole = rates[0] if longest is None else heart_rate(longest, network.spec.readout)
    return Measurement(method=network.spec.model, windows=rates, whole=whole, engine=network.engine), drawn


def measure_stretches(traces: CellTraces, options: MeasureOptions = DEFAULTS) -> Measurement:
    """Measure each part of a recording in which the face is in sight; where it is not, there is the reason.

    Pauses of at most ``LONGEST_GAP_S`` are bridged, longer ones split the recording. The whole is its longest part. A
    rate whose wave is no more of a tone than noise is refused: no pulse.
    """
    if options.method == NETWORK:
        return measure_network(traces, network_of(options))[0]
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
        return _measure(skin_trace(stretch, RATE_HZ), options, read_sure_rate, unwatched)
    short = _none(Reason.TOO_SHORT, first_s, last_s)
    return Measurement(method=options.method, windows=(short,), whole=short)


def _measure(skin: SkinTrace, options: MeasureOptions, read: Read, watch: Watch[SkinTrace]) -> Measurement:
    parts = cut(skin, options.window_s, options.hop_s)
    windows = tuple(_window_rate(part, options, read) for part in watch(parts, "windows", len(parts)))
    return Measurement(method=options.method, windows=windows, whole=read(skin, options))


def _window_rate(part: SkinTrace, options: MeasureOptions, read: Read) -> HeartRate:
    filled = len(part.rgb) >= round(options.window_s * part.rate_hz)
    return dataclasses.replace(read(part, options), provisional=not filled)


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
    if options.method == NETWORK:
        return measure_network(traces, network_of(options))[1]
    long_enough = [part for part in stretches(traces) if part.t_s[-1] - part.t_s[0] >= SHORTEST_S - 2 / RATE_HZ]
    return tuple(pulse_wave(skin_trace(part, RATE_HZ), options) for part in long_enough)
