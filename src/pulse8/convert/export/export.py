"""Checkpoint to FP32 ONNX, compared with torch before it is kept: pulse12 static, ultralight in the guide's form."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch

from pulse8.convert.export.fold import folded_weights
from pulse8.convert.export.forms import guide_form
from pulse8.convert.export.onnx_file import save_model
from pulse8.convert.export.options import ExportOptions
from pulse8.convert.export.pulse12 import pulse12_form
from pulse8.errors import GateError
from pulse8.learn.models.checkpoint import Checkpoint, load_checkpoint
from pulse8.learn.models.pulse12 import Pulse12
from pulse8.learn.models.ultralight import Ultralight
from pulse8.learn.prepare.simulated_clips import probe_clips
from pulse8.learn.simulate.probe import probe_samples
from pulse8.manifest import accept, options_of, record
from pulse8.measure.infer.ort import OrtRunner
from pulse8.measure.signal.network import network_rate
from pulse8.spec import ModelSpec

TOLERANCE_BPM: Final = 1e-4
TOLERANCE_WAVE: Final = 1e-4
"""Tolerance of a wave's samples, as a share of the largest one."""
COMPARED_SAMPLES: Final = 8


@dataclass(frozen=True, kw_only=True)
class Exported:
    """The FP32 file, its size and its largest differences from torch on simulated people."""

    model: Path
    bytes: int
    parameters: int
    opset: int
    max_difference_bpm: float
    max_difference_wave: float | None


def export(checkpoint: Path, output: Path, options: ExportOptions) -> Exported:
    """Write a checkpoint as FP32 ONNX: one file, batch norm and constants folded.

    Raises
    ------
    InputError
        The checkpoint cannot be used.
    GateError
        The file's BPM or waves differ from torch's by more than 1e-4; it is kept and marked failed.
    """
    loaded = load_checkpoint(checkpoint)
    source = accept(checkpoint)
    save_model(_form(loaded, options.opset), output)
    bpm, wave = _differences(loaded, output)
    good = bpm <= TOLERANCE_BPM and (wave is None or wave <= TOLERANCE_WAVE)
    record(output, "export", {"checkpoint": source}, options_of(ExportOptions, options), "done" if good else "failed")
    if not good:
        raise GateError(f"{output} differs from torch by {bpm:.1e} BPM (limit {TOLERANCE_BPM:g}); report this")
    return Exported(
        model=output,
        bytes=output.stat().st_size,
        parameters=sum(weight.numel() for weight in loaded.network.parameters()),
        opset=options.opset,
        max_difference_bpm=bpm,
        max_difference_wave=wave,
    )


def _form(loaded: Checkpoint, opset: int) -> onnx.ModelProto:
    if isinstance(loaded.network, Pulse12):
        return pulse12_form(loaded.network, loaded.spec, opset)
    return guide_form(folded_weights(loaded.network), loaded.spec, opset)


def _differences(loaded: Checkpoint, exported: Path) -> tuple[float, float | None]:
    """Largest difference of rates in BPM, and of waves for a network that outputs them."""
    runner = OrtRunner(exported)
    if isinstance(loaded.network, Pulse12):
        return _wave_differences(loaded.network, loaded.spec, runner)
    return _rate_difference(loaded.network, runner), None


def _rate_difference(network: Ultralight, runner: OrtRunner) -> float:
    patches = probe_samples(COMPARED_SAMPLES)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(patches)).numpy()
    return float(np.abs(runner(patches)[0] - wanted).max())


def _wave_differences(network: Pulse12, spec: ModelSpec, runner: OrtRunner) -> tuple[float, float]:
    bpm, wave = 0.0, 0.0
    for clip in probe_clips(COMPARED_SAMPLES).clips[:, None]:
        with torch.inference_mode():
            wanted = network(torch.from_numpy(clip)).numpy()
        phases_onnx = runner(clip)[0]
        wave = max(wave, float(np.abs(phases_onnx - wanted).max() / np.abs(wanted).max()))
        rates = [network_rate(phases, spec).bpm for phases in (wanted, phases_onnx)]
        bpm = max(bpm, abs(rates[0] - rates[1]) if rates[0] and rates[1] else float(rates[0] != rates[1]))
    return bpm, wave
