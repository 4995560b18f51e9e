"""Cost of the integer reference: a window of the shipped INT8 files, and the verbs compared with an earlier checkout.

usage: python benchmarks/integer_speed.py [SRC_OF_AN_EARLIER_CHECKOUT]

Windows in milliseconds, smallest and median of 200; verbs in processor seconds, in turns, so that other work on the
machine affects both. Simulated people. The earlier checkout verifies with its own default engine.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from measuring import run_measured, write_result
from pulse8.learn.prepare.simulated_clips import simulate_clips
from pulse8.learn.simulate.patches import SimulateOptions
from pulse8.measure.infer.engine import engine
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.ort import OrtRunner

WEIGHTS: Final = Path(str(files("pulse8.measure.infer") / "weights"))
HERE: Final = str(Path(__file__).parents[1] / "src")
PEOPLE: Final = SimulateOptions(subjects=120, windows=3)
WINDOWS, TURNS = 200, 3
SHAPES: Final = {"pulse12": (1, 3, 12, 256), "ultralight": (1, 72, 36, 36)}
BUILD: Final = ("--data", "clips.npz", "--calibrate.num-samples", "60", "--verify.num-samples", "80")
BUILT: Final = "built/models/pulse12"
VERBS: Final = {
    "build": ("build", *BUILD, "--output", "built"),
    "verify": ("verify", "--fp32", f"{BUILT}.onnx", "--int8", f"{BUILT}_int8.onnx", "--data", "clips.npz"),
    "measure, a minute of cell traces": ("measure", "people/easy-0.csv"),
}


def a_window(model: str) -> dict[str, Any]:
    """Milliseconds of one window by each engine."""
    path, x = WEIGHTS / f"{model}_int8.onnx", np.random.default_rng(0).random(SHAPES[model], np.float32)
    fused = onnxruntime.InferenceSession(path.read_bytes())
    name = fused.get_inputs()[0].name
    runs: dict[str, Callable[[NDArray[np.float32]], Any]] = {
        "integer reference": IntegerRunner(path),
        "ONNX Runtime, QDQ fusion off": OrtRunner(path),
        "ONNX Runtime, fused": lambda one: fused.run(None, {name: one}),
    }
    if model == "pulse12":  # ultralight's FP32 file takes the guide's 6-D input
        runs["ONNX Runtime, the FP32 file"] = OrtRunner(WEIGHTS / "pulse12.onnx")
    return {title: _timed(run, x) for title, run in runs.items()}


def _timed(run: Callable[[NDArray[np.float32]], Any], x: NDArray[np.float32]) -> dict[str, float]:
    seconds = []
    for _ in range(WINDOWS):
        began = time.perf_counter()
        run(x)
        seconds.append(time.perf_counter() - began)
    return {"smallest_ms": round(1e3 * min(seconds), 2), "median_ms": round(1e3 * statistics.median(seconds), 2)}


def verbs(sources: dict[str, str]) -> dict[str, Any]:
    """Processor seconds of each verb from each checkout, the smallest of several turns."""
    times: dict[str, dict[str, list[float]]] = {verb: {name: [] for name in sources} for verb in VERBS}
    with tempfile.TemporaryDirectory() as folder:
        for name in sources:
            (Path(folder) / name).mkdir()
            simulate_clips(Path(folder) / name / "clips.npz", PEOPLE)
            people = ("--preset", "easy", "--subjects", "1", "--seconds", "60", "--output", "people")
            run_measured([sys.executable, "-m", "pulse8", "simulate", *people], Path(folder) / name)
        for _ in range(TURNS):
            for verb, words in VERBS.items():
                for name, source in sources.items():
                    os.environ["PYTHONPATH"] = source
                    command = [sys.executable, "-m", "pulse8", *_named(words, Path(folder) / name)]
                    times[verb][name].append(run_measured(command, Path(folder) / name, (0, 1)).cpu_s)
    return {verb: {name: min(seconds) for name, seconds in by_name.items()} for verb, by_name in times.items()}


def _named(words: tuple[str, ...], folder: Path) -> list[str]:
    """Replace a name by the simulated recording's path."""
    traces = [path for path in sorted((folder / "people").glob("*.csv")) if "truth" not in path.name]
    return [str(traces[0]) if word.startswith("people/") else word for word in words]


def main() -> None:
    """Print and write the figures."""
    sources = {"now": HERE, **({"before": sys.argv[1]} if len(sys.argv) > 1 else {})}
    figures = {
        "data": "simulated",
        "engine": engine("integer"),
        "a_window": {model: a_window(model) for model in SHAPES},
        "processor_seconds": verbs(sources),
    }
    write_result("integer_speed", "python benchmarks/integer_speed.py SRC_OF_AN_EARLIER_CHECKOUT", figures)


if __name__ == "__main__":
    main()
