"""Reports of the vendor's tool, as text, to records: the formats of 2.x, and of 4.x with hybrid epochs.

Formats are known from published reports and documentation, not from a run of ours. Unknown lines are
skipped; a report without a known line is refused.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pulse8.errors import InputError
from pulse8.manifest import existing_file

MAX_BYTES: Final = 8_000_000
MAX_LINE: Final = 2_000
_PREFIX = re.compile(r"^(?:CmdLine:\d+ - )?")
_VERSION = re.compile(r"ST Edge AI Core v?(\d+\.\d+(?:\.\d+)?)", re.IGNORECASE)
_COUNT = re.compile(r"(?:total\s+)?(?:number of\s+)?epochs?\s*[:=]\s*(\d+)", re.IGNORECASE)
_KIND_COUNT = re.compile(
    r"\b(\d{1,9})\s+(?:pure\s+)?(hw|hardware|sw|software|hybrid)\b(?:\s+epochs?)?"
    r"|(?:epochs?\s+)?(hw|hardware|sw|software|hybrid)(?:\s+epochs?)?\s*[:=]\s*(\d+)",
    re.IGNORECASE,
)
_EPOCH_ROW = re.compile(r"^\s*epoch\s+(\d+)(?:\s*->\s*\d+)?\s+(?:\(|\|)?\s*-?(hw|sw|hybrid|ec)\b", re.IGNORECASE)
_RANGE = re.compile(r"epochs\s+(\d+)\s*->\s*(\d+)", re.IGNORECASE)
_POOL = re.compile(
    r"\b(\w{1,60})\s*\[[^\]]{0,80}\]\s*:\s*([\d.,]+)\s*((?:[kKmM]i?)?B)(?:\s*/\s*([\d.,]+)\s*((?:[kKmM]i?)?B))?"
)
_MEMORY = re.compile("RAM|Flash|SPI")
_WEIGHTS = re.compile(r"^\s*weights(?:\s*\(ro\))?\s*[:=]\s*([\d,]+)\s*(?:B|bytes)", re.IGNORECASE)
_MACC = re.compile(r"^\s*macc\s*[:=]?\s*([\d,]+)", re.IGNORECASE)
_DURATION = re.compile(r"duration\s*:\s*([\d.]+)\s*ms", re.IGNORECASE)
_ERROR = re.compile(r"(INTERNAL ERROR|TOOL ERROR|LOAD ERROR|CLI ERROR|NOT IMPLEMENTED|E\d{3}\(\w+\))\s*:?\s*(.{0,200})")
UNITS: Final = {"b": 1, "kb": 1000, "kib": 1024, "mb": 1_000_000, "mib": 1_048_576}
KINDS: Final = {"hw": "hw", "hardware": "hw", "ec": "hw", "sw": "sw", "software": "sw", "hybrid": "hybrid"}


@dataclass(frozen=True, kw_only=True)
class PoolUse:
    """Bytes used of a memory, and its size where the report states it."""

    name: str
    used_bytes: int
    size_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class VendorReport:
    """What a report states; ``None`` for what it leaves out.

    ``macc`` may be 0 in reports for the NPU: that is no fault.
    """

    version: str | None
    epochs: int | None
    hardware_epochs: int | None
    software_epochs: int | None
    hybrid_epochs: int | None
    pools: tuple[PoolUse, ...]
    weight_bytes: int | None
    macc: int | None
    duration_ms: float | None
    errors: tuple[str, ...]


def read_report(path: Path) -> VendorReport:
    """Read a report file.

    Raises
    ------
    InputError
        It is missing, too large, or holds nothing of a report.
    """
    size = existing_file(path, "Vendor report", "name the file that stedgeai wrote").stat().st_size
    if size > MAX_BYTES:
        raise InputError(f"{path} has {size:,} bytes; a report of stedgeai has at most {MAX_BYTES:,}")
    return parse_report(path.read_text(encoding="utf-8", errors="replace"), str(path))


def parse_report(text: str, name: str) -> VendorReport:
    """Read a report's text; ``name`` is for messages. Raises as :func:`read_report`."""
    lines = [_PREFIX.sub("", line[:MAX_LINE]) for line in text.splitlines()]
    counts = _counts(lines)
    pools = tuple(_pool(match) for line in lines if (match := _POOL.search(line)) and _MEMORY.search(match.group(1)))
    report = VendorReport(
        version=_first(_VERSION, lines),
        epochs=counts.get("all"),
        hardware_epochs=counts.get("hw"),
        software_epochs=counts.get("sw"),
        hybrid_epochs=counts.get("hybrid"),
        pools=pools,
        weight_bytes=_whole(_first(_WEIGHTS, lines)),
        macc=_whole(_first(_MACC, lines)),
        duration_ms=_number(_first(_DURATION, lines)),
        errors=tuple(" ".join(match.group(0).split()) for line in lines if (match := _ERROR.search(line)))[:20],
    )
    if report.epochs is None and not report.pools and not report.errors and report.duration_ms is None:
        raise InputError(f"{name} holds no epochs, memories or errors of stedgeai; name its report")
    return report


def _counts(lines: list[str]) -> dict[str, int]:
    """Epochs by kind: as stated where a line states them, else counted from the rows of the epoch table."""
    stated: dict[str, int] = {}
    rows: dict[str, str] = {}
    for line in lines:
        if match := _EPOCH_ROW.match(line):
            rows[match.group(1)] = KINDS[match.group(2).lower()]
        elif "epoch" in line.lower():
            stated |= _stated(line)
    if rows:
        kinds = list(rows.values())
        stated = {**{kind: kinds.count(kind) for kind in ("hw", "sw", "hybrid")}, "all": len(kinds), **stated}
    if "all" not in stated and "hw" in stated:
        stated["all"] = sum(stated.values())
    return stated


def _stated(line: str) -> dict[str, int]:
    if match := _RANGE.search(line):
        return {"all": max(int(match.group(2)[:9]) - int(match.group(1)[:9]) + 1, 0)}
    counts = {"all": int(match.group(1)[:9])} if (match := _COUNT.search(line)) else {}
    for match in _KIND_COUNT.finditer(line):
        kind = (match.group(2) or match.group(3)).lower()
        counts[KINDS[kind]] = int((match.group(1) or match.group(4))[:9])
    return counts


def _pool(match: re.Match[str]) -> PoolUse:
    size = _size(match.group(4), match.group(5)) if match.group(4) else None
    return PoolUse(name=match.group(1), used_bytes=_size(match.group(2), match.group(3)), size_bytes=size)


def _size(number: str, unit: str) -> int:
    return round((_number(number) or 0) * UNITS[unit.lower()])


def _first(pattern: re.Pattern[str], lines: list[str]) -> str | None:
    return next((match.group(1) for line in lines if (match := pattern.search(line))), None)


def _whole(text: str | None) -> int | None:
    digits = (text or "").replace(",", "")[:18]
    return int(digits) if digits else None


def _number(text: str | None) -> float | None:
    try:
        return float((text or "").replace(",", "")[:18])
    except ValueError:
        return None
