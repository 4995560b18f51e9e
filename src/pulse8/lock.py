"""One process at a time in a folder, or at a file: an operating system lock, released when its process ends.

The lock file names its holder, who removes it when done. The system holds the lock, not the file: a file left by a
killed process blocks nobody. The lock file's name is predictable, and a folder may come from elsewhere, so an existing
file is written to only if it is a plain file with a single name. Links are never followed.
"""

import errno
import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pulse8.errors import InputError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

NAME: Final = ".pulse8.lock"
"""The lock file in an output folder."""

NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT)

HOLDER_BYTES: Final = 400
FAR: Final = 1 << 30
"""Offset of the byte that Windows locks: a locked byte cannot be read, and the file begins with its holder."""

OPENED: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Links are not followed and pipes do not block. Windows has neither flag; its links need an administrator."""

_held: Final[dict[Path, int]] = {}


@contextmanager
def alone(place: Path, what: str, *, beside: bool = False) -> Iterator[None]:
    """Hold ``place`` exclusively while the block runs; the process that holds it may enter again.

    Parameters
    ----------
    place
        An output folder; it is created if missing, and removed again if it stays empty.
    what
        The command that writes into it, for the message that other processes get.
    beside
        Put the lock file beside the folder, for a folder that is replaced as a whole.

    Raises
    ------
    InputError
        Another process holds it, or the lock file cannot be written or is a link.
    """
    file = (place.parent / f".{place.name}.lock" if beside else place / NAME).absolute()
    if file in _held:
        yield
        return
    is_new = not file.parent.exists()
    with _one_line(place, file):
        file.parent.mkdir(parents=True, exist_ok=True)
        _held[file] = _locked(file)
    try:
        with _one_line(place, file):
            os.ftruncate(_held[file], 0)
            os.write(_held[file], f"{what}, process {os.getpid()} on {socket.gethostname()}".encode()[:HOLDER_BYTES])
        yield
    finally:
        with suppress(OSError):  # Windows removes no open file; one left behind blocks nobody
            file.unlink()
        os.close(_held.pop(file))
        with suppress(OSError):
            if is_new:
                file.parent.rmdir()


@contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Hold one file exclusively while it is read, changed and written again; other processes wait for the lock.

    Raises
    ------
    OSError
        The lock file beside it cannot be written.
    InputError
        The lock file is a link or not a plain file.
    """
    file = path.with_name(f".{path.name}.lock")
    handle = _locked(file, wait=True)
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()
        os.close(handle)


@contextmanager
def _one_line(place: Path, file: Path) -> Iterator[None]:
    try:
        yield
    except BlockingIOError as error:
        raise InputError(f"{place} is in use by {_holder(file)}; wait until that is done") from error
    except OSError as error:
        fix = "free space or " if error.errno in NO_SPACE else ""
        raise InputError(f"cannot write {place}: {error.strerror}; {fix}choose another place") from error


def _locked(file: Path, *, wait: bool = False) -> int:
    """Open and lock the file; try again if its last holder, who removes it before the release, has just removed it."""
    while True:
        handle = _opened(file)
        try:
            _refuse_foreign(os.fstat(handle), file)
            _lock(handle, wait=wait)
            if file.exists() and os.path.samestat(os.fstat(handle), file.stat()):
                return handle
        except (OSError, InputError):
            os.close(handle)
            raise
        os.close(handle)


def _opened(file: Path) -> int:
    try:
        return os.open(file, OPENED, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR):
            raise _foreign(file) from error
        raise


def _refuse_foreign(status: os.stat_result, file: Path) -> None:
    """Refuse a lock file that is not plain or has a second name; one that was just removed has no name."""
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1 or (not hasattr(os, "O_NOFOLLOW") and file.is_symlink()):
        raise _foreign(file)


def _foreign(file: Path) -> InputError:
    return InputError(f"{file} is no lock of pulse8 but a link or another kind of file; remove it and try again")


def _lock(handle: int, *, wait: bool) -> None:
    if sys.platform == "win32":
        os.lseek(handle, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(*error.args) from error
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def _holder(file: Path) -> str:
    try:
        with file.open("rb") as lock_file:
            return lock_file.read(HOLDER_BYTES).decode(errors="replace") or "another process"
    except OSError:
        return "another process"


def _forget() -> None:
    """Close the locks in a forked child, which would keep them after its parent was killed."""
    for handle in _held.values():
        os.close(handle)
    _held.clear()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget)
