"""Which activations are alive together, and where they fit: a lower bound and a placement that reaches or misses it.

The bound is the largest sum of buffers alive at one step. A compiler needs at least that; line buffers, alignment and
its own order of layers come on top, so the vendor's figure is never smaller.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pulse8.board.estimate.hardware import CHIP_BYTES, CHIP_POOLS, HYPER_RAM

MAX_PLACED: Final = 2_000
"""Placing compares pairs of buffers; with more buffers than this only the bound is given."""
ALIGN: Final = 16


@dataclass(frozen=True, slots=True)
class Buffer:
    """One activation: its size in bytes and the first and last step that needs it."""

    name: str
    bytes: int
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class MemoryPlan:
    """The bound and the placement.

    Attributes
    ----------
    peak_bytes
        Lower bound: the most that is alive at one step.
    peak_step
        That step's number.
    placed_bytes
        Highest byte that the placement uses; ``None`` where there are too many buffers to place.
    pools
        Bytes used of each pool under the placement, by name.
    spill_bytes
        Bytes of the placement (of the bound without one) that do not fit the chip.
    """

    peak_bytes: int
    peak_step: int
    placed_bytes: int | None
    pools: Mapping[str, int]
    spill_bytes: int


def plan_memory(buffers: Sequence[Buffer]) -> MemoryPlan:
    """Find the bound and a placement."""
    peak, step = _peak(buffers)
    placed = _place(buffers) if len(buffers) <= MAX_PLACED else None
    used = peak if placed is None else placed
    return MemoryPlan(
        peak_bytes=peak,
        peak_step=step,
        placed_bytes=placed,
        pools=_by_pool(used),
        spill_bytes=max(0, used - CHIP_BYTES),
    )


def _peak(buffers: Sequence[Buffer]) -> tuple[int, int]:
    """Sweep over the steps; return the most bytes alive at one of them, and that step."""
    change: dict[int, int] = {}
    for buffer in buffers:
        change[buffer.first] = change.get(buffer.first, 0) + buffer.bytes
        change[buffer.last + 1] = change.get(buffer.last + 1, 0) - buffer.bytes
    alive = peak = at = 0
    for step in sorted(change):
        alive += change[step]
        if alive > peak:
            peak, at = alive, step
    return peak, at


def _place(buffers: Sequence[Buffer]) -> int:
    """Give each buffer the lowest free place among those that live with it, largest first; return the highest byte."""
    placed: list[tuple[int, int, Buffer]] = []
    for buffer in sorted(buffers, key=lambda item: (-item.bytes, item.first)):
        start = 0
        for low, high, other in placed:  # sorted by place
            if other.last < buffer.first or other.first > buffer.last or high <= start:
                continue
            if low >= start + buffer.bytes:
                break
            start = -(-high // ALIGN) * ALIGN
        placed.append((start, start + buffer.bytes, buffer))
        placed.sort(key=lambda item: item[0])
    return max((high for _, high, _ in placed), default=0)


def _by_pool(used: int) -> dict[str, int]:
    pools, rest = {}, used
    for pool in (*CHIP_POOLS, HYPER_RAM):
        pools[pool.name] = min(rest, pool.bytes) if pool is not HYPER_RAM else rest
        rest -= pools[pool.name]
    return pools
