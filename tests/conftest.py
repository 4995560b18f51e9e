"""Fixtures that several tests read: small simulated data, and the guide's line run once over it."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import pytest

from commands import ROOT, path_with_python, pulse8, run
from pulse8.board.options import DeployOptions
from pulse8.board.package import deploy
from pulse8.cli.printing import without_advice
from pulse8.convert.export.export import export
from pulse8.convert.export.options import ExportOptions
from pulse8.convert.quantize.calibrate import calibrate
from pulse8.convert.quantize.options import CalibrateOptions, QuantizeOptions
from pulse8.convert.quantize.quantize import quantize
from pulse8.learn.models.checkpoint import shipped_checkpoint
from pulse8.learn.prepare.simulated_clips import simulate_clips
from pulse8.learn.prepare.simulated_patches import simulate
from pulse8.learn.simulate.patches import SimulateOptions
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.onnx_file import is_int8


def pytest_configure(config: pytest.Config) -> None:
    """Give each worker, and what it starts, one thread: workers that all use every core wait for one another.

    Files are run in the order of their names, so that the many short unit tests come last and fill both workers.
    """
    config.option.loadscopereorder = False
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ["LC_ALL"] = "C.UTF-8"  # verdicts and reports would follow the locale


@pytest.fixture(autouse=True, scope="session")
def no_session_fuses() -> Iterator[None]:
    """Hold every session of this process against the rule: an INT8 file is never in one that may fuse it.

    One graph is exempt by its name: that with which doctor looks what fusion does.
    """
    opened = onnxruntime.InferenceSession

    class Guarded(opened):  # type: ignore[misc, valid-type]
        def __init__(self, model: bytes | str, sess_options: Any = None, **rest: Any) -> None:
            read = onnx.load_model_from_string(model) if isinstance(model, bytes) else onnx.load(model)
            off = "0"
            with suppress(RuntimeError):  # no entry
                off = sess_options.get_session_config_entry("session.disable_quant_qdq") if sess_options else "0"
            assert off == "1" or not is_int8(read) or read.graph.name == "saturation", "may fuse an INT8 file"
            super().__init__(model, sess_options, **rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnxruntime, "InferenceSession", Guarded)
        yield


@pytest.fixture(scope="session")
def data_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 simulated subjects with 15 windows each; the last four or so are the test side."""
    path = tmp_path_factory.mktemp("data") / "ubfc_processed.pt"
    simulate(path, SimulateOptions(subjects=12, windows=15))
    return path


@pytest.fixture(scope="session")
def pulse12_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with clips of 40 simulated subjects, a calibration set, and the shipped pulse12 in FP32 and INT8."""
    folder = tmp_path_factory.mktemp("pulse12")
    simulate_clips(folder / "clips.npz", SimulateOptions(subjects=40, windows=3))
    calibrate(folder / "clips.npz", folder / "calibration.npz", CalibrateOptions(num_samples=60))
    export(shipped_checkpoint("pulse12"), folder / "fp32.onnx", ExportOptions())
    with without_advice():
        quantize(folder / "fp32.onnx", folder / "calibration.npz", folder / "int8.onnx", QuantizeOptions())
    return folder


@pytest.fixture(scope="session")
def built_pulse12(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder in which `pulse8 build` was run on 80 simulated people, and what it printed: the verdict is met."""
    folder = tmp_path_factory.mktemp("build12")
    words = ("--simulate.subjects", "80", "--simulate.windows", "4", "--calibrate.num-samples", "120", "--json")
    done = pulse8(folder, "build", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, json.loads(done.stdout)


@pytest.fixture(scope="session")
def board(tmp_path_factory: pytest.TempPathFactory, pulse12_files: Path) -> Path:
    """The board folder of that INT8 file."""
    folder = tmp_path_factory.mktemp("board") / "pulse12"
    deploy(pulse12_files / "int8.onnx", folder, DeployOptions())
    return folder


@pytest.fixture(scope="session")
def pair_board(tmp_path_factory: pytest.TempPathFactory, workspace: Path) -> Path:
    """The board folder of the guide's pair."""
    folder = tmp_path_factory.mktemp("board") / "pair"
    deploy(workspace / "quantization" / "models" / "rppg_int8_qdq.onnx", folder, DeployOptions())
    return folder


@pytest.fixture(scope="session")
def oracle(pulse12_files: Path) -> IntegerRunner:
    """The integer reference of that INT8 file."""
    return IntegerRunner(pulse12_files / "int8.onnx")


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory, data_file: Path) -> Path:
    """A copy of guide/ with data, the shipped checkpoint, and the four steps run in order."""
    folder = tmp_path_factory.mktemp("workspace") / "guide"
    shutil.copytree(ROOT / "guide", folder)
    training = folder / "server_training"
    (training / "data").mkdir()
    (training / "checkpoints").mkdir()
    shutil.copy(data_file, training / "data")
    shutil.copy(shipped_checkpoint("ultralight"), training / "checkpoints" / "best_model.pth")
    done = run(["bash", "run_quantization.sh"], folder / "quantization", PATH=path_with_python())
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
