"""The build line: checkpoint and data to a verified INT8 model and its report.

    checkpoint -> fp32.onnx -> int8.onnx (ranges from the calibration set) -> verdict -> diagnosis -> pre-flight
    -> board/ -> report.html

Each arrow is one function that writes one file and one row of the manifest beside it. A board folder is written
where the verdict is met.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pulse8.board.application.evidence import preflight_board_files
from pulse8.board.inputs import known_inputs
from pulse8.board.options import DeployOptions
from pulse8.board.package import deploy
from pulse8.convert.diagnose.diagnose import diagnose, layer_step
from pulse8.convert.diagnose.options import DiagnoseOptions
from pulse8.convert.evidence.commands import build_command
from pulse8.convert.evidence.gather import DIAGNOSIS
from pulse8.convert.evidence.page import write_report
from pulse8.convert.evidence.timeline import Clock, Timeline, write_timeline
from pulse8.convert.export.options import ExportOptions
from pulse8.convert.files import BOARD, FILES, USUAL_FOLDER, PeopleOptions
from pulse8.convert.quantize.calibrate import calibrate
from pulse8.convert.quantize.options import CalibrateOptions, QuantizeOptions
from pulse8.convert.quantize.quantize import Quantized, quantize
from pulse8.convert.verify.options import VerifyOptions
from pulse8.convert.verify.plans import Step
from pulse8.convert.verify.verdict import Verdict
from pulse8.convert.verify.verify import verify
from pulse8.language import Language
from pulse8.lock import alone
from pulse8.manifest import sweep
from pulse8.spec import ModelName
from pulse8.values import Watch, unwatched

STAGES: Final = 8
"""From simulate to board; fewer with your own data, or where the verdict is not met."""


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """The options of each step."""

    model: ModelName = "pulse12"
    """The shipped model to build where no checkpoint is given."""
    simulate: PeopleOptions = field(default_factory=PeopleOptions)
    calibrate: CalibrateOptions = field(default_factory=CalibrateOptions)
    export: ExportOptions = field(default_factory=ExportOptions)
    quantize: QuantizeOptions = field(default_factory=QuantizeOptions)
    verify: VerifyOptions = field(default_factory=VerifyOptions)
    diagnose: DiagnoseOptions = field(default_factory=DiagnoseOptions)
    deploy: DeployOptions = field(default_factory=DeployOptions)


@dataclass(frozen=True, kw_only=True)
class Built:
    """The INT8 files, the verdict, the noisiest layer, the board folder where the verdict is met, and the report."""

    quantized: Quantized
    verdict: Verdict
    layer: Step
    board: Path | None
    report: Path


def run_build(
    folder: Path,
    checkpoint: Path | None,
    data: Path | None,
    options: BuildOptions,
    watch: Watch[Any] = unwatched,
    language: Language = "en",
) -> Built:
    """Take a checkpoint through the whole line; by default the shipped checkpoint, on simulated recordings.

    The report is in ``language``.

    Raises
    ------
    Pulse8Error
        A step refuses its input, or another process is writing to the folder.
    """
    from pulse8.convert.export.export import export  # noqa: PLC0415 - torch is loaded where it is needed
    from pulse8.learn.models.checkpoint import load_checkpoint, shipped_checkpoint  # noqa: PLC0415 - the same

    with alone(folder, "pulse8 build"):
        for place in (folder, folder / "models", folder / DIAGNOSIS):
            sweep(place)
        weights = checkpoint or shipped_checkpoint(options.model)
        clock = Clock(watch=watch, count=STAGES - (data is not None))
        names = FILES[load_checkpoint(weights).spec.model]
        models, recordings = folder / "models", data or folder / names.data
        if data is None:
            with clock.stage("simulate") as watched:
                names.simulate(recordings, options.simulate.completed(names.people), watched)
        with clock.stage("calibrate"):
            calibration = calibrate(recordings, folder / names.calibration, options.calibrate).calibration
        with clock.stage("export"):
            exported = export(weights, models / names.fp32, options.export)
        with clock.stage("quantize") as watched:
            quantized = quantize(exported.model, calibration, models / names.int8, options.quantize, watched)
        with clock.stage("verify") as watched:
            verified = verify(exported.model, quantized.whole, recordings, options.verify, watched)
        with clock.stage("diagnose") as watched:
            diagnosis = diagnose(
                exported.model, quantized.whole, calibration, folder / DIAGNOSIS, options.diagnose, watched
            )
        with clock.stage("pre-flight"):
            preflight_board_files(quantized.whole)
        board = folder / BOARD if verified.verdict.passed else None
        if board is not None:
            with clock.stage("board"):
                deploy(quantized.whole, board, options.deploy)
        paths = {"--checkpoint": checkpoint, "--data": data, "--output": None if folder == USUAL_FOLDER else folder}
        command = build_command(options, BuildOptions, paths)
        write_timeline(Timeline(stages=tuple(clock.stages), command=command), verified.path)
        report = write_report(verified.path, folder / "report.html", language)
        layer = layer_step(diagnosis.findings, known_inputs(quantized.whole))
        return Built(quantized=quantized, verdict=verified.verdict, layer=layer, board=board, report=report)
