"""What a report of the vendor's tool must show for a model to go on a board."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pulse8.board.vendor_report.parse import VendorReport, read_report
from pulse8.board.vendor_report.sizes import PoolUse

MAX_WEIGHT_RATIO: Final = 2.5
"""Above this the weights are no longer INT8: the compiler discarded the quantisation."""


def vendor_gates(path: Path, int8_bytes: int) -> tuple[str, ...]:
    """Read a report and return the gates it does not meet; ``int8_bytes`` is the weights' size in INT8."""
    return tuple(gate_faults(read_report(path), int8_bytes))


def gate_faults(report: VendorReport, int8_bytes: int) -> Iterator[str]:
    """Yield one line per gate that is not met; a validate report is not asked for epochs, it never holds them."""
    yield from report.errors
    if report.epochs is None and not report.errors and report.kind != "validate":
        flow = "" if report.npu else " and is of the flow for the CPU"
        yield f"the report names no epochs{flow}: was --st-neural-art left out?"
    for kind, count in (("software", report.software_epochs), ("hybrid", report.hybrid_epochs)):
        if count:
            yield f"{count} {kind} epochs"
    yield from (fault for pool in report.pools if (fault := _spilled(pool)))
    if report.weight_bytes and int8_bytes and report.weight_bytes > MAX_WEIGHT_RATIO * int8_bytes:
        yield f"{report.weight_bytes:,} bytes of weights where INT8 takes {int8_bytes:,}: quantisation was discarded"


def _spilled(pool: PoolUse) -> str | None:
    """Return what lies in external RAM; weights there are slow too, but no spill."""
    if "hyper" not in pool.name.lower() or not pool.used_bytes:
        return None
    if pool.activation_bytes == 0:
        return f"{pool.used_bytes:,} bytes in {pool.name}: weights in external RAM"
    return f"{pool.used_bytes:,} bytes in {pool.name}: activations spill"
