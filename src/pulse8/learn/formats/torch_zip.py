"""The container that ``torch.save`` writes, read in place and written as a stream, without torch.

A ``.pt`` file is a zip of stored (never compressed) entries: ``NAME/data.pkl``, a pickle of the object tree in which
each tensor names its storage, and ``NAME/data/KEY``, the storage's raw bytes. Files come from elsewhere: the pickle is
read by an unpickler that knows tensors and nothing else, what it unfolds to is bounded, and every size is checked
against the file before a byte of a tensor is touched. Layout: PyTorch, "Serialization semantics" and
``torch/serialization.py``.
"""

import io
import math
import pickle
import struct
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.formats.stored import LOCAL_HEADER_BYTES, Stored, data_offset

MAX_PICKLE_BYTES: Final = 8_000_000
"""Ids and rates of half a million windows; a byte may become an object of 64, so this bounds memory to 0.5 GB."""
MAX_UNFOLDED: Final = 4_000_000
"""Items and characters of the tree, those that the pickle names many times counted each time."""
MAX_RANK: Final = 32
LONGEST_SIDE: Final = 1 << 48
ALIGNMENT_BYTES: Final = 64
ZIP64_EXTRA_BYTES: Final = 20
PADDING_FIELD: Final = 0x4246  # "FB": the extra field with which torch aligns storages

PICKLE_ERRORS: Final = (
    *(pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError, AttributeError, struct.error),
    *(ArithmeticError, MemoryError, RecursionError),
)
"""What the unpickler has raised on damaged or hostile bytes."""

ZIP_ERRORS: Final = (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError, OverflowError)
"""The same for the zip reader; encryption, other compressions and later versions of the format raise some of them."""

