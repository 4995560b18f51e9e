"""Records from JSON: the inverse of ``dataclasses.asdict``."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any


def record_of(kind: Any, plain: Any) -> Any:  # noqa: ANN401 - a type, and what JSON holds of a value of it
    """Build a value of a type from decoded JSON: dataclasses, tuples, mappings, enumerations and paths.

    Raises
    ------
    TypeError, ValueError, KeyError, AttributeError
        The JSON is not of that type.
    """
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{name: record_of(hints[name], value) for name, value in plain.items()})  # type: ignore[operator]  # a dataclass's type, which the check does not narrow to
    if origin in (typing.Union, types.UnionType):
        return (
            None
            if plain is None
            else record_of(next(item_kind for item_kind in inner if item_kind is not type(None)), plain)
        )
    if origin is tuple:
        kinds = inner[:1] * len(plain) if inner[-1] is Ellipsis else inner
        return tuple(record_of(item_kind, value) for item_kind, value in zip(kinds, plain, strict=True))
    if origin in (dict, Mapping):
        return {name: record_of(inner[1], value) for name, value in plain.items()}
    if isinstance(kind, type) and issubclass(kind, Enum | Path):
        return kind(plain)
    if kind in (float, int, str, bool) and not isinstance(plain, (int, float) if kind is float else kind):
        raise TypeError(f"{plain!r} is no {kind.__name__}")
    return plain
