"""The build line: checkpoint and data to a verified INT8 model and its report.

    checkpoint -> fp32.onnx -> int8.onnx (ranges from the calibration set) -> verdict -> pre-flight -> report.html

Each arrow is one function that writes one file and one row of the manifest beside it.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulse8.build.deploy.application.evidence import board_evidence, look_at_board_files
from pulse8.build.export.options import ExportOptions
from pulse8.build.quantize.calibrate import calibrate
from pulse8.build.quantize.options import CalibrateOptions, QuantizeOptions
from pulse8.build.quantize.quantize import Quantized, quantize
from pulse8.build.verify.evidence import write_report
from pulse8.build.verify.options import VerifyOptions
from pulse8.build.verify.verdict import Verdict
from pulse8.build.verify.verify import verify
from pulse8.learn.datasets.simulated import simulate
from pulse8.learn.simulate.patches import SimulateOptions
from pulse8.values import Watch, unwatched


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """The options of each step."""

    simulate: SimulateOptions = field(default_factory=SimulateOptions)
    calibrate: CalibrateOptions = field(default_factory=CalibrateOptions)
    export: ExportOptions = field(default_factory=ExportOptions)
    quantize: QuantizeOptions = field(default_factory=QuantizeOptions)
    verify: VerifyOptions = field(default_factory=VerifyOptions)


@dataclass(frozen=True, kw_only=True)
class Built:
    """What the line made: the INT8 files, the verdict, and the report."""

    quantized: Quantized
    verdict: Verdict
    report: Path


def run_build(
    folder: Path, checkpoint: Path | None, data: Path | None, options: BuildOptions, watch: Watch[Any] = unwatched
) -> Built:
    """Take a checkpoint through the whole line; what is not given is the shipped checkpoint, and simulated recordings.

    Raises
    ------
    Pulse8Error
        Whatever a step refuses.
    """
    from pulse8.build.export.export import export  # noqa: PLC0415 - torch is loaded where it is needed
    from pulse8.learn.models.checkpoint import shipped_checkpoint  # noqa: PLC0415

    models = folder / "models"
    fp32, int8 = models / "rppg_fp32.onnx", models / "rppg_int8_qdq.onnx"
    recordings = data or folder / "simulated.pt"
    if data is None:
        simulate(recordings, options.simulate, watch)
    calibration = calibrate(recordings, folder / "calibration_data.pt", options.calibrate).calibration
    exported = export(checkpoint or shipped_checkpoint("ultralight"), fp32, options.export)
    quantized = quantize(exported.model, calibration, int8, options.quantize, watch)
    verified = verify(exported.model, quantized.whole, recordings, options.verify, watch)
    look_at_board_files(quantized.whole)
    report = write_report(verified.path, folder / "report.html", board_evidence)
    return Built(quantized=quantized, verdict=verified.verdict, report=report)
