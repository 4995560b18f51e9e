"""A planted fault for each gate, on both models, caught by the gate that is meant for it."""

import shutil

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from pulse8.board.inputs import require_verdict, verdict_path
from pulse8.board.options import DeployOptions
from pulse8.board.package import deploy
from pulse8.convert.evidence.page import write_report
from pulse8.convert.export.recognise import spec_of, static_form
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.qdq_writer import write_int8
from pulse8.convert.quantize.quantize import quantize
from pulse8.convert.quantize.ranges import collect_ranges, extremes_of
from pulse8.convert.quantize.scales import scale_table
from pulse8.convert.verify import verify as room
from pulse8.convert.verify.options import VerifyOptions
from pulse8.convert.verify.verify import verify
from pulse8.errors import GateError, InputError
from pulse8.learn.formats.guide_pt import open_guide_data, write_calibration
from pulse8.learn.splits.split import split
from pulse8.manifest import sha256_of


@pytest.fixture
def models(workspace, tmp_path):
    """FP32 and INT8 with their rows, and the calibration set that the rows point to."""
    folder = tmp_path / "quantization"
    shutil.copytree(workspace / "quantization" / "models", folder / "models")
    shutil.copy(workspace / "quantization" / "calibration_data.pt", folder)
    return folder / "models"


def verdict_on(models, data_file, model=None):
    """Verify the INT8 file, or a model put in its place without a row."""
    int8 = models / "rppg_int8_qdq.onnx"
    if model is not None:
        int8 = models / "external.onnx"
        int8.write_bytes(model.SerializeToString())
    return verify(models / "rppg_fp32.onnx", int8, data_file, VerifyOptions()).verdict


def unmet(verdict):
    return [gate.name for gate in verdict.gates if not gate.met]


def int8_of(models):
    return onnx.load(models / "rppg_int8_qdq.onnx")


def change(model, name, value):
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    array = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(np.asarray(value(array), array.dtype), name))


def test_the_lines_own_file_meets_every_gate(models, data_file):
    verdict = verdict_on(models, data_file)
    assert verdict.passed
    assert {gate.name for gate in verdict.gates} == {"mae", "difference", "constant FP32", "constant INT8", "scheme"}
    require_verdict(models / "rppg_int8_qdq.onnx")


def test_a_wrong_zero_point_in_one_layer(models, data_file):
    model = int8_of(models)
    model.graph.initializer.append(numpy_helper.from_array(np.array(-100, np.int8), "planted_z"))
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] == "logit_q":
            node.input[2] = "planted_z"
    assert "difference" in unmet(verdict_on(models, data_file, model))


def test_swapped_channels(models, data_file):
    model = int8_of(models)
    change(model, "dense1_w_q", lambda weights: weights[::-1])
    assert {"difference", "mae"} & set(unmet(verdict_on(models, data_file, model)))


def test_an_output_that_no_longer_varies(models, data_file):
    model = int8_of(models)
    change(model, "dense2_w_q", lambda weights: weights * 0)
    assert "constant INT8" in unmet(verdict_on(models, data_file, model))


def test_weights_per_tensor(models, data_file):
    fp32 = onnx.load(models / "rppg_fp32.onnx")
    static = static_form(fp32, models / "rppg_fp32.onnx")
    samples = open_guide_data(data_file).take(np.arange(4))
    shape = [dim.dim_value for dim in static.graph.input[0].type.tensor_type.shape.dim]
    ranges = extremes_of(static, samples.transpose(0, 1, 2, 5, 3, 4).reshape(-1, *shape[1:]))
    scales = scale_table(static, ranges, spec_of(fp32))
    model = write_int8(static, scales, QuantizeOptions(per_channel=False), spec_of(fp32))
    verdict = verdict_on(models, data_file, model)
    assert "scheme" in unmet(verdict)
    assert any("weight scales have shape ()" in line for line in verdict.failures)


