"""Clips with true rates as one file: what a waveform model is calibrated and verified on.

A zip of NumPy arrays: ``clips`` float32 [N, 3, 12, 256], ``scales`` float32 [N, 3, 12], ``labels`` and ``pos_bpm``
float32 [N] in BPM, ``subjects`` text [N], where they are known ``strata`` text [N], and in a calibration set
``indices`` int64 [N] and ``source_sha256``. The same content gives the same bytes.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.formats.calibration import CalibrationSet
from pulse8.learn.formats.npz import ZIP_ERRORS, read_arrays
from pulse8.manifest import existing_file, writing
from pulse8.values import SIMULATED, Clip

MAX_BYTES: Final = 1 << 30
MAKE: Final = "make it with pulse8 simulate --model pulse12, a calibration set with pulse8 calibrate"
ARRAYS: Final = ("clips", "scales", "labels", "pos_bpm", "subjects")
KINDS: Final = "strata"


@dataclass(frozen=True, eq=False, kw_only=True)
class ClipData:
    """Windows of several people.

    Attributes
    ----------
    clips
        float32 [N, channels, cells, window], normalised and clipped.
    scales
        float32 [N, channels, cells], their divisors, as in :class:`pulse8.values.Clip`.
    labels
        float32 [N], the contact pulse's rate in beats per minute.
    pos_bpm
        float32 [N], POS's rate on the same window; not a number where it has none.
    subjects
        [N] ids as text.
    strata
        [N] kind of recording of each window, as text; ``None`` where that is not known.
    """

    clips: NDArray[np.float32]
    scales: NDArray[np.float32]
    labels: NDArray[np.float32]
    pos_bpm: NDArray[np.float32]
    subjects: NDArray[np.str_]
    strata: NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        arrays = [getattr(self, name) for name in ARRAYS]
        kinds, ranks = (tuple(array.dtype.kind for array in arrays), tuple(array.ndim for array in arrays))
        counts = {len(array) if array.ndim else None for array in self.arrays.values()}
        arrays_fit = (kinds, ranks, self.clips.itemsize) == (("f", "f", "f", "f", "U"), (4, 3, 1, 1, 1), 4)
        strata_fit = self.strata is None or (self.strata.ndim, self.strata.dtype.kind) == (1, "U")
        if not (arrays_fit and strata_fit) or len(counts) != 1 or 0 in self.clips.shape[1:]:
            raise InputError(f"clips {self.clips.dtype} {self.clips.shape} with {counts} values; {MAKE}")
        if self.scales.shape != self.clips.shape[:3]:
            raise InputError(f"scales {self.scales.shape} are not those of clips {self.clips.shape}; {MAKE}")
        if not all(np.isfinite(values).all() for values in (self.clips, self.scales, self.labels)):
            raise InputError(f"clips or their rates are not finite; {MAKE}")

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that is known of each window, by name."""
        return {name: getattr(self, name) for name in (*ARRAYS, KINDS) if getattr(self, name) is not None}

    @property
    def simulated(self) -> bool:
        """Whether any subject is simulated; every figure from the data has to say so."""
        return bool(np.char.startswith(self.subjects, SIMULATED).any())

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Copy the clips at ``indices``."""
        return self.clips[indices]

    def clip(self, index: int) -> Clip:
        """One window as the measure line has it, its time not known."""
        scale = self.scales[index]
        return Clip(self.clips[index : index + 1], scale, (scale[0] > 0).astype(np.float32), 0.0)

    def part(self, indices: NDArray[np.int64]) -> "ClipData":
        """Return the windows at ``indices``."""
        return ClipData(**{name: values[indices] for name, values in self.arrays.items()})


def is_clip_file(path: Path) -> bool:
    """Whether a file is one of this kind."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "clips.npy" in archive.namelist()
    except ZIP_ERRORS:
        return False


def write_clips(path: Path, data: ClipData, **more: Any) -> None:  # noqa: ANN401 - further arrays
    """Write clips, whole or not at all."""
    with writing(path) as temporary, temporary.open("wb") as file:
        arrays: dict[str, Any] = {**data.arrays, **more}
        np.savez(file, **arrays)


def write_calibration(path: Path, data: ClipData, indices: NDArray[np.int64], source_sha256: str) -> None:
    """Copy the clips at ``indices`` to a calibration file."""
    write_clips(path, data.part(indices), indices=indices, source_sha256=source_sha256)


def open_clips(path: Path) -> ClipData:
    """Open a file of clips.

    Raises
    ------
    InputError
        It is missing, damaged or of another shape.
    """
    return _data(_read(path), path)


def open_calibration(path: Path) -> CalibrationSet:
    """Open a calibration file of clips; raises as :func:`open_clips`."""
    arrays = _read(path)
    if not {"indices", "source_sha256"} <= set(arrays):
        raise InputError(f"{path} holds clips but is no calibration set; draw one with pulse8 calibrate")
    indices, source = arrays["indices"], arrays["source_sha256"]
    if indices.ndim != 1 or indices.dtype.kind not in "iu" or source.shape != () or source.dtype.kind != "U":
        raise InputError(f"{path} has indices of {indices.dtype} {indices.shape}; draw it again with pulse8 calibrate")
    return CalibrationSet(_data(arrays, path), indices.astype(np.int64), str(source))


def _data(arrays: dict[str, NDArray[Any]], path: Path) -> ClipData:
    if missing := [name for name in ARRAYS if name not in arrays]:
        raise InputError(f"{path} holds no {missing[0]}; {MAKE}")
    return ClipData(**{name: arrays[name] for name in (*ARRAYS, KINDS) if name in arrays})


def _read(path: Path) -> dict[str, NDArray[Any]]:
    if existing_file(path, "Clip file", MAKE).stat().st_size > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES} bytes; make it of fewer recordings")
    return read_arrays(path, "Clip file", MAX_BYTES, MAKE)
