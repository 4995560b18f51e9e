"""What a user names as recordings: files, patterns, or a camera; each by the road that its kind asks for."""

from collections.abc import Sequence
from pathlib import Path

from pulse8.cli.printing import watch
from pulse8.errors import InputError
from pulse8.learn.formats.recordings import read_recording
from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.clips.trace_csv import read_trace_csv
from pulse8.measure.face.track import track_face
from pulse8.measure.line import Measurement, VideoOptions, measure_stretches, measure_traces, trace_video
from pulse8.measure.video.camera import read_camera
from pulse8.values import CellTraces, FaceTrack

NO_PICTURES = (".csv", ".npz")


def named(words: Sequence[str]) -> list[Path]:
    """Files of the words, in their order; a word that is no file is a pattern, where the shell left it one.

    Raises
    ------
    InputError
        A pattern fits no file.
    """
    paths: list[Path] = []
    for word in words:
        path = Path(word)
        pattern = not path.exists() and any(sign in word for sign in "*?[")
        found = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor)))) if pattern else [path]
        if not found:
            raise InputError(f"no file fits {word}; name files, or a pattern such as 'videos/*.mp4'")
        paths += found
    return paths


def measured(path: Path, options: VideoOptions) -> tuple[CellTraces, Measurement]:
    """Take the road that the file's name says: traces from a table or a store, or from a face."""
    kind = path.suffix.lower()
    if kind == ".csv":
        traces = read_trace_csv(path)
        return traces, measure_traces(traces, options, watch)
    traces = read_recording(path).traces if kind == ".npz" else trace_video(path, options, watch)
    return traces, measure_stretches(traces, options)


def measured_camera(index: int, seconds: float, options: VideoOptions) -> tuple[CellTraces, Measurement]:
    """Watch a camera for some seconds and measure what was seen; no picture is kept."""
    track = track_face(read_camera(index, seconds), options.roi)
    traces = cell_traces(FaceTrack(track.source, iter(watch(track, "frames", round(30 * seconds)))))
    return traces, measure_stretches(traces, options)
