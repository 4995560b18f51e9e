"""pulse12 from checkpoint to INT8: each border crossed with a comparison, the scheme read back with planted faults."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

import pulse8.measure.infer
from pulse8.convert.export.export import TOLERANCE_BPM, TOLERANCE_WAVE, export
from pulse8.convert.export.options import ExportOptions
from pulse8.convert.export.recognise import shape_of, spec_of, static_form
from pulse8.convert.quantize.audit import audit, scale_violations
from pulse8.convert.quantize.calibrate import calibrate
from pulse8.convert.quantize.families import scaled_tensors
from pulse8.convert.quantize.options import CalibrateOptions, QuantizeOptions
from pulse8.convert.quantize.qdq_writer import constants_of, write_int8
from pulse8.convert.quantize.quantize import quantize
from pulse8.convert.quantize.ranges import with_shared_scales
from pulse8.convert.quantize.scales import Scale
from pulse8.errors import InputError, Pulse8Error
from pulse8.learn.formats.clips import ClipData, open_calibration, open_clips, write_clips
from pulse8.learn.models.checkpoint import load_checkpoint, shipped_checkpoint
from pulse8.learn.models.pulse12 import Design, Pulse12, interleave
from pulse8.learn.prepare.simulated_clips import simulate_clips
from pulse8.learn.simulate.patches import SimulateOptions
from pulse8.learn.splits.split import split
from pulse8.measure.infer.ort import OrtRunner
from pulse8.measure.signal.network import interleaved
from pulse8.spec import PULSE12


@pytest.fixture
def int8(pulse12_files):
    return onnx.load(pulse12_files / "int8.onnx")


def trained(seed=0, **sizes):
    """Return a network of any design with batch-norm statistics that are not their defaults."""
    torch.manual_seed(seed)
    network = Pulse12(Design(**sizes))
    network.train()
    with torch.no_grad():
        network(torch.randn(8, 3, network.design.rows, 256))
    return network.eval()


@pytest.mark.parametrize("sizes", [{}, {"gate": False, "blocks": 2}, {"stem_kernel": 9, "kernel": 5, "head": 16}])
@pytest.mark.parametrize("opset", [11, 20])
def test_any_design_exports_as_torch_computes(tmp_path, sizes, opset):
    network = trained(**sizes)
    saved = {"model_state_dict": network.state_dict(), "design": dataclasses.asdict(network.design)}
    torch.save(saved, tmp_path / "c.pth")
    exported = export(tmp_path / "c.pth", tmp_path / "m.onnx", ExportOptions(opset=opset))
    assert exported.max_difference_wave < TOLERANCE_WAVE
    assert exported.max_difference_bpm < TOLERANCE_BPM
    model = onnx.load(tmp_path / "m.onnx")
    assert shape_of(model.graph.input[0]) == (1, 3, 12, 256)
    assert shape_of(model.graph.output[0]) == (1, 4, 1, 64)
    assert {node.op_type for node in model.graph.node} <= {"Conv", "Relu", "Sigmoid", "Mul", "AveragePool", "Add"}
    assert max(len(constant.name) for constant in model.graph.initializer) <= 8


def test_the_spec_travels_from_checkpoint_to_int8(pulse12_files):
    spec = load_checkpoint(shipped_checkpoint("pulse12")).spec
    assert spec.training_sha256 is not None
    for name in ("fp32.onnx", "int8.onnx"):
        assert spec_of(onnx.load(pulse12_files / name)) == spec


def test_the_numpy_order_of_phases_is_torchs():
    phases = torch.randn(2, 4, 1, 64)
    np.testing.assert_array_equal(interleaved(phases.numpy()), interleave(phases).numpy())


def test_int8_is_small_clean_and_near_fp32(pulse12_files, int8):
    audited = audit(int8, PULSE12, per_channel=True)
    parameters = sum(weight.numel() for weight in load_checkpoint(shipped_checkpoint("pulse12")).network.parameters())
    assert audited.violations == ()
    assert audited.weights_per_channel == audited.biases > 0
    assert audited.weights_per_tensor == 0
    assert (pulse12_files / "int8.onnx").stat().st_size <= 1.25 * parameters + 8192
    runners = [OrtRunner(pulse12_files / name, "off") for name in ("fp32.onnx", "int8.onnx")]
    clips = open_clips(pulse12_files / "clips.npz").clips[:16, None]
    waves, coarse = (np.concatenate([interleaved(runner(clip)[0]) for clip in clips]) for runner in runners)
    assert np.corrcoef(waves.ravel(), coarse.ravel())[0, 1] > 0.98


def change(model, name, value):
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    array = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(np.asarray(value(array), array.dtype), name))


def move_zero_point(model, name):
    """Give one tensor another zero point; equal ones are stored once."""
    model.graph.initializer.append(numpy_helper.from_array(np.array(3, np.int8), "other"))
    for node in model.graph.node:
        if node.input[0] in (name, f"{name}_q") and node.op_type.endswith("Linear"):
            node.input[2] = "other"


FAULTS = {
    "input scale": (lambda m: change(m, "clip_s", lambda s: s * 2), "input clip has scale"),
    "sigmoid scale": (lambda m: change(m, "gate_share_s", lambda s: s * 1.01), "gate_share: a sigmoid with scale"),
    "sigmoid zero point": (lambda m: move_zero_point(m, "gate_share"), "gate_share: a sigmoid"),
    "added scales": (lambda m: change(m, "block2_relu_s", lambda s: s * 1.01), "sum2: adds scales"),
    "added zero points": (lambda m: move_zero_point(m, "block3_relu"), "sum3: adds scales"),
    "float operand": (
        lambda m: next(n for n in m.graph.node if n.name == "sum1").input.__setitem__(1, "block1_relu"),
        "Add sum1 computes in float",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_reported(int8, fault):
    plant, words = FAULTS[fault]
    plant(int8)
    assert any(words in text for text in audit(int8, PULSE12, per_channel=True).violations)


def test_a_scale_that_is_not_in_the_file_is_reported(int8):
    constants = constants_of(int8)
    points = {node.input[0]: node.input[1:] for node in int8.graph.node if node.op_type == "QuantizeLinear"}
    outputs = [node.output[0] for node in int8.graph.node if node.op_type in ("Conv", "Add", "Mul", "Sigmoid")]
    scales = {name: Scale(*(constants[point].item() for point in points[name])) for name in outputs}
    assert scale_violations(int8, scales) == []
    assert len(scale_violations(int8, {**scales, "gated": Scale(9.0, -128), "sum1": Scale(9.0, -128)})) == 2


def test_operands_of_a_chain_of_adds_share_one_range():
    nodes = [onnx.helper.make_node("Add", pair, [out]) for *pair, out in ("abx", "bcy", "dez")]
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "abcde"]
    model = onnx.helper.make_model(onnx.helper.make_graph(nodes, "adds", ends, []))
    shared = with_shared_scales(
        model, {"a": (-1.0, 0.0), "b": (0.0, 1.0), "c": (0.0, 5.0), "d": (0.0, 2.0), "e": (1.0, 3.0)}
    )
    assert shared["a"] == shared["b"] == shared["c"] == (-1.0, 5.0)
    assert shared["d"] == shared["e"] == (0.0, 3.0)


def test_calibration_and_verification_share_no_people(pulse12_files):
    data = open_clips(pulse12_files / "clips.npz")
    drawn = open_calibration(pulse12_files / "calibration.npz")
    tested = set(data.subjects[split(len(data.labels), data.subjects).test])
    assert set(drawn.data.subjects) & tested == set()
    np.testing.assert_array_equal(drawn.data.take(np.arange(3)), data.clips[drawn.indices[:3]])


def test_the_same_people_give_the_same_bytes_and_never_a_frozen_one(tmp_path, pulse12_files):
    simulate_clips(tmp_path / "clips.npz", SimulateOptions(subjects=40, windows=3))
    assert (tmp_path / "clips.npz").read_bytes() == (pulse12_files / "clips.npz").read_bytes()
    with pytest.raises(Pulse8Error, match="test strata"):
        simulate_clips(tmp_path / "frozen.npz", SimulateOptions(seed=2_000_000_001))


def test_frozen_subjects_are_no_calibration_data(tmp_path, pulse12_files):
    data = open_clips(pulse12_files / "clips.npz")
    names = np.char.replace(data.subjects, "sim-0-", "sim-2000000001-")
    write_clips(tmp_path / "clips.npz", dataclasses.replace(data, subjects=names))
    with pytest.raises(InputError, match="frozen"):
        calibrate(tmp_path / "clips.npz", tmp_path / "calibration.npz", CalibrateOptions())


def test_another_models_data_are_refused(tmp_path, pulse12_files, workspace):
    quantization = workspace / "quantization"
    for fp32, calibration in (
        (pulse12_files / "fp32.onnx", quantization / "calibration_data.pt"),
        (quantization / "models" / "rppg_fp32.onnx", pulse12_files / "calibration.npz"),
    ):
        with pytest.raises(InputError, match="takes"):
            quantize(fp32, calibration, tmp_path / "out.onnx", QuantizeOptions())
    assert not (tmp_path / "out.onnx").exists()


def test_a_file_of_unknown_operators_or_other_shapes_is_refused(pulse12_files, tmp_path):
    for plant, words in (
        (lambda m: setattr(m.graph.node[1], "op_type", "Sqrt"), "Sqrt .* is not known in INT8"),
        (lambda m: m.graph.node.pop(), "not its spec's"),
    ):
        model = onnx.load(pulse12_files / "fp32.onnx")
        plant(model)
        model.graph.output[0].name = model.graph.node[-1].output[0]
        with pytest.raises(InputError, match=words):
            static_form(model, tmp_path / "model.onnx")


def test_a_convolution_without_a_bias_gets_one_of_zeros(pulse12_files, tmp_path):
    model = onnx.load(pulse12_files / "fp32.onnx")
    model.graph.node[0].input.pop()
    static = static_form(model, tmp_path / "model.onnx")
    assert not constants_of(static)[static.graph.node[0].input[2]].any()


def test_the_written_file_is_the_shipped_one_byte_for_byte():
    """The shipped scales through the writer: node order, names and encodings included."""
    for name in ("pulse12", "ultralight"):
        fp32, int8 = onnx.load(WEIGHTS / f"{name}.onnx"), onnx.load(WEIGHTS / f"{name}_int8.onnx")
        static, held = static_form(fp32, WEIGHTS / f"{name}.onnx"), constants_of(int8)
        points = {node.input[0]: node.input[1:] for node in int8.graph.node if node.op_type == "QuantizeLinear"}
        scales = {
            tensor: Scale(float(held[points[tensor][0]]), int(held[points[tensor][1]]))
            for tensor in (static.graph.input[0].name, *scaled_tensors(static))
        }
        written = write_int8(static, scales, QuantizeOptions(), spec_of(fp32))
        assert written.SerializeToString(deterministic=True) == (WEIGHTS / f"{name}_int8.onnx").read_bytes()


WEIGHTS = Path(pulse8.measure.infer.__file__).parent / "weights"

CLIPS = {
    "clips": np.zeros((2, 3, 12, 256), np.float32),
    "scales": np.full((2, 3, 12), 0.01, np.float32),
    "labels": np.full(2, 70, np.float32),
    "pos_bpm": np.full(2, 70, np.float32),
    "subjects": np.array(["a", "b"]),
}


@pytest.mark.parametrize(
    "change",
    [
        {"clips": None},
        {"labels": np.zeros(3, np.float32)},
        {"clips": np.full((2, 3, 12, 256), np.nan, np.float32)},
        {"clips": np.zeros((2, 3, 12, 256))},
        {"scales": np.zeros((2, 3, 11), np.float32)},
        {"subjects": np.array([{}, {}])},
        {"labels": np.array(["x", "y"])},
    ],
)
def test_a_damaged_clip_file_is_one_line(tmp_path, change):
    path = tmp_path / "clips.npz"
    np.savez(path, **{name: value for name, value in {**CLIPS, **change}.items() if value is not None})
    with pytest.raises(InputError) as caught:
        open_clips(path)
    assert "\n" not in str(caught.value)
    np.savez(path, **CLIPS)
    assert isinstance(open_clips(path), ClipData)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(InputError):
        open_clips(path)
