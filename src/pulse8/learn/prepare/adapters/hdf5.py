"""Numbers in HDF5 files, which v7.3 ``.mat`` files are too: what is wanted is looked up by name, and nothing is run."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError, ToolchainError, one_line
from pulse8.manifest import existing_file

MAX_SAMPLES: Final = 20_000_000
MAX_CHUNK_BYTES: Final = 256_000_000
"""A compressed dataset is unpacked chunk by chunk, whatever part of it is asked for."""
DAMAGED: Final = (OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError)
"""What h5py was seen to raise on damaged bytes."""


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a file for reading.

    Raises
    ------
    ToolchainError
        h5py is not installed.
    InputError
        It is missing, or no HDF5 file; what is read from it inside the block and is damaged raises it too.
    """
    try:
        import h5py  # noqa: PLC0415 - only the extra [datasets] brings it
    except ImportError as error:
        raise ToolchainError('HDF5 and v7.3 .mat files need h5py; run pip install "pulse8[datasets]"') from error
    existing_file(path, "HDF5 file", "copy it again")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except DAMAGED as error:
        raise InputError(f"{path} cannot be read as HDF5 ({one_line(error)}); copy it again") from error


def dataset(file: Any, path: Path, *names: str) -> Any:  # noqa: ANN401 - h5py has no types
    """Return the first of some datasets that is there and holds numbers.

    Raises
    ------
    InputError
        There is none.
    """
    for name in names:
        if name in file and _lies_here(file, name) and getattr(getattr(file[name], "dtype", None), "kind", "") in "fiu":
            return _refuse_large_chunks(file[name], path, name)
    raise InputError(f"{path} has no {' or '.join(names)}; it has {', '.join(sorted(file)[:12])}")


def _lies_here(file: Any, name: str) -> bool:  # noqa: ANN401 - h5py has no types
    """Whether a dataset's values are in this file: a link, or storage in another file, could show any file's bytes."""
    import h5py  # noqa: PLC0415 - as above

    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        return False
    found = file[name]
    return not (getattr(found, "external", None) or getattr(found, "is_virtual", False))


def _refuse_large_chunks(found: Any, path: Path, name: str) -> Any:  # noqa: ANN401 - h5py has no types
    size = math.prod(found.chunks) * found.dtype.itemsize if found.chunks else 0
    if size > MAX_CHUNK_BYTES:
        raise InputError(f"{path}: {name} is packed in chunks of {size:,} bytes; at most {MAX_CHUNK_BYTES:,} are read")
    return found


def signal(file: Any, path: Path, name: str) -> NDArray[np.float64]:  # noqa: ANN401 - h5py has no types
    """Read a signal, whatever its orientation: float64 [N].

    Raises
    ------
    InputError
        It is missing, or too large to be one.
    """
    found = dataset(file, path, name)
    if found.size > MAX_SAMPLES:
        raise InputError(f"{path}: {name} has {found.size:,} values; a signal is wanted")
    return np.asarray(found[()], np.float64).reshape(-1)
