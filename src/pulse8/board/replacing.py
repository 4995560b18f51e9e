"""A folder that is replaced as a whole: a reader sees the old one or the new one."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import Final

from pulse8.errors import InputError
from pulse8.manifest import UNFINISHED, write_errors_reported

RECORD: Final = "p8_board.json"


@contextmanager
def replacing(
    folder: Path, record: str = RECORD, kind: str = "a board folder of pulse8; choose another --output"
) -> Iterator[Path]:
    """Yield a new folder beside ``folder`` that replaces it when the block succeeds.

    A folder that holds something and not the file ``record`` is somebody's own: ``InputError``, it is not ``kind``.
    A reader sees the old folder or the new one; between the two renames it sees neither, and the old one lies beside.
    """
    if folder.exists() and not (folder / record).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not {kind}")
    old = folder.parent / f".{folder.name}.old{UNFINISHED}"
    with write_errors_reported(folder):
        _clear(folder, old)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=UNFINISHED))
        try:
            fresh.chmod(0o755)
            yield fresh
            if folder.exists():
                folder.rename(old)
            fresh.rename(folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _clear(folder: Path, old: Path) -> None:
    """Restore a folder that a killed process had moved aside, and remove its incomplete files."""
    if old.is_dir() and not old.is_symlink() and not folder.exists():
        old.rename(folder)
    for left in folder.parent.glob(f".{escape(folder.name)}.*{UNFINISHED}"):
        if left.is_symlink():
            left.unlink()
        elif left.is_dir():
            shutil.rmtree(left)
