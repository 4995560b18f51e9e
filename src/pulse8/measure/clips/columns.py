"""Tables as people have them: which column is which, what parts the cells, and what the times are counted in.

What is plain is understood: semicolons and tabs, decimal commas, a byte order mark, the usual names, times of day. What
is not is said with what the header has and the flag that maps it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError, SpecError

TimeUnit = Literal["auto", "s", "ms", "us", "ns", "min"]

COLUMNS: Final = ("time_s", "red", "green", "blue")
UNIT_S: Final[Mapping[str, float]] = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0}
UNIT_NAMES: Final[Mapping[str, str]] = {
    **{unit: unit for unit in UNIT_S},
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "msec": "ms",
    "millis": "ms",
    "millisecond": "ms",
    "milliseconds": "ms",
    "µs": "us",
    "usec": "us",
    "microseconds": "us",
    "nanoseconds": "ns",
    "minute": "min",
    "minutes": "min",
}
TIME_WORDS: Final = {"time", "timestamp", "timestamps", "t", "ts", "datetime", "date", "stamp", "frametime", "pts"}
COLOUR_WORDS: Final[Mapping[str, set[str]]] = {"red": {"red", "r"}, "green": {"green", "g"}, "blue": {"blue", "b"}}
FILLERS: Final = {"mean", "avg", "average", "skin", "roi", "face", "value", "channel", "raw", "trace", "rgb", "frame"}
SEPARATORS: Final = (",", ";", "\t")
SLOWEST_STEP_S: Final = 1.0
"""Rows that far apart hold no pulse: times without a unit that step by more are counted in something smaller."""

FEWEST_TIMES: Final = 0.2
"""Share of rows with a time of their own, under which the times are whole seconds, or something as coarse."""


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """How a table of skin colours is read, where its header does not say it.

    Attributes
    ----------
    columns
        Which column is which, as ``red=R`` or ``time=stamp``: a name of ours, an equals sign, one of the table's.
    time_unit
        What its times are counted in; auto reads it off the column's name and the steps.
    """

    columns: tuple[str, ...] = ()
    time_unit: TimeUnit = "auto"
    mapped: Mapping[str, str] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        if self.time_unit not in (*UNIT_S, "auto"):
            raise SpecError(f"unknown time unit {self.time_unit!r}; choose from auto, {', '.join(UNIT_S)}")
        mapped = {}
        for word in self.columns:
            ours, equals, theirs = word.partition("=")
            name = "time_s" if ours == "time" else ours
            if not equals or name not in COLUMNS or not theirs:
                raise SpecError(f"--columns {word!r}; give time=NAME, red=NAME, green=NAME or blue=NAME")
            mapped[name] = theirs
        object.__setattr__(self, "mapped", mapped)


AS_IT_IS: Final = TableOptions()


def separator_of(header: str) -> str:
    """Return what parts the cells of a header: the sign that parts it into the most."""
    return max(SEPARATORS, key=header.count)


def places_of(header: Sequence[str], options: TableOptions, what: str) -> dict[str, int]:
    """Find our columns in a header: by the flag, by their own names, or by usual ones.

    Raises
    ------
    InputError
        One is missing, or two could be it.
    """
    places = {}
    for name in COLUMNS:
        wanted = options.mapped.get(name, name)
        fits = [index for index, cell in enumerate(header) if cell == wanted]
        if not fits and name not in options.mapped:
            fits = [index for index, cell in enumerate(header) if _means(cell, name)]
        if len(fits) > 1:
            both = " and ".join(header[index] for index in fits[:2])
            raise InputError(f"{what} has {both} for {name}; say which with --columns {_flag(name)}=NAME")
        if fits:
            places[name] = fits[0]
    if absent := [name for name in COLUMNS if name not in places]:
        raise InputError(
            f"{what} has no column {', '.join(absent)}; give a CSV file with the columns {', '.join(COLUMNS)}, or say "
            f"which are which: it has {', '.join(filter(None, header))[:300] or 'no header'} "
            f"(--columns {' '.join(f'{_flag(name)}=NAME' for name in absent)})"
        )
    return places


def _flag(name: str) -> str:
    return name.removesuffix("_s")


def _words(cell: str) -> list[str]:
    return re.findall(r"[a-zµ]+", cell.lower())


def _means(cell: str, name: str) -> bool:
    """Whether a header's cell is a usual name for one of our columns."""
    words = _words(cell)
    if name == "time_s":
        return bool(set(words) & TIME_WORDS) and set(words) <= TIME_WORDS | set(UNIT_NAMES) | FILLERS
    return bool(set(words) & COLOUR_WORDS[name]) and set(words) <= COLOUR_WORDS[name] | FILLERS


def number_of(cell: str, *, comma: bool) -> float:
    """Read a number, with a decimal comma where commas part no cells, or a time of day as seconds."""
    text = cell.strip()
    try:
        return float(text.replace(",", ".") if comma else text)
    except ValueError:
        if not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:", text):
            raise
        return datetime.fromisoformat(text.replace(",", ".")).timestamp()


def seconds_of(times: NDArray[np.float64], header: str, options: TableOptions) -> NDArray[np.float64]:
    """Return times in seconds: by the flag, the unit in their column's name, or their steps.

    Raises
    ------
    InputError
        Too many rows share a time, or the steps are those of minutes.
    """
    rows, stamps = len(times), np.unique(times)
    if rows > 30 and len(stamps) < FEWEST_TIMES * rows:
        raise InputError(
            f"{rows} rows have {len(stamps)} times, about {rows // len(stamps)} rows share one; give each its own time"
        )
    if options.time_unit != "auto":
        return times * UNIT_S[options.time_unit]
    named = [UNIT_NAMES[word] for word in _words(header) if word in UNIT_NAMES]
    unit = named[-1] if named else _unit_of(stamps)
    step_s = float(np.median(np.diff(stamps))) * UNIT_S[unit] if len(stamps) > 1 else SLOWEST_STEP_S
    if len(stamps) > 150 and 60 * float(np.ptp(stamps)) * UNIT_S[unit] >= 5 > float(np.ptp(stamps)) * UNIT_S[unit]:
        raise InputError(
            f"rows {step_s:.2g} s apart, {1 / step_s:.0f} a second; are the times in minutes? say so with "
            "--time-unit min"
        )
    return times * UNIT_S[unit]


def _unit_of(stamps: NDArray[np.float64]) -> str:
    """Guess the unit of times without one: rows a second and more apart hold no pulse, so a smaller one is meant."""
    step = float(np.median(np.diff(stamps))) if len(stamps) > 1 else 0.0
    return next((unit for unit in ("s", "ms", "us", "ns") if step * UNIT_S[unit] < SLOWEST_STEP_S), "ns")
