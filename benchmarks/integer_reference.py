"""The integer reference compared with ONNX Runtime and onnx's evaluator: where bytes differ, why, and the speed.

``python benchmarks/integer_reference.py [WINDOWS]``, by default 300 simulated windows per model; one core, minutes.

A byte that differs although the step's inputs are equal is an origin; all others are inherited. For every origin the
exact value before rounding is computed, with its distance from the midpoint between two bytes: rounded float sums can
only cross a midpoint that is near.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from measuring import write_result
from pulse8.convert.export.export import export
from pulse8.convert.export.options import ExportOptions
from pulse8.convert.files import PeopleOptions
from pulse8.convert.line import BuildOptions, run_build
from pulse8.convert.quantize.calibrate import calibrate
from pulse8.convert.quantize.options import CalibrateOptions, QuantizeOptions
from pulse8.convert.quantize.quantize import quantize
from pulse8.learn.formats.clips import open_clips
from pulse8.learn.formats.guide_pt import open_guide_data
from pulse8.learn.models.checkpoint import shipped_checkpoint
from pulse8.learn.prepare.simulated_clips import simulate_clips
from pulse8.learn.simulate.patches import SimulateOptions
from pulse8.measure.clips.patches import to_whole_input
from pulse8.measure.infer.integer import IntegerRunner, quantised
from pulse8.measure.infer.kernels import LAYOUTS
from pulse8.measure.infer.ort import Level, OrtRunner
from pulse8.measure.infer.program import Add, AveragePool, Conv, Lookup, Mul, ScaledAdd, Step, sources_of

Codes = dict[str, NDArray[np.int8]]
Engine = Callable[[NDArray[np.float32]], Codes]
Output = Callable[[NDArray[np.float32]], NDArray[np.int8]]
ORT_LEVELS: Final[tuple[Level, ...]] = ("off", "basic", "all")
EVALUATED = 12
"""Number of windows for onnx's evaluator, which takes seconds for each."""


def exact_values(step: Step, codes: Codes) -> NDArray[np.float64] | None:
    """Codes minus their zero point before rounding, in float64; ``None`` for steps that only move bytes."""
    real = [(codes[tensor.name].astype(np.float64) - tensor.zero_point) * tensor.scale for tensor in sources_of(step)]
    match step:
        case Conv() | AveragePool():
            summed = _summed(step, real[0] / step.source.scale) * np.float64(step.source.scale)
        case Add() | ScaledAdd():
            summed = real[0] + real[1]
        case Mul():
            summed = real[0] * real[1]
        case Lookup(operator="Sigmoid"):
            summed = 1 / (1 + np.exp(-real[0]))
        case _:
            return None
    return summed / np.float64(step.output.scale)


