"""The guide's ``ubfc_processed.pt``: windows of 8 frames of patches with a rate each, put together again.

A window that begins with the end of the one before it goes on with it, so that stride 1 gives each frame back once;
where windows do not overlap time is not known, and the recording pauses there. Frames are counted at 30 Hz, as the file
has no times. The patches stand beside each other in one picture, so that they are cut out again byte for byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.formats.guide_pt import GuideData, open_guide_data
from pulse8.learn.prepare.adapters.adapter import Found, Opened
from pulse8.learn.recording import Rates
from pulse8.measure.clips.patches import SIDE
from pulse8.values import PIXEL_PARTS, ROI_NAMES, FaceTrack, Roi, TrackedFrame

LAYOUT: Final = "the guide's data are one file, ubfc_processed.pt; name it, or its folder, with --raw"
FILE: Final = "ubfc_processed.pt"
RATE_HZ: Final = 30.0
PAUSE_FRAMES: Final = 30
"""Frames between windows that do not overlap: a second, longer than any pause that is bridged."""

SQUARES: Final = tuple(
    Roi(x0=PIXEL_PARTS * SIDE * roi, x1=PIXEL_PARTS * SIDE * (roi + 1), y0=0, y1=PIXEL_PARTS * SIDE)
    for roi in range(len(ROI_NAMES))
)


@dataclass(frozen=True)
class Guide:
    """A recording is what the file has of one subject."""

    name: str = "guide"
    simulated: bool = False
    seen: str = "files that pulse8 preprocess and pulse8 simulate write"

    def find(self, raw: Path) -> list[Found]:
        """List the subjects."""
        path = raw / FILE if raw.is_dir() else raw
        if not path.is_file():
            raise InputError(f"no recordings at {raw}; {LAYOUT}")
        subjects = open_guide_data(path).subjects
        if subjects is None:
            raise InputError(
                f"{path} has no subjects, so that no split by subject is possible; make it again with them"
            )
        names = sorted(set(subjects.tolist()))
        return [Found(recording=name, subject=name, video=path, truth=path) for name in names]

    def open(self, found: Found) -> Opened:
        """Find which windows go on with which, and their labels' times."""
        data = open_guide_data(found.video)
        rows = np.flatnonzero(data.subjects == found.subject) if data.subjects is not None else np.empty(0, np.int64)
        starts = np.array([first for first, _ in _windows(data, rows)])
        middles_s = (starts + (data.samples.shape[1] - 1) / 2) / RATE_HZ
        return Opened(
            pictures=FaceTrack(f"{found.video}, {found.subject}", _track(data, rows)),
            reference=None,
            rates=Rates(data.labels[rows], middles_s),
        )


def _windows(data: GuideData, rows: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the number of each window's first frame, and its frames uint8 [8, 3, 36, 36, 3]."""
    before, first = None, 0
    for row in rows:
        window = np.rint(data.take(np.array([row]))[0] * np.float32(255)).astype(np.uint8)
        if before is not None:
            first += _step(before, window)
        yield first, window
        before = window


def _step(before: NDArray[np.uint8], window: NDArray[np.uint8]) -> int:
    """By how many frames a window is later; a pause where they do not overlap."""
    count = len(window)
    steps = (step for step in range(1, count) if np.array_equal(before[step:], window[: count - step]))
    return next(steps, count + PAUSE_FRAMES)


def _track(data: GuideData, rows: NDArray[np.int64]) -> Iterator[TrackedFrame]:
    last = -1
    for first, window in _windows(data, rows):
        for number, patches in enumerate(window, first):
            if number > last:
                picture = np.ascontiguousarray(patches.transpose(1, 0, 2, 3).reshape(SIDE, -1, 3))
                yield TrackedFrame(picture, number / RATE_HZ, rois=SQUARES)
                last = number
