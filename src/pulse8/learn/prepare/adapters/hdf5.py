"""Numbers in HDF5 files, which v7.3 ``.mat`` files are too: looked up by name, in a process of their own.

What is wanted has to lie in the file itself: a link, or storage in another file, could show any file's bytes.
"""

import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from pulse8.errors import InputError, Pulse8Error, ToolchainError, one_line
from pulse8.learn.prepare.adapters.own_process import DAMAGED, Allow, ArrayFile, Wanted, chosen, read_arrays
from pulse8.manifest import existing_file

MAX_CHUNK_BYTES: Final = 256_000_000
"""A compressed dataset is unpacked chunk by chunk, whatever part of it is asked for."""

BLOCK_VALUES: Final = 4_000_000
"""Values that are copied at once."""


def read_hdf5(path: Path, *arrays: Sequence[str], most_bytes: int) -> ArrayFile:
    """Read arrays, each by the names that it may have; their axes are reversed, as MATLAB has them.

    Raises
    ------
    ToolchainError
        h5py is not installed.
    InputError
        The file is missing, or as :func:`~.own_process.read_arrays`.
    """
    if find_spec("h5py") is None:
        raise ToolchainError('HDF5 and v7.3 .mat files need h5py; run pip install "pulse8[datasets]"')
    existing_file(path, "HDF5 file", "copy it again")
    return read_arrays(path, Wanted(kind="hdf5", arrays=arrays, most_bytes=most_bytes))


def left_in(path: Path, folder: Path, wanted: Wanted, allow: Allow = lambda _: None) -> dict[str, float | str]:
    """Read a file here and leave its arrays in a folder; ``allow`` hears how many bytes one claims.

    Raises
    ------
    InputError
        As :func:`read_hdf5`; the message lacks the file's name.
    """
    import h5py  # noqa: PLC0415 - for this process alone; only the extra [datasets] brings it

    try:
        with h5py.File(path, "r") as file:
            there = {name: file[name] for name in file if _lies_here(file, name)}
            sizes = {name: float(found.size) for name, found in there.items()}
            names = chosen(wanted, sizes)
            allow(int(8 * max(sizes[name] for name in names)))
            for index, name in enumerate(names):
                _copy(_refuse_large_chunks(there[name], name), folder / f"{index}.npy")
    except Pulse8Error:
        raise
    except DAMAGED as error:
        raise InputError(f"cannot be read as HDF5 ({one_line(error)})") from error
    return {}


def _lies_here(file: Any, name: str) -> bool:  # noqa: ANN401 - h5py has no types
    """Whether it is a dataset of numbers whose values are in this file."""
    import h5py  # noqa: PLC0415 - as above

    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        return False
    found = file[name]
    is_numbers = isinstance(found, h5py.Dataset) and found.shape is not None and found.dtype.kind in "fiu"
    return is_numbers and not (found.external or found.is_virtual)


def _refuse_large_chunks(found: Any, name: str) -> Any:  # noqa: ANN401 - h5py has no types
    size = math.prod(found.chunks) * found.dtype.itemsize if found.chunks else 0
    if size > MAX_CHUNK_BYTES:
        raise InputError(f"has {name} in chunks of {size:,} bytes; at most {MAX_CHUNK_BYTES:,} are read")
    return found


def _copy(found: Any, path: Path) -> None:  # noqa: ANN401 - h5py has no types
    """Copy a dataset with its axes reversed, a few of its pictures at a time."""
    if found.ndim == 0 or found.size == 0:
        np.save(path, np.asarray(found[()]).transpose(), allow_pickle=False)
        return
    shape = found.shape[::-1]
    target = np.lib.format.open_memmap(path, "w+", found.dtype, shape)
    step = max(1, BLOCK_VALUES // math.prod(shape[1:]))
    for start in range(0, shape[0], step):
        target[start : start + step] = np.asarray(found[..., start : start + step]).transpose()
