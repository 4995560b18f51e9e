"""Memory, flash and time of a graph, predicted from its layers: the pre-flight prints it, the benchmark measures it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pulse8.board.estimate.flash import Core, FlashRange, flash_range
from pulse8.board.estimate.hardware import CHIP_BYTES
from pulse8.board.estimate.latency import Interval, total_interval
from pulse8.board.estimate.memory import MemoryPlan, plan_memory
from pulse8.board.onnx_graph.quantized_graph import QuantizedGraph
from pulse8.board.preflight.buffers import buffers_of
from pulse8.board.preflight.epochs import Layer, layers_of
from pulse8.board.preflight.work import SEEN, weights_of

MAY_SPILL: Final = 0.6
"""Share of the chip from which a bound may mean a spill: one published network spilled at 61 %, one at 78 % did not."""
SPILL_FACTOR: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a graph needs and takes.

    Attributes
    ----------
    memory
        Activations; ``None`` where a shape is not known.
    flash
        Bytes of weights.
    latency
        The whole network's time; ``None`` with ``missing`` where it cannot be known.
    notes
        What makes the time less certain than the record says.
    """

    layers: tuple[Layer, ...]
    memory: MemoryPlan | None
    flash: FlashRange
    latency: Interval | None
    missing: str | None
    notes: tuple[str, ...]


def predict(view: QuantizedGraph, core: Core = "3") -> Prediction:
    """Predict memory, flash and time under a version of the vendor's tool."""
    layers = layers_of(view, core)
    memory = _plan(view, partials=True)
    apart = any(layer.work is not None and layer.work.pieces > 1 for layer in layers)
    plain = _plan(view, partials=False) if apart else memory
    weights = [found for node in view.layers if (found := weights_of(view.graph, node)) is not None]
    missing = _missing(layers, plain)
    may_spill = plain is not None and plain.peak_bytes > MAY_SPILL * CHIP_BYTES
    latency = None
    if missing is None:
        latency = total_interval(layer.interval for layer in layers if layer.interval is not None)
        latency = latency.times(1.0, SPILL_FACTOR) if may_spill else latency
    return Prediction(
        layers=layers,
        memory=memory,
        flash=flash_range(weights, core),
        latency=latency,
        missing=missing,
        notes=tuple(_notes(layers, core, may_spill=may_spill)) if missing is None else (),
    )


def _plan(view: QuantizedGraph, *, partials: bool) -> MemoryPlan | None:
    buffers = buffers_of(view, partials=partials)
    return plan_memory(buffers) if buffers is not None else None


def _missing(layers: tuple[Layer, ...], plain: MemoryPlan | None) -> str | None:
    """Say why there is no figure: a layer that nobody measured, or a spill of a kind that no published row shows."""
    if not layers:
        return "nothing computes"
    if plain is None or any(layer.work is None for layer in layers):
        return "a shape is not known"
    other = [layer for layer in layers if layer.interval is None]
    if other:
        return f"{len(other)} layers in software or unknown, first {other[0].name}: their time was never measured"
    if plain.peak_bytes > CHIP_BYTES:
        return "activations spill into hyperRAM: published rows became 2 to 30 times slower, by no known rule"
    return None


def _notes(layers: tuple[Layer, ...], core: Core, *, may_spill: bool) -> Iterator[str]:
    if may_spill:
        yield f"activations may spill into hyperRAM: the high end is taken {SPILL_FACTOR:g} times"
    if any(layer.work is not None and layer.work.spills for layer in layers):
        yield "partial results of a large kernel spill into hyperRAM"
    unseen = sorted({layer.op for layer in layers} - SEEN)
    if unseen:
        yield f"no published network shows the time of {', '.join(unseen)}"
    if core == "4":
        yield "one published row is of Core 4.x: the rates are those of 3.x"
