"""One place decides what runs a model, and no INT8 file reaches a session in which ONNX Runtime may fuse."""

import ast
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import numpy_helper

from commands import ROOT
from pulse8.errors import InputError
from pulse8.learn.evaluate.estimators import onnx_file
from pulse8.measure.infer.engine import engine
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.ort import LEVELS, OrtRunner
from pulse8.measure.infer.runner import open_runner
from pulse8.measure.infer.saturation import saturating_model, saturation
from pulse8.measure.reading.network import load_network
from qdq_graphs import Qdq

WEIGHTS = Path(str(files("pulse8.measure.infer") / "weights"))
SESSIONS = {
    "convert/simplify/read.py": "float networks, run once on zeros for their shapes and constants; nothing is fused",
    "measure/infer/ort.py": "models of anybody's, QDQ fusion off",
    "measure/infer/saturation.py": "what fusion does, for doctor",
    "measure/face/nets.py": "the two face networks, which are float",
}


def test_sessions_are_opened_only_in_known_places():
    opened = set()
    for path in (ROOT / "src" / "pulse8").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and "InferenceSession" in ast.unparse(node.func):
                opened.add(path.relative_to(ROOT / "src" / "pulse8").as_posix())
    assert opened == set(SESSIONS)


@pytest.mark.parametrize("name", ["pulse12", "ultralight"])
def test_an_int8_file_runs_in_integers_and_a_float_one_in_onnx_runtime(name):
    int8, fp32 = (WEIGHTS / f"{name}{end}.onnx" for end in ("_int8", ""))
    for model in (int8, int8.read_bytes()):
        assert isinstance(open_runner(model), IntegerRunner)
        assert isinstance(open_runner(model, "ort"), OrtRunner)
    assert isinstance(open_runner(fp32), OrtRunner)
    assert open_runner(int8).engine == engine("integer")
    assert "float32" in open_runner(fp32).engine.name


def test_measure_and_evaluate_run_the_shipped_file_in_integers():
    assert isinstance(load_network("int8").run, IntegerRunner)
    assert load_network("int8").engine.name == "integer reference"
    assert load_network("fp32").engine.version == f"onnxruntime {onnxruntime.__version__}"
    assert onnx_file(WEIGHTS / "pulse12_int8.onnx")([]) == []


@pytest.mark.parametrize("level", LEVELS)
def test_onnx_runtime_by_choice_does_not_saturate_on_any_processor(level):
    model = saturating_model().SerializeToString()
    x = np.random.default_rng(3).integers(-128, 128, IntegerRunner(model).input_shape).astype(np.float32)
    np.testing.assert_array_equal(OrtRunner(model, level)(x)[0], IntegerRunner(model)(x)[0])


def test_the_effect_of_fusion_here_is_measured():
    """On AVX2 without VNNI bytes differ; elsewhere none does."""
    fused = saturation()
    assert fused.bytes == 256
    assert fused.saturates == (fused.largest > 1) == (fused.differing > 0)


def test_a_session_that_may_fuse_is_seen_by_the_tests():
    with pytest.raises(AssertionError, match="may fuse an INT8 file"):
        onnxruntime.InferenceSession((WEIGHTS / "pulse12_int8.onnx").read_bytes())


def test_an_int8_file_unknown_to_the_integer_reference_is_named_with_a_fix():
    model = Qdq((1, 2, 1, 8)).model()
    zero = next(tensor for tensor in model.graph.initializer if tensor.name == "x_z")
    zero.CopyFrom(numpy_helper.from_array(np.int16(7), "x_z"))
    with pytest.raises(InputError, match="zero point 7 of int16; int8 is needed; make it with `pulse8 quantize`"):
        open_runner(model.SerializeToString())
