"""The guide's two data files: ``ubfc_processed.pt`` (windows with labels) and ``calibration_data.pt`` (a part of them).

Real processed files are ~28 GB: samples stay in the file and are read where they are used; labels are checked whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.formats import torch_zip
from pulse8.learn.formats.calibration import CalibrationSet
from pulse8.learn.formats.stored import Stored
from pulse8.manifest import existing_file, writing
from pulse8.measure.clips.patches import SHAPE_SAMPLE
from pulse8.values import SIMULATED

LABEL_RANGE_BPM: Final = (20.0, 250.0)
LONGEST_ID: Final = 256
MAKE_DATA: Final = "make it: pulse8 simulate, or pulse8 preprocess of UBFC"
MAKE_CALIBRATION: Final = "make it: pulse8 calibrate"


@dataclass(frozen=True, eq=False)
class GuideData:
    """An open data file.

    Attributes
    ----------
    samples
        float32 [N, 8, 3, 36, 36, 3], in the file; :meth:`take` reads some and checks their values.
    labels
        float32 [N], beats per minute.
    subjects
        [N] subject ids as text, or ``None`` where the file has none.
    """

    path: Path
    samples: Stored
    labels: NDArray[np.float32]
    subjects: NDArray[np.str_] | None

    @property
    def simulated(self) -> bool:
        """Whether any subject is simulated; every figure from the data has to say so."""
        return self.subjects is not None and bool(np.char.startswith(self.subjects, SIMULATED).any())

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Copy the samples at ``indices``, float32 [n, 8, 3, 36, 36, 3].

        Raises
        ------
        InputError
            A value is not a number or outside [0, 1].
        """
        block: NDArray[np.float32] = self.samples.rows(indices)
        if not (block.min(initial=0) >= 0 and block.max(initial=0) <= 1):  # a NaN fails both
            flat = block.reshape(len(block), -1)
            bad = indices[~((flat.min(1) >= 0) & (flat.max(1) <= 1))][0]
            raise InputError(f"{self.path}: sample {bad} has values that are not in [0, 1]; divide pixels by 255")
        return block


@dataclass(frozen=True, eq=False)
class LabelledBlock:
    """Windows of one subject: samples float32 [n, 8, 3, 36, 36, 3] in [0, 1] and labels float32 [n] in BPM."""

    samples: NDArray[np.float32]
    labels: NDArray[np.float32]
    subject: str


def open_guide_data(path: Path) -> GuideData:
    """Open a file of the guide's format; nothing but labels and subjects is read.

    Raises
    ------
    InputError
        It is missing, damaged or of another shape, or a label is not a rate of 20-250 BPM.
    """
    tree = torch_zip.read(existing_file(path, "Data file", MAKE_DATA), "Data file")
    samples, labels = _samples_and_labels(tree, path)
    low, high = LABEL_RANGE_BPM
    bad = np.flatnonzero(~((labels >= low) & (labels <= high)))
    if bad.size:
        raise InputError(
            f"{path}: label {bad[0]} is {labels[bad[0]]:g}, not {low:.0f}-{high:.0f} BPM; correct or drop it"
        )
    return GuideData(path, samples, labels, _subjects(tree.get("subjects"), len(labels), path))


def _samples_and_labels(tree: Any, path: Path) -> tuple[Stored, NDArray[np.float32]]:  # noqa: ANN401 - the file decides
    keys = set(tree) if isinstance(tree, dict) else set()
    if not {"samples", "labels"} <= keys:
        raise InputError(f"{path} holds {sorted(map(str, keys)) or type(tree).__name__}; it needs samples and labels")
    samples, labels = tree["samples"], _array(tree["labels"], path, "labels")
    stored = isinstance(samples, Stored)
    if not stored or samples.dtype != np.float32 or samples.shape[1:] != SHAPE_SAMPLE:
        described = f"{samples.dtype} {samples.shape}" if stored else type(samples).__name__
        raise InputError(f"{path}: samples are {described}; they must be float32 [N, 8, 3, 36, 36, 3]")
    if labels.shape not in ((samples.shape[0],), (samples.shape[0], 1)) or labels.dtype.kind not in "fiu":
        raise InputError(
            f"{path}: labels are {labels.dtype} {labels.shape} for {samples.shape[0]} samples; one number each"
        )
    with np.errstate(over="ignore"):
        return samples, labels.reshape(-1).astype(np.float32)


