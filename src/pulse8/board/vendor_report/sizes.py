"""Sizes in a report: memory pools, weights and activations. Its kB and MB are of 1,024: 448.000 kB is 0x70000."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

UNITS: Final = {"b": 1, "bytes": 1, "kb": 1024, "kib": 1024, "kbytes": 1024, "mb": 1_048_576, "mib": 1_048_576}
_SIZE = r"([\d.,]{1,20})\s*((?:[kKmM]i?)?B(?:ytes)?|bytes)"
_POOL = re.compile(r"\b(\w{1,60})\s*\[[^\]]{0,80}\]\s*:\s*" + _SIZE + r"(?:\s*/\s*" + _SIZE + ")?")
_MEMORY = re.compile("RAM|Flash|SPI|MEM")
_SHARE = {name: re.compile(rf"--.{{0,120}}?\b{name}:\s*{_SIZE}") for name in ("weights", "activations")}
_TOTAL = re.compile(r"^\s*Total:")
_SUMMARY = {
    name: re.compile(rf"^\s*{name}(?:\s*\(r[ow]\))?\s*[:=]\s*([\d,]{{1,20}})\s*(?:B\b|bytes)", re.IGNORECASE)
    for name in _SHARE
}
_SECTION = {name: re.compile(rf"^\s*{name}\s+([\d,]+)\s+([\d,]+)\s+([\d,]+)\s+([\d,]+)\s*$") for name in _SHARE}
_MODEL = re.compile(r"\bweights=([\d,]{1,20})(?:/([\d,]{1,20}))?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class PoolUse:
    """A memory: bytes used, its size, and how much of the use is weights and activations where the report states it."""

    name: str
    used_bytes: int
    size_bytes: int | None
    weight_bytes: int | None = None
    activation_bytes: int | None = None


def pools(lines: Sequence[str]) -> tuple[PoolUse, ...]:
    """Return the rows of the memory table, one a memory: a log that holds its table twice counts once."""
    found = ((line, match) for line in lines if (match := _POOL.search(line)))
    rows = {match.group(1): _pool(line, match) for line, match in found if _MEMORY.search(match.group(1))}
    return tuple(rows.values())


def _pool(line: str, match: re.Match[str]) -> PoolUse:
    return PoolUse(
        name=match.group(1),
        used_bytes=size(match.group(2), match.group(3)),
        size_bytes=size(match.group(4), match.group(5)) if match.group(4) else None,
        weight_bytes=_share(line, "weights"),
        activation_bytes=_share(line, "activations"),
    )


def _share(line: str, name: str) -> int | None:
    match = _SHARE[name].search(line)
    return size(match.group(1), match.group(2)) if match else None


def planned(lines: Sequence[str], name: str, known: Sequence[PoolUse]) -> int | None:
    """Return the bytes of ``weights`` or ``activations``: of the summary, the section table, or the memory table."""
    for line in lines:
        if match := _SUMMARY[name].match(line):
            return whole(match.group(1))
    for line in lines:
        if match := _SECTION[name].match(line):
            return sum(whole(text) or 0 for text in match.groups())
    for line in lines:
        if _TOTAL.match(line) and (share := _share(line, name)) is not None:
            return share
    shares = [pool.weight_bytes if name == "weights" else pool.activation_bytes for pool in known]
    return None if not shares or None in shares else sum(share or 0 for share in shares)


def of_the_model(lines: Sequence[str]) -> int | None:
    """Return the weights of the line ``model: macc=... weights=...``; the C model's where it states both."""
    match = next((match for line in lines if (match := _MODEL.search(line))), None)
    return whole(match.group(2) or match.group(1)) if match else None


def size(text: str, unit: str) -> int:
    """Return a size in bytes."""
    return round((number(text) or 0) * UNITS[unit.lower()])


def whole(text: str | None) -> int | None:
    """Return a whole number written with commas."""
    digits = (text or "").replace(",", "")[:18]
    return int(digits) if digits.isdigit() else None


def number(text: str | None) -> float | None:
    """Return a number; ``None`` where the text is none."""
    try:
        return float((text or "").replace(",", "")[:18])
    except ValueError:
        return None
