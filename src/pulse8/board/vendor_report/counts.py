"""Epochs by kind: as the report counts them, and as the rows of its epoch table show them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

KINDS: Final = {"hw": "hw", "hardware": "hw", "ec": "hw", "sw": "sw", "software": "sw", "hybrid": "hybrid"}
_TOTAL = re.compile(r"^\s*total number of epochs\s*[:=]?\s*(\d{1,9})\b(.{0,200})", re.IGNORECASE)
_IN_SOFTWARE = re.compile(r"of which\s+(\d{1,9})\s+implemented in software", re.IGNORECASE)
_COUNTED = re.compile(r"\b(\d{1,9})\s+(?:pure\s+)?(hw|hardware|sw|software|hybrid)\b", re.IGNORECASE)
_STATED = re.compile(
    r"^\s*>>\s*(?:pure\s+)?(software|hardware|hybrid)\b[^\d:=]{0,80}[:=]?\s*(\d{1,9})\b", re.IGNORECASE
)
_ROW = re.compile(
    r"^\s*(?:\|\s*)?epoch[ _](\d{1,9})(?:\s*->\s*(?:epoch[ _])?\d{1,9})?\s+(?:[|(]\s*)?-?(hw|sw|hybrid|ec)\b",
    re.IGNORECASE,
)
_RANGE = re.compile(r"^\s*epochs\s+(\d{1,9})\s*->\s*(\d{1,9})", re.IGNORECASE)


def epoch_counts(lines: Sequence[str]) -> Mapping[str, int]:
    """Return ``all``, ``hw``, ``sw`` and ``hybrid`` as far as they are known.

    Where a count and the rows differ, the one with more epochs off the NPU holds.
    """
    stated = dict(pair for line in lines if "epoch" in line.lower() for pair in _stated(line))
    rows = {match.group(1): KINDS[match.group(2).lower()] for line in lines if (match := _ROW.match(line))}
    if not rows:
        return _completed(stated)
    kinds = list(rows.values())
    counted = {kind: kinds.count(kind) for kind in ("hw", "sw", "hybrid")}
    merged = {**counted, "all": len(kinds), **stated}
    return merged | {kind: max(merged[kind], counted[kind]) for kind in ("sw", "hybrid")}


def _stated(line: str) -> Iterator[tuple[str, int]]:
    if match := _TOTAL.match(line):
        yield "all", int(match.group(1))
        if inside := _IN_SOFTWARE.search(match.group(2)):
            yield "sw", int(inside.group(1))
        else:
            yield from (
                (KINDS[found.group(2).lower()], int(found.group(1))) for found in _COUNTED.finditer(match.group(2))
            )
    elif match := _STATED.match(line):
        yield KINDS[match.group(1).lower()], int(match.group(2))
    elif match := _RANGE.match(line):
        yield "all", max(int(match.group(2)) - int(match.group(1)) + 1, 0)


def _completed(stated: dict[str, int]) -> dict[str, int]:
    """Add the whole from its parts, and the hardware's share from the whole."""
    if "all" not in stated and "hw" in stated:
        stated["all"] = sum(stated.values())
    if "all" in stated and "sw" in stated and "hw" not in stated:
        stated["hw"] = max(stated["all"] - stated["sw"] - stated.get("hybrid", 0), 0)
    return stated
