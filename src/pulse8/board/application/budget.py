"""Whether the whole application keeps up with 30 frames per second: face networks, pulse network and the CPU's work.

The face networks ship in float; their figures are those of the same layers in INT8, which do not exist yet. On the
CPU a layer's time is bracketed by published rates of CMSIS-NN on a Cortex-M55 (ExecuTorch issue 17651, MobileNetV2 on
an Alif E8): 0.25 MAC per cycle for depthwise, 0.79 to 2.6 for other convolutions; other layers are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from pulse8.board.estimate.latency import Interval, Work, layer_interval, total_interval
from pulse8.board.onnx_graph.quantized_graph import QuantizedGraph
from pulse8.board.onnx_graph.read import read_graph
from pulse8.board.preflight.rules import operators
from pulse8.board.preflight.work import work_of

CPU_HZ: Final = 800e6
FRAME_RATE: Final = 30.0
DENSE_MAC_CYCLE: Final = (0.79, 2.6)
DEPTHWISE_MAC_CYCLE: Final = 0.25
OPERATION_CYCLE: Final = (0.25, 1.0)
"""Scalar operations per cycle for the CPU's own work: an assumption, not a measurement."""
CELL_SUM_OPERATIONS: Final = 3 * 36 * 36 * 3
"""Additions per frame: three ROIs of 36x36 pixels, three channels."""
WINDOW_OPERATIONS: Final = 300_000 + 5 * 4096 * 12
"""Operations per window: normaliser (at most 0.3 M) and an FFT of 4,096 points (5 N log2 N)."""
FACE_NETS: Final = {
    "face detector": "face_detection_short_range.onnx",
    "face mesh": "face_landmark.onnx",
}


@dataclass(frozen=True, kw_only=True)
class ApplicationPart:
    """One part of the application.

    Attributes
    ----------
    npu
        Milliseconds per run on the NPU; ``None`` for work that stays on the CPU.
    npu_left_out
        Layers whose rate is not known: the NPU's figure leaves them out and is a lower bound.
    cpu
        Milliseconds per run on the CPU.
    """

    name: str
    runs_per_second: float
    macs: int
    npu: Interval | None
    npu_left_out: int
    cpu: Interval


@dataclass(frozen=True)
class Share:
    """Percent of the time that a processor is busy, low and high."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Load:
    """One way to run the application: busy share of each processor, and whether both together stay under 100 %."""

    name: str
    npu_share: Share
    cpu_share: Share
    fits: str


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The parts, and the ways to run them; shares are in percent, estimated and not measured."""

    parts: tuple[ApplicationPart, ...]
    loads: tuple[Load, ...]


def budget(pulse_models: Mapping[Path, float]) -> Budget:
    """Add up the application around a pulse network, given its ONNX files with their runs per second.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    rates = {"face detector": FRAME_RATE, "face mesh": FRAME_RATE}
    parts = [_shipped(name, file, rates[name]) for name, file in FACE_NETS.items()]
    parts += [_network(path.name, path, rate) for path, rate in pulse_models.items()]
    parts.append(_cpu_work("cell sums", FRAME_RATE, CELL_SUM_OPERATIONS))
    parts.append(_cpu_work("normaliser and rate", 1.0, WINDOW_OPERATIONS))
    detector, mesh, *rest = parts
    once = _at_rate(detector, 1.0)
    ways = {
        "detector and mesh on every frame": [detector, mesh, *rest],
        "mesh on every frame, detector once a second": [once, mesh, *rest],
        "detector on every frame, no mesh": [detector, *rest],
    }
    loads = [load for way, used in ways.items() for load in (_load(way, used, npu=True), _load(way, used, npu=False))]
    return Budget(parts=tuple(parts), loads=tuple(loads))


def _shipped(name: str, file: str, rate: float) -> ApplicationPart:
    with as_file(files("pulse8.measure.face").joinpath("weights", file)) as path:
        return _network(name, path, rate)


def _network(name: str, path: Path, rate: float) -> ApplicationPart:
    view = QuantizedGraph(read_graph(path))
    timed: list[Work] = []
    left_out = 0
    for node in view.layers:
        row, work = operators().get(node.op), work_of(view.graph, node)
        if row is not None and row.epoch in ("hardware", "condition") and work is not None:
            timed.append(work)
        else:
            left_out += 1
    return ApplicationPart(
        name=name,
        runs_per_second=rate,
        macs=sum(work.macs for work in timed),
        npu=total_interval(map(layer_interval, timed)),
        npu_left_out=left_out,
        cpu=total_interval(map(_cpu_interval, timed)),
    )


def _cpu_interval(work: Work) -> Interval:
    slow, fast = (DEPTHWISE_MAC_CYCLE,) * 2 if work.kind == "grouped" else DENSE_MAC_CYCLE
    return Interval(1e3 * work.macs / fast / CPU_HZ, 1e3 * work.macs / slow / CPU_HZ)


def _cpu_work(name: str, rate: float, operations: int) -> ApplicationPart:
    slow, fast = OPERATION_CYCLE
    cpu = Interval(1e3 * operations / fast / CPU_HZ, 1e3 * operations / slow / CPU_HZ)
    return ApplicationPart(name=name, runs_per_second=rate, macs=0, npu=None, npu_left_out=0, cpu=cpu)


def _at_rate(part: ApplicationPart, rate: float) -> ApplicationPart:
    return ApplicationPart(**{**vars(part), "runs_per_second": rate})


def _load(way: str, parts: list[ApplicationPart], *, npu: bool) -> Load:
    on_npu = _share([(part.npu, part.runs_per_second) for part in parts if npu and part.npu is not None])
    on_cpu = _share([(part.cpu, part.runs_per_second) for part in parts if not npu or part.npu is None])
    low, high = on_npu.low + on_cpu.low, on_npu.high + on_cpu.high
    known = not npu or not any(part.npu_left_out for part in parts)
    verdict = "does not fit" if low > 100 else "may fit" if high > 100 else "fits" if known else "fits, as far as known"
    where = "networks on the NPU" if npu else "CPU alone"
    return Load(name=f"{way}, {where}", npu_share=on_npu, cpu_share=on_cpu, fits=verdict)


def _share(runs: list[tuple[Interval, float]]) -> Share:
    """Return the busy share of a second: milliseconds per run times runs per second, over 10."""
    return Share(*(sum(getattr(interval, end) * rate for interval, rate in runs) / 10 for end in ("low_ms", "high_ms")))


def budget_lines(figures: Budget) -> tuple[tuple[str, ...], ...]:
    """Return the parts as rows: name, runs per second, MAC, ms on the NPU, ms on the CPU."""
    return tuple(
        (
            part.name,
            f"{part.runs_per_second:g}",
            f"{part.macs:,}",
            _npu(part),
            _ms(part.cpu),
        )
        for part in figures.parts
    )


def load_lines(figures: Budget) -> tuple[tuple[str, ...], ...]:
    """Return the ways to run as rows: name, busy share of the NPU and of the CPU, whether it fits."""
    return tuple((load.name, _percent(load.npu_share), _percent(load.cpu_share), load.fits) for load in figures.loads)


def _npu(part: ApplicationPart) -> str:
    if part.npu is None:
        return "stays on the CPU"
    left_out = f" without {part.npu_left_out} layers of unknown time" if part.npu_left_out else ""
    return f"{_ms(part.npu)}{left_out}"


def _ms(interval: Interval) -> str:
    return f"{interval.low_ms:.3g} to {interval.high_ms:.3g}"


def _percent(share: Share) -> str:
    return f"{share.low:.3g} to {share.high:.3g} %"
