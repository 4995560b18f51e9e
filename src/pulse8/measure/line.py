"""The measure line: from a video or from traces to a heart rate, one value after the other.

    video -> Frames -> FaceTrack -> CellTraces -> Clip -> [int8 model] -> Waveform -> HeartRate

A classical method takes a SkinTrace in the Clip's place. Where there is no rate there is a reason.
"""

from pathlib import Path
from typing import Any, Final

from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.face.track import track_face
from pulse8.measure.reading.measurement import Measurement, open_reader, read_traces
from pulse8.measure.reading.options import MeasureOptions, VideoOptions
from pulse8.measure.video.camera import read_camera
from pulse8.measure.video.decode import read_frames
from pulse8.values import CellTraces, FaceTrack, Frames, Watch, unwatched

DEFAULTS: Final = VideoOptions()


def measure_video(path: str | Path, options: VideoOptions = DEFAULTS, watch: Watch[Any] = unwatched) -> Measurement:
    """Measure the heart rate of the face in a video.

    Memory is bounded by one frame, the cells' mean colours and the wave (0.4 MB a minute).

    Raises
    ------
    InputError
        The video cannot be read, holds no face, is too slow or shows no ROI often enough.
    """
    return measure_traces(trace_video(path, options, watch), options, watch)


def measure_traces(
    traces: CellTraces, options: MeasureOptions = DEFAULTS, watch: Watch[Any] = unwatched
) -> Measurement:
    """Measure the heart rate in each window of a recording and in the whole of it.

    A part with the face in sight that is shorter than a window gives one provisional reading, from 5 s on.

    Raises
    ------
    InputError
        No ROI can be measured in any frame, or there are too few frames a second.
    """
    return read_traces(traces, open_reader(options), watch)


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
