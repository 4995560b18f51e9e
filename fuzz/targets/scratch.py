"""A file in memory for parsers that take a path, and archives put together from an input's parts."""

import atexit
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from pulse8.measure.video.encode import h264, write_video


@cache
def folder() -> Path:
    """Return this process's own folder, gone when it ends."""
    memory = Path("/dev/shm")  # noqa: S108 - a mount point, not a name in it
    made = Path(tempfile.mkdtemp(prefix="pulse8-fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def file(name: str, data: bytes) -> Path:
    """Write a file, in a folder of its own where the name has one."""
    path = folder() / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def archive(name: str, entries: Mapping[str, bytes], way: int = zipfile.ZIP_STORED) -> Path:
    """Write a zip with correct sums and sizes: what lies in it is hostile, the container is not."""
    path = folder() / name
    with zipfile.ZipFile(path, "w", way) as written:
        for inner, content in entries.items():
            written.writestr(zipfile.ZipInfo(inner), content, way)
    return path


@cache
def video(where: Path) -> Path:
    """Write a sound video of three frames."""
    frames = [(np.full((16, 16, 3), 100 + number, np.uint8), number / 30) for number in range(3)]
    path = where / "vid.avi"
    write_video(path, frames, 30, h264(0))
    return path
