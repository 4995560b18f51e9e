"""Rows by condition: thirds of a number, or each of a few values."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from pulse8.errors import SpecError
from pulse8.learn.evaluate.readings import Readings
from pulse8.learn.evaluate.scores import Reading

USUAL: Final = ("body.bpm", "skin.melanin", "motion.talk", "light.flicker_share", "codec.name")
"""Conditions of simulated recordings that results are grouped by where none is given."""

FEW_VALUES: Final = 8
"""A condition with at most this many values is grouped by value, others by thirds."""

Parts = dict[str, Readings]


def parts_by_condition(readings: Readings, names: Sequence[str] = ()) -> Parts:
    """Group readings by each of some conditions; without names by the default ones, or by all that have few values.

    Raises
    ------
    SpecError
        No recording has a condition of that name; the message lists the known ones.
    """
    first = next(iter(readings.values()))
    seen = sorted({name for reading in first for name in reading.conditions})
    if unknown := sorted(set(names) - set(seen)):
        raise SpecError(f"no recording has {', '.join(unknown)}; choose from {', '.join(seen) or 'none'}")
    chosen = names or [name for name in USUAL if name in seen] or [name for name in seen if _has_few(first, name)]
    return {label: part for name in chosen for label, part in _parted(readings, name).items()}


def _has_few(readings: Sequence[Reading], name: str) -> bool:
    return 1 < len({reading.conditions.get(name) for reading in readings}) <= FEW_VALUES


def _parted(readings: Readings, name: str) -> Parts:
    labels = _labels(next(iter(readings.values())), name)
    return {
        f"{name} {label}": {
            method: [reading for reading, own in zip(found, labels, strict=True) if own == label]
            for method, found in readings.items()
        }
        for label in dict.fromkeys(sorted(labels))
    }


def _labels(readings: Sequence[Reading], name: str) -> list[str]:
    """One label per reading: its value, or the third of the recordings that it is in."""
    by_recording: Mapping[str, float | str | bool | None] = {r.recording: r.conditions.get(name) for r in readings}
    values = set(by_recording.values())
    if len(values) <= FEW_VALUES or not all(isinstance(value, int | float) for value in values):
        return [_shown(by_recording[reading.recording]) for reading in readings]
    numbers = np.array([float(value) for value in by_recording.values() if value is not None])
    edges = np.quantile(numbers, [0, 1 / 3, 2 / 3, 1])
    label = {recording: _third(float(value), edges) for recording, value in by_recording.items() if value is not None}
    return [label[reading.recording] for reading in readings]


def _third(value: float, edges: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> str:
    place = min(int(np.searchsorted(edges[1:-1], value, side="right")), 2)
    return f"{place + 1}/3: {edges[place]:.3g} to {edges[place + 1]:.3g}"


def _shown(value: float | str | bool | None) -> str:
    return "not known" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
