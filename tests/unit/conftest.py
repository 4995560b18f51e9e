"""The guide's files for unit tests, made in this process: no run of the guide's commands."""

from pathlib import Path

import pytest

from pulse8.cli.printing import without_advice
from pulse8.convert.export.export import export
from pulse8.convert.export.options import ExportOptions
from pulse8.convert.quantize.calibrate import calibrate
from pulse8.convert.quantize.options import CalibrateOptions, QuantizeOptions
from pulse8.convert.quantize.quantize import quantize
from pulse8.convert.verify.options import VerifyOptions
from pulse8.convert.verify.verify import verify
from pulse8.learn.models.checkpoint import shipped_checkpoint
from pulse8.learn.prepare.simulated_patches import simulate
from pulse8.learn.simulate.patches import SimulateOptions


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out as guide/ is after its four steps, over a few simulated subjects."""
    folder = tmp_path_factory.mktemp("workspace")
    data, models = folder / "ubfc_processed.pt", folder / "quantization" / "models"
    models.mkdir(parents=True)
    simulate(data, SimulateOptions(subjects=12, windows=10))
    calibrate(data, models.parent / "calibration_data.npz", CalibrateOptions(num_samples=30))
    export(shipped_checkpoint("ultralight"), models / "rppg_fp32.onnx", ExportOptions())
    with without_advice():
        quantize(
            models / "rppg_fp32.onnx",
            models.parent / "calibration_data.npz",
            models / "rppg_int8_qdq.onnx",
            QuantizeOptions(),
        )
    verify(models / "rppg_fp32.onnx", models / "rppg_int8_qdq.onnx", data, VerifyOptions(num_samples=30))
    return folder
