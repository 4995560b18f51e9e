"""``pulse8 export``: checkpoint to FP32 ONNX."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.printing import print_json
from pulse8.cli.saying import say
from pulse8.convert.export.options import ExportOptions
from pulse8.convert.files import FILES, USUAL_FOLDER
from pulse8.spec import ModelName


@dataclass(frozen=True, kw_only=True)
class Flags(ExportOptions):
    """Write a checkpoint as one FP32 ONNX file."""

    model: ModelName = "pulse12"
    """Shipped checkpoint to export where none is given."""
    checkpoint: Path | None = None
    """A state dict, or a dict with model_state_dict; the file itself states its network."""
    output: Path | None = None
    """ONNX file to write; pulse12.onnx or rppg_fp32.onnx where `pulse8 build` writes it."""
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Export and print a summary."""
    from pulse8.convert.export.export import export  # noqa: PLC0415 - torch is loaded after the flags are read
    from pulse8.learn.models.checkpoint import load_checkpoint, shipped_checkpoint  # noqa: PLC0415 - the same

    checkpoint = flags.checkpoint or shipped_checkpoint(flags.model)
    output = flags.output or USUAL_FOLDER / "models" / FILES[load_checkpoint(checkpoint).spec.model].fp32
    exported = export(checkpoint, output, flags)
    if flags.json:
        print_json(exported)
        return 0
    say(f"{exported.model}: {exported.bytes:,} bytes, {exported.parameters:,} parameters, opset {exported.opset}")
    say(f"largest difference from torch: {exported.max_difference_bpm:.1e} BPM")
    return 0
