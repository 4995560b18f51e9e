"""Subjects for training, validation and test, written once and read by both training and evaluation.

A protocol is a JSON file that names its stores with the hash of their content, and for each fold the subjects of each
side: ``k-fold`` by subject in one store, or ``cross``: trained on some data sets, tested on another. Reading it
checks that no store has changed and that no subject is on two sides.

    protocol = open_protocol(Path("ubfc-5-fold.json"))
    for fold in protocol.folds:
        train = protocol.recordings(fold.sides.train)
        ...
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pulse8.errors import InputError, SpecError
from pulse8.learn.prepare.store import INDEX, Store, open_store
from pulse8.learn.recording import Recording
from pulse8.learn.splits.split import TEST_SHARE, Sides, k_folds, shuffled, sides
from pulse8.manifest import accept, existing_file, record, writing

FORMAT: Final = "pulse8 protocol 1"
MAX_BYTES: Final = 16_000_000
HINT: Final = "write it again with pulse8 protocol"


@dataclass(frozen=True, kw_only=True)
class ProtocolOptions:
    """Options of a protocol's folds.

    Attributes
    ----------
    folds
        Number of folds; each subject is on the test side of one.
    test_on
        Store of another data set that is the only test side; the subjects of all other stores train.
    """

    folds: int = 5
    test_on: Path | None = None

    def __post_init__(self) -> None:
        if not 2 <= self.folds <= 1000:
            raise SpecError(f"{self.folds} folds; give 2 to 1000")


@dataclass(frozen=True)
class Fold:
    """One fold: its name, and the subjects of each side as ``SUBJECT@DATASET``."""

    name: str
    sides: Sides


@dataclass(frozen=True, eq=False)
class Protocol:
    """An open protocol.

    Attributes
    ----------
    kind
        ``k-fold`` or ``cross``.
    sha256
        Hash of the file, to which its tables and models are bound.
    stores
        The stores by their data set's name.
    folds
        Subjects of each side, fold by fold.
    """

    kind: Literal["k-fold", "cross"]
    sha256: str
    stores: dict[str, Store]
    folds: tuple[Fold, ...]

    @property
    def simulated(self) -> bool:
        """Whether any of its people are simulated."""
        return any(store.simulated for store in self.stores.values())

    @property
    def content_sha256(self) -> str:
        """Hash of the stores' content."""
        return hashlib.sha256("".join(store.sha256 for store in self.stores.values()).encode()).hexdigest()

    def fold(self, name: str) -> Fold:
        """Return a fold by its name.

        Raises
        ------
        SpecError
            No fold has that name.
        """
        for fold in self.folds:
            if fold.name == name:
                return fold
        raise SpecError(f"no fold {name!r}; choose from {', '.join(fold.name for fold in self.folds)}")

    def recordings(self, subjects: Iterable[str]) -> Iterator[Recording]:
        """Read the recordings of one side's subjects; each one's subject is ``SUBJECT@DATASET``."""
        wanted = set(subjects)
        for dataset, store in self.stores.items():
            mine = [subject for subject in store.subjects if _key(subject, dataset) in wanted]
            for recording in store.recordings(mine):
                yield dataclasses.replace(recording, subject=_key(recording.subject, dataset))


def _key(subject: str, dataset: str) -> str:
    return f"{subject}@{dataset}"


def write_protocol(path: Path, stores: Sequence[Path], options: ProtocolOptions) -> Protocol:
    """Write a protocol over stores: cross-data-set with ``test_on``, else folds by subject over all of them.

    Raises
    ------
    InputError
        A store cannot be read, there are too few subjects, or one data set is on two sides.
    """
    paths = [*stores, *([options.test_on] if options.test_on is not None else [])]
    opened = [open_store(store) for store in paths]
    names = [store.dataset for store in opened]
    if twice := sorted(name for name in set(names) if names.count(name) > 1):
        raise InputError(f"two stores are of {twice[0]}: its subjects would be on two sides; give one store a data set")
    keys = [[_key(subject, store.dataset) for subject in store.subjects] for store in opened]
    fields = {
        "format": FORMAT,
        "kind": "k-fold" if options.test_on is None else "cross",
        "stores": [
            {"dataset": store.dataset, "path": _seen_from(path.parent, store.path), "sha256": store.sha256}
            for store in opened
        ],
        "folds": [{"name": fold.name, **asdict(fold.sides)} for fold in _folds(names, keys, options)],
    }
    with writing(path) as temporary:
        text = json.dumps(fields, indent=1, ensure_ascii=False) + "\n"
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    inputs = {store.dataset: accept(store.path / INDEX) for store in opened}
    record(path, "protocol", inputs, {"kind": fields["kind"], "folds": options.folds})
    return open_protocol(path)


def whole_protocol(path: Path) -> Protocol:
    """Return a protocol for a store without one: one fold, which tests three tenths of its people.

    Raises
    ------
    InputError
        The store cannot be read, or has fewer than three people.
    """
    store = open_store(path)
    keys = shuffled(_key(subject, store.dataset) for subject in store.subjects)
    tests = max(1, round(len(keys) * TEST_SHARE))
    fold = Fold("whole", sides(keys[tests:], keys[:tests]))
    return Protocol("k-fold", store.sha256, {store.dataset: store}, (fold,))


def _folds(names: Sequence[str], keys: Sequence[Sequence[str]], options: ProtocolOptions) -> list[Fold]:
    if options.test_on is None:
        dealt = k_folds([key for some in keys for key in some], options.folds)
        return [Fold(f"fold {number}", sides) for number, sides in enumerate(dealt, 1)]
    rest = [key for some in keys[:-1] for key in some]
    return [Fold(f"{'+'.join(names[:-1])} to {names[-1]}", sides(rest, keys[-1]))]


def _seen_from(folder: Path, store: Path) -> str:
    try:
        return Path(os.path.relpath(store, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return store.absolute().as_posix()


def open_protocol(path: Path) -> Protocol:
    """Open a protocol and its stores.

    Raises
    ------
    InputError
        It cannot be read, a subject is on two sides or not in its store, or a store has changed.
    """
    existing_file(path, "protocol", HINT)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES:,} bytes; {HINT}")
        content = path.read_bytes()
        fields: dict[str, Any] = json.loads(content)
        stores = {str(one["dataset"]): _store(path, one["path"], one["sha256"]) for one in fields["stores"]}
        folds = tuple(_fold(fold) for fold in fields["folds"])
        matches = fields["format"] == FORMAT and fields["kind"] in ("k-fold", "cross") and len(folds) > 0
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"protocol {path} cannot be read ({error}); {HINT}") from error
    if not matches:
        raise InputError(f"{path} is no protocol of the kind {FORMAT!r}; {HINT}")
    known = {_key(subject, dataset) for dataset, store in stores.items() for subject in store.subjects}
    for fold in folds:
        if absent := sorted({*fold.sides.train, *fold.sides.validation, *fold.sides.test} - known):
            raise InputError(f"{path}, {fold.name}: {absent[0]} is in none of its stores; {HINT}")
    return Protocol(fields["kind"], hashlib.sha256(content).hexdigest(), stores, folds)


def _store(path: Path, place: str, sha256: str) -> Store:
    store = open_store(path.parent / place)
    if store.sha256 != sha256:
        raise InputError(f"{store.path} changed after {path} was written; {HINT}")
    return store


def _fold(fields: dict[str, Any]) -> Fold:
    train, validation, test = (tuple(map(str, fields[side])) for side in ("train", "validation", "test"))
    return Fold(str(fields["name"]), Sides(train, validation, test))
