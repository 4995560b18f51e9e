"""An array that stays in its file, inside a zip or not, and is read on request."""

import math
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError

LOCAL_HEADER_BYTES: Final = 30


@dataclass(frozen=True)
class Stored:
    """A tensor in a file, read on request.

    Rows are read by seeking, not by a memory map: after a file was hashed its pages lie in large folios, and touching
    one row maps megabytes around it, so that a map's resident memory grows with the file (decision 0004).
    """

    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int

    def rows(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        """Read the rows at ``indices`` of the first axis.

        Raises
        ------
        InputError
            The file is shorter than it was when it was opened.
        """
        block = np.empty((len(indices), *self.shape[1:]), self.dtype)
        elements = math.prod(self.shape[1:])
        row_bytes = elements * self.dtype.itemsize
        with self.path.open("rb", buffering=0) as file:
            for row, number in zip(block.reshape(len(indices), elements).view(np.uint8), indices, strict=True):
                file.seek(self.offset + int(number) * row_bytes)
                if file.readinto(row.data) != row_bytes:
                    raise InputError(f"{self.path} is cut short; make it again")
        return block

    def all(self) -> NDArray[Any]:
        """Read the whole tensor; raises as :meth:`rows`."""
        flat = np.fromfile(self.path, self.dtype, math.prod(self.shape), offset=self.offset)
        if len(flat) != math.prod(self.shape):
            raise InputError(f"{self.path} is cut short; make it again")
        return flat.reshape(self.shape)


def data_offset(path: Path, entry: zipfile.ZipInfo) -> int:
    """Return where an entry's bytes begin in the file; its local header may be longer than the directory's.

    Raises
    ------
    zipfile.BadZipFile
        There is no such header.
    """
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        header = file.read(LOCAL_HEADER_BYTES)
    if len(header) < LOCAL_HEADER_BYTES:
        raise zipfile.BadZipFile("an entry's header is cut short")
    name_bytes, extra_bytes = struct.unpack("<HH", header[26:30])
    return int(entry.header_offset + LOCAL_HEADER_BYTES + name_bytes + extra_bytes)
