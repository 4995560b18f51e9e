"""One recording's file in a prepared store: a zip of arrays (:mod:`pulse8.learn.formats.npz`).

``numpy.load`` reads it too. It holds cell traces, validity, contact PPG with its own clock, and, where they were asked
for, patches; ``record.json`` in it says whose they are, what is known of the circumstances and how they were made. The
same raw data give the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.formats import npz
from pulse8.learn.recording import Ppg, Rates, Recording
from pulse8.manifest import existing_file, writing
from pulse8.measure.clips.patches import SIDE
from pulse8.values import CELLS_PER_ROI, ROI_NAMES, CellTraces, Reason

FORMAT: Final = "pulse8 store 1"
SUFFIX: Final = ".npz"
MAX_SAMPLES: Final = 20_000_000
"""Frames or contact samples of one recording: a week at 30 Hz; a larger claim is not believed."""
BRIGHTEST: Final = 255.0
PREPARE: Final = "make it again with pulse8 prepare"

ARRAYS: Final = ("rgb", "t_s", "valid", "pixels", "ppg", "ppg_t_s", "rate_bpm", "rate_t_s")
"""All that a recording is read from; patches stay in the file."""

PATCH_SHAPE: Final = (len(ROI_NAMES), SIDE, SIDE, 3)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One recording as it goes into its file.

    Attributes
    ----------
    recording
        Traces and reference.
    origin
        How it was prepared: data set, options, raw files; compared when a store is resumed.
    facts
        The fields of :class:`Entry` that are neither in the recording nor in the file's bytes.
    patches
        uint8 [T, 3, 36, 36, 3] as blocks of bytes, all zeros where an ROI was not seen.
    """

    recording: Recording
    origin: Mapping[str, Any]
    facts: Mapping[str, Any]
    patches: npz.Blocks | None = None


def recording_path(store: Path, recording: str) -> Path:
    """Path of a recording's file: its id with everything but letters, digits, dot and hyphen percent-encoded."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-.") else f"%{ord(c):02x}" for c in recording)
    return store / f"{safe}{SUFFIX}"


def write_recording(path: Path, prepared: Prepared) -> None:
    """Write one recording's file, whole or not at all."""
    recording, traces = prepared.recording, prepared.recording.traces
    arrays: dict[str, NDArray[Any] | npz.Blocks] = {
        "rgb": traces.rgb,
        "t_s": traces.t_s,
        "valid": traces.valid,
    }
    if traces.pixels is not None:
        arrays["pixels"] = traces.pixels
    if recording.reference is not None:
        arrays |= {"ppg": recording.reference.samples, "ppg_t_s": recording.reference.t_s}
    if recording.rates is not None:
        arrays |= {"rate_bpm": recording.rates.bpm, "rate_t_s": recording.rates.t_s}
    if prepared.patches is not None:
        arrays["patches"] = prepared.patches
    record = {
        "format": FORMAT,
        "recording": recording.recording,
        "subject": recording.subject,
        "conditions": dict(recording.conditions),
        "reasons": {str(reason): count for reason, count in traces.reasons.items()},
        "made": dict(prepared.origin),
        "facts": dict(prepared.facts),
    }
    with writing(path) as temporary:
        npz.write(temporary, record, arrays)


def read_recording(path: Path) -> Recording:
    """Read one recording's file.

    Raises
    ------
    InputError
        It is missing, damaged, of another kind, or what it holds is no recording.
    """
    return recording_in(open_recording(path))


def recording_in(archive: npz.Archive) -> Recording:
    """Read the recording of an open file; raises as :func:`read_recording`."""
    frames, record = _count(archive, "t_s"), archive.record
    rois = len(ROI_NAMES)
    try:
        return Recording(
            traces=CellTraces(
                rgb=_colours(archive.read("rgb", "<f4", (frames, rois, CELLS_PER_ROI, 3))),
                t_s=archive.read("t_s", "<f8", (frames,)),
                valid=archive.read("valid", "|b1", (frames, rois)),
                pixels=archive.read("pixels", "<f4", (frames, rois)) if "pixels" in archive else None,
                reasons={Reason(name): int(count) for name, count in record["reasons"].items()},
            ),
            reference=Ppg(*_pair(archive, "ppg", "ppg_t_s")) if "ppg" in archive else None,
            rates=Rates(*_pair(archive, "rate_bpm", "rate_t_s")) if "rate_bpm" in archive else None,
            subject=str(record["subject"]),
            recording=str(record["recording"]),
            conditions={str(name): _condition(value) for name, value in record["conditions"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"{archive.path} holds no recording ({error}); {PREPARE}") from error


def open_recording(path: Path) -> npz.Archive:
    """Open a recording's file and check its format."""
    archive = npz.Archive(existing_file(path, "prepared recording", PREPARE), PREPARE)
    if archive.record.get("format") != FORMAT:
        raise InputError(f"{path} is {archive.record.get('format')!r}, not {FORMAT!r}; {PREPARE}")
    return archive


def _count(archive: npz.Archive, name: str) -> int:
    count = archive.length(name)
    if count > MAX_SAMPLES:
        raise InputError(f"{archive.path} claims {count:,} samples; {PREPARE}")
    return count


def _pair(archive: npz.Archive, values: str, times: str) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    count = _count(archive, times)
    return archive.read(values, "<f4", (count,)), archive.read(times, "<f8", (count,))


def _colours(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    darkest, brightest = float(rgb.min(initial=0.0)), float(rgb.max(initial=0.0))
    if not (darkest >= 0 and brightest <= BRIGHTEST):  # not a number is neither
        raise ValueError(f"cell colours of {darkest:g} to {brightest:g}, not 0 to 255")
    return rgb


def _condition(value: object) -> float | str | bool:
    if not isinstance(value, float | int | str | bool):
        raise TypeError(f"a condition is {value!r}")
    return value
