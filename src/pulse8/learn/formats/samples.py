"""Inputs of a network of one's own: arrays of anything, from a folder of ``.npy`` or ``.npz``, or one such file.

* A folder: one sample a file, in the order of their names. ``.npy`` for a network of one input; ``.npz`` with an array
  for each input, by its name, otherwise.
* An ``.npz``: for each input an array [N, ...] by its name (for one input any name), and where they are known
  ``labels`` int [N], the right class.
* An ``.npy``: samples [N, ...] of the one input.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.formats.npz import read_array, read_arrays
from pulse8.manifest import Accepted, accept, sha256_of

MAX_BYTES: Final = 1 << 31
MAX_FILES: Final = 100_000
LABELS: Final = "labels"
MAKE: Final = "give a folder of .npy (one sample each), or an .npz with an array for each input"
Sample = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, eq=False)
class SampleSet:
    """Samples of a network's inputs, without the batch axis.

    Attributes
    ----------
    arrays
        float32 [N, ...], one for each input in the network's order.
    labels
        int64 [N], the right class; ``None`` where that is not known.
    """

    arrays: tuple[NDArray[np.float32], ...]
    labels: NDArray[np.int64] | None = None
    indices: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    source_sha256: str = ""

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __iter__(self) -> Iterator[Sample]:
        """Give one sample after another."""
        return (tuple(array[number] for array in self.arrays) for number in range(len(self)))

    def part(self, indices: NDArray[np.int64]) -> "SampleSet":
        """Return the samples at ``indices``."""
        labels = None if self.labels is None else self.labels[indices]
        return SampleSet(tuple(array[indices] for array in self.arrays), labels)


def open_samples(path: Path, inputs: Mapping[str, tuple[int, ...]]) -> SampleSet:
    """Open samples for inputs of stated shapes, their batch axis of 1 included.

    Raises
    ------
    InputError
        Nothing is there, an array has another shape, is not of numbers, or holds NaN or infinity.
    """
    found = _folder(path, inputs) if path.is_dir() else _file(path, inputs)
    labels = found.pop(LABELS, None)
    arrays = tuple(_fitted(found, name, shape, path) for name, shape in inputs.items())
    counts = {len(array) for array in arrays}
    if len(counts) != 1 or counts == {0}:
        raise InputError(f"{path} holds {sorted(counts)} samples of its inputs; one number, above 0; {MAKE}")
    if labels is not None and (labels.shape != (len(arrays[0]),) or labels.dtype.kind not in "iu"):
        labels = None  # such as rates of clips: no classes
    classes = None if labels is None else labels.astype(np.int64)
    return SampleSet(arrays, classes, np.arange(len(arrays[0])))


def accept_samples(path: Path) -> Accepted:
    """Hash samples as :func:`pulse8.manifest.accept` hashes a file; a folder by the names and bytes of its files."""
    if not path.is_dir():
        return accept(path)
    digest = hashlib.sha256()
    for file in _files(path):
        digest.update(f"{file.name}\0{sha256_of(file)}\0".encode())
    return Accepted(path=path, sha256=digest.hexdigest(), row=None)


def _files(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.iterdir() if path.suffix in (".npy", ".npz") and path.is_file())
    if not files or len(files) > MAX_FILES:
        raise InputError(f"{folder} holds {len(files)} .npy or .npz files; 1 to {MAX_FILES:,} are read; {MAKE}")
    if sum(file.stat().st_size for file in files) > MAX_BYTES:
        raise InputError(f"{folder} is larger than {MAX_BYTES} bytes; give fewer samples")
    return files


def _folder(folder: Path, inputs: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[Any]]:
    parts: dict[str, list[NDArray[Any]]] = {}
    for file in _files(folder):
        for name, array in _file(file, inputs).items():
            shape = inputs.get(name, ())
            single = name == LABELS or array.shape in (shape, shape[1:])
            parts.setdefault(name, []).append(array.reshape(1, *shape[1:]) if single else array)
    missing = [name for name, arrays in parts.items() if len({array.shape[1:] for array in arrays}) > 1]
    if missing:
        raise InputError(f"{folder}: samples of {missing[0]} have different shapes; {MAKE}")
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def _file(path: Path, inputs: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise InputError(f"no samples at {path}; {MAKE}")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES} bytes; give fewer samples")
    only = next(iter(inputs))
    if path.suffix == ".npy":
        if len(inputs) > 1:
            raise InputError(f"{path} holds one array; the network has the inputs {', '.join(inputs)}; {MAKE}")
        return {only: read_array(path, "samples", MAKE)}
    found = read_arrays(path, "samples", MAX_BYTES, MAKE)
    if len(inputs) == 1 and only not in found:
        fits = [name for name, array in found.items() if array.shape[1:] in (inputs[only][1:], inputs[only])]
        if len(fits) == 1:
            found[only] = found.pop(fits[0])
    return {name: array for name, array in found.items() if name in inputs or name == LABELS}


def _fitted(found: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...], path: Path) -> NDArray[np.float32]:
    """Return an input's samples [N, ...] as float32."""
    if name not in found:
        raise InputError(f"{path} holds nothing for the input {name} {list(shape)}; {MAKE}")
    array = found[name]
    if array.shape == shape or array.shape[1:] == shape:
        array = array.reshape(-1, *shape[1:])
    if array.shape[1:] != shape[1:] or array.dtype.kind not in "fiub":
        raise InputError(
            f"{path}: {name} is {array.dtype} {list(array.shape)}; the network takes {list(shape)}; {MAKE}"
        )
    values = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(values).all():
        raise InputError(f"{path}: {name} holds NaN or infinity; {MAKE}")
    return values