BUILDING: Final = (
    *(pickle.BUILD, pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.EXT1, pickle.EXT2, pickle.EXT4),
    *(pickle.BYTEARRAY8, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
)
"""Pickle's operations that change objects or take memory on a claim; tensors need none of them."""

STORAGE_DTYPES: Final = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
STORAGE_NAMES: Final = {np.dtype(code): name for name, code in STORAGE_DTYPES.items()}


class _Storage(NamedTuple):
    dtype: np.dtype[Any]
    key: str


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Stream:
    """An array that is written block by block along its first axis; the number of rows is known at the end."""

    row_shape: tuple[int, ...]
    dtype: np.dtype[Any]
    blocks: Iterable[NDArray[Any]]


def read(path: Path, what: str) -> Any:  # noqa: ANN401 - the file decides
    """Return the object tree of a ``.pt`` file, the tensors of its first level as :class:`Stored`.

    Raises
    ------
    InputError
        The file is not such a zip, is cut short, or its pickle names anything but tensors and plain values.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename.partition("/")[2]: entry for entry in archive.infolist()}
            _check(entries, path, what)
            tree = _TensorUnpickler(io.BytesIO(archive.read(entries["data.pkl"])), path, what).load()
        _refuse_unfolding(tree)
        items = tree.items() if isinstance(tree, dict) else ()
        stored = {key: _stored(value, entries, path, what) for key, value in items if isinstance(value, _Tensor)}
    except PICKLE_ERRORS as error:
        raise InputError(f"{what} {path} has a damaged pickle ({error}); make it again") from error
    except ZIP_ERRORS as error:
        raise InputError(f"{what} {path} is cut short or no torch.save file ({error}); make it again") from error
    return {**tree, **stored} if isinstance(tree, dict) else tree


def _check(entries: Mapping[str, zipfile.ZipInfo], path: Path, what: str) -> None:
    if "data.pkl" not in entries:
        raise InputError(f"{what} {path} holds no data.pkl; save it with torch.save in its zip format")
    if entries["data.pkl"].file_size > MAX_PICKLE_BYTES:
        raise InputError(
            f"{what} {path} has a pickle of {entries['data.pkl'].file_size} bytes; tensors belong outside it"
        )
    size = path.stat().st_size
    for name, entry in entries.items():
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise InputError(f"{what} {path}: {name} is compressed; torch.save stores it plain, save it again")
        if entry.header_offset + entry.file_size > size:
            raise InputError(f"{what} {path}: {name} reaches past the file's end; make it again")


def _refuse_unfolding(tree: object) -> None:
    """Count what a tree unfolds to: a few bytes may name one list a billion times, or a list that holds itself."""
    waiting, count = [tree], 0
    while waiting:
        item = waiting.pop()
        count += len(item) if isinstance(item, str | bytes) else 1
        if count > MAX_UNFOLDED:
            raise ValueError(f"it unfolds to more than {MAX_UNFOLDED:,} items")
        if isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, list | tuple | set | frozenset):
            waiting += item


PLAIN: Final = pickle._Unpickler.dispatch  # noqa: SLF001 - as below


class _TensorUnpickler(pickle._Unpickler):  # noqa: SLF001 - the one in C takes memory for any number of a memo
    """Knows tensors, storages and ordered dicts; whatever else the pickle names is refused."""

    dispatch: ClassVar = {code: step for code, step in PLAIN.items() if bytes([code]) not in BUILDING}

    def __init__(self, file: io.BytesIO, path: Path, what: str) -> None:
        super().__init__(file)
        self._refusal = f"{what} {path} wants to run"

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - what a pickle may name
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in STORAGE_DTYPES:
            return np.dtype(STORAGE_DTYPES[name])
        return self._refuse(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:  # noqa: ANN401 - what a pickle may hold
        kind, dtype, key, _location, _elements = pid
        if kind != "storage" or not isinstance(dtype, np.dtype) or not isinstance(key, str):
            self._refuse(repr(kind))
        return _Storage(dtype, key)

    def _refuse(self, name: str) -> NoReturn:
        raise InputError(f"{self._refusal} {name}, which is code, not data; refused")


def _rebuild_tensor(
    storage: object, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_gradient_and_hooks: object
) -> _Tensor:
    if not isinstance(storage, _Storage) or len(shape) != len(stride) or len(shape) > MAX_RANK:
        raise ValueError("a tensor without storage")
    numbers: tuple[object, ...] = (offset, *shape, *stride)
    if not all(isinstance(number, int) and abs(number) < LONGEST_SIDE for number in numbers):
        raise ValueError("a tensor whose sizes are none")
    return _Tensor(storage, offset, tuple(shape), tuple(stride))


def _stored(tensor: _Tensor, entries: Mapping[str, zipfile.ZipInfo], path: Path, what: str) -> Stored:
    shape, dtype = tensor.shape, tensor.storage.dtype
    entry = entries.get(f"data/{tensor.storage.key}")
    if min((*shape, tensor.offset, 0)) < 0:
        raise InputError(f"{what} {path} claims a tensor of shape {shape}; make it again")
    if math.prod(shape) == 0:
        return Stored(path, dtype, shape, 0)
    if any(n > 1 and mine != wanted for n, mine, wanted in zip(shape, tensor.stride, _strides(shape), strict=True)):
        raise InputError(f"{what} {path} holds a tensor that is not contiguous; save it with .contiguous()")
    if entry is None or (tensor.offset + math.prod(shape)) * dtype.itemsize > entry.file_size:
        raise InputError(f"{what} {path} claims a tensor {shape} that its data do not hold; make it again")
    return Stored(path, dtype, shape, data_offset(path, entry) + tensor.offset * dtype.itemsize)


def write(path: Path, entries: Iterable[tuple[str, NDArray[Any] | Stream | str | list[str]]]) -> None:
    """Write a dict as ``torch.save`` would, so that ``torch.load(weights_only=True)`` reads it.

    Entries are taken one after another: a later one may depend on an earlier stream. A :class:`Stream` is
    written as its blocks come, so that memory is bounded by one block.
    """
    pickled = [b"\x80\x02}("]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for key, (name, value) in enumerate(entries):
            pickled.append(_text(name))
            if isinstance(value, str):
                pickled.append(_text(value))
            elif isinstance(value, list):
                pickled.append(b"](" + b"".join(map(_text, value)) + b"e")
            else:
                stream = value if isinstance(value, Stream) else Stream(value.shape[1:], value.dtype, [value])
                rows = _write_storage(archive, f"archive/data/{key}", stream)
                pickled.append(_tensor(str(key), (rows, *stream.row_shape), stream.dtype))
        pickled.append(b"u.")
        rest = {"data.pkl": b"".join(pickled), "byteorder": b"little", "version": b"3\n"}
        for name, content in rest.items():  # without the time of day, so that the same data have the same bytes
            archive.writestr(zipfile.ZipInfo(f"archive/{name}"), content)


def _write_storage(archive: zipfile.ZipFile, name: str, stream: Stream) -> int:
    """Write the blocks' bytes on an aligned offset, as torch's own memory map wants them; return the rows."""
    entry = zipfile.ZipInfo(name)
    start = archive.start_dir + LOCAL_HEADER_BYTES + len(name) + ZIP64_EXTRA_BYTES + 4
    padding = -start % ALIGNMENT_BYTES
    entry.extra = struct.pack("<HH", PADDING_FIELD, padding) + b"Z" * padding
    rows = 0
    with archive.open(entry, "w", force_zip64=True) as file:
        for block in stream.blocks:
            rows += len(block)
            file.write(np.ascontiguousarray(block, stream.dtype).reshape(-1).view(np.uint8).data)
    return rows


def _text(text: str) -> bytes:
    encoded = text.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def _integer(value: int) -> bytes:
    return b"\x8a\x09" + int(value).to_bytes(9, "little", signed=True)


def _integers(values: Iterable[int]) -> bytes:
    return b"(" + b"".join(map(_integer, values)) + b"t"


def _tensor(key: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    """Pickle ``_rebuild_tensor_v2(storage, offset 0, shape, stride, no gradient, no hooks)``."""
    storage = b"ctorch\n" + STORAGE_NAMES[np.dtype(dtype)].encode() + b"\n"
    identity = b"(" + _text("storage") + storage + _text(key) + _text("cpu") + _integer(math.prod(shape)) + b"tQ"
    hooks = b"ccollections\nOrderedDict\n)R"
    arguments = identity + _integer(0) + _integers(shape) + _integers(_strides(shape)) + b"\x89" + hooks
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR"


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Elements between neighbours along each axis of a contiguous array."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
