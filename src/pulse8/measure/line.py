"""The measure line: from a video or from traces to a heart rate, one value after the other.

    video -> Frames -> FaceTrack -> CellTraces -> Clip -> [int8 model] -> Waveform -> HeartRate

A classical method takes a SkinTrace in the Clip's place. Where there is no rate there is a reason.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.face.track import track_face
from pulse8.measure.reading.measurement import Measurement, open_reader, read_traces
from pulse8.measure.reading.options import MeasureOptions, VideoOptions
from pulse8.measure.video.arrays import frames_of
from pulse8.measure.video.camera import read_camera
from pulse8.measure.video.decode import read_frames
from pulse8.values import CellTraces, FaceTrack, Frames, Rgb, Watch, unwatched

DEFAULTS: Final = VideoOptions()


def measure_video(path: str | Path, options: VideoOptions = DEFAULTS, watch: Watch[Any] = unwatched) -> Measurement:
    """Measure the heart rate of the face in a video.

    Memory is bounded by one frame, the cells' mean colours and the wave (0.4 MB a minute).

    Raises
    ------
    InputError
        The video cannot be read, holds no face, is too slow or shows no ROI often enough.
    """
    return measure_traces(trace_video(path, options, watch), options, watch, source=str(path))


def measure_frames(
    pictures: Iterable[Rgb],
    times: float | Iterable[float],
    options: VideoOptions = DEFAULTS,
    watch: Watch[Any] = unwatched,
) -> Measurement:
    """Measure the heart rate of the face in pictures that a program holds or makes, in one pass.

    Parameters
    ----------
    pictures
        uint8 [height, width, 3] each, red green blue: a list, a generator, or one array [T, height, width, 3].
    times
        Their rate in frames per second, or the time of each in seconds, strictly increasing.
    options
        How it is measured.
    watch
        Shows progress.

    Raises
    ------
    InputError
        A picture or a time is not of that form, or as :func:`measure_video`.
    """
    frames = frames_of(pictures, times)
    return measure_traces(_traces(frames, frames.count or 0, options, watch), options, watch, source=frames.source)


def measure_traces(
    traces: CellTraces, options: MeasureOptions = DEFAULTS, watch: Watch[Any] = unwatched, *, source: str = ""
) -> Measurement:
    """Measure the heart rate in each window of a recording and in the whole of it; ``source`` is its name.

    A part with the face in sight that is shorter than a window gives one provisional reading, from 5 s on.

    Raises
    ------
    InputError
        No ROI can be measured in any frame, or there are too few frames a second.
    """
    return replace(read_traces(traces, open_reader(options), watch), source=source)


def trace_video(path: str | Path, options: VideoOptions = DEFAULTS, watch: Watch[Any] = unwatched) -> CellTraces:
    """Cell traces of the face in a video; raises as :func:`measure_video`."""
    frames = read_frames(Path(path))
    return _traces(frames, frames.count or 0, options, watch)


def trace_camera(
    index: int, seconds: float, options: VideoOptions = DEFAULTS, watch: Watch[Any] = unwatched
) -> CellTraces:
    """Cell traces of the face before a camera of this machine; no picture is kept.

    Raises
    ------
    InputError
        There is no such camera.
    """
    return _traces(read_camera(index, seconds), round(30 * seconds), options, watch)


def _traces(frames: Frames, count: int, options: VideoOptions, watch: Watch[Any]) -> CellTraces:
    track = track_face(frames, options.roi, options.face)
    return cell_traces(FaceTrack(track.source, iter(watch(track, "frames", count))))
