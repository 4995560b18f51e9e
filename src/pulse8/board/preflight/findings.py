"""What the checks return, and what they look at."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from pulse8.board.estimate.flash import Core
from pulse8.board.estimate.memory import MemoryPlan
from pulse8.board.onnx_graph.quantized_graph import QuantizedGraph
from pulse8.board.preflight.epochs import Layer
from pulse8.board.preflight.rules import Severity, checks


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong: where, which rule, why it matters, how to fix it."""

    rule: str
    severity: Severity
    node: str
    what: str
    why: str
    fix: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What the manifest beside a file says about its calibration set."""

    samples: int
    distribution: str
    source_sha256: str


@dataclass(frozen=True)
class Subject:
    """What a check may look at: the graph with its scheme, its layers, its memory, and what is known of the file."""

    view: QuantizedGraph
    layers: tuple[Layer, ...]
    memory: MemoryPlan | None
    calibration: Calibration | None
    channel: Literal["last", "first"] = "last"
    vendor: tuple[str, ...] = field(default=())
    """Gates that a report of the vendor's tool did not meet."""
    core: Core = "3"
    """Major version of the vendor's tool."""


Faults = Iterator[tuple[str, str]]
"""What a check yields: a node, and what is wrong with it."""


def finding(rule: str, node: str, what: str) -> Finding:
    """Return a finding with the text of its rule."""
    row = checks()[rule]
    return Finding(
        rule=rule,
        severity=row.severity,
        node=node,
        what=what,
        why=row.why,
        fix=row.fix,
        source=f"{row.source}; {row.tool}",
    )
