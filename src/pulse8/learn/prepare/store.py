"""A prepared data set on disk: one file a recording, and an index. Read it with :func:`open_store`.

``index.json`` lists the recordings (:mod:`pulse8.learn.formats.recordings`) with the hash of each one's content,
and what could not be prepared and why.

    store = open_store(Path("stores/ubfc"))
    for recording in store.recordings(store.subjects[:10]):
        ...                     # a pulse8.values.Recording: traces, reference PPG, subject
    store.sha256                # what a model or a table trained or judged on it is bound to
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from pulse8.errors import InputError
from pulse8.learn.formats import npz
from pulse8.learn.formats.recordings import (
    ARRAYS,
    FORMAT,
    PATCH_SHAPE,
    PREPARE,
    open_recording,
    recording_in,
    recording_path,
)
from pulse8.learn.formats.stored import Stored
from pulse8.learn.recording import Recording
from pulse8.manifest import existing_file, writing

INDEX: Final = "index.json"

MAX_INDEX_BYTES: Final = 64_000_000


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One recording in the index.

    Attributes
    ----------
    recording, subject
        Ids; a recording's is unique in its store.
    sha256
        Of the content of its file: arrays and record, whatever they were compressed with.
    bytes
        Size of its file.
    frames, seconds
        How long it is.
    valid_share
        In what share of its frames each ROI was measured, in ROI order.
    windows, left_out
        Windows of 8.53 s with a true rate, and how many have none, by reason.
    lag_s, lag_correlation
        How far the contact PPG trails the video, seconds, and how well they agree there; ``None`` where that could not
        be estimated.
    lag_corrected
        Whether the PPG's clock was moved by it.
    notes
        What is worth knowing about it.
    """

    recording: str
    subject: str
    sha256: str
    bytes: int
    frames: int
    seconds: float
    valid_share: tuple[float, ...]
    windows: int
    left_out: Mapping[str, int]
    lag_s: float | None
    lag_correlation: float | None
    lag_corrected: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A recording that could not be prepared, and why in one line."""

    recording: str
    reason: str


@dataclass(frozen=True, eq=False)
class Store:
    """An open store.

    Attributes
    ----------
    path, dataset
        Its folder, and the data set that it was prepared from.
    simulated
        Whether its people are simulated, which every figure made from it has to say.
    entries
        Its recordings, sorted by id.
    failed
        What could not be prepared.
    """

    path: Path
    dataset: str
    simulated: bool
    entries: tuple[Entry, ...]
    failed: tuple[Failure, ...] = field(default=())

    @property
    def subjects(self) -> tuple[str, ...]:
        """Ids of its subjects, sorted."""
        return tuple(sorted({entry.subject for entry in self.entries}))

    @property
    def sha256(self) -> str:
        """Hash of the content of all its recordings, whatever their order on disk."""
        rows = "".join(f"{entry.recording}\0{entry.subject}\0{entry.sha256}\n" for entry in self.entries)
        return hashlib.sha256(rows.encode()).hexdigest()

    def of(self, subjects: Collection[str] | None = None) -> tuple[Entry, ...]:
        """Entries of some subjects; of all without them.

        Raises
        ------
        InputError
            A subject is not in the store.
        """
        if subjects is None:
            return self.entries
        if absent := sorted(set(subjects) - set(self.subjects)):
            raise InputError(f"{self.path} has no subject {', '.join(absent[:5])}; it has {', '.join(self.subjects)}")
        return tuple(entry for entry in self.entries if entry.subject in subjects)

    def recordings(self, subjects: Collection[str] | None = None) -> Iterator[Recording]:
        """Read recordings one after another, of some subjects or of all."""
        return (self.read(entry) for entry in self.of(subjects))

    def read(self, entry: Entry) -> Recording:
        """Read one recording and hold it against the index.

        Raises
        ------
        InputError
            Its file is missing, damaged or not the one that the index names.
        """
        path = recording_path(self.path, entry.recording)
        archive = open_recording(path)
        if archive.sha256(keep=ARRAYS) != entry.sha256:
            raise InputError(f"{path} is not the file that {self.path / INDEX} names; {PREPARE}")
        return recording_in(archive)

    def patches(self, entry: Entry) -> Stored | None:
        """Return a recording's patches, uint8 [T, 3, 36, 36, 3], read where they are; ``None`` without any."""
        archive = npz.Archive(recording_path(self.path, entry.recording), PREPARE)
        if "patches" not in archive:
            return None
        return archive.stored("patches", "|u1", (entry.frames, *PATCH_SHAPE))


def entry_of(path: Path) -> Entry:
    """Return the index's entry for a recording's file.

    Raises
    ------
    InputError
        The file is damaged or lacks what the index needs.
    """
    archive = open_recording(path)
    record = archive.record
    try:
        fields = {**record["facts"], "recording": record["recording"], "subject": record["subject"]}
        return _entry({**fields, "sha256": archive.sha256(), "bytes": path.stat().st_size})
    except (KeyError, TypeError) as error:
        raise InputError(f"{path} lacks what an index needs ({error}); {PREPARE}") from error


def _entry(fields: Mapping[str, Any]) -> Entry:
    lists = {name: tuple(fields[name]) for name in ("valid_share", "notes")}
    entry = Entry(**{**fields, **lists})
    texts, counts = (entry.recording, entry.subject, entry.sha256), (entry.bytes, entry.frames, entry.windows)
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(count, int) for count in counts):
        raise TypeError(f"recording {entry.recording!r} has fields of another kind")
    return entry


def write_index(store: Store) -> Path:
    """Write ``index.json``; its bytes depend on the recordings alone."""
    fields = {
        "format": FORMAT,
        "dataset": store.dataset,
        "simulated": store.simulated,
        "sha256": store.sha256,
        "recordings": [asdict(entry) for entry in store.entries],
        "failed": [asdict(failure) for failure in store.failed],
    }
    path = store.path / INDEX
    with writing(path) as temporary:
        text = json.dumps(fields, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    return path


def _index_fields(index: Path) -> dict[str, Any]:
    if index.stat().st_size > MAX_INDEX_BYTES:
        raise ValueError(f"it has {index.stat().st_size} bytes")
    fields: dict[str, Any] = json.loads(index.read_text(encoding="utf-8"))
    if fields["format"] != FORMAT:
        raise ValueError(f"it is {fields['format']!r}, not {FORMAT!r}")
    return fields


def open_store(path: Path) -> Store:
    """Open a prepared store; recordings are read when they are asked for.

    Raises
    ------
    InputError
        There is none, its index cannot be read, or two of its recordings have one id.
    """
    index = existing_file(path / INDEX, "store's index", "run pulse8 prepare --store " + str(path))
    try:
        fields = _index_fields(index)
        entries = tuple(_entry(entry) for entry in fields["recordings"])
        failed = tuple(Failure(**failure) for failure in fields["failed"])
        store = Store(path, str(fields["dataset"]), bool(fields["simulated"]), entries, failed)
        matches = store.sha256 == fields["sha256"] and len({e.recording for e in entries}) == len(entries)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{index} cannot be read ({error}); {PREPARE}") from error
    if not matches:
        raise InputError(f"{index} was changed after it was written; {PREPARE}")
    return store
