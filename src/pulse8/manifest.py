"""Rows and hashes: what each step of the build line read, with which options, and what it wrote.

A ``manifest.json`` lies beside the files it describes, one row per file. A step calls :func:`accept` before it reads a
file: if its row is stale or failed, the file is refused; a file without a row is the user's own, accepted as external.
"""

import dataclasses
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Literal

from pulse8.errors import InputError
from pulse8.lock import NO_SPACE, in_turn

NAME: Final = "manifest.json"
MAX_MANIFEST_BYTES: Final = 16_000_000
UNFINISHED: Final = ".pulse8.part"
"""Suffix of files that are not yet complete; their names begin with a dot."""
LONGEST_TEXT: Final = 4096
HASH_AGAIN_BYTES: Final = 256_000_000
"""Inputs up to this size are hashed again; larger ones are compared by size alone."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One input of a step: its path relative to the manifest's folder, its size and SHA-256."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """One file that a step wrote."""

    step: str
    output: str
    output_sha256: str
    inputs: dict[str, Source]
    options: dict[str, Any]
    tools: dict[str, str]
    status: Literal["done", "failed"] = "done"


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """An input that may be used: its hash, and its row unless it is external."""

    path: Path
    sha256: str
    row: Row | None


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_file(path: Path) -> bool:
    """Whether ``path`` is an existing file."""
    return stat.S_ISREG(_mode(path))


def _mode(path: Path) -> int:
    """Return a path's type and permissions; 0 where nothing exists, or the name is too long to exist."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def existing_file(path: Path, what: str, fix: str) -> Path:
    """Return ``path`` if it is a file that is not empty.

    Raises
    ------
    InputError
        It is missing, a folder or empty; the message ends with ``fix``.
    """
    if stat.S_ISDIR(_mode(path)):
        raise InputError(f"{what} {path} is a folder; name the file in it")
    if not is_file(path):
        raise InputError(f"{what} not found at {path}; {fix}")
    if path.stat().st_size == 0:
        raise InputError(f"{what} {path} is empty; {fix}")
    return path


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` and rename it to ``path`` when the block succeeds.

    An error or an interruption removes it, and an earlier file at ``path`` stays intact. A killed process leaves it
    behind; :func:`sweep` removes it.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    with write_errors_reported(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=UNFINISHED)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def write_errors_reported(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` while ``path`` is written into an :class:`~pulse8.errors.InputError`."""
    try:
        yield
    except OSError as error:
        fix = "free space or " if error.errno in NO_SPACE else ""
        raise InputError(f"cannot write {path}: {error.strerror or error}; {fix}choose another place") from error


def sweep(folder: Path) -> None:
    """Remove incomplete files that killed processes left in a folder; the caller must hold the folder's lock."""
    with write_errors_reported(folder):
        for path in folder.glob(f".*{UNFINISHED}"):
            if path.is_file() or path.is_symlink():
                path.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def rows_beside(path: Path) -> dict[str, Row]:
    """Rows of the manifest in ``path``'s folder by file name; none where there is no manifest.

    Raises
    ------
    InputError
        The manifest cannot be read.
    """
    manifest = path.parent / NAME
    if not manifest.is_file():
        return {}
    try:
        if manifest.stat().st_size > MAX_MANIFEST_BYTES:
            raise InputError(f"{manifest} is larger than {MAX_MANIFEST_BYTES} bytes; delete it and run the steps again")
        rows = json.loads(manifest.read_text(encoding="utf-8"))["rows"]
        return {name: _row(fields) for name, fields in rows.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{manifest} cannot be read ({error}); delete it and run the steps again") from error


def _row(fields: dict[str, Any]) -> Row:
    row = Row(**{**fields, "inputs": {name: Source(**source) for name, source in fields["inputs"].items()}})
    texts: list[Any] = [row.step, row.output, row.output_sha256, *(source.path for source in row.inputs.values())]
    sizes: list[Any] = [source.bytes for source in row.inputs.values()]
    records: list[Any] = [row.options, row.tools]
    if not all(isinstance(text, str) and len(text) <= LONGEST_TEXT and text.isprintable() for text in texts):
        raise TypeError("a name in a row is not plain text")
    if not all(isinstance(size, int) for size in sizes) or row.status not in ("done", "failed"):
        raise TypeError("a row has an invalid size or status")
    if not all(isinstance(record, dict) for record in records):
        raise TypeError("a row has invalid options or tools")
    return row


def record(
    output: Path,
    step: str,
    inputs: Mapping[str, Accepted],
    options: Mapping[str, Any],
    status: Literal["done", "failed"] = "done",
) -> Row:
    """Add or replace the row of a file that a step just wrote; steps may do so at the same time.

    Raises
    ------
    InputError
        The manifest cannot be read or written.
    """
    row = Row(
        step=step,
        output=output.name,
        output_sha256=sha256_of(output),
        inputs={name: _source(accepted, output.parent) for name, accepted in inputs.items()},
        options=dict(options),
        tools=tool_versions(),
        status=status,
    )
    manifest = output.parent / NAME
    with write_errors_reported(manifest), in_turn(manifest):
        rows = {**rows_beside(output), output.name: row}
        fields = {"rows": {name: dataclasses.asdict(rows[name]) for name in sorted(rows)}}
        with writing(manifest) as temporary:
            temporary.write_text(json.dumps(fields, indent=1, default=str) + "\n", encoding="utf-8")
    return row


def _source(accepted: Accepted, folder: Path) -> Source:
    try:
        seen_from = Path(os.path.relpath(accepted.path, folder))
    except ValueError:  # another drive on Windows
        seen_from = accepted.path.absolute()
    return Source(path=seen_from.as_posix(), bytes=accepted.path.stat().st_size, sha256=accepted.sha256)


def accept(path: Path, *, failed_too: bool = False) -> Accepted:
    """Hash an input and compare it with its row.

    Parameters
    ----------
    path
        An existing file.
    failed_too
        Also accept a file whose step failed, as a report does.

    Raises
    ------
    InputError
        The file or one of its own inputs changed after its step ran, or its step failed.
    """
    sha256 = sha256_of(path)
    row = rows_beside(path).get(path.name)
    if row is None:
        return Accepted(path=path, sha256=sha256, row=None)
    if row.output_sha256 != sha256:
        own = f"or, if it is your own, remove {path.parent / NAME}"
        raise InputError(f"{path} was changed after `{row.step}` wrote it; run `{row.step}` again, {own}")
    if row.status == "failed" and not failed_too:
        raise InputError(f"{path} is marked failed by `{row.step}`; repair it and run `{row.step}` again")
    for source in row.inputs.values():
        if _changed(path.parent / source.path, source):
            raise InputError(
                f"{path} is stale: {source.path} changed after `{row.step}` read it; run `{row.step}` again"
            )
    return Accepted(path=path, sha256=sha256, row=row)


def lineage(path: Path) -> dict[Path, Row]:
    """Return the rows of a file and, through its inputs, of all files before it; the file itself comes first."""
    rows: dict[Path, Row] = {}
    manifests: dict[Path, dict[str, Row]] = {}
    wanted = [path]
    while wanted:
        file = wanted.pop(0)
        if file.parent not in manifests:
            manifests[file.parent] = rows_beside(file)
        row = manifests[file.parent].get(file.name)
        if row is not None and file not in rows:
            rows[file] = row
            # Normalised, so that a manifest whose paths lead back to its own folder ends.
            wanted += [Path(os.path.normpath(file.parent / source.path)) for source in row.inputs.values()]
    return rows


def _changed(path: Path, source: Source) -> bool:
    """Whether an input differs from what the step read; a missing one cannot be compared and counts as unchanged."""
    if not os.path.isfile(path):  # noqa: PTH113 - Path's own raises on a name that is too long
        return False
    if path.stat().st_size != source.bytes:
        return True
    return source.bytes <= HASH_AGAIN_BYTES and sha256_of(path) != source.sha256


def options_of(kind: type[Any], options: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    """Return the fields of the record ``kind``; ``options`` may be a subclass with more."""
    return {field.name: getattr(options, field.name) for field in dataclasses.fields(kind)}


def tool_versions() -> dict[str, str]:
    """Versions of pulse8 and of the libraries that determine its numbers, without importing them."""
    versions = {}
    for name in ("pulse8", "numpy", "onnx", "onnxruntime", "torch"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