def test_a_float_model_in_place_of_int8(models, data_file):
    verdict = verdict_on(models, data_file, onnx.load(models / "rppg_fp32.onnx"))
    assert unmet(verdict) == ["scheme"]


def calibrated_on(models, data_file, indices):
    data = open_guide_data(data_file)
    drawn = models / "own.pt"
    write_calibration(drawn, data, indices, sha256_of(data_file))
    quantize(models / "rppg_fp32.onnx", drawn, models / "rppg_int8_qdq.onnx", QuantizeOptions())


@pytest.mark.filterwarnings("ignore")
def test_calibration_on_test_windows_and_on_test_subjects(models, data_file):
    data = open_guide_data(data_file)
    test = split(len(data.labels), data.subjects).test
    calibrated_on(models, data_file, test[:40])
    with pytest.raises(InputError, match="calibration saw 40 of the test windows"):
        verdict_on(models, data_file)
    verified_on = np.linspace(0, len(test) - 1, 30).round().astype(int)
    calibrated_on(models, data_file, np.delete(test, verified_on))
    int8, fp32 = models / "rppg_int8_qdq.onnx", models / "rppg_fp32.onnx"
    with pytest.raises(InputError, match=r"calibration saw \d of the test subjects \(first: sim-"):
        verify(fp32, int8, data_file, VerifyOptions(num_samples=30))  # other windows, same people
    with pytest.raises(InputError):
        require_verdict(int8)


def test_no_board_folder_of_a_file_that_its_verdict_is_against(models, data_file):
    folder, options = models / "board", DeployOptions(windows=1)
    assert deploy(models / "rppg_int8_qdq.onnx", folder, options).verified
    verdict_path(models / "rppg_int8_qdq.onnx").unlink()
    assert not deploy(models / "rppg_int8_qdq.onnx", folder, options).verified
    planted = int8_of(models)
    change(planted, "dense2_w_q", lambda weights: weights * 0)
    verdict_on(models, data_file, planted)
    advice = rf"was not accepted: .*`pulse8 diagnose --fp32 {models}/rppg_fp32.onnx --int8 {models}/external.onnx --cal"
    with pytest.raises(GateError, match=advice):
        deploy(models / "external.onnx", models / "other", options)
    with pytest.raises(InputError, match="half of the board pair"):
        deploy(models / "external.onnx", models / "other", DeployOptions(windows=1, unverified=True))
    assert not (models / "other").exists()


def test_a_verdict_is_of_the_bytes_whose_hash_it_carries(models, data_file):
    int8 = models / "rppg_int8_qdq.onnx"
    verdict = verdict_on(models, data_file)
    assert verdict.int8_sha256 == sha256_of(int8)
    int8.write_bytes(int8.read_bytes() + b"\n")
    with pytest.raises(InputError, match="stale"):
        require_verdict(int8)
    with pytest.raises(InputError, match="stale"):
        write_report(verdict_path(int8), models / "report.html")


def test_a_verdict_on_a_file_that_is_replaced_meanwhile(models, data_file, monkeypatch):
    int8 = models / "rppg_int8_qdq.onnx"
    honest = room.predict

    def and_replace(*given):
        int8.write_bytes(int8.read_bytes() + b"\n")
        return honest(*given)

    monkeypatch.setattr(room, "predict", and_replace)
    with pytest.raises(InputError, match="was changed while it was verified"):
        verdict_on(models, data_file)


def test_a_verdict_copied_beside_another_file_is_not_its(models, data_file):
    verdict_on(models, data_file)
    other = models / "other.onnx"
    shutil.copy(models / "rppg_spatial_int8_qdq.onnx", other)
    shutil.copy(verdict_path(models / "rppg_int8_qdq.onnx"), verdict_path(other))
    with pytest.raises(InputError, match="is of other bytes"):
        require_verdict(other)
    advice = rf"Verdict not found .*`pulse8 verify --fp32 {models}/rppg_fp32.onnx --int8 {models}/rppg_t.*onnx --data "
    with pytest.raises(InputError, match=advice):
        require_verdict(models / "rppg_temporal_int8_qdq.onnx")


