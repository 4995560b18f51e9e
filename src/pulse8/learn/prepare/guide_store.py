"""A prepared store with patches to a data file of the guide's format."""

from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.formats.guide_pt import LabelledBlock, write_guide_data
from pulse8.learn.formats.stored import Stored
from pulse8.learn.prepare.guide_windows import LONGEST_STEP, Counted, WindowOptions, labelled_blocks
from pulse8.learn.prepare.store import INDEX, Entry, Store, open_store
from pulse8.learn.prepare.ubfc import Preprocessed
from pulse8.learn.recording import Rates, Recording
from pulse8.manifest import accept, record
from pulse8.measure.signal.beats import beat_times_s, rate_about_bpm
from pulse8.values import Watch, unwatched

READ: Final = 64
"""Frames whose patches are read at once: 0.8 MB."""

NEAREST_S: Final = 0.5
"""A rate that came instead of a pulse holds for so long on either side."""


def guide_data_of(
    store: Path, output_file: Path, options: WindowOptions, watch: Watch[Any] = unwatched
) -> Preprocessed:
    """Write ``ubfc_processed.pt`` from a store that was prepared with patches.

    Raises
    ------
    InputError
        There is no such store, it has no patches, or no window is left.
    """
    opened, done = open_store(store), Preprocessed(output_file)
    write_guide_data(output_file, _all_windows(opened, options, done, watch))
    counts = {counted.subject: vars(counted) for counted in done.subjects}
    fields = {"window_size": options.window_size, "stride": options.stride, "simulated": opened.simulated}
    record(output_file, "preprocess", {"store": accept(store / INDEX)}, {**fields, "counts": counts})
    return done


def _all_windows(
    store: Store, options: WindowOptions, done: Preprocessed, watch: Watch[Any]
) -> Iterator[LabelledBlock]:
    for entry in watch(store.entries, "recordings", len(store.entries)):
        patches = store.patches(entry)
        if patches is None:
            raise InputError(f"{store.path} has no patches; prepare it with --patches --roi guide")
        recording = store.read(entry)
        done.subjects.append(Counted(entry.subject))
        rate_bpm = _rate_bpm(recording)
        for _, stretch in groupby(_frames(entry, patches, recording.traces.t_s), key=itemgetter(0)):
            frames = ((t_s, patch) for _, t_s, patch in stretch)
            yield from labelled_blocks(frames, rate_bpm, options, done.subjects[-1])
    if not done.windows:
        raise InputError("no window is left: no face was found or no steady beats; look with pulse8 inspect")


def _frames(
    entry: Entry, patches: Stored, t_s: NDArray[np.float64]
) -> Iterator[tuple[int, float, NDArray[np.uint8] | None]]:
    """Yield each frame's stretch, time and patches: none where an ROI was not seen.

    A new stretch begins where frames are missing in between.
    """
    steps_s = np.diff(t_s, prepend=t_s[0])
    stretch = np.cumsum(steps_s > LONGEST_STEP * np.median(steps_s[1:])) if len(t_s) > 1 else np.zeros(len(t_s), int)
    for start in range(0, entry.frames, READ):
        indices = np.arange(start, min(start + READ, entry.frames))
        for index, patch in zip(indices, patches.rows(indices), strict=True):
            yield int(stretch[index]), float(t_s[index]), patch if patch.any(axis=(1, 2, 3)).all() else None


def _rate_bpm(recording: Recording) -> Callable[[float], float | None]:
    reference = recording.reference
    if reference is not None:
        beats_s = beat_times_s(reference.samples.astype(np.float64), reference.t_s)
        return lambda t_s: rate_about_bpm(beats_s, t_s)
    rates = recording.rates or Rates(np.empty(0, np.float32), np.empty(0))
    return lambda t_s: _nearest(rates, t_s)


def _nearest(rates: Rates, t_s: float) -> float | None:
    if not len(rates.t_s):
        return None
    nearest = int(np.argmin(np.abs(rates.t_s - t_s)))
    return float(rates.bpm[nearest]) if abs(rates.t_s[nearest] - t_s) <= NEAREST_S else None
