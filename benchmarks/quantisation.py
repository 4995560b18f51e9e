"""Figures of the INT8 step on simulated people: range methods, QAT beside its float control, simulation, time.

usage: python benchmarks/quantisation.py {methods,bits,qat,simulation,time} {ultralight,pulse12}

All windows are SIMULATED; a network is judged against its own FP32 file. Results: results/quantisation_WHAT_MODEL.json.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measuring import write_result
from pulse8.convert.export.export import export
from pulse8.convert.export.options import ExportOptions
from pulse8.convert.export.recognise import static_input
from pulse8.convert.quantize.calibrate import calibrate
from pulse8.convert.quantize.options import CalibrateOptions, QuantizeOptions
from pulse8.convert.quantize.quantize import Source, open_source, quantize, scales_for
from pulse8.convert.quantize.rates import rates_bpm
from pulse8.learn.formats.calibration import Labelled
from pulse8.learn.formats.data_file import open_data
from pulse8.learn.models.checkpoint import shipped_checkpoint
from pulse8.learn.prepare.simulated_clips import simulate_clips
from pulse8.learn.prepare.simulated_patches import simulate
from pulse8.learn.simulate.patches import SimulateOptions
from pulse8.learn.splits.split import Split, split
from pulse8.manifest import sha256_of
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.ort import OrtRunner
from pulse8.measure.signal.metrics import sqnr_db, subject_bootstrap

PEOPLE = {
    "ultralight": SimulateOptions(subjects=150, windows=8, seed=6),
    "pulse12": SimulateOptions(subjects=300, windows=4, seed=6),
}
METHODS: dict[str, dict[str, Any]] = {
    "minmax": {"method": "minmax"},
    "percentile 99.99": {"method": "percentile"},
    "percentile 99.9": {"method": "percentile:99.9"},
    "percentile 99": {"method": "percentile:99"},
    "entropy": {"method": "entropy"},
    "minmax, a scale a tensor for weights": {"method": "minmax", "per_channel": False},
}
SAMPLES = (30, 100, 200)
DISTRIBUTIONS = ("stratified", "natural", "uniform")
SIMULATED_WINDOWS = 1000
FLIP_BPM = 5.0
BITS = (24, 12, 10, 8, 7, 6, 5)


@dataclass(frozen=True, eq=False)
class Workbench:
    """A model's FP32 file and a data file with its split, in a folder."""

    name: str
    folder: Path
    fp32: Path
    data_file: Path
    data: Labelled
    parts: Split

    def calibration(self, options: CalibrateOptions) -> Path:
        """Draw a calibration set."""
        path = self.folder / "calibration"
        calibrate(self.data_file, path, options)
        return path

    def inputs(self, source: Source, indices: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
        """Read windows as the static form takes them, with their batch axis."""
        return (static_input(source.spec, self.data.take(indices[at : at + 1])) for at in range(len(indices)))


def workbench(name: str, folder: Path) -> Workbench:
    data_file, fp32 = folder / "data", folder / "fp32.onnx"
    (simulate if name == "ultralight" else simulate_clips)(data_file, PEOPLE[name])
    export(shipped_checkpoint(name), fp32, ExportOptions())
    data = open_data(data_file)
    return Workbench(name, folder, fp32, data_file, data, split(len(data.labels), data.subjects))


def fidelity(bench: Workbench, source: Source, int8: Path, fp32: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """Compare an INT8 file, run by the integer reference, with FP32 on the test side."""
    runner = IntegerRunner(int8)
    outputs = np.concatenate([runner(one)[0] for one in bench.inputs(source, bench.parts.test)])
    bpm, labels = rates_bpm(outputs, source.spec), bench.data.labels[bench.parts.test]
    known = np.isfinite(bpm) & np.isfinite(fp32["bpm"])
    increase = (np.abs(bpm - labels) - np.abs(fp32["bpm"] - labels))[known]
    shift = np.abs(bpm - fp32["bpm"])[known]
    return {
        "windows": int(known.sum()),
        "mae_fp32_bpm": float(np.abs(fp32["bpm"] - labels)[known].mean()),
        "mae_increase_bpm": float(increase.mean()),
        "mae_increase_interval": subject_bootstrap(increase, bench.data.subjects[bench.parts.test][known]),
        "mean_shift_bpm": float(shift.mean()),
        "p95_shift_bpm": float(np.quantile(shift, 0.95)),
        "moved_over_5_bpm": float((shift > FLIP_BPM).mean()),
        "output_sqnr_db": sqnr_db(fp32["outputs"].ravel(), outputs.ravel()),
        "bytes": int8.stat().st_size,
    }


def fp32_of(bench: Workbench, source: Source) -> dict[str, NDArray[Any]]:
    runner = OrtRunner(source.static.SerializeToString())
    outputs = np.concatenate([runner(one)[0] for one in bench.inputs(source, bench.parts.test)])
    return {"outputs": outputs, "bpm": rates_bpm(outputs, source.spec)}


def methods(bench: Workbench) -> dict[str, Any]:
    """Every range method on 200 windows; minmax on fewer, and on other draws of them."""
    calibration = bench.calibration(CalibrateOptions())
    source = open_source(bench.fp32, calibration, QuantizeOptions())
    truth, int8 = fp32_of(bench, source), bench.folder / "int8.onnx"
    found = {}
    for name, words in METHODS.items():
        quantize(bench.fp32, calibration, int8, QuantizeOptions(**words))
        found[name] = fidelity(bench, source, int8, truth)
    for options in [CalibrateOptions(num_samples=n) for n in SAMPLES] + [
        CalibrateOptions(distribution=kind) for kind in DISTRIBUTIONS
    ]:
        quantize(bench.fp32, bench.calibration(options), int8, QuantizeOptions(method="minmax"))
        found[f"minmax, {options.num_samples} {options.distribution}"] = fidelity(bench, source, int8, truth)
    return found


def bits(bench: Workbench) -> dict[str, Any]:
    """Round scales of the default method to fewer significant bits; 24 are all that a float32 has."""
    from pulse8.convert.quantize.qdq_writer import write_int8
    from pulse8.convert.quantize.ranges import collect_ranges
    from pulse8.convert.quantize.scales import SCALE_BITS, scale_table

    options = QuantizeOptions()
    source = open_source(bench.fp32, bench.calibration(CalibrateOptions()), options)
    truth, int8 = fp32_of(bench, source), bench.folder / "int8.onnx"
    ranges = collect_ranges(source.static, source.inputs, options)
    found: dict[str, Any] = {"used": SCALE_BITS}
    for count in BITS:
        scales = scale_table(source.static, ranges, source.spec, count)
        int8.write_bytes(write_int8(source.static, scales, options, source.spec).SerializeToString())
        found[f"{count} bits"] = fidelity(bench, source, int8, truth)
    return found


def qat(bench: Workbench) -> dict[str, Any]:
    """QAT and its float control on the validation side, and the written file on the test side."""
    from pulse8.convert.quantize.qat.options import QatOptions
    from pulse8.convert.quantize.qat.qat import QatFiles, quantize_qat

    options, calibration = QuantizeOptions(), bench.calibration(CalibrateOptions())
    source, int8 = open_source(bench.fp32, calibration, options), bench.folder / "int8.onnx"
    truth = fp32_of(bench, source)
    files = QatFiles(fp32=bench.fp32, calibration=calibration, data=bench.data_file)
    training = replace(QatOptions(), steps=100)
    made = quantize_qat(files, int8, options, training)
    tested = fidelity(bench, source, int8, truth)
    return {"training": asdict(training), "validation": asdict(made.training), "test_against_start": tested}


def simulation(bench: Workbench) -> dict[str, Any]:
    """Compare the torch simulation with the integer reference of the written file, tensor by tensor."""
    import torch

    from pulse8.convert.quantize.qat.arithmetic import Codes
    from pulse8.convert.quantize.qat.simulation import Simulation

    options, calibration = QuantizeOptions(), bench.calibration(CalibrateOptions())
    source, int8 = open_source(bench.fp32, calibration, options), bench.folder / "int8.onnx"
    quantize(bench.fp32, calibration, int8, options)
    runner = IntegerRunner(int8)
    network = Simulation(source.static, scales_for(source, options), per_channel=True)
    indices = np.arange(min(SIMULATED_WINDOWS, len(bench.data.labels)))
    differing: dict[str, list[NDArray[np.int64]]] = {}
    for inputs in bench.inputs(source, indices):
        codes = runner.tensors(quantised_input(runner, inputs))
        with torch.no_grad():
            tensors = network.tensors(torch.from_numpy(inputs))
        for name, value in tensors.items():
            if isinstance(value, Codes) and f"{name}_q" in codes:
                mine = value.values.numpy() + value.scale.zero_point
                differing.setdefault(name, []).append(np.abs(mine.ravel() - codes[f"{name}_q"].ravel()).astype(int))
    counts = {name: np.concatenate(each) for name, each in differing.items()}
    return {
        "windows": len(indices),
        "output": list(counts)[-1],
        "tensors": {
            name: {"values": each.size, "differ": int((each > 0).sum()), "largest_lsb": int(each.max())}
            for name, each in counts.items()
        },
    }


def quantised_input(runner: IntegerRunner, inputs: NDArray[np.float32]) -> NDArray[np.int8]:
    from pulse8.measure.infer.integer import quantised

    return quantised(inputs, runner.program.input)


def timing(bench: Workbench) -> dict[str, Any]:
    """Wall time of quantising with 200 calibration windows, in a warm process, five times."""
    calibration, int8 = bench.calibration(CalibrateOptions()), bench.folder / "int8.onnx"
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        made = quantize(bench.fp32, calibration, int8, QuantizeOptions())
        seconds.append(round(time.perf_counter() - started, 3))
    return {"samples": made.samples, "seconds_median": statistics.median(seconds), "seconds": seconds}


WHAT: dict[str, Callable[[Workbench], dict[str, Any]]] = {
    "methods": methods,
    "bits": bits,
    "qat": qat,
    "simulation": simulation,
    "time": timing,
}


def main(what: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = workbench(name, Path(folder))
        people = {"simulated": True, "people": asdict(PEOPLE[name])}
        figures = {**people, "checkpoint_sha256": sha256_of(shipped_checkpoint(name)), **WHAT[what](bench)}
    write_result(f"quantisation_{what}_{name}", f"python benchmarks/quantisation.py {what} {name}", figures)


if __name__ == "__main__":
    main(*sys.argv[1:3])
