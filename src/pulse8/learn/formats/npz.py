"""Named arrays and one JSON record in a zip that ``numpy.load`` reads: the same content gives the same bytes.

Files come from elsewhere. Nothing in them is run or parsed but JSON: an array's header is compared with the one that
its stated type and shape must have, and every size is checked against the file before memory is allocated.
"""

import hashlib
import io
import json
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.formats.stored import Stored, data_offset

RECORD: Final = "record.json"
MAX_RECORD_BYTES: Final = 4_000_000
DEFLATE_LEVEL: Final = 6
HEAD_ALIGNMENT: Final = 64
BLOCK_BYTES: Final = 1 << 20

MAX_INFLATED_BYTES: Final = 4_000_000_000
"""Of all compressed entries of a file together: a week of traces and contact pulse has 3 GB."""
HEAD: Final = re.compile(
    rb"\{'descr': '([<>|][biufU]\d{1,6})', 'fortran_order': (False|True), "
    rb"'shape': \(((?:\d{1,15}, ?)*\d{0,15})\), \}\s*"
)
"""The header that ``numpy.save`` writes of numbers and texts; any other is refused, not evaluated."""

ZIP_ERRORS: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError),
    *(ValueError, KeyError, NotImplementedError, RuntimeError),
)
"""What the zip reader has raised on damaged or hostile bytes."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """A large array that is written block by block, neither compressed nor kept in memory."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    blocks: Iterable[bytes]


