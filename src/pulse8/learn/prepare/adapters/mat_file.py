"""A ``.mat`` file read in a process of its own: SciPy's reader is C, and a hostile file brings it down.

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
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError, Pulse8Error, one_line

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
LONGEST_TEXT: Final = 200
DAMAGED: Final = (
    *(ValueError, TypeError, LookupError, OSError, NotImplementedError, ArithmeticError, MemoryError),
    *(NameError, AttributeError, EOFError, RecursionError, struct.error),
)
"""What the reader was seen to raise on damaged or hostile bytes."""


@dataclass(frozen=True, eq=False)
class MatFile:
    """Arrays by name, mapped from files without a name, or that go with this record; single values by name."""

    arrays: Mapping[str, NDArray[Any]]
    fields: Mapping[str, float | str]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is read: arrays of numbers, which have to be there, single values, which may, and the most bytes of one."""

    arrays: Sequence[str]
    fields: Sequence[str]
    most_bytes: int


def read_mat(path: Path, wanted: Wanted) -> MatFile:
    """Read a file in another process.

    Raises
    ------
    InputError
        It is damaged or hostile, lacks an array, or claims one that is too large.
    """
    folder = Path(tempfile.mkdtemp(prefix="pulse8-mat-"))
    try:
        file = _taken(path, wanted, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if folder.is_dir():  # Windows: what is mapped keeps its name
        weakref.finalize(file, shutil.rmtree, folder, ignore_errors=True)
    return file


def _taken(path: Path, wanted: Wanted, folder: Path) -> MatFile:
    """Take what the reader left in a folder."""
    answer = _answer(path, wanted, folder)
    if "fault" in answer:
        raise InputError(f"{path} {str(answer['fault'])[:1000]}; copy it again")
    try:
        arrays = {name: _mapped(folder / f"{index}.npy") for index, name in enumerate(wanted.arrays)}
        fields = {str(name): value for name, value in answer["fields"].items() if isinstance(value, float | str)}
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise InputError(f"{path} cannot be read as a .mat file (its reader left no array); copy it again") from error
    return MatFile(arrays=arrays, fields=fields)


def _mapped(path: Path) -> NDArray[Any]:
    """Load a small array, map a large one."""
    array: NDArray[Any] = np.load(path, mmap_mode="r" if path.stat().st_size > MAPPED_BYTES else None)
    return array


def _answer(path: Path, wanted: Wanted, folder: Path) -> dict[str, Any]:
    """Run the reader and return what it said, or why it said nothing."""
    words = [str(path.resolve()), str(folder), json.dumps([*wanted.arrays]), json.dumps([*wanted.fields])]
    command = [sys.executable, "-c", f"from {__name__} import main; main()", *words, str(wanted.most_bytes)]
    limit_s = BASE_S + SECONDS_PER_GIGABYTE * path.stat().st_size / GIGABYTE
    try:
        done = subprocess.run(command, capture_output=True, timeout=2 * limit_s, check=False)  # noqa: S603 - ourselves
    except subprocess.TimeoutExpired:
        return {"fault": f"keeps its reader busy for over {2 * limit_s:.0f} s"}
    with suppress(ValueError):
        answer = json.loads(done.stdout[-MOST_ANSWER_BYTES:])
        if done.returncode == 0 and isinstance(answer, dict):
            return answer
    return {"fault": f"cannot be read as a .mat file (it brought its reader down, code {done.returncode})"}


def main() -> None:
    """Read a file in this process, as the other end of :func:`read_mat`."""
    path, folder, arrays, fields, most_bytes = sys.argv[1:]
    wanted = Wanted(arrays=json.loads(arrays), fields=json.loads(fields), most_bytes=int(most_bytes))
    size = Path(path).stat().st_size
    _bound(size, BASE_BYTES)
    try:
        values = left_in(Path(path), Path(folder), wanted, lambda claimed: _bound(size, BASE_BYTES + COPIES * claimed))
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


def left_in(
    path: Path, folder: Path, wanted: Wanted, allow: Callable[[int], None] = lambda _: None
) -> dict[str, float | str]:
    """Read a file here, leave its arrays in a folder and return its fields; ``allow`` hears how many bytes one claims.

    Raises
    ------
    InputError
        As :func:`read_mat`; the message lacks the file's name.
    """
    import scipy.io  # noqa: PLC0415 - for this process alone

    names = [*wanted.arrays, *wanted.fields]
    try:
        sizes = {name: float(np.prod([float(n) for n in shape])) for name, shape, _ in scipy.io.whosmat(path)}
        _refuse(sizes, wanted)
        allow(int(8 * max(sizes.get(name, 0.0) for name in names)))
        tree = scipy.io.loadmat(path, variable_names=names)
        for index, name in enumerate(wanted.arrays):
            np.save(folder / f"{index}.npy", np.asarray(tree[name]), allow_pickle=False)
        return {name: value for name in wanted.fields if (value := _value(tree.get(name))) is not None}
    except Pulse8Error:
        raise
    except DAMAGED as error:
        raise InputError(f"cannot be read as a .mat file ({one_line(error)})") from error
    except Exception as error:  # the reader has errors of its own class, and zlib's
        if type(error).__module__.split(".")[0] not in ("scipy", "zlib"):
            raise
        raise InputError(f"cannot be read as a .mat file ({one_line(error)})") from error


def _refuse(sizes: Mapping[str, float], wanted: Wanted) -> None:
    """Refuse a file by what it says that it holds."""
    if absent := [name for name in wanted.arrays if name not in sizes]:
        raise InputError(f"has no {' and '.join(absent)}")
    names = (*wanted.arrays, *wanted.fields)
    largest, count = max(((name, sizes.get(name, 0.0)) for name in names), key=itemgetter(1))
    if not count * 8 <= wanted.most_bytes:
        raise InputError(f"claims {count:,.0f} values of {largest}")


def _value(field: NDArray[Any] | None) -> float | str | None:
    """Return a field's one text or number."""
    values = np.asarray(field).reshape(-1)
    if field is None or len(values) != 1:
        return None
    value = values[0].item() if hasattr(values[0], "item") else values[0]
    return value[:LONGEST_TEXT] if isinstance(value, str) else float(value)
