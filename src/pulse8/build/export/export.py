"""Checkpoint to FP32 ONNX in the guide's form, compared with torch before it is kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from pulse8.build.export.fold import folded_weights
from pulse8.build.export.forms import guide_form
from pulse8.build.export.onnx_file import save_model
from pulse8.build.export.options import ExportOptions
from pulse8.build.export.probe import probe_samples
from pulse8.errors import GateError
from pulse8.learn.models.checkpoint import load_checkpoint
from pulse8.learn.models.ultralight import Ultralight
from pulse8.manifest import accept, options_of, record
from pulse8.measure.infer.ort import OrtRunner
from pulse8.spec import ULTRALIGHT

TOLERANCE_BPM: Final = 1e-4
COMPARED_SAMPLES: Final = 8


@dataclass(frozen=True, kw_only=True)
class Exported:
    """The FP32 file, its size and its largest difference from torch on simulated patches."""

    model: Path
    bytes: int
    parameters: int
    opset: int
    max_difference_bpm: float


def export(checkpoint: Path, output: Path, options: ExportOptions) -> Exported:
    """Write a checkpoint as FP32 ONNX: one file, batch norm and constants folded, dynamic batch.

    Raises
    ------
    InputError
        The checkpoint cannot be used.
    GateError
        The file's BPM differ from torch's by more than 1e-4; it is kept and marked failed.
    """
    model = load_checkpoint(checkpoint)
    source = accept(checkpoint)
    weights = folded_weights(model)
    save_model(guide_form(weights, ULTRALIGHT, options.opset), output)
    difference = _difference_bpm(model, output)
    good = difference <= TOLERANCE_BPM
    record(output, "export", {"checkpoint": source}, options_of(ExportOptions, options), "done" if good else "failed")
    if not good:
        raise GateError(f"{output} differs from torch by {difference:.1e} BPM (limit {TOLERANCE_BPM:g}); report this")
    return Exported(
        model=output,
        bytes=output.stat().st_size,
        parameters=sum(weight.numel() for weight in model.parameters()),
        opset=options.opset,
        max_difference_bpm=difference,
    )


def _difference_bpm(model: Ultralight, exported: Path) -> float:
    patches = probe_samples(COMPARED_SAMPLES)
    with torch.inference_mode():
        wanted = model(torch.from_numpy(patches)).numpy()
    return float(np.abs(OrtRunner(exported)(patches)[0] - wanted).max())
