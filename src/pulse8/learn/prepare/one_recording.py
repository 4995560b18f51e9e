"""One recording from its raw files into its store file: what a worker does, here or on another machine."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Final

import cv2
import numpy as np

from pulse8.errors import InputError, Pulse8Error
from pulse8.learn.formats.npz import Blocks
from pulse8.learn.formats.recordings import PATCH_SHAPE, Prepared, open_recording, recording_path, write_recording
from pulse8.learn.prepare.adapters.adapter import Adapter, Found, Opened
from pulse8.learn.prepare.labels import count_labels
from pulse8.learn.prepare.options import PrepareOptions
from pulse8.learn.prepare.sync import Lag, estimate_lag
from pulse8.learn.recording import Ppg, Recording
from pulse8.manifest import sha256_of
from pulse8.measure.clips.cells import cell_traces
from pulse8.measure.clips.patches import roi_patches
from pulse8.measure.face.track import track_face
from pulse8.values import CellTraces, FaceTrack, TrackedFrame

LONGEST_UNFILMED_S: Final = 5.0
"""A contact PPG that goes on for longer after the last frame belongs to a longer video than the one that is there."""

HASH_BYTES: Final = 16_000_000
"""A truth file up to this size is hashed, so that a store notices when it changes; a larger one is told by its size."""

BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Task:
    """One recording to prepare; small, and the same for a process here and a worker elsewhere."""

    adapter: Adapter
    found: Found
    raw: Path
    store: Path
    options: PrepareOptions


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a recording: ``failed`` says why it could not be prepared, in one line."""

    recording: str
    failed: str | None = None
    peak_mb: float = 0.0
    """Largest resident memory of the worker so far, in MB; 0 where the system does not tell."""


def prepare_recording(task: Task) -> Outcome:
    """Prepare one recording; whatever is wrong with its files becomes a line, not an exception.

    Running it again gives the same bytes, and they appear all at once: a worker may be killed at any moment and
    another may repeat its task.
    """
    cv2.setNumThreads(1)  # recordings are what runs in parallel
    name = task.found.recording
    try:
        _prepare(task)
    except (Pulse8Error, OSError) as error:
        return Outcome(recording=name, failed=" ".join(str(error).split()), peak_mb=peak_mb())
    return Outcome(recording=name, peak_mb=peak_mb())


def _prepare(task: Task) -> None:
    opened = task.adapter.open(task.found)
    with _spool(task) as spool:
        traces = _traces(opened, task.options, spool)
        prepared = _prepared(task, opened, traces)
        if spool is not None:
            patches = Blocks(np.dtype(np.uint8), (len(traces.t_s), *PATCH_SHAPE), _blocks(spool))
            prepared = replace(prepared, patches=patches)
        write_recording(recording_path(task.store, task.found.recording), prepared)


def _spool(task: Task) -> AbstractContextManager[IO[bytes] | None]:
    """Return a file for the patches until it is known how many there are: they do not fit in memory."""
    return tempfile.TemporaryFile(dir=task.store) if task.options.patches else nullcontext()


def _blocks(spool: IO[bytes]) -> Iterator[bytes]:
    spool.seek(0)
    while block := spool.read(BLOCK_BYTES):
        yield block


def _traces(opened: Opened, options: PrepareOptions, spool: IO[bytes] | None) -> CellTraces:
    pictures = opened.pictures
    track = pictures if isinstance(pictures, FaceTrack) else track_face(pictures, options.roi)
    if spool is not None:
        track = FaceTrack(track.source, _with_patches(track, spool))
    return cell_traces(track)


def _with_patches(track: FaceTrack, spool: IO[bytes]) -> Iterator[TrackedFrame]:
    """Pass frames on and keep their patches; a frame without is zeros."""
    empty = np.zeros(PATCH_SHAPE, np.uint8)
    for frame in track:
        patches = None if frame.rois is None else roi_patches(frame.rgb, frame.rois)
        spool.write((empty if patches is None else patches).tobytes())
        yield frame


def _prepared(task: Task, opened: Opened, traces: CellTraces) -> Prepared:
    notes: list[str] = []
    if (
        opened.rates is not None
        and not ((opened.rates.t_s >= traces.t_s[0]) & (opened.rates.t_s <= traces.t_s[-1])).any()
    ):
        raise InputError(f"{task.found.truth} has no rate while {task.found.video} runs; are they on one clock?")
    reference = None if opened.reference is None else _on_film(opened.reference, traces, task.found, notes)
    lag = None if reference is None else estimate_lag(traces, reference)
    corrected = task.options.correct_lag and lag is not None
    if reference is not None and lag is not None and corrected:
        reference = Ppg(reference.samples, reference.t_s - lag.seconds)
    recording = Recording(
        traces=traces,
        reference=reference,
        subject=task.found.subject,
        recording=task.found.recording,
        conditions={**task.found.conditions, **opened.conditions},
        rates=opened.rates,
    )
    facts = facts_of(recording, lag, notes, corrected=corrected)
    return Prepared(recording=recording, origin=made(task), facts=facts)