def _array(value: Any, path: Path, what: str) -> NDArray[Any]:  # noqa: ANN401 - the file decides
    """Return a tensor or a flat list of numbers or of short texts; an array is as wide as its longest text."""
    if isinstance(value, Stored):
        return value.all()
    items = value if isinstance(value, list | tuple) else [None]
    if not (_are_numbers(items) or all(isinstance(item, str) and len(item) <= LONGEST_ID for item in items)):
        raise InputError(f"{path}: {what} are neither a tensor nor a list of numbers or short texts; save them so")
    return np.array(items)


def _are_numbers(items: Sequence[object]) -> bool:
    return all(isinstance(item, float) or (isinstance(item, int) and abs(item) < 1 << 63) for item in items)


def _subjects(subjects: Any, count: int, path: Path) -> NDArray[np.str_] | None:  # noqa: ANN401 - the file decides
    if subjects is None:
        return None
    ids = _array(subjects, path, "subjects")
    if ids.shape != (count,) or ids.dtype.kind not in "iuU":
        raise InputError(f"{path}: subjects are {ids.dtype} {ids.shape} for {count} samples; one id each")
    return ids.astype(np.str_)


def write_guide_data(path: Path, blocks: Iterable[LabelledBlock]) -> None:
    """Stream windows to a file of the guide's format, written whole or not at all; memory is bounded by one block."""
    with writing(path) as temporary:
        torch_zip.write(temporary, _entries(blocks))


def _entries(
    blocks: Iterable[LabelledBlock],
) -> Iterator[tuple[str, torch_zip.Stream | NDArray[np.float32] | list[str]]]:
    labels: list[NDArray[np.float32]] = []
    subjects: list[str] = []

    def samples() -> Iterator[NDArray[np.float32]]:
        for block in blocks:
            labels.append(block.labels)
            subjects.extend([block.subject] * len(block.labels))
            yield block.samples

    yield "samples", torch_zip.Stream(SHAPE_SAMPLE, np.dtype(np.float32), samples())
    yield "labels", np.concatenate([*labels, np.empty(0, np.float32)])
    yield "subjects", subjects


def write_calibration(path: Path, data: GuideData, indices: NDArray[np.int64], source_sha256: str) -> None:
    """Copy the windows at ``indices`` to ``calibration_data.pt``, one at a time; torch reads it too."""
    samples = (data.take(indices[at : at + 1]) for at in range(len(indices)))
    with writing(path) as temporary:
        torch_zip.write(
            temporary,
            [
                ("samples", torch_zip.Stream(SHAPE_SAMPLE, np.dtype(np.float32), samples)),
                ("labels", data.labels[indices]),
                ("indices", indices),
                ("source_sha256", source_sha256),
            ],
        )


def open_calibration(path: Path) -> CalibrationSet:
    """Open a calibration file.

    Raises
    ------
    InputError
        It is missing, damaged, empty or of another shape.
    """
    tree = torch_zip.read(existing_file(path, "Calibration data", MAKE_CALIBRATION), "Calibration data")
    samples, labels = _samples_and_labels(tree, path)
    if len(labels) == 0:
        raise InputError(f"calibration data {path} holds no samples; {MAKE_CALIBRATION}")
    indices = _array(tree.get("indices", ()), path, "indices")
    if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
        raise InputError(f"{path}: indices are {indices.dtype} {indices.shape}; {MAKE_CALIBRATION}")
    source = tree.get("source_sha256", "")
    if not isinstance(source, str) or len(source) > LONGEST_ID:
        raise InputError(f"{path}: source_sha256 is not a text of at most {LONGEST_ID} characters; {MAKE_CALIBRATION}")
    return CalibrationSet(GuideData(path, samples, labels, None), indices.astype(np.int64), source)