def write(path: Path, record: Mapping[str, Any], arrays: Mapping[str, NDArray[Any] | Blocks]) -> None:
    """Write a record and arrays; their types and shapes go into the record under ``arrays``."""
    shapes = {name: [_code(array.dtype), list(array.shape)] for name, array in arrays.items()}
    text = json.dumps({**record, "arrays": shapes}, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    with zipfile.ZipFile(path, "w") as archive:
        _put(archive, RECORD, text.encode(errors="backslashreplace"))  # half a character, as JSON writes it
        for name, array in arrays.items():
            head = _head(array.dtype, array.shape)
            if isinstance(array, Blocks):
                _put_blocks(archive, f"{name}.npy", head, array.blocks)
            else:
                _put(archive, f"{name}.npy", head + np.ascontiguousarray(array).tobytes())


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(_entry(name), content, zipfile.ZIP_DEFLATED, DEFLATE_LEVEL)


def _put_blocks(archive: zipfile.ZipFile, name: str, head: bytes, blocks: Iterable[bytes]) -> None:
    with archive.open(_entry(name), "w", force_zip64=True) as file:
        file.write(head)
        for block in blocks:
            file.write(block)


def _entry(name: str) -> zipfile.ZipInfo:
    """Return an entry without the time of day and without the writer's operating system."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    return entry


def _code(dtype: np.dtype[Any]) -> str:
    return np.dtype(dtype).newbyteorder("<").str


def _head(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return the header of NumPy's format, version 1.0, for a C-ordered array."""
    inside = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    text = f"{{'descr': '{_code(dtype)}', 'fortran_order': False, 'shape': ({inside}), }}"
    padding = -(10 + len(text) + 1) % HEAD_ALIGNMENT
    text += " " * padding + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


class Archive:
    """An open file of this kind: its record, and arrays on request.

    Raises
    ------
    InputError
        It is missing or damaged.
    """

    def __init__(self, path: Path, hint: str) -> None:
        self.path, self._hint = path, hint
        self._kept: dict[str, bytes] = {}
        try:
            with zipfile.ZipFile(path) as archive:
                self._entries = {entry.filename: entry for entry in archive.infolist()}
                if {entry.compress_type for entry in archive.infolist()} - {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                    raise self._refusal("is compressed in another way than this kind is")
                if (bytes_ := sum(e.file_size for e in archive.infolist() if e.compress_type)) > MAX_INFLATED_BYTES:
                    raise self._refusal(f"claims {bytes_:,} bytes, at most {MAX_INFLATED_BYTES:,} are unpacked")
                self.record = self._read_record(archive)
                self._shapes = {name: _shape(*value) for name, value in self.record["arrays"].items()}
        except (*ZIP_ERRORS, TypeError, AttributeError, RecursionError) as error:
            raise self._refusal(f"cannot be read ({error})") from error

    def _read_record(self, archive: zipfile.ZipFile) -> dict[str, Any]:
        entry = self._entries[RECORD]
        if entry.file_size > MAX_RECORD_BYTES:
            raise ValueError(f"a record of {entry.file_size} bytes")
        with archive.open(entry) as file:
            record = json.loads(file.read(MAX_RECORD_BYTES))
        if not isinstance(record, dict):
            raise TypeError("no record")
        return record

    def __contains__(self, name: object) -> bool:
        return name in self._shapes

    def read(self, name: str, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """Read an array whose type and shape are known; they are checked against the file first.

        Raises
        ------
        InputError
            The file has another type or shape, or other bytes than it promises.
        """
        head, entry = self._checked(name, dtype, shape)
        array = np.empty(shape, dtype)
        try:
            with self._opened(entry) as file:
                whole = file.read(len(head)) == head and _fill(file, array)
        except ZIP_ERRORS as error:
            raise self._refusal(f"has a damaged {name} ({error})") from error
        if not whole:
            raise self._refusal(f"has a damaged {name}")
        return array

    @contextmanager
    def _opened(self, entry: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
        if entry.filename in self._kept:
            yield io.BytesIO(self._kept[entry.filename])
            return
        with zipfile.ZipFile(self.path) as archive, archive.open(entry) as file:
            yield file

    def stored(self, name: str, dtype: str, shape: tuple[int, ...]) -> Stored:
        """Return a large array to be read row by row where it is; raises as :meth:`read`."""
        head, entry = self._checked(name, dtype, shape)
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise self._refusal(f"holds {name} compressed")
        try:
            offset = data_offset(self.path, entry)
        except ZIP_ERRORS as error:
            raise self._refusal(f"has a damaged {name} ({error})") from error
        with self.path.open("rb") as file:
            file.seek(offset)
            if file.read(len(head)) != head or offset + entry.file_size > self.path.stat().st_size:
                raise self._refusal(f"has a damaged {name}")
        return Stored(self.path, np.dtype(dtype), shape, offset + len(head))

    def sha256(self, keep: Collection[str] = ()) -> str:
        """Hash every entry's name and bytes, uncompressed, in the order of their names.

        Arrays named in ``keep`` are kept in memory, so that reading them does not read the file again.
        """
        digest = hashlib.sha256()
        kept = {f"{name}.npy" for name in keep}
        try:
            with zipfile.ZipFile(self.path) as archive:
                for name in sorted(self._entries):
                    digest.update(f"{name}\0{self._entries[name].file_size}\0".encode())
                    blocks: list[bytes] = []
                    with archive.open(name) as file:
                        while block := file.read(BLOCK_BYTES):
                            digest.update(block)
                            blocks += [block] if name in kept else []
                    if name in kept:
                        self._kept[name] = b"".join(blocks)
        except ZIP_ERRORS as error:
            raise self._refusal(f"is damaged ({error})") from error
        return digest.hexdigest()

    def length(self, name: str) -> int:
        """Return how many rows the record states for an array; 0 where there is none."""
        return self._shapes[name][1][0] if self._shapes.get(name, ("", ()))[1] else 0

    def _checked(self, name: str, dtype: str, shape: tuple[int, ...]) -> tuple[bytes, zipfile.ZipInfo]:
        entry = self._entries.get(f"{name}.npy")
        if entry is None or self._shapes.get(name) != (_code(np.dtype(dtype)), shape):
            raise self._refusal(f"has no {name} of {dtype} {shape}")
        head = _head(np.dtype(dtype), shape)
        if entry.file_size != len(head) + math.prod(shape) * np.dtype(dtype).itemsize:
            raise self._refusal(f"claims {name} of shape {shape} that its bytes do not hold")
        return head, entry

    def _refusal(self, fault: str) -> InputError:
        return InputError(f"{self.path} {fault}; {self._hint}")


def _shape(code: object, lengths: Iterable[object]) -> tuple[str, tuple[int, ...]]:
    shape = tuple(lengths)
    if not isinstance(code, str) or not all(isinstance(n, int) and 0 <= n < 1 << 40 for n in shape):
        raise ValueError(f"an array of {code} {shape}")
    return code, shape  # type: ignore[return-value] # each was seen to be an int


def _fill(file: Any, array: NDArray[Any]) -> bool:  # noqa: ANN401 - the zip's own stream
    """Fill an array from a stream; return whether it had exactly so much. Reading to its end checks the sum."""
    rest = array.reshape(-1).view(np.uint8).data
    while rest:
        block = file.read(min(len(rest), BLOCK_BYTES))
        if not block:
            return False
        rest[: len(block)] = block
        rest = rest[len(block) :]
    return not file.read(1)


def read_arrays(path: Path, what: str, most_bytes: int, hint: str) -> dict[str, NDArray[Any]]:
    """Read a zip of arrays that ``numpy.savez`` wrote, by name.

    Raises
    ------
    InputError
        It is damaged, unpacks to more than ``most_bytes``, or an array is not the numbers or texts that it claims.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
            if (claimed := sum(entry.file_size for entry in entries)) > most_bytes:
                raise InputError(f"{what} {path} unpacks to {claimed:,} bytes, at most {most_bytes:,} are read; {hint}")
            return {entry.filename.removesuffix(".npy"): _entry_array(archive, entry) for entry in entries}
    except (*ZIP_ERRORS, TypeError, OverflowError) as error:
        raise InputError(f"{what} {path} is damaged ({error}); {hint}") from error


def _entry_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(entry) as file:
        return _array(file, entry.file_size)


def read_array(path: Path, what: str, hint: str) -> NDArray[Any]:
    """Read one array that ``numpy.save`` wrote; raises as :func:`read_arrays`."""
    try:
        with path.open("rb") as file:
            return _array(file, path.stat().st_size)
    except (*ZIP_ERRORS, TypeError, OverflowError) as error:
        raise InputError(f"{what} {path} cannot be read ({error}); {hint}") from error


def _array(file: IO[bytes], size: int) -> NDArray[Any]:
    """Check an array's header against the bytes that are there, then read them."""
    start = file.read(10)
    length = struct.unpack("<H", start[8:])[0] if start[:8] == b"\x93NUMPY\x01\x00" else 0
    header = HEAD.fullmatch(file.read(length))
    if header is None:
        raise ValueError("no array of numbers or texts")
    dtype, shape = np.dtype(header[1].decode()), tuple(int(side) for side in header[3].split(b",") if side.strip())
    if len(start) + length + math.prod(shape) * dtype.itemsize != size:
        raise ValueError(f"it claims {dtype} {shape} and does not hold it")
    flat = np.empty(math.prod(shape), dtype)
    if flat.nbytes and not _fill(file, flat):
        raise ValueError("it is cut short")
    return flat.reshape(shape, order="F" if header[2] == b"True" else "C")
