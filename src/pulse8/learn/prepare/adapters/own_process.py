"""A file of arrays read in a process of its own: SciPy's and HDF5's readers are C, and a hostile file brings them down.

The process has bounds on memory, on processor time and on the clock. It leaves the arrays in files of NumPy's own
format, which are mapped here and read without pickles; what it says is one line of JSON. A reader that crashes, hangs
or asks for too much is one line like any other.
"""

import json
import shutil
import struct
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError, Pulse8Error

if sys.platform != "win32":  # which has none
    import resource

GIGABYTE: Final = 1_000_000_000
BASE_BYTES: Final = 3 * GIGABYTE
"""Of address space, which libraries alone take a gigabyte of: far more than a pulse and its conditions need."""

COPIES: Final = 3
"""A compressed video is in memory packed, unpacked and as an array, for a moment."""

BASE_S: Final = 60
SECONDS_PER_GIGABYTE: Final = 120
MAPPED_BYTES: Final = 1_000_000
MOST_ANSWER_BYTES: Final = 1_000_000
DAMAGED: Final = (
    *(ValueError, TypeError, LookupError, OSError, NotImplementedError, ArithmeticError, MemoryError),
    *(NameError, AttributeError, EOFError, RecursionError, struct.error),
)
"""What the readers were seen to raise on damaged or hostile bytes."""

Kind = Literal["mat", "hdf5"]
TITLES: Final[Mapping[Kind, str]] = {"mat": "a .mat file", "hdf5": "HDF5"}
READERS: Final[Mapping[Kind, str]] = {
    "mat": "pulse8.learn.prepare.adapters.mat_file",
    "hdf5": "pulse8.learn.prepare.adapters.hdf5",
}
"""Modules whose ``left_in`` reads a file and leaves its arrays in a folder; loaded in the process that reads."""

Allow = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class ArrayFile:
    """Arrays by name, mapped from files without a name, or that go with this record; single values by name."""

    arrays: Mapping[str, NDArray[Any]]
    fields: Mapping[str, float | str]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is read.

    Attributes
    ----------
    kind
        The file's format.
    arrays
        Arrays of numbers, which have to be there: the names that each may have, of which the first that is there is
        read. They come back under the first name of each.
    most_bytes
        Of one array, eight to a value.
    fields
        Single values, which may be there.
    """

    kind: Kind
    arrays: Sequence[Sequence[str]]
    most_bytes: int
    fields: Sequence[str] = ()


def read_arrays(path: Path, wanted: Wanted) -> ArrayFile:
    """Read a file in another process.

    Raises
    ------
    InputError
        It is damaged or hostile, lacks an array, or claims one that is too large.
    """
    folder = Path(tempfile.mkdtemp(prefix="pulse8-arrays-"))
    try:
        file = _taken(path, wanted, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if folder.is_dir():  # Windows: what is mapped keeps its name
        weakref.finalize(file, shutil.rmtree, folder, ignore_errors=True)
    return file


def block_of(file: ArrayFile, name: str, block: slice) -> NDArray[np.generic]:
    """Return a part of an array; the file's folder stays as long as somebody may ask for one."""
    return np.asarray(file.arrays[name][block])


def _taken(path: Path, wanted: Wanted, folder: Path) -> ArrayFile:
    """Take what the reader left in a folder."""
    answer = _answer(path, wanted, folder)
    if "fault" in answer:
        raise InputError(f"{path} {str(answer['fault'])[:1000]}; copy it again")
    try:
        arrays = {names[0]: _mapped(folder / f"{index}.npy") for index, names in enumerate(wanted.arrays)}
        fields = {str(name): value for name, value in answer["fields"].items() if isinstance(value, float | str)}
    except (OSError, ValueError, KeyError, AttributeError) as error:
        what = f"cannot be read as {TITLES[wanted.kind]} (its reader left no array)"
        raise InputError(f"{path} {what}; copy it again") from error
    return ArrayFile(arrays=arrays, fields=fields)


def _mapped(path: Path) -> NDArray[Any]:
    """Load a small array, map a large one."""
    array: NDArray[Any] = np.load(path, mmap_mode="r" if path.stat().st_size > MAPPED_BYTES else None)
    return array


def _answer(path: Path, wanted: Wanted, folder: Path) -> dict[str, Any]:
    """Run the reader and return what it said, or why it said nothing."""
    words = [str(path.resolve()), str(folder), json.dumps(asdict(wanted))]
    command = [sys.executable, "-c", f"from {__name__} import main; main()", *words]
    limit_s = BASE_S + SECONDS_PER_GIGABYTE * path.stat().st_size / GIGABYTE
    try:
        done = subprocess.run(command, capture_output=True, timeout=2 * limit_s, check=False)  # noqa: S603 - ourselves
    except subprocess.TimeoutExpired:
        return {"fault": f"keeps its reader busy for over {2 * limit_s:.0f} s"}
    with suppress(ValueError):
        answer = json.loads(done.stdout[-MOST_ANSWER_BYTES:])
        if done.returncode == 0 and isinstance(answer, dict):
            return answer
    return {"fault": f"cannot be read as {TITLES[wanted.kind]} (it brought its reader down, code {done.returncode})"}


def main() -> None:
    """Read a file in this process, as the other end of :func:`read_arrays`."""
    path, folder = map(Path, sys.argv[1:3])
    wanted = Wanted(**json.loads(sys.argv[3]))
    size = path.stat().st_size
    _bound(size, BASE_BYTES)
    reader = import_module(READERS[wanted.kind])
    try:
        values = reader.left_in(path, folder, wanted, lambda claimed: _bound(size, BASE_BYTES + COPIES * claimed))
        answer: dict[str, Any] = {"fields": values}
    except Pulse8Error as error:
        answer = {"fault": str(error)}
    sys.stdout.write(json.dumps(answer))


def _bound(size: int, memory: int) -> None:
    """Bound this process's memory and processor time; crashes leave no core."""
    if sys.platform == "win32":
        return
    seconds = BASE_S + round(SECONDS_PER_GIGABYTE * size / GIGABYTE)
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(kind)[1]
        with suppress(ValueError, OSError):  # a system without it
            resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def chosen(wanted: Wanted, sizes: Mapping[str, float]) -> list[str]:
    """Return the name of each array that is wanted, by what a file says that it holds: its names, and values of each.

    Raises
    ------
    InputError
        There is none, or one is too large; the message lacks the file's name.
    """
    held = [next((name for name in names if name in sizes), None) for names in wanted.arrays]
    if absent := [" or ".join(names) for names, name in zip(wanted.arrays, held, strict=True) if name is None]:
        raise InputError(f"has no {' and '.join(absent)}; it has {', '.join(sorted(sizes)[:12]) or 'nothing'}")
    names = [name for name in held if name is not None]
    largest, count = max(((name, sizes.get(name, 0.0)) for name in (*names, *wanted.fields)), key=itemgetter(1))
    if not count * 8 <= wanted.most_bytes:
        raise InputError(f"claims {count:,.0f} values of {largest}")
    return names
