"""The pre-flight of one ONNX file: findings, epochs, memory and time, in a second and without board or vendor tool."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pulse8.board.estimate.flash import Core
from pulse8.board.estimate.latency import Interval
from pulse8.board.estimate.memory import MemoryPlan
from pulse8.board.onnx_graph.quantized_graph import QuantizedGraph
from pulse8.board.onnx_graph.read import read_graph
from pulse8.board.preflight.checks import run_checks
from pulse8.board.preflight.epochs import Layer
from pulse8.board.preflight.findings import Calibration, Finding, Subject
from pulse8.board.preflight.options import PreflightOptions
from pulse8.board.preflight.predict import predict
from pulse8.board.preflight.rules import Epoch
from pulse8.board.preflight.scheme_checks import usable
from pulse8.board.vendor_report.gates import vendor_gates
from pulse8.manifest import Accepted, accept, lineage, record, writing

LOWER_BOUND: Final = (
    "a lower bound: 74 published boards used 1.0 to 2.0 times as much, for line buffers and the compiler's own order"
)


@dataclass(frozen=True, kw_only=True)
class IoEnd:
    """What the bytes at an input or output mean: real = scale * (byte - zero point); ``None`` for an unusable scale."""

    name: str
    shape: tuple[int | None, ...] | None
    scale: float | None
    zero_point: int | None


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """The result of a pre-flight.

    Attributes
    ----------
    passed
        Whether there is no error; warnings do not count.
    latency
        The whole network's interval; ``None`` with ``latency_missing`` where it cannot be predicted.
    epochs
        Layers by where they run.
    memory
        Activations; ``None`` where a shape is not known.
    latency_notes
        What makes the interval less certain than its record says.
    flash_bytes
        Bytes of weights, a lower bound; ``flash_high_bytes`` is what published builds stayed below.
    core
        Major version of the vendor's tool that flash and time are for.
    """

    model: str
    sha256: str
    passed: bool
    findings: tuple[Finding, ...]
    layers: tuple[Layer, ...]
    epochs: Mapping[str, int]
    latency: Interval | None
    latency_missing: str | None
    latency_notes: tuple[str, ...]
    memory: MemoryPlan | None
    flash_bytes: int
    flash_high_bytes: int
    core: Core
    inputs: tuple[IoEnd, ...]
    outputs: tuple[IoEnd, ...]


def preflight(model: Path, options: PreflightOptions) -> Preflight:
    """Check an ONNX file without running it.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    view = QuantizedGraph(read_graph(model))
    source = accept(model, failed_too=True)
    predicted = predict(view, options.core)
    flash = predicted.flash
    gates = vendor_gates(options.vendor_report, flash.low_bytes) if options.vendor_report is not None else ()
    layers = predicted.layers
    subject = Subject(view, layers, predicted.memory, _calibration(source), options.channel, gates, options.core)
    findings = run_checks(subject)
    return Preflight(
        model=str(model),
        sha256=source.sha256,
        passed=not any(finding.severity == "error" for finding in findings),
        findings=findings,
        layers=layers,
        epochs={str(kind): sum(layer.epoch is kind for layer in layers) for kind in list(Epoch)[:3]},
        latency=predicted.latency,
        latency_missing=predicted.missing,
        latency_notes=predicted.notes,
        memory=predicted.memory,
        flash_bytes=flash.low_bytes,
        flash_high_bytes=flash.high_bytes,
        core=options.core,
        inputs=tuple(_io(view, end.name, end.shape) for end in view.graph.inputs),
        outputs=tuple(_io(view, end.name, end.shape) for end in view.graph.outputs),
    )


def preflight_path(model: Path) -> Path:
    """Return the path of a model's pre-flight: beside it."""
    return model.with_suffix(".preflight.json")


def write_preflight(result: Preflight, model: Path) -> Path:
    """Write a pre-flight beside the model, with its row; a model with errors is not marked failed by it."""
    path = preflight_path(model)
    with writing(path) as temporary:
        temporary.write_text(json.dumps(asdict(result), indent=1) + "\n", encoding="utf-8")
    record(path, "preflight", {"model": accept(model, failed_too=True)}, {}, "done" if result.passed else "failed")
    return path


def _calibration(source: Accepted) -> Calibration | None:
    """Read the calibration set from the manifest rows."""
    row = source.row
    if row is None or "calibration_indices" not in row.options:
        return None
    chosen = [
        earlier.options.get("distribution") for earlier in lineage(source.path).values() if earlier.step == "calibrate"
    ]
    return Calibration(
        samples=len(row.options["calibration_indices"]),
        distribution=str(chosen[0]) if chosen and chosen[0] else "not known",
        source_sha256=str(row.options.get("calibration_source_sha256")),
    )


def _io(view: QuantizedGraph, name: str, shape: tuple[int | None, ...] | None) -> IoEnd:
    readers = [node for node in view.readers.get(name, []) if node.op == "QuantizeLinear"]
    maker = view.makers.get(name)
    node = readers[0] if readers else maker
    scheme = view.scheme(node) if node is not None and node.op in ("QuantizeLinear", "DequantizeLinear") else None
    return IoEnd(
        name=name,
        shape=shape,
        scale=scheme.scale if scheme and usable(scheme.scale) else None,
        zero_point=scheme.zero if scheme else None,
    )
