"""Which real recordings there are, who of their people tunes and who judges, and the hash of each file.

The table was written before the first training that was judged by it. A file that has changed is refused.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

from pulse8.errors import InputError
from pulse8.manifest import existing_file, is_file, sha256_of

Role = Literal["tune", "judge"]
Reference = Literal["rate", "ppg", "intervals", "none"]

FETCH: Final = "docs/people.md says where each set comes from"


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """One recording of the table.

    Attributes
    ----------
    recording, subject, session
        Ids, and the circumstances in a word.
    role
        Whether its person tunes or judges.
    reference
        What is known of the true rate: a rate over time, a contact PPG, intervals of beats, or nothing.
    folder
        Where it lies, seen from the data's folder.
    files
        Its files' names and SHA-256.
    """

    recording: str
    subject: str
    session: str
    role: Role
    reference: Reference
    folder: str
    files: Mapping[str, str]

    @property
    def dataset(self) -> str:
        """Its set's name: the first word of the recording's."""
        return self.recording.split()[0]

    def paths(self, data: Path) -> dict[str, Path]:
        """Its files by name, each held to its hash.

        Raises
        ------
        InputError
            One is missing, or is not the one that the table was written for.
        """
        found = {name: data / self.folder / name for name in self.files}
        for name, path in found.items():
            if sha256_of(existing_file(path, "recording", FETCH)) != self.files[name]:
                raise InputError(f"{path} is not the file that {self.recording} was fixed with; {FETCH}")
        return found


def _table() -> bytes:
    return files("pulse8.learn.real").joinpath("roles.json").read_bytes().replace(b"\r\n", b"\n")


@cache
def roles_sha256() -> str:
    """SHA-256 of the table, its lines ended by a line feed."""
    return hashlib.sha256(_table()).hexdigest()


@cache
def roles() -> tuple[Entry, ...]:
    """Read the table."""
    content: dict[str, Any] = json.loads(_table())
    return tuple(Entry(**fields) for fields in content["recordings"])


def rules() -> tuple[str, ...]:
    """Sentences that say what each role may do."""
    content: dict[str, Any] = json.loads(_table())
    return tuple(content["rules"])


def refuse_judges(entry: Entry) -> None:
    """Keep who judges out of every training.

    Raises
    ------
    InputError
        The recording's person judges.
    """
    if entry.role != "tune":
        raise InputError(f"{entry.recording} judges: nothing of it may be in a training; take one that tunes")


def present(data: Path) -> tuple[Entry, ...]:
    """List the recordings of the table whose files are there.

    Raises
    ------
    InputError
        There are none.
    """
    found = tuple(entry for entry in roles() if all(is_file(data / entry.folder / name) for name in entry.files))
    if not found:
        raise InputError(f"no recording of the table lies in {data}; {FETCH}")
    return found
