"""Patches frame by frame to the guide's windows with their rates, in blocks; what is left out is counted."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import SpecError
from pulse8.learn.formats.guide_pt import LabelledBlock

WINDOW: Final = 8
"""Frames that the guide's network reads; the file's format holds no other."""

BLOCK: Final = 64
"""Windows that are written at once: 24 MB."""

LONGEST_STEP: Final = 1.5
"""In nominal frame intervals: a longer one means that a frame is missing, and no window spans it."""

Patches = Iterable[tuple[float, NDArray[np.uint8] | None]]
"""Time in seconds and uint8 [3, 36, 36, 3] of each frame; ``None`` without a face, and where frames are missing."""


@dataclass(frozen=True, kw_only=True)
class WindowOptions:
    """How recordings are cut into windows."""

    window_size: int = WINDOW
    """Frames in a window; the guide's network reads 8."""
    stride: int = 1
    """Frames from one window's start to the next one's."""

    def __post_init__(self) -> None:
        if self.window_size != WINDOW:
            raise SpecError(f"window size {self.window_size}; the guide's network reads {WINDOW} frames")
        if not 1 <= self.stride <= 10_000:
            raise SpecError(f"stride {self.stride}; give 1 to 10,000 frames")


@dataclass
class Counted:
    """What became of the frames and windows of one subject."""

    subject: str
    frames: int = 0
    lost_frames: int = 0
    windows: int = 0
    left_out_lost_face: int = 0
    left_out_no_rate: int = 0


def labelled_blocks(
    patches: Patches, rate_bpm: Callable[[float], float | None], options: WindowOptions, counted: Counted
) -> Iterator[LabelledBlock]:
    """Cut one subject's frames into windows and label each by the rate about its middle.

    Parameters
    ----------
    patches
        Frames in time order.
    rate_bpm
        Heart rate about a time in seconds; ``None`` where it is not known.
    options
        Stride.
    counted
        Counts what was seen and what was left out.
    """
    samples, labels = [], []
    for window, bpm in _windows(patches, rate_bpm, options, counted):
        samples.append(window.astype(np.float32) / np.float32(255))
        labels.append(bpm)
        if len(samples) == BLOCK:
            yield LabelledBlock(np.array(samples), np.array(labels, np.float32), counted.subject)
            samples, labels = [], []
    if samples:
        yield LabelledBlock(np.array(samples), np.array(labels, np.float32), counted.subject)


def _windows(
    patches: Patches, rate_bpm: Callable[[float], float | None], options: WindowOptions, counted: Counted
) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """Windows uint8 [8, 3, 36, 36, 3] with their rate in BPM."""
    recent: deque[tuple[float, NDArray[np.uint8] | None]] = deque(maxlen=options.window_size)
    for number, (t_s, patch) in enumerate(patches, 1):
        recent.append((t_s, patch))
        counted.frames += 1
        counted.lost_frames += patch is None
        first = number - options.window_size
        if first < 0 or first % options.stride:
            continue
        window = [patch for _, patch in recent if patch is not None]
        if len(window) < options.window_size:
            counted.left_out_lost_face += 1
            continue
        bpm = rate_bpm((recent[0][0] + recent[-1][0]) / 2)
        if bpm is None:
            counted.left_out_no_rate += 1
            continue
        counted.windows += 1
        yield np.array(window), bpm
