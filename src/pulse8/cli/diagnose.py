"""``pulse8 diagnose``: where an INT8 file loses accuracy."""

from dataclasses import dataclass
from pathlib import Path

from pulse8.cli.names import CALIBRATION, FP32, INT8, beside
from pulse8.cli.printing import print_json, watch
from pulse8.cli.saying import Spoken, say
from pulse8.convert.diagnose.diagnose import diagnose
from pulse8.convert.diagnose.options import DiagnoseOptions
from pulse8.convert.diagnose.text import ranked_table
from pulse8.notice import NOTICE


@dataclass(frozen=True, kw_only=True)
class Flags(DiagnoseOptions, Spoken):
    """Compare an INT8 file with its FP32 file part by part, rank the parts, and name the layer to fix."""

    fp32: Path = FP32
    """FP32 ONNX that it was quantised from."""
    int8: Path = INT8
    """INT8 ONNX."""
    calibration: Path = CALIBRATION
    """Calibration set: the windows that the parts are compared on."""
    output: Path | None = None
    """Folder for diagnosis.json and two pictures; diagnosis in the build's folder, or beside the INT8 file."""
    json: bool = False
    """Print one machine-readable record."""


def run(flags: Flags) -> int:
    """Diagnose and print the ranked table."""
    folder = flags.output or beside(flags.int8, "diagnosis")
    diagnosis = diagnose(flags.fp32, flags.int8, flags.calibration, folder, flags, watch)
    if flags.json:
        print_json(diagnosis)
    else:
        command = f"pulse8 quantize --input {flags.fp32} --calibration {flags.calibration} --output {flags.int8}"
        say(f"{ranked_table(diagnosis, command)}\n{NOTICE}")
    return 0
