"""UBFC-rPPG, DATASET_2: recordings to the guide's windows, streamed subject by subject.

A subject is a folder ``subject<N>`` with ``vid.avi`` (raw 640x480) and ``ground_truth.txt`` of three lines: contact
PPG, the device's heart rate (it lags about 4 s and is not used) and time in s. Source: Bobbia et al., "Unsupervised
skin tissue segmentation for remote photoplethysmography", Pattern Recognition Letters 124, 2019.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.formats.guide_pt import LabelledBlock, write_guide_data
from pulse8.learn.prepare.guide_windows import LONGEST_STEP, WINDOW, Counted, WindowOptions, labelled_blocks
from pulse8.manifest import Row, accept, record
from pulse8.measure.clips.patches import roi_patches
from pulse8.measure.face.track import track_face
from pulse8.measure.signal.beats import beat_times_s, rate_about_bpm
from pulse8.measure.video.decode import read_frames
from pulse8.values import FaceTrack, Watch, unwatched

VIDEOS: Final = ("vid.avi", "vid.mp4", "vid.mkv")

WHERE: Final = (
    "get DATASET_2 of UBFC-rPPG from its authors (sites.google.com/view/ybenezeth/ubfcrppg) and put it there, "
    "as {folder}/subject1/vid.avi and ground_truth.txt, or name its folder with --raw_data; "
    "without it there is --dataset simulated"
)


@dataclass
class Preprocessed:
    """What was written and what was left out."""

    output: Path
    subjects: list[Counted] = field(default_factory=list)

    @property
    def windows(self) -> int:
        """Windows in the file."""
        return sum(counted.windows for counted in self.subjects)


def preprocess_ubfc(
    raw_data: Path,
    output_file: Path,
    window_size: int = WINDOW,
    stride: int = 1,
    watch: Watch[Any] = unwatched,
) -> Preprocessed:
    """Write ``ubfc_processed.pt`` from UBFC's videos; memory is bounded by one block.

    In every frame a Haar cascade finds the face; its ROIs, the guide's fractions of the box, become area-averaged
    patches. The label is the heart rate of the PPG's beats about the window's middle. A window in which the face was
    lost, or about which the beats give no rate, is left out and counted.

    Raises
    ------
    InputError
        There is no data, a subject lacks a file or has an unreadable one, or no window is left.
    SpecError
        The window size is not 8, or the stride under 1.
    """
    options = WindowOptions(window_size=window_size, stride=stride)
    folders = subject_folders(raw_data)
    done = Preprocessed(output_file)
    write_guide_data(output_file, _all_windows(folders, options, done, watch))
    _record(done, folders, options)
    return done


def subject_folders(raw_data: Path) -> list[Path]:
    """Folders of the subjects, by number, in ``raw_data`` or in ``raw_data/DATASET_2``.

    Raises
    ------
    InputError
        There are none, or one lacks its video or its ground truth.
    """
    found = [*raw_data.glob("subject*/"), *raw_data.glob("DATASET_2/subject*/")]
    folders = sorted((path for path in found if path.is_dir()), key=lambda path: (len(path.name), path.name))
    if not folders:
        raise InputError(f"no UBFC recordings at {raw_data}; {WHERE.format(folder=raw_data)}")
    for folder in folders:
        if not (folder / "ground_truth.txt").is_file() or not any((folder / name).is_file() for name in VIDEOS):
            raise InputError(f"{folder} lacks vid.avi or ground_truth.txt; copy it again or take the folder away")
    return folders


def read_ground_truth(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """PPG and its times in seconds, float64 [N] each, from the first and third line.

    Raises
    ------
    InputError
        It has not three lines of equally many numbers.
    """
    lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    try:
        ppg, _, t_s = (np.array(line.split(), np.float64) for line in lines if line.strip())
    except ValueError as error:
        raise InputError(f"{path} is not three lines of numbers ({error}); copy it again") from error
    if not len(ppg) == len(t_s) > 1:
        raise InputError(f"{path} has {len(ppg)} PPG values and {len(t_s)} times; copy it again")
    # A device may write one time twice; the first value of each stands.
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(t_s)) > 0])
    return ppg[rising], t_s[rising]


def _all_windows(
    folders: list[Path], options: WindowOptions, done: Preprocessed, watch: Watch[Any]
) -> Iterator[LabelledBlock]:
    for folder in folders:
        done.subjects.append(Counted(folder.name))
        yield from _blocks(folder, options, done.subjects[-1], watch)
    if not done.windows:
        raise InputError("no window is left: no face was found or no steady beats; look with pulse8 inspect")


def _blocks(folder: Path, options: WindowOptions, counted: Counted, watch: Watch[Any]) -> Iterator[LabelledBlock]:
    beats_s = beat_times_s(*read_ground_truth(folder / "ground_truth.txt"))
    return labelled_blocks(_patches(folder, watch), lambda t_s: rate_about_bpm(beats_s, t_s), options, counted)


def _patches(folder: Path, watch: Watch[Any]) -> Iterator[tuple[float, NDArray[np.uint8] | None]]:
    """Time and patches of each frame; ``None`` without a face, and once where frames are missing in between."""
    video = next(folder / name for name in VIDEOS if (folder / name).is_file())
    frames = read_frames(video)
    track = track_face(frames, "guide")
    longest_s = LONGEST_STEP / frames.rate_hz if frames.rate_hz else np.inf
    last_s = None
    watched = watch(FaceTrack(track.source, track.stream), folder.name, frames.count or 0)
    for frame in watched:
        broken = last_s is not None and frame.t_s - last_s > longest_s
        patches = None if frame.rois is None or broken else roi_patches(frame.rgb, frame.rois)
        last_s = frame.t_s
        yield frame.t_s, patches


def _record(done: Preprocessed, folders: list[Path], options: WindowOptions) -> Row:
    """Write the row; the videos, 70 GB, are told by their ground truth."""
    inputs = {folder.name: accept(folder / "ground_truth.txt") for folder in folders}
    counts = {counted.subject: vars(counted) for counted in done.subjects}
    fields = {"window_size": options.window_size, "stride": options.stride, "simulated": False, "counts": counts}
    return record(done.output, "preprocess", inputs, fields)
