"""Traces to clips: windows on a grid of even times, each made from its own frames alone.

A recording is cut into stretches where no ROI is seen for longer than can be bridged; each stretch has its own grid,
from its first frame. A window is whole when a frame reaches its last sample. :class:`ClipStream` takes frames as they
come, :func:`window_clips` a whole recording; both give the same bytes.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.intake import Normaliser
from pulse8.measure.clips.cells import CellRow, RecentRows
from pulse8.measure.clips.normalise import normalise
from pulse8.measure.clips.resample import LONGEST_GAP_S, sample_at
from pulse8.measure.signal.classical import is_grey
from pulse8.times import SHORTEST_STEP_S, refuse_time
from pulse8.values import CELLS_PER_ROI, ROI_NAMES, CellTraces, Clip, NoClip, Reason

SLACK_S: Final = 1e-6
"""Rounding of a time that was computed: a microsecond is no frame interval."""


@dataclass(frozen=True, eq=False)
class EvenCells:
    """One window's cells, evenly sampled: what clips and classical methods are made from.

    Attributes
    ----------
    cells
        float64 [window, 12, 3], 0..255; zeros in the cells of an ROI that could not be measured.
    used
        bool [12]: which cells could be.
    valid_share
        float32 [12]: in what share of the window's frames each cell was measured.
    pixels
        float64 [12]: mean area of each cell in px; not a number where it is not known.
    start_s
        Time of the first sample, seconds.
    """

    cells: NDArray[np.float64]
    used: NDArray[np.bool_]
    valid_share: NDArray[np.float32]
    pixels: NDArray[np.float64]
    start_s: float


def window_clips(traces: CellTraces, normaliser: Normaliser) -> Iterator[Clip | NoClip]:
    """Cut a recording into windows and normalise each.

    Yields
    ------
    Clip or NoClip
        One a window, in time order.
    """
    for stretch in stretches(traces):
        first_s, last_s = float(stretch.t_s[0]), float(stretch.t_s[-1])
        for index in range(windows_between(first_s, last_s, normaliser)):
            start_s = _start_s(first_s, index, normaliser)
            yield clip_of(frames_about(stretch, start_s, normaliser), start_s, normaliser)


def windows_between(first_s: float, last_s: float, normaliser: Normaliser) -> int:
    """Count the windows that are whole in a stretch: an integer before anything is cut, whatever the times are."""
    refuse_time(first_s)
    refuse_time(last_s)
    samples = math.floor((last_s - first_s + SLACK_S) * normaliser.rate_hz)
    return max(0, (samples - (normaliser.window - 1)) // normaliser.hop + 1)


def frames_about(traces: CellTraces, start_s: float, normaliser: Normaliser) -> CellTraces:
    """Frames that a window is sampled from: one at or before its first sample to one at or after its last."""
    first = max(int(np.searchsorted(traces.t_s, start_s + SLACK_S, side="right")) - 1, 0)
    stop = int(np.searchsorted(traces.t_s, _last_s(start_s, normaliser) - SLACK_S)) + 1
    return part(traces, slice(first, stop))


def stretches(traces: CellTraces) -> Iterator[CellTraces]:
    """Parts of a recording without a pause over ``LONGEST_GAP_S``; frames in which no ROI is valid count as pause."""
    seen = np.flatnonzero(traces.valid.any(axis=1))
    breaks = np.flatnonzero(np.diff(traces.t_s[seen]) > LONGEST_GAP_S) + 1
    for indices in np.split(seen, breaks):
        if len(indices):
            yield part(traces, indices)


def part(traces: CellTraces, indices: slice | NDArray[np.intp]) -> CellTraces:
    """Frames of a recording as one of their own."""
    pixels = None if traces.pixels is None else traces.pixels[indices]
    return CellTraces(traces.rgb[indices], traces.t_s[indices], traces.valid[indices], pixels)


class ClipStream:
    """Makes clips while frames come; keeps the frames of one window and no more."""

    def __init__(self, normaliser: Normaliser) -> None:
        self._normaliser = normaliser
        self._rows = RecentRows()
        self._first_s = 0.0
        self._count = 0

    def push(self, t_s: float, row: CellRow) -> Iterator[Clip | NoClip]:
        """Take the next frame; yields the windows that it completes."""
        refuse_time(t_s)
        if not row.valid.any():
            return
        if t_s - self._rows.last_s < SHORTEST_STEP_S:
            raise InputError(f"time does not increase after {self._rows.last_s:.3f} s; give each frame once, in order")
        if t_s - self._rows.last_s > LONGEST_GAP_S:
            self._rows.clear()
            self._first_s, self._count = t_s, 0
        self._rows.add(t_s, row)
        for index in range(self._count, windows_between(self._first_s, t_s, self._normaliser)):
            start_s = _start_s(self._first_s, index, self._normaliser)
            self._rows.forget_before(start_s + SLACK_S)
            self._count = index + 1
            frames = self._rows.traces(_last_s(start_s, self._normaliser) - SLACK_S)
            yield clip_of(frames, start_s, self._normaliser)


def _start_s(first_s: float, index: int, normaliser: Normaliser) -> float:
    return first_s + index * (normaliser.hop / normaliser.rate_hz)


def _last_s(start_s: float, normaliser: Normaliser) -> float:
    return start_s + (normaliser.window - 1) / normaliser.rate_hz


def clip_of(frames: CellTraces, start_s: float, normaliser: Normaliser) -> Clip | NoClip:
    """Make one clip from the frames about its window, or say why there is none, as :func:`even_cells` does."""
    even = even_cells(frames, start_s, normaliser)
    return even if isinstance(even, NoClip) else normalised(even, normaliser)


def even_cells(frames: CellTraces, start_s: float, normaliser: Normaliser) -> EvenCells | NoClip:
    """Sample the cells of a window evenly.

    An ROI's pauses of at most ``LONGEST_GAP_S`` are bridged by a straight line and lower its valid share; an ROI with a
    longer one, or with too small a share, is zeros. A window without an ROI, or a grey one, is none.
    """
    at_s = start_s + np.arange(normaliser.window) / normaliser.rate_hz
    share = frames.valid.mean(axis=0)
    used = [
        roi for roi in range(len(ROI_NAMES)) if share[roi] >= normaliser.min_valid_share and _whole(frames, roi, at_s)
    ]
    if not used:
        return NoClip(Reason.NO_FACE, start_s)
    cells = np.zeros((normaliser.window, len(ROI_NAMES), CELLS_PER_ROI, 3))
    for roi in used:
        seen = frames.valid[:, roi]
        cells[:, roi] = sample_at(frames.rgb[seen, roi], frames.t_s[seen], at_s, normaliser.rate_hz)
    if is_grey(cells[:, used].mean(axis=(1, 2))):
        return NoClip(Reason.NO_COLOUR, start_s)
    return EvenCells(
        cells=cells.reshape(normaliser.window, -1, 3),
        used=np.repeat(np.isin(np.arange(len(ROI_NAMES)), used), CELLS_PER_ROI),
        valid_share=np.repeat(share, CELLS_PER_ROI).astype(np.float32),
        pixels=_cell_pixels(frames),
        start_s=start_s,
    )


def normalised(even: EvenCells, normaliser: Normaliser) -> Clip:
    """Normalise a window's evenly sampled cells."""
    samples, scale = normalise(even.cells, even.pixels, normaliser)
    return Clip(samples[None], scale, even.valid_share, even.start_s)


def _whole(frames: CellTraces, roi: int, at_s: NDArray[np.float64]) -> bool:
    """Whether an ROI has no pause, at the window's ends neither, that is too long to be bridged."""
    seen_s = frames.t_s[frames.valid[:, roi]]
    edges = np.concatenate([np.minimum(at_s[:1], seen_s[:1]), seen_s, np.maximum(at_s[-1:], seen_s[-1:])])
    return len(seen_s) > 1 and bool((np.diff(edges) <= LONGEST_GAP_S).all())


def _cell_pixels(frames: CellTraces) -> NDArray[np.float64]:
    """Mean area of each cell [12] in px; not a number where it is not known."""
    if frames.pixels is None:
        return np.full(len(ROI_NAMES) * CELLS_PER_ROI, np.nan)
    counts = np.maximum(frames.valid.sum(axis=0), 1)
    areas = (frames.pixels * frames.valid).sum(axis=0, dtype=np.float64) / counts
    return np.repeat(areas / CELLS_PER_ROI, CELLS_PER_ROI)
