"""Methods that read any span: classical ones, and a network whose weights are run on 8.5, 17 and 34 s alike."""

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np

from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.prepare.windows import WINDOW, Signal, Window, as_wave, banded
from pulse8.measure.infer.any_window import with_window
from pulse8.measure.infer.ort import OrtRunner
from pulse8.measure.infer.runner import Runner, open_runner
from pulse8.measure.signal.network import interleaved
from pulse8.measure.signal.rate import heart_rate
from pulse8.measure.signal.trust import judged, trust_features
from pulse8.spec import ModelSpec, Readout

Pulses = Callable[[Window], Signal]
"""From a window of any length to its pulse, float64 [N], not band-passed."""

SHIPPED: Final = {"pulse12 FP32": "pulse12.onnx", "pulse12 INT8": "pulse12_int8.onnx"}
CLASSICAL: Final = ("GREEN", "CHROM", "POS")


class LongNetwork:
    """A shipped file at any length: floats by ONNX Runtime, INT8 by the integer reference."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._metadata = OrtRunner(path).metadata
        self._is_int8 = b"QuantizeLinear" in path.read_bytes()
        self._runners: dict[int, Runner] = {}

    def __call__(self, window: Window) -> Signal:
        """Run on a window whose samples are a multiple of the phases."""
        clip = window.clip
        runner = self._runner(clip.samples.shape[3])
        return np.asarray(interleaved(np.asarray(runner(clip.samples)[0]))[0], np.float64)

    def accepts(self, window: Window, pulse: Signal) -> bool | None:
        """Whether the file's own rules accept a reading of its own length; ``None`` where they say nothing."""
        spec = ModelSpec.of_metadata(self._metadata)
        refusals = () if spec is None else spec.refusals
        if not refusals or len(pulse) != WINDOW:
            return None
        wave = as_wave(banded(pulse))
        features = trust_features(wave, heart_rate(wave, Readout()), window.clip, Readout())
        return judged(features, refusals)[1] is None

    def _runner(self, window: int) -> Runner:
        if window not in self._runners:
            file = with_window(self._path, window)
            self._runners[window] = open_runner(file, "integer" if self._is_int8 else "ort")
        return self._runners[window]


def shipped_models() -> dict[str, Path]:
    """Return the shipped files by the name of the method."""
    folder = files("pulse8.measure.infer") / "weights"
    return {name: Path(str(folder / file)) for name, file in SHIPPED.items()}


def classical(name: str) -> Pulses:
    """Take a classical method of the table of baselines."""
    baseline = BASELINES[name]
    return lambda window: baseline(window.cells)


def methods_of(models: Mapping[str, Path], names: Sequence[str] = CLASSICAL) -> dict[str, Pulses]:
    """Classical methods by name, then networks by the name that is given to each file."""
    return {**{name: classical(name) for name in names}, **{name: LongNetwork(path) for name, path in models.items()}}
