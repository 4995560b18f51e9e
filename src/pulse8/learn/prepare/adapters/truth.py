"""Truth tables as devices export them: a pulse wave, an ECG or a device's rates, on the video's clock or their own.

The usual names of columns are known, in any case: an oximeter's ``Time, SpO2, PR`` and a chest strap's
``Timestamp;HR`` are read as they are. What else a column is called is said in the list of recordings (:mod:`.own`), as
is where the video begins on the table's clock.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.prepare.adapters.adapter import ppg_of
from pulse8.learn.prepare.adapters.tables import read_rows
from pulse8.learn.recording import Ppg, Rates
from pulse8.measure.clips.columns import TIME_WORDS, UNIT_NAMES, UNIT_S, number_of
from pulse8.measure.signal.ecg import beat_rates, r_peak_times_s

WORDS: Final[Mapping[str, frozenset[str]]] = {
    "ppg": frozenset({"ppg", "pleth", "plethysmogram", "bvp"}),
    "ecg": frozenset({"ecg", "ekg"}),
    "hr": frozenset({"hr", "pr", "bpm", "heart", "pulse", "heartrate", "pulserate", "rate"}),
}
FILLERS: Final = frozenset({"value", "signal", "raw", "lead", "i", "ii", "iii", "mv", "uv", "avg", "mean", "min", "s"})
KINDS: Final = ("ppg", "ecg", "hr")
LIKELY_BPM: Final = (20.0, 250.0)
FASTEST_HZ: Final = 5.0
"""300 BPM: numbers under it are beats a second, not a minute."""

LONGEST_STEP_S: Final = 60.0
NO_READING: Final = frozenset(
    {"", "-", "--", "---", "----", "nan", "na", "n/a", "null", "none", "?", "0", "255", "511"}
)
"""What oximeters write while the finger is out."""

CLOCK: Final = re.compile(r"(?:(\d{4}-\d\d-\d\d)[T ])?(\d{1,2}):(\d\d):(\d\d(?:[.,]\d+)?)")
LONGEST_START_S: Final = 86_400.0
"""A table that begins later than a day after the video is on a clock of its own."""


@dataclass(frozen=True)
class Truth:
    """What a table holds: a wave, or rates with where they come from; ``left_out`` counts rows without a reading."""

    ppg: Ppg | None = None
    rates: Rates | None = None
    source: str = ""
    left_out: int = 0


@dataclass(frozen=True, kw_only=True)
class TruthOptions:
    """What a list of recordings says of a truth table.

    Attributes
    ----------
    columns
        Which column is ``time``, ``ppg``, ``ecg`` or ``hr``, where their names do not say it.
    offset_s
        What is added to its times to be on the video's clock.
    video_start
        Time of day, or date and time, of the first video frame, where the table has such times.
    """

    columns: Mapping[str, str]
    offset_s: float = 0.0
    video_start: str = ""


def columns_of(text: str) -> dict[str, str]:
    """Read a mapping such as ``time=Stamp; hr=Pulse Rate``.

    Raises
    ------
    InputError
        It is none, or names a column that is not asked for.
    """
    mapped = {}
    for word in filter(None, (part.strip() for part in text.split(";"))):
        ours, equals, theirs = (part.strip() for part in word.partition("="))
        if not equals or not theirs or ours not in ("time", *KINDS):
            raise InputError(f"columns {text[:80]!r}: give pairs such as time=Stamp; hr=Pulse Rate, of {_names()}")
        mapped[ours] = theirs
    return mapped


def read_truth(path: Path, options: TruthOptions) -> Truth:
    """Read a truth table.

    Raises
    ------
    InputError
        It cannot be read, has no such column or more than one, or what it holds is in another unit.
    """
    header, rows = read_rows(path, (), "truth table")
    rows = [row for row in rows if not row[header[0]].startswith("#")]
    kind, name = _kind(path, header, options)
    time = _time_column(path, header, options)
    comma = any("," in row[name] for row in rows)
    kept = [(at, row) for at, row in enumerate(rows, 2) if kind != "hr" or row[name].lower() not in NO_READING]
    t_s = _seconds(path, time, [row[time] for _, row in kept], options)
    values = np.array([_number(path, row[name], name, at, comma=comma) for at, row in kept], np.float64)
    left_out = len(rows) - len(kept)
    if kind == "ppg":
        return Truth(ppg=ppg_of(path, values, t_s), source="PPG")
    if kind == "ecg":
        return Truth(rates=_rates_of_ecg(path, values, t_s), source="R peaks")
    if left_out and not kept:
        raise InputError(f"{path} has no reading in {left_out} rows of {name}; was the sensor on? leave it out")
    return Truth(rates=_rates(path, values, t_s, name), source="rates", left_out=left_out)


def _names() -> str:
    return "time, ppg, ecg and hr"


def _words(cell: str) -> list[str]:
    return re.findall(r"[a-zµ]+", cell.lower())


def _kind(path: Path, header: Sequence[str], options: TruthOptions) -> tuple[str, str]:
    """Which of ours the table holds, and in which column."""
    asked = {kind: options.columns[kind] for kind in KINDS if kind in options.columns}
    if absent := [name for name in asked.values() if name not in header]:
        raise InputError(f"truth table {path} has no column {absent[0]}; it has {_shown(header)}")
    found = [*asked.items()] or [(kind, cell) for kind in KINDS for cell in header if _means(cell, kind)]
    if len(found) != 1:
        which = "more than one" if found else "none"
        names = f" ({', '.join(cell for _, cell in found)})" if found else ""
        raise InputError(
            f"truth table {path} needs one column of ppg, ecg and hr_bpm beside time_s, and has {which}{names}; it has "
            f"{_shown(header)}: say which in the list's column `columns`, as hr=NAME"
        )
    return found[0]


def _means(cell: str, kind: str) -> bool:
    words = set(_words(cell))
    return bool(words & WORDS[kind]) and words <= WORDS[kind] | FILLERS | {"bpm"}


def _time_column(path: Path, header: Sequence[str], options: TruthOptions) -> str:
    wanted = options.columns.get("time", "time_s")
    if wanted in header:
        return wanted
    fits = [
        cell for cell in header if set(_words(cell)) & TIME_WORDS and set(_words(cell)) <= TIME_WORDS | set(UNIT_NAMES)
    ]
    if len(fits) != 1 or "time" in options.columns:
        raise InputError(
            f"truth table {path} has no column {wanted}; it has {_shown(header)}: say which in the list's column "
            "`columns`, as time=NAME"
        )
    return fits[0]


def _shown(header: Sequence[str]) -> str:
    return ", ".join(filter(None, header))[:200] or "none"


def _seconds(path: Path, name: str, cells: Sequence[str], options: TruthOptions) -> NDArray[np.float64]:
    """Return times in seconds on the video's clock."""
    if cells and CLOCK.fullmatch(cells[0]):
        return _clock_times(path, cells, options)
    comma = any("," in cell for cell in cells)
    unit = next((UNIT_NAMES[word] for word in reversed(_words(name)) if word in UNIT_NAMES), "s")
    times = np.array([_number(path, cell, name, at, comma=comma) for at, cell in enumerate(cells, 2)], np.float64)
    t_s = times * UNIT_S[unit] + options.offset_s
    if len(t_s) and abs(t_s[0]) > LONGEST_START_S:
        raise InputError(
            f"truth table {path} begins {t_s[0]:.0f} s after the video; give the list's column offset_s what brings "
            "its times onto the video's clock, which begins at 0"
        )
    return t_s


