"""A board's camera as a source of data: rows of cell colours into a store that measuring and training read."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.board.link.client import Board, BoardInfo
from pulse8.board.link.frames import ROW
from pulse8.errors import InputError, SpecError
from pulse8.learn.formats.recordings import SUFFIX, Prepared, recording_path, write_recording
from pulse8.learn.prepare.one_recording import facts_of
from pulse8.learn.prepare.prepare import entries_in
from pulse8.learn.prepare.store import INDEX, Store, write_index
from pulse8.learn.prepare.sync import estimate_lag
from pulse8.learn.recording import Ppg, Recording
from pulse8.lock import alone
from pulse8.manifest import record as record_row
from pulse8.values import CellTraces, Reason, Watch, unwatched

DATASET: Final = "board"
ROW_S: Final = 5.0
"""Longest time between two frames of a camera."""

LEAST_ROWS: Final = 2


@dataclass(frozen=True, kw_only=True)
class RecordOptions:
    """Options of a recording.

    Attributes
    ----------
    frames
        Frames to record; 1,800 are a minute at 30 Hz.
    subject
        Id of the person.
    recording
        Id of the recording; by default the subject's id with the time of day.
    """

    frames: int = 1800
    subject: str = "unknown"
    recording: str | None = None

    def __post_init__(self) -> None:
        if not LEAST_ROWS <= self.frames <= 10_000_000:
            raise SpecError(f"{self.frames} frames; give {LEAST_ROWS} to 10,000,000")


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One recording in its store; ``reasons`` count how often an ROI was not measured, and why."""

    store: str
    file: str
    frames: int
    seconds: float
    valid_share: tuple[float, ...]
    windows: int
    reasons: Mapping[str, int]


def record_board(
    board: Board, store: Path, options: RecordOptions, ppg: Ppg | None = None, watch: Watch[Any] = unwatched
) -> Recorded:
    """Record a board's rows and add them to a store; with a contact PPG on the board's clock they can be trained on.

    Raises
    ------
    ToolchainError
        The board does not answer, stops, or has no camera.
    InputError
        The folder is another data set's store, in use, or has a recording of that name.
    """
    _refuse_another(store)
    with alone(store, "pulse8 record"):
        return _record(board, store, options, ppg, watch)


def _record(board: Board, store: Path, options: RecordOptions, ppg: Ppg | None, watch: Watch[Any]) -> Recorded:
    name = _free_name(store, options)
    info = board.info()
    rows = watch(board.rows(options.frames, ROW_S), "recording frames", options.frames)
    traces = traces_of(np.array(list(rows), ROW))
    recording = Recording(traces=traces, reference=ppg, subject=options.subject, recording=name, conditions={})
    lag = None if ppg is None else estimate_lag(traces, ppg)
    facts = facts_of(recording, lag, (), corrected=False)
    path = recording_path(store, name)
    write_recording(path, Prepared(recording=recording, origin=_origin(info), facts=facts))
    index = write_index(Store(store, DATASET, simulated=False, entries=entries_in(store)))
    record_row(index, "record", {}, {"dataset": DATASET, "board": info.target})
    return Recorded(
        store=str(store),
        file=str(path),
        frames=facts["frames"],
        seconds=facts["seconds"],
        valid_share=tuple(facts["valid_share"]),
        windows=facts["windows"],
        reasons={str(reason): count for reason, count in traces.reasons.items()},
    )


def _refuse_another(store: Path) -> None:
    """Refuse a folder with other content; a killed recording leaves recordings without an index."""
    names = {path.name for path in store.iterdir() if path.name[0] != "."} if store.is_dir() else set()
    if INDEX not in names and not all(name.endswith(SUFFIX) for name in names):
        raise InputError(f"{store} is not empty and no store; choose another --output")


def _free_name(store: Path, options: RecordOptions) -> str:
    """Return the recording's id; an id from the time of day gets a number if it exists, as when a clock goes back.

    Raises
    ------
    InputError
        The store already has a recording with the requested name.
    """
    name = options.recording or f"{options.subject}-{time.strftime('%Y%m%dT%H%M%S')}"
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    free = next(candidate for candidate in names if not recording_path(store, candidate).exists())
    if options.recording and free != name:
        raise InputError(f"{store} has a recording {name} already; give another --recording")
    return free


def _origin(info: BoardInfo) -> dict[str, Any]:
    return {"dataset": DATASET, "simulated": False, "options": {}, "model": info.model.hex(), "target": info.target}


def traces_of(rows: NDArray[np.void]) -> CellTraces:
    """Rows of the line as cell traces.

    Raises
    ------
    InputError
        Their time does not increase.
    """
    return CellTraces(
        rgb=np.ascontiguousarray(rows["rgb"]),
        t_s=rows["t_us"].astype(np.float64) / 1e6,
        valid=rows["valid"].astype(np.bool_),
        pixels=np.ascontiguousarray(rows["pixels"]),
        reasons=dict(_reasons(rows["reason"])),
    )


def _reasons(codes: NDArray[np.uint8]) -> Iterable[tuple[Reason, int]]:
    for number, reason in enumerate(Reason, 1):
        if count := int((codes == number).sum()):
            yield reason, count
