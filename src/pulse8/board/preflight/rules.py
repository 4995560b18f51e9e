"""The two rule tables that ship with the package: 30 checks, and where each operator runs.

Each row names its source and the tool's version. The documentation of 2.1.0 was read in full; of 3.x and 4.x only
release notes, headers and public reports.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal

Severity = Literal["error", "warn", "info"]


class Epoch(StrEnum):
    """Where an operation runs."""

    HARDWARE = "hardware"
    SOFTWARE = "software"
    UNKNOWN = "unknown"
    NONE = "none"
    """Nowhere: a view, a constant, or a part of its neighbour."""


@dataclass(frozen=True, kw_only=True)
class RuleRow:
    """One rule, with what happened to people who broke it."""

    id: str
    severity: Severity
    check: str
    why: str
    fix: str
    source: str
    tool: str


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Where an operator runs: ``condition`` names the test that decides where the documents set one.

    ``reported`` is a fault that public reports describe and no document does; empty for most.
    """

    operator: str
    epoch: Literal["hardware", "software", "condition", "unknown", "rejected"]
    condition: str
    cost: Literal["weights", "stream", "none"]
    why: str
    fix: str
    reported: str
    source: str
    tool: str


@cache
def checks() -> Mapping[str, RuleRow]:
    """Return the checks by id."""
    return {row["id"]: RuleRow(**row) for row in _rows("checks.csv")}  # type: ignore[arg-type]  # the table is ours


@cache
def operators() -> Mapping[str, Operator]:
    """Return the operators by ONNX name."""
    rows = _rows("operators.csv")
    return {row["operator"]: Operator(**row) for row in rows}  # type: ignore[arg-type]  # the table is ours


def _rows(name: str) -> list[dict[str, str]]:
    text = files("pulse8.board.preflight").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
