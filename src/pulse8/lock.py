"""One process at a time in a folder, or at a file: the operating system's lock, which ends with its holder's process.

The lock's file says who holds it, and goes when that one is done. What locks is not the file but the system: a file
that a killed process leaves behind stops nobody. Its name is known in advance, and a folder may come from elsewhere:
what lies there is written only if it is a plain file of one name, never what a link leads to.
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
"""The lock's file in a folder that is filled."""

HOLDER_BYTES: Final = 400
FAR: Final = 1 << 30
"""Where Windows locks a byte: one that is locked cannot be read, and the beginning says who holds it."""

OPENED: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""No link is followed, and a pipe is not waited for; Windows has neither flag, and makes links for administrators."""

_held: Final[dict[Path, int]] = {}


@contextmanager
def alone(place: Path, what: str, *, beside: bool = False) -> Iterator[None]:
    """Hold ``place`` alone while the block runs; a process that does may ask for it again.

    Parameters
    ----------
    place
        A folder that is filled; it is made, and goes again if it stays empty.
    what
        The command that fills it, as others are told.
    beside
        Lock it from beside: it will be replaced as a whole.

    Raises
    ------
    InputError
        Another process holds it, or the lock's file cannot be written or is a link.
    """
    file = (place.parent / f".{place.name}.lock" if beside else place / NAME).absolute()
    if file in _held:
        yield
        return
    made = not file.parent.exists()
    with _one_line(place, file):
        file.parent.mkdir(parents=True, exist_ok=True)
        _held[file] = _locked(file)
    try:
        with _one_line(place, file):
            os.ftruncate(_held[file], 0)
            os.write(_held[file], f"{what}, process {os.getpid()} on {socket.gethostname()}".encode()[:HOLDER_BYTES])
        yield
    finally:
        with suppress(OSError):  # Windows removes no open file; one that stays stops nobody
            file.unlink()
        os.close(_held.pop(file))
        with suppress(OSError):
            if made:
                file.parent.rmdir()


@contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Hold one file while it is read, changed and written again; who comes meanwhile waits the moment that it takes.

    Raises
    ------
    OSError
        The lock's file, which lies beside it, cannot be written.
    InputError
        It is a link or no plain file.
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
        raise InputError(f"cannot write {place}: {error.strerror}; free space or choose another place") from error


def _locked(file: Path, *, wait: bool = False) -> int:
    """Open and lock a file that its last holder did not remove meanwhile; its removal comes before its release."""
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
    """Refuse a lock's file that is not plain or has a second name; none at all has one that was just removed."""
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
        with file.open("rb") as told:
            return told.read(HOLDER_BYTES).decode(errors="replace") or "another process"
    except OSError:
        return "another process"


def _forget() -> None:
    """Close the locks in a forked child: it would hold them on when its parent is killed."""
    for handle in _held.values():
        os.close(handle)
    _held.clear()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget)
