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
VIDEOS = frozenset(".3gp .avi .flv .m2ts .m4v .mjpeg .mkv .mov .mp4 .mpeg .mpg .mts .ogv .ts .webm .wmv".split())  # noqa: SIM905 - one line to read
"""Names that a folder is searched for; a file that is named is opened whatever it is called."""


def named(words: Sequence[str]) -> list[Path]:
    """Files of the words, in their order; a word that is no file is a pattern, where the shell left it one.

    Of a folder these are its videos, by name; where it has none, the recordings of a store (.npz), or else tables.

    Raises
    ------
    InputError
        A pattern fits no file, or a folder holds nothing to measure.
    """
    paths: list[Path] = []
    for word in words:
        path = Path(word)
        pattern = not path.exists() and any(sign in word for sign in "*?[")
        found = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor)))) if pattern else [path]
        if not found:
            raise InputError(f"no file fits {word}; name files, or a pattern such as 'videos/*.mp4'")
        paths += [file for one in found for file in (_inside(one) if one.is_dir() else [one])]
    return paths


def _inside(folder: Path) -> list[Path]:
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    for kinds in (VIDEOS, {".npz"}, {".csv"}):
        if found := [path for path in files if path.suffix.lower() in kinds]:
            return found
    raise InputError(
        f"folder {folder} holds no video, .npz or .csv; name files, or a pattern such as '{folder}/*/*.mp4'"
    )


def traces_of(path: Path, options: VideoOptions, table: TableOptions = AS_IT_IS) -> CellTraces:
    """Read traces from a table or a store, or from the face in a video, as the file's name says."""
    kind = path.suffix.lower()
    if kind == ".csv":
        return read_trace_csv(path, table)
    return read_recording(path).traces if kind == ".npz" else trace_video(path, options, watch)