def facts_of(recording: Recording, lag: Lag | None, notes: Sequence[str], *, corrected: bool) -> dict[str, Any]:
    """Return what an index tells of a recording beside its ids; ``corrected``: its PPG's clock was moved by the lag."""
    windows, left_out = count_labels(recording)
    return {
        "frames": len(recording.traces.t_s),
        "seconds": round(float(np.ptp(recording.traces.t_s)), 6),
        "valid_share": [round(float(share), 6) for share in recording.traces.valid.mean(axis=0)],
        "windows": windows,
        "left_out": {str(reason): count for reason, count in left_out.items()},
        "lag_s": None if lag is None else round(lag.seconds, 6),
        "lag_correlation": None if lag is None else round(lag.correlation, 6),
        "lag_corrected": corrected,
        "notes": list(notes),
    }


def _on_film(reference: Ppg, traces: CellTraces, found: Found, notes: list[str]) -> Ppg:
    """Keep the part of a PPG that was filmed; raises as :func:`refuse_unfilmed`."""
    first_s, last_s = float(traces.t_s[0]), float(traces.t_s[-1])
    refuse_unfilmed(reference, first_s, last_s, found)
    if reference.t_s[-1] > last_s + 1 or reference.t_s[0] < first_s - 1:
        notes.append(f"the PPG from {reference.t_s[0]:.1f} to {reference.t_s[-1]:.1f} s was cut to the video")
    filmed = (reference.t_s >= first_s - 1) & (reference.t_s <= last_s + 1)
    return Ppg(reference.samples[filmed], reference.t_s[filmed])


def refuse_unfilmed(reference: Ppg, first_s: float, last_s: float, found: Found) -> None:
    """Hold that a video, from its first to its last frame in seconds, shows what the PPG is of.

    Raises
    ------
    InputError
        The video ends long before the PPG, or they have no second in common.
    """
    starts_s, ends_s = float(reference.t_s[0]), float(reference.t_s[-1])
    if starts_s >= last_s - 1 or ends_s <= first_s + 1:
        raise InputError(
            f"{found.truth} runs from {starts_s:.1f} to {ends_s:.1f} s and {found.video} from "
            f"{first_s:.1f} to {last_s:.1f} s; do they belong together, on one clock?"
        )
    if ends_s - last_s > LONGEST_UNFILMED_S:
        raise InputError(
            f"{found.video} ends {ends_s - last_s:.1f} s before its PPG in {found.truth}; copy the video again, "
            "or cut the PPG to it"
        )


def made(task: Task) -> Mapping[str, Any]:
    """How a recording is made: compared when a store is resumed.

    Raises
    ------
    InputError
        A raw file is missing.
    """
    paths = {"video": task.found.video, "truth": task.found.truth}
    paths |= {f"other {number}": path for number, path in enumerate(task.found.others)}
    return {
        "dataset": task.adapter.name,
        "pulse8": version("pulse8"),
        "simulated": task.adapter.simulated,
        "options": task.options.of_content(),
        "files": {name: _told(path, task.raw) for name, path in paths.items()},
        **({"notes": dict(task.found.notes)} if task.found.notes else {}),
    }


def _told(path: Path, raw: Path) -> dict[str, Any]:
    """Tell a raw file by its name, size and, where it is small, hash; a folder of pictures by their number and size."""
    name = path.relative_to(raw).as_posix() if path.is_relative_to(raw) else path.name
    if path.is_dir():
        sizes = [item.stat().st_size for item in path.iterdir() if item.is_file()]
        return {"name": name, "files": len(sizes), "bytes": sum(sizes)}
    if not path.is_file():
        raise InputError(f"{path} is missing; copy it again")
    size = path.stat().st_size
    return {"name": name, "bytes": size, **({"sha256": sha256_of(path)} if size <= HASH_BYTES else {})}


def is_prepared(task: Task) -> bool:
    """Whether the store holds this recording already, made from the same files in the same way and whole."""
    path = recording_path(task.store, task.found.recording)
    if not path.is_file():
        return False
    try:
        archive = open_recording(path)
        wanted = made(task)
        archive.sha256()  # reads it to its end
    except (InputError, OSError):
        return False
    return archive.record.get("made") == wanted and archive.record.get("subject") == task.found.subject


def peak_mb() -> float:
    """Largest resident memory of this process so far, in MB; 0 where the system does not tell."""
    status = Path("/proc/self/status")  # getrusage's figure begins at the parent's size
    lines = status.read_text(encoding="ascii").splitlines() if status.is_file() else []
    return sum(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM:"))
