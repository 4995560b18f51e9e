"""From a row of the manifest to the command that reproduces its file."""

import dataclasses
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from pulse8.manifest import Row, Source, sha256_of

SHIPPED: Final = ("pulse12", "ultralight")


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A step's verb: flags by input, and the options of its row that are flags."""

    verb: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    writes: bool = True


VERBS: Final[Mapping[str, Verb]] = {
    "simulate": Verb(verb="simulate", options=("model", "subjects", "windows", "seed")),
    "calibrate": Verb(verb="calibrate", inputs={"data": "--data"}, options=("num_samples", "distribution", "seed")),
    "export": Verb(verb="export", inputs={"checkpoint": "--checkpoint"}, options=("opset",)),
    "quantize": Verb(
        verb="quantize",
        inputs={"fp32": "--input", "calibration": "--calibration", "data": "--data"},
        options=("per_channel", "method", "layers"),
    ),
    "verify": Verb(
        verb="verify",
        inputs={"fp32": "--fp32", "int8": "--int8", "data": "--data"},
        options=("num_samples", "runner"),
        writes=False,
    ),
}


WITH_QUANTIZE: Final = "qat"
"""The step whose file `quantize --qat` also writes, and the options in its row."""


def commands_of(rows: Mapping[Path, Row], verdict_file: Path) -> tuple[Path, tuple[str, ...]]:
    """Return the folder that holds all files, and the commands to run there; a file's inputs come before it."""
    base = _common([path.parent.resolve() for path in rows] or [verdict_file.parent.resolve()])
    steps = [
        _command(path, row, base) for path, row in _ordered(rows, verdict_file, set()) if row.step != WITH_QUANTIZE
    ]
    report = shlex.join(("pulse8", "report", "--verdict", _seen(verdict_file, base)))
    return base, (*dict.fromkeys(steps), report)


def _common(folders: Sequence[Path]) -> Path:
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:  # on several drives of Windows
        return folders[0]


def _ordered(rows: Mapping[Path, Row], file: Path, seen: set[Path]) -> Iterator[tuple[Path, Row]]:
    if file in rows and file not in seen:
        seen.add(file)
        for source in rows[file].inputs.values():
            yield from _ordered(
                rows, Path(os.path.normpath(file.parent / source.path)), seen
            )  # the name that lineage uses
        yield file, rows[file]


def _command(path: Path, row: Row, base: Path) -> str:
    verb = VERBS.get(row.step)
    if verb is None:
        return _comment(path, row, base)
    words = ["pulse8", verb.verb]
    for name, flag in verb.inputs.items():
        if name in row.inputs:
            words += _source(row.inputs[name], flag, path, base)
    for name in verb.options:
        words += _flag(name, row.options.get(name))
    words += _training(row.options.get(WITH_QUANTIZE) or {})
    return shlex.join((*words, *(("--output", _seen(path, base)) if verb.writes else ())))


def _comment(path: Path, row: Row, base: Path) -> str:
    """Return one line, whatever the row holds, so that pasting it never runs only a part."""
    options = (f"{name}={value}" for name, value in row.options.items() if isinstance(value, int | float | str))
    return " ".join(" ".join(("#", f"{_seen(path, base)}:", row.step, *options)).split())


def _training(options: Mapping[str, Any]) -> Iterator[str]:
    if options:
        yield from ("--qat", "True")
    for name, value in options.items():
        if name != "figures":
            yield from _flag(f"training.{name}", value)


def _source(source: Source, flag: str, path: Path, base: Path) -> Sequence[str]:
    shipped = _shipped(source) if flag == "--checkpoint" else None
    return ("--model", shipped) if shipped else (flag, _seen(path.parent / source.path, base))


def _shipped(checkpoint: Source) -> str | None:
    """Return the name of a shipped checkpoint, whose path differs between machines."""
    homes = {name: Path(str(files("pulse8.learn.models") / f"{name}.pth")) for name in SHIPPED}
    return next((name for name, path in homes.items() if sha256_of(path) == checkpoint.sha256), None)


def _flag(name: str, value: Any) -> Sequence[str]:  # noqa: ANN401 - an option of any record
    if value is None or value in ((), []):
        return ()
    values = map(str, value) if isinstance(value, list | tuple) else (str(value),)
    return (f"--{name.replace('_', '-')}", *values)


def _seen(path: Path, base: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), base)).as_posix()
    except ValueError:  # another drive on Windows
        return path.as_posix()


def flags_of(options: Any, kind: type[Any], prefix: str = "") -> Iterator[str]:  # noqa: ANN401 - any record
    """Yield flags for values that differ from the defaults; a nested record's flags are prefixed with its name."""
    default = kind()
    for entry in dataclasses.fields(kind):
        value, usual = getattr(options, entry.name), getattr(default, entry.name)
        if dataclasses.is_dataclass(usual):
            yield from flags_of(value, type(usual), f"{prefix}{entry.name}.")
        elif value != usual:
            yield from _flag(f"{prefix}{entry.name}", value)


def build_command(options: Any, kind: type[Any], paths: Mapping[str, Path | None]) -> str:  # noqa: ANN401 - any record
    """Return the command of a whole build: flags that differ from the defaults, and the given paths."""
    words = [word for flag, path in paths.items() if path is not None for word in (flag, path.as_posix())]
    return shlex.join(("pulse8", "build", *flags_of(options, kind), *words))
