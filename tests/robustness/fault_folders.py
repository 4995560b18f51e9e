"""What a command left in its folder: whole, half-written, damaged, stale or lost; and small disks to put it on."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx

from pulse8.errors import InputError, Pulse8Error
from pulse8.learn.models.checkpoint import read_torch_file
from pulse8.learn.train.pool import TABLE, open_pool
from pulse8.manifest import UNFINISHED, accept, rows_beside, sha256_of

TIMED: Final = (".timeline.json", "report.html")


@dataclass(frozen=True, kw_only=True)
class Whole:
    """An undisturbed run: its exit code, its files' hashes, and how long it held its folder, in seconds."""

    code: int
    files: Mapping[str, str]
    span_s: float
    bytes: int


def contents(folder: Path) -> dict[str, str]:
    """Hash every file of a result but the trainer's state, which holds its folder's full path.

    Of what tells how long a build's stages took, the timeline and the report that shows it, only that it is there.
    """
    files = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "state"]
    return {path.relative_to(folder).as_posix(): _content(path) for path in files}


def _content(path: Path) -> str:
    if path.name.endswith(TIMED):
        return "there"
    if path.name != "manifest.json":
        return sha256_of(path)
    rows = json.loads(path.read_text())["rows"]
    return json.dumps({name: row for name, row in rows.items() if not name.endswith(TIMED)})


def leftovers(folder: Path) -> list[str]:
    """Name what is half-written, or a lock."""
    found = [path for path in folder.rglob("*") if path.name.endswith((UNFINISHED, ".lock"))]
    return [path.relative_to(folder).as_posix() for path in found]


def damaged(folder: Path) -> list[str]:
    """Name the files that do not load; what is half-written under a name that says so is none of them."""
    found = []
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            try:
                _load(path)
            except (Pulse8Error, ValueError, KeyError, OSError, EOFError, AssertionError) as error:
                found.append(f"{path.relative_to(folder)}: {error}")
    return found


def _load(path: Path) -> None:
    readers: Mapping[str, Callable[[Path], object]] = {
        ".json": lambda file: json.loads(file.read_text()),
        ".npz": _read_npz,
        ".onnx": lambda file: onnx.checker.check_model(onnx.load(file)),
        ".pth": read_torch_file,
        ".ckpt": read_torch_file,
        ".html": lambda file: _ends(file, "</html>"),
        ".svg": lambda file: _ends(file, "</svg>"),
        ".csv": lambda file: np.loadtxt(file, delimiter=",", skiprows=1),
    }
    if path.suffix in readers:
        readers[path.suffix](path)
    if path.name == TABLE:
        open_pool(path.parent)
    if path.name == "p8_board.json":
        for name, sha256 in json.loads(path.read_text())["files"].items():
            if sha256_of(path.parent / name) != sha256:
                raise ValueError(f"{name} is another file")


def _read_npz(path: Path) -> None:
    with np.load(path) as arrays:  # each array's sum is checked as it is read
        for name in arrays.files:
            if name != "record.json":
                arrays[name]


def _ends(path: Path, end: str) -> None:
    if not path.read_text(encoding="utf-8").rstrip().endswith(end):
        raise ValueError(f"it does not end with {end}")


def refused(folder: Path) -> int:
    """Count the files whose row is of another run: the next step refuses them and names the command to run again."""
    count = 0
    for manifest in folder.rglob("manifest.json"):
        for name in rows_beside(manifest):
            try:
                accept(manifest.parent / name, failed_too=True)
            except (InputError, FileNotFoundError):
                count += 1
    return count


def differences(folder: Path, whole: Whole) -> list[str]:
    """Say how a result differs from the undisturbed one."""
    found = contents(folder)
    told = [f"{name} is missing" for name in set(whole.files) - set(found)]
    told += [f"{name} is left" for name in set(found) - set(whole.files)]
    return told + [f"{name} differs" for name in set(found) & set(whole.files) if found[name] != whole.files[name]]


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[None]:
    """Mount a file system in memory of a size in bytes (Linux, as root)."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def may_mount(folder: Path) -> bool:
    """Whether a file system can be mounted here."""
    try:
        with mounted(folder, 1 << 16):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False
