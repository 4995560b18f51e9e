"""What a user names as recordings: files, patterns, read to traces by their kind."""

from collections.abc import Sequence
from pathlib import Path

from pulse8.cli.printing import watch
from pulse8.errors import InputError
from pulse8.learn.formats.recordings import read_recording
from pulse8.measure.clips.columns import AS_IT_IS, TableOptions
from pulse8.measure.clips.trace_csv import read_trace_csv
from pulse8.measure.line import trace_video
from pulse8.measure.reading.options import VideoOptions
from pulse8.values import CellTraces

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


def traces_of(path: Path, options: VideoOptions, table: TableOptions = AS_IT_IS) -> CellTraces:
    """Read traces from a table or a store, or from the face in a video, as the file's name says."""
    kind = path.suffix.lower()
    if kind == ".csv":
        return read_trace_csv(path, table)
    return read_recording(path).traces if kind == ".npz" else trace_video(path, options, watch)