def _summed(step: Conv | AveragePool, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Integer sums: real values except for the source's scale."""
    layout = LAYOUTS["channel first"]
    places = layout.places(x.astype(np.float32), step.window, 0)
    if isinstance(step, AveragePool):
        return np.sum(places, axis=0, dtype=np.float64) / np.prod(step.window.kernel)
    sums = layout.conv(places, step).astype(np.float64) + step.bias[:, None, None]
    return sums * step.weight_scale.astype(np.float64)[:, None, None]


class Differences:
    """Counts of bytes that differ, step by step."""

    def __init__(self) -> None:
        self.bytes = self.origins = self.inherited = self.worst = 0
        self.unexplained = 0
        self.farthest = 0.0
        self.last = [0, 0, 0]

    def add(self, steps: tuple[Step, ...], ours: Codes, theirs: Codes) -> None:
        """Count one window, step by step."""
        for step in steps:
            name = step.output.name
            apart = np.abs(ours[name].astype(int) - theirs[name])
            self.bytes, self.worst = self.bytes + apart.size, max(self.worst, int(apart.max()))
            if all(np.array_equal(ours[tensor.name], theirs[tensor.name]) for tensor in sources_of(step)):
                self.origins += int((apart > 0).sum())
                self._measure(step, ours, apart)
            else:
                self.inherited += int((apart > 0).sum())

    def add_output(self, ours: NDArray[np.int8], theirs: NDArray[np.int8]) -> None:
        """Count one window's output; the other engine ran the file unchanged and could fuse operators."""
        apart = np.abs(ours.astype(int) - theirs)
        self.last = [self.last[0] + apart.size, self.last[1] + int((apart > 0).sum()), max(self.last[2], apart.max())]

    def _measure(self, step: Step, ours: Codes, apart: NDArray[Any]) -> None:
        values = exact_values(step, ours)
        if values is None:
            self.unexplained += int((apart > 0).sum())
        elif apart.any():
            near = values[apart > 0]
            self.farthest = max(self.farthest, float(np.abs(near - np.floor(near) - 0.5).max()))

    def summary(self) -> dict[str, Any]:
        """Return shares and extremes."""
        size, differing, worst = self.last
        return {
            "inner_bytes": self.bytes,
            "origin_share": self.origins / self.bytes,
            "inherited_share": self.inherited / self.bytes,
            "inner_worst_lsb": self.worst,
            "origins_in_steps_that_only_move_bytes": self.unexplained,
            "origins_farthest_from_a_half_lsb": self.farthest,
            "output_bytes": size,
            "output_share": differing / size,
            "output_worst_lsb": int(worst),
        }


def ort(model: onnx.ModelProto, names: list[str], level: Level) -> Engine:
    runner = OrtRunner(model.SerializeToString(), level)
    return lambda x: dict(zip(names, runner(x)[1:], strict=True))


def evaluator(model: onnx.ModelProto, names: list[str]) -> Engine:
    """Convert the operator set first: the evaluator has no kernel for DequantizeLinear 13."""
    runner = ReferenceEvaluator(onnx.version_converter.convert_version(model, 21))
    source = model.graph.input[0].name
    return lambda x: dict(zip(names, runner.run(None, {source: x})[1:], strict=True))


def compared(path: Path, inputs: NDArray[np.float32]) -> Iterator[tuple[str, dict[str, Any]]]:
    ours = IntegerRunner(path)
    steps, source = ours.program.steps, ours.program.input
    names = [source.name, *(step.output.name for step in steps)]
    model = onnx.load(path)
    model.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT8, None) for name in names)
    engines: dict[str, tuple[Engine, Output, int]] = {
        f"ONNX Runtime, {level}": (ort(model, names, level), OrtRunner(path, level).run_int8, len(inputs))
        for level in ORT_LEVELS
    }
    evaluated = evaluator(model, names)
    output = ours.program.output.name
    engines["onnx ReferenceEvaluator"] = (evaluated, lambda x: evaluated(x)[output], EVALUATED)
    for title, (theirs, ending, count) in engines.items():
        differences = Differences()
        for x in inputs[:count, None]:
            codes = ours.tensors(quantised(x, source))
            differences.add(steps, codes, theirs(x))
            differences.add_output(codes[output], ending(x))
        yield title, {"windows": min(count, len(inputs)), **differences.summary()}


def speed(path: Path, inputs: NDArray[np.float32]) -> dict[str, float]:
    """Windows per second of processor time, by layout; the first window is not counted."""
    rates = {}
    for layout in ("channel first", "channel last"):
        runner = IntegerRunner(path, layout)
        runner(inputs[:1])
        started = time.process_time()
        for x in inputs[:200, None]:
            runner(x)
        rates[layout] = round(min(len(inputs), 200) / (time.process_time() - started), 1)
    return rates


def ultralight(folder: Path, windows: int) -> tuple[Path, NDArray[np.float32]]:
    options = BuildOptions(model="ultralight", simulate=PeopleOptions(subjects=20, windows=15))
    whole = run_build(folder, None, None, options).quantized.whole
    return whole, to_whole_input(open_guide_data(folder / "simulated.pt").take(np.arange(windows)))


def pulse12(folder: Path, windows: int) -> tuple[Path, NDArray[np.float32]]:
    clips, calibration, fp32, int8 = (folder / name for name in ("clips.npz", "set.npz", "fp32.onnx", "int8.onnx"))
    simulate_clips(clips, SimulateOptions(subjects=70, windows=5))
    calibrate(clips, calibration, CalibrateOptions())
    export(shipped_checkpoint("pulse12"), fp32, ExportOptions())
    return quantize(fp32, calibration, int8, QuantizeOptions()).whole, open_clips(clips).clips[:windows]


def pulse12_as_calibrated(folder: Path, windows: int) -> tuple[Path, NDArray[np.float32]]:
    """Give the averaged tensor a scale of 24 bits, as any quantizer would (decision 0031)."""
    path, inputs = pulse12(folder, windows)
    model = onnx.load(path)
    scales = {tensor.name: tensor for tensor in model.graph.initializer}
    for name in ("gated_s", "enter_b_s"):
        held = numpy_helper.to_array(scales[name])
        scales[name].CopyFrom(numpy_helper.from_array((held * np.float32(1 - 1e-4)).astype(np.float32), name))
    onnx.save(model, path)
    return path, inputs


MODELS: Final = {
    "ultralight": ultralight,
    "pulse12": pulse12,
    "pulse12, averaged scale of 24 bits": pulse12_as_calibrated,
}


def main() -> int:
    """Print and write the figures."""
    windows = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    models = {}
    for name, make in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            path, inputs = make(Path(folder), windows)
            models[name] = {"differences": dict(compared(path, inputs)), "windows_a_second": speed(path, inputs)}
    write_result(
        "integer_reference",
        f"python benchmarks/integer_reference.py {windows}",
        {"data": "simulated", "models": models},
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
