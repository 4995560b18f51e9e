"""Flags from frozen option records: names, defaults, help and checks have one home."""

import contextlib
import dataclasses
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, get_type_hints

import tyro

from pulse8.cli.saying import complain

Record = TypeVar("Record")

BOOLEANS: Final = {"true": "True", "false": "False", "1": "True", "0": "False", "yes": "True", "no": "False"}
CONFIG: Final = (tyro.conf.FlagConversionOff, tyro.conf.OmitSubcommandPrefixes)


def read_flags(record: type[Record], words: Sequence[str], prog: str, defaults: Mapping[str, Any]) -> Record:
    """Parse ``words`` into a record; a usage error prints its own box and exits with 2.

    ``--num_samples`` and ``--num-samples`` are one flag. A boolean may stand alone (true), with ``=true`` or
    ``=False``, or with a separate value.
    """
    spelled, default = _spelled_out(record, words), with_defaults(record, defaults)
    box = io.StringIO()
    try:
        with contextlib.redirect_stderr(box):
            parsed: Record = tyro.cli(record, args=spelled, prog=prog, config=CONFIG, default=default)
    finally:
        if told := box.getvalue().rstrip("\n"):  # it quotes the words, and a pattern's words are names of files
            complain(told)
    return parsed


def with_defaults(record: type[Any], defaults: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a record, or tyro's own marker
    """Return the record that a verb starts from; a field without a default is marked as required."""
    names = {field.name for field in dataclasses.fields(record)}
    if unknown := set(defaults) - names:
        raise TypeError(f"{record.__module__} has no flag {sorted(unknown)}")
    required = {
        field.name: tyro.MISSING
        for field in dataclasses.fields(record)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    if not required and not defaults:
        return record()
    return record(**{**required, **defaults})


def _boolean_names(record: type[Any]) -> Iterator[str]:
    """Name every boolean flag; a nested record's flags carry its name and a dot."""
    hints = get_type_hints(record)
    for field in dataclasses.fields(record):
        kind: type[Any] = hints[field.name]
        if dataclasses.is_dataclass(kind):
            yield from (f"{field.name}.{name}" for name in _boolean_names(kind))
        elif kind is bool:
            yield field.name


def _spelled_out(record: type[Any], words: Sequence[str]) -> list[str]:
    """Write every boolean flag as two words, ``--flag True``, the one form that the parser takes."""
    booleans = {f"--{name}" for name in _boolean_names(record)}
    spelled: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name.replace("--", "\0").replace("-", "_").replace("\0", "--") not in booleans:
            spelled.append(word)
            continue
        if not equals:
            value = rest.pop(0) if rest and rest[0].lower() in BOOLEANS else "true"
        spelled += [name, BOOLEANS.get(value.lower(), value)]
    return spelled
