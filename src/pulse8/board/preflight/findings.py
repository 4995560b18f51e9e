"""What the checks return, and what they look at."""

from dataclasses import dataclass, field
from typing import Literal

from pulse8.board.estimate.memory import MemoryPlan
from pulse8.board.onnx_graph.quantised import Quantised
from pulse8.board.preflight.epochs import Layer
from pulse8.board.preflight.rules import Severity, checks


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong: where, which rule, why it matters, how to mend it."""

    rule: str
    severity: Severity
    node: str
    what: str
    why: str
    mend: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What the manifest beside a file says about the set that its ranges come from."""

    samples: int
    distribution: str
    source_sha256: str


@dataclass(frozen=True)
class Subject:
    """What a check may look at: the graph with its scheme, its layers, its memory, and what is known of the file."""

    view: Quantised
    layers: tuple[Layer, ...]
    memory: MemoryPlan | None
    calibration: Calibration | None
    channel: Literal["last", "first"] = "last"
    vendor: tuple[str, ...] = field(default=())
    """Gates that a report of the vendor's tool did not meet."""


def finding(rule: str, node: str, what: str) -> Finding:
    """Return a finding with its rule's own words."""
    row = checks()[rule]
    return Finding(
        rule=rule,
        severity=row.severity,
        node=node,
        what=what,
        why=row.why,
        mend=row.mend,
        source=f"{row.source}; {row.tool}",
    )
