"""What an adapter is: it finds the recordings of a data set on disk, and opens one as pictures and contact pulse."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.recording import Ppg, Rates
from pulse8.manifest import is_file
from pulse8.values import FaceTrack, Frames

MAX_TEXT_BYTES: Final = 256_000_000
"""Largest text file that is read whole: more than a day of 256 Hz."""

MAX_SAMPLES: Final = 20_000_000
"""Of a signal: 21 hours of 256 Hz."""

Conditions = Mapping[str, float | str | bool]


@dataclass(frozen=True, kw_only=True)
class Found:
    """One recording where the data set's layout says that it is; whether its files are whole shows when it is opened.

    Attributes
    ----------
    recording, subject
        Ids: a recording's is unique in the data set, a subject's is one person's.
    video
        Its video, or the folder of its pictures.
    truth
        The file with its contact signal.
    others
        Further files that belong to it.
    root
        Folder that its files have to lie in, where the data set itself names them.
    conditions
        What the layout says of the circumstances.
    notes
        What it says of how its files are to be read.
    """

    recording: str
    subject: str
    video: Path
    truth: Path
    others: tuple[Path, ...] = ()
    root: Path | None = None
    conditions: Conditions = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """One recording, open.

    Attributes
    ----------
    pictures
        Frames in which a face is still to be found, or a track where a file has cut-out faces only.
    reference
        The contact PPG on the pictures' clock.
    rates
        Heart rates on that clock, where there is no PPG.
    conditions
        What the files say of the circumstances.
    """

    pictures: Frames | FaceTrack
    reference: Ppg | None
    rates: Rates | None = None
    conditions: Conditions = field(default_factory=dict)


class Adapter(Protocol):
    """One data set's layout. An adapter is a module's constant: it holds no state and is safe to send to a worker."""

    @property
    def name(self) -> str:
        """Return its name on the command line."""

    @property
    def simulated(self) -> bool:
        """Return whether its people are simulated."""

    @property
    def seen(self) -> str:
        """Return what it was run on: fixtures in the format, or files of the data set itself."""

    def find(self, raw: Path) -> list[Found]:
        """List the recordings in a folder, in an order that does not depend on the file system's; reads no video.

        Raises
        ------
        InputError
            There are none; the message says what the layout is.
        """

    def open(self, found: Found) -> Opened:
        """Open a recording; nothing but its contact signal is read yet.

        Raises
        ------
        InputError
            A file is missing, damaged or in another unit than it has to be.
        """


def natural(path: Path) -> tuple[tuple[int, str], ...]:
    """Sort key by which subject2 comes before subject10, and a name without number last."""
    parts: list[tuple[int, str]] = []
    for part in path.parts:
        digits = "".join(c if c in "0123456789" else " " for c in part).split()
        parts += [(int(digits[0]) if digits else sys.maxsize, part)]
    return tuple(parts)


def folders(raw: Path, patterns: Iterable[str], layout: str) -> list[Path]:
    """Folders under ``raw`` that match one of the patterns, in natural order.

    Raises
    ------
    InputError
        There are none; ``layout`` says what was looked for.
    """
    return _some(sorted({path for pattern in patterns for path in raw.glob(pattern) if path.is_dir()}), raw, layout)


def files(raw: Path, patterns: Iterable[str], layout: str) -> list[Path]:
    """Files under ``raw`` that match one of the patterns, in natural order; raises as :func:`folders`."""
    return _some(sorted({path for pattern in patterns for path in raw.glob(pattern) if path.is_file()}), raw, layout)


def _some(paths: list[Path], raw: Path, layout: str) -> list[Path]:
    if not paths:
        raise InputError(f"no recordings at {raw}; {layout}")
    return sorted(paths, key=natural)


def ppg_of(path: Path, samples: NDArray[np.floating], t_s: NDArray[np.float64]) -> Ppg:
    """Check a contact PPG and its times in seconds.

    A device may write one time twice: the first sample of each time stands, and what falls behind is left out.

    Raises
    ------
    InputError
        It is empty, not as long as its times, not finite, constant, or its times are in another unit.
    """
    if len(samples) != len(t_s):
        raise InputError(f"{path} has {len(samples)} PPG samples and {len(t_s)} times; copy it again")
    if len(samples) < 2:
        raise InputError(f"{path} holds an empty PPG ({len(samples)} samples); copy it again or leave it out")
    if not (np.isfinite(samples).all() and np.isfinite(t_s).all()):
        raise InputError(f"{path} holds a PPG value or time that is not a number; correct or leave it out")
    if np.ptp(samples) == 0:
        raise InputError(f"{path} holds a PPG that never changes; was the sensor on? leave it out")
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(t_s)) > 0])
    _refuse_rate(path, t_s[rising])
    return Ppg(samples[rising].astype(np.float32), t_s[rising].astype(np.float64))


SLOWEST_PPG_HZ: Final = 8.0
FASTEST_PPG_HZ: Final = 5000.0


def _refuse_rate(path: Path, t_s: NDArray[np.float64]) -> None:
    """Refuse a sample rate that no PPG has: the times are in milliseconds, or in something else."""
    if len(t_s) < 2:
        raise InputError(f"{path} holds a PPG whose times do not rise; copy it again")
    rate_hz = 1 / float(np.median(np.diff(t_s)))
    if SLOWEST_PPG_HZ <= rate_hz <= FASTEST_PPG_HZ:
        return
    if SLOWEST_PPG_HZ / 1000 <= rate_hz <= 1:
        raise InputError(
            f"{path}: {rate_hz:g} PPG samples a second; are its times in ms, where s is meant? divide by 1000"
        )
    raise InputError(
        f"{path}: {rate_hz:g} PPG samples a second; give times in seconds, at {SLOWEST_PPG_HZ:g} Hz or more"
    )


def even_ppg(path: Path, samples: NDArray[np.floating], rate_hz: float) -> Ppg:
    """Check a contact PPG that was sampled at a rate from the first frame on; raises as :func:`ppg_of`."""
    return ppg_of(path, samples, np.arange(len(samples)) / rate_hz)


def samples_of(path: Path, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the samples of a signal from a file, whatever its orientation: float64 [N].

    Raises
    ------
    InputError
        They are no numbers, or too many for a signal.
    """
    if values.dtype.kind not in "fiub":
        raise InputError(f"{path} holds a PPG of {values.dtype}; numbers are wanted: copy it again")
    if values.size > MAX_SAMPLES:
        raise InputError(f"{path} holds a PPG of {values.size:,} values; at most {MAX_SAMPLES:,} are read")
    return np.asarray(values, np.float64).reshape(-1)