def test_a_verdict_against_a_file_is_kept_and_refused(models, data_file):
    model = int8_of(models)
    change(model, "dense2_w_q", lambda weights: weights * 0)
    verdict_on(models, data_file, model)
    with pytest.raises(GateError, match=r"was not accepted: .*INT8 output is constant"):
        require_verdict(models / "external.onnx")


@pytest.fixture(scope="module")
def pulse12(pulse12_files, tmp_path_factory):
    """A folder of its own for verdicts on pulse12."""
    folder = tmp_path_factory.mktemp("gates")
    for name in ("fp32.onnx", "int8.onnx", "clips.npz", "calibration.npz", "manifest.json"):
        shutil.copy(pulse12_files / name, folder)
    return folder


def wave_verdict(folder, model, runner="integer"):
    (folder / "external.onnx").write_bytes(model.SerializeToString())
    options = VerifyOptions(runner=runner)
    return verify(folder / "fp32.onnx", folder / "external.onnx", folder / "clips.npz", options).verdict


def test_a_waveform_model_has_gates_of_its_own(pulse12):
    verdict = verify(pulse12 / "fp32.onnx", pulse12 / "int8.onnx", pulse12 / "clips.npz", VerifyOptions()).verdict
    own = {"sqnr", "p95", "accepted", "flips", "bias", "worst subject", "better than POS"}
    assert own < {gate.name for gate in verdict.gates}
    assert {"sqnr", "bias", "scheme", "worst subject"}.isdisjoint(unmet(verdict))  # 36 windows allow no flip at all


def dequantised_with(source, zero_point):
    def plant(model):
        model.graph.initializer.append(numpy_helper.from_array(np.array(zero_point, np.int8), "planted_z"))
        for node in model.graph.node:
            if node.op_type == "DequantizeLinear" and node.input[0] == source:
                node.input[2] = "planted_z"

    return plant


WAVE_FAULTS = {
    "wrong zero point in one layer": (dequantised_with("head_relu_q", -120), "sqnr"),
    "wrong zero point at the start": (dequantised_with("stem1_relu_q", -120), "flips"),
    "swapped channels": (lambda model: change(model, "head_w_q", lambda weights: weights[::-1]), "p95"),
    "swapped phases": (lambda model: change(model, "phases_w_q", lambda weights: weights[[1, 0, 2, 3]]), "sqnr"),
    "truncated bias": (lambda model: change(model, "phases_b_q", lambda bias: bias >> 11 << 11), "bias"),
}


@pytest.mark.parametrize("fault", WAVE_FAULTS)
def test_a_fault_in_a_waveform_model(pulse12, fault):
    plant, gate = WAVE_FAULTS[fault]
    model = onnx.load(pulse12 / "int8.onnx")
    plant(model)
    verdict = wave_verdict(pulse12, model)
    assert gate in unmet(verdict)
    assert not verdict.passed


def test_one_scale_for_all_weights_is_refused_by_integers_and_breaks_the_scheme(pulse12):
    model = onnx.load(pulse12 / "int8.onnx")
    change(model, "enter_w_s", lambda scales: np.full_like(scales, scales.max()))
    with pytest.raises(InputError, match="Conv enter: bias scale is not input scale times weight scale"):
        wave_verdict(pulse12, model)
    assert "scheme" in unmet(wave_verdict(pulse12, model, "ort"))


def test_calibration_on_noise(pulse12):
    fp32 = onnx.load(pulse12 / "fp32.onnx")
    static, spec = static_form(fp32, pulse12 / "fp32.onnx"), spec_of(fp32)
    noise = np.random.default_rng(0).standard_normal((40, 3, 12, 256)).clip(-4, 4).astype(np.float32)
    scales = scale_table(static, collect_ranges(static, lambda: noise, QuantizeOptions()), spec)
    verdict = wave_verdict(pulse12, write_int8(static, scales, QuantizeOptions(), spec))
    assert "sqnr" in unmet(verdict)