def _clock_times(path: Path, cells: Sequence[str], options: TruthOptions) -> NDArray[np.float64]:
    """Return times of day, or dates with them, in seconds from the video's start."""
    if not CLOCK.fullmatch(options.video_start):
        raise InputError(
            f"truth table {path} has times of day ({cells[0]}); say in the list's column video_start when the video "
            "began, in the same form"
        )
    start_s = _clock_s(path, options.video_start)
    since = np.array([_clock_s(path, cell) for cell in cells]) - start_s
    dated = CLOCK.fullmatch(cells[0])
    if dated is not None and dated[1] is None:  # midnight
        since += 86_400 * np.cumsum(np.concatenate([[since[0] < -43_200], np.diff(since) < -43_200]))
    return since + options.offset_s


def _clock_s(path: Path, cell: str) -> float:
    fits = CLOCK.fullmatch(cell)
    try:
        if fits is not None:
            day = number_of(f"{fits[1]}T00:00:00+00:00", comma=False) if fits[1] else 0.0
            return day + 3600 * int(fits[2]) + 60 * int(fits[3]) + float(fits[4].replace(",", "."))
    except ValueError:  # the 31st of February
        pass
    raise InputError(f"truth table {path}: {cell[:40]!r} is no time of the form of the others; mend or remove the row")


def _number(path: Path, cell: str, name: str, line: int, *, comma: bool) -> float:
    try:
        number = float(cell.replace(",", ".") if comma else cell)
    except ValueError as error:
        raise InputError(f"truth table {path}, row {line}, column {name}: {cell[:40]!r} is no number") from error
    if number - number != 0:
        raise InputError(
            f"truth table {path}, row {line}, column {name}: {cell[:40]} is not finite; mend or remove the row"
        )
    return number


def _rates_of_ecg(path: Path, wave: NDArray[np.float64], t_s: NDArray[np.float64]) -> Rates:
    try:
        bpm, at_s = beat_rates(r_peak_times_s(wave, t_s))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if not len(bpm):
        raise InputError(f"{path} holds an ECG without beats; was the sensor on? leave it out")
    likely = (bpm >= LIKELY_BPM[0]) & (bpm <= LIKELY_BPM[1])
    return Rates(bpm[likely].astype(np.float32), at_s[likely])


def _rates(path: Path, bpm: NDArray[np.float64], t_s: NDArray[np.float64], name: str) -> Rates:
    if len(bpm) == 0:
        raise InputError(f"{path} holds no heart rates; fill it or leave it out")
    if (np.diff(t_s) <= 0).any():
        raise InputError(f"{path}: its times do not increase; sort the rows, one a time")
    if len(t_s) > 1 and np.median(np.diff(t_s)) > LONGEST_STEP_S:
        raise InputError(f"{path}: rows are {np.median(np.diff(t_s)):g} s apart; are its times in ms? divide by 1000")
    if np.median(bpm) < FASTEST_HZ:
        raise InputError(f"{path}: {name} is about {np.median(bpm):g}; is it in Hz, where BPM is meant? times 60")
    if not (bpm.min() >= LIKELY_BPM[0] and bpm.max() <= LIKELY_BPM[1]):
        low, high = LIKELY_BPM
        raise InputError(f"{path}: {name} goes from {bpm.min():g} to {bpm.max():g}; give {low:g} to {high:g} BPM")
    return Rates(bpm.astype(np.float32), t_s)