def text_of(path: Path, what: str) -> str:
    """Read a text file whole.

    Raises
    ------
    InputError
        It is missing, empty, too large or not readable.
    """
    if not is_file(path):
        raise InputError(f"{what} not found at {path}; copy it again")
    if not 0 < path.stat().st_size <= MAX_TEXT_BYTES:
        raise InputError(f"{what} {path} has {path.stat().st_size:,} bytes; copy it again")
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"{what} {path} cannot be read: {error.strerror}; copy it again") from error


def numbers(path: Path, what: str, *, columns: int, skip: int = 0, comma: bool = True) -> NDArray[np.float64]:
    """Read a table without header: float64 [rows, columns], the first ``columns`` of each line that is not blank.

    Raises
    ------
    InputError
        As :func:`text_of`, or a line lacks a number.
    """
    rows = []
    for number, line in enumerate(text_of(path, what).splitlines()[skip:], skip + 1):
        cells = line.split("," if comma else None)
        if not line.strip():
            continue
        try:
            row = [float(cell) for cell in cells[:columns]]
        except ValueError as error:
            raise InputError(f"{what} {path}, line {number}: {error}; copy it again") from error
        if len(row) < columns:
            raise InputError(f"{what} {path}, line {number}: {len(row)} columns, not {columns}; copy it again")
        rows.append(row)
    return np.array(rows, np.float64).reshape(-1, columns)
