"""A planted fault for everything that the diagnosis names, in the INT8 file of the shipped pulse12."""

import json

import numpy as np
import pytest
from onnx import numpy_helper

from pulse8.convert.diagnose.diagnose import diagnose, examine, values_of
from pulse8.convert.diagnose.options import DiagnoseOptions
from pulse8.convert.diagnose.parts import parts_of, rounding
from pulse8.convert.diagnose.text import ranked_table
from pulse8.convert.export.onnx_file import copied, save_model
from pulse8.convert.export.pulse12 import pulse12_form
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.qdq_writer import write_int8
from pulse8.convert.quantize.ranges import collect_ranges
from pulse8.convert.quantize.scales import scale_table
from pulse8.errors import InputError
from pulse8.learn.formats.clips import ClipData, write_calibration
from pulse8.learn.models.checkpoint import load_checkpoint, shipped_checkpoint
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.ort import OrtRunner
from pulse8.measure.signal.metrics import sqnr_db
from pulse8.spec import PULSE12

PER_CHANNEL, PER_TENSOR = QuantizeOptions(), QuantizeOptions(per_channel=False)


def clips(count):
    """Noise with a pulse in it, as clips are: zero mean, unit variance, clipped."""
    rng = np.random.default_rng(0)
    beat = np.sin(2 * np.pi * np.arange(256) / 30 * rng.uniform(0.8, 2.5, (count, 1, 1, 1)))
    return np.clip(rng.normal(size=(count, 3, 12, 256)) * 0.7 + beat, -4, 4).astype(np.float32)


INPUTS = clips(8)


@pytest.fixture(scope="module")
def fp32():
    return pulse12_form(load_checkpoint(shipped_checkpoint("pulse12")).network, PULSE12, 13)


def quantized(fp32, options=PER_CHANNEL):
    ranges = collect_ranges(fp32, lambda: INPUTS, options)
    return write_int8(fp32, scale_table(fp32, ranges, PULSE12), options, PULSE12)


@pytest.fixture(scope="module")
def int8(fp32):
    return quantized(fp32)


def examined(fp32, int8, inputs=INPUTS):
    parts = parts_of(int8, fp32, "int8.onnx")
    return examine(fp32, parts, values_of(fp32, parts, inputs), inputs)


def own_point(model, tensor, kind, change):
    """Give one Quantize- or DequantizeLinear (or both) of a tensor a scale or zero point of its own."""
    nodes = [
        node
        for node in model.graph.node
        if node.input[0] in (tensor, f"{tensor}_q") and node.op_type in ("QuantizeLinear", "DequantizeLinear")
    ]
    for node in nodes if kind == "scale" else nodes[1:]:
        place = 1 if kind == "scale" else 2
        old = next(tensor for tensor in model.graph.initializer if tensor.name == node.input[place])
        value = numpy_helper.to_array(old)
        new = numpy_helper.from_array(np.asarray(change(value), value.dtype), f"{node.output[0]}_planted")
        model.graph.initializer.append(new)
        node.input[place] = new.name


def constant(model, name, change):
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    value = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(np.asarray(change(value), value.dtype), name))


FAULTS = {
    "range too narrow": (lambda m: own_point(m, "stem2_relu", "scale", lambda s: s / 8), "stem2_relu", "clipped"),
    "range too wide": (
        lambda m: own_point(m, "enter_relu", "scale", lambda s: s * 40),
        "enter_relu",
        "of its range 0 to",
    ),
    "zero point": (
        lambda m: own_point(m, "stem1_relu", "zero point", lambda z: z + 60),
        "stem1_relu",
        "dequantised with another scale or zero point",
    ),
    "swapped channels": (
        lambda m: constant(m, "block2_w_q", lambda w: w[::-1]),
        "block2",
        "channels (first: 0) differ from FP32's",
    ),
    "truncated bias": (lambda m: constant(m, "enter_b_q", lambda b: b.astype(np.int8)), "enter", "the biases of"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_layer_of_a_planted_fault_is_named(fp32, int8, fault):
    plant, layer, words = FAULTS[fault]
    spoiled = copied(int8)
    plant(spoiled)
    diagnosis = examined(fp32, spoiled)
    assert diagnosis.layer_to_fix == layer
    assert words in diagnosis.advice
    assert diagnosis.findings[0].name == layer
    assert diagnosis.findings[0].without_db > diagnosis.sqnr_db + 3


def test_a_file_without_fault_needs_no_fix(fp32, int8):
    diagnosis = examined(fp32, int8)
    assert diagnosis.layer_to_fix is None
    assert diagnosis.sqnr_db >= 28
    assert sum(finding.noise_share for finding in diagnosis.findings) == pytest.approx(1)
    assert not any(finding.causes for finding in diagnosis.findings if finding.noise_share > 0.05)
    clipped = {one.name: one.clipped_share for one in diagnosis.findings if one.kind == "activation"}
    assert (
        clipped.pop("gate_share") < 0.01
    )  # a sigmoid's scale is fixed at 1/256: what is above 255/256 is stored as that
    assert all(share <= 1e-3 for share in clipped.values())


def test_all_parts_rounded_is_the_int8_file(fp32, int8):
    parts = parts_of(int8, fp32, "int8.onnx")
    whole, file = (OrtRunner(m.SerializeToString(), "off")(INPUTS[:1])[0] for m in (rounding(fp32, parts), int8))
    step = next(part for part in parts if part.name == "phases" and part.kind == "activation").quantize[0]
    assert np.abs(whole - file).max() <= 1.01 * step
    assert np.mean(whole != file) < 0.01


def test_one_weight_scale_for_uneven_channels_is_named(fp32):
    uneven = copied(fp32)
    constant(uneven, "enter_w", lambda w: w * np.where(np.arange(len(w)) == 0, 100, 1).reshape(-1, 1, 1, 1))
    diagnosis = examined(uneven, quantized(uneven, PER_TENSOR))
    causes = {(finding.name, finding.kind): finding.causes for finding in diagnosis.findings}
    assert "--per-channel" in causes["enter", "weights"][0]


def test_adds_of_different_scales_are_named(fp32, int8):
    spoiled = copied(int8)
    own_point(spoiled, "block2_relu", "scale", lambda s: s * 2)
    (cause,) = next(finding.causes for finding in examined(fp32, spoiled).findings if finding.name == "sum2")
    assert "2.0 times apart" in cause


def test_dead_and_silenced_channels_are_counted(fp32):
    dying = copied(fp32)
    constant(dying, "stem1_w", lambda w: w * np.where(np.arange(len(w)) == 3, 0, 1).reshape(-1, 1, 1, 1))
    constant(dying, "stem1_w", lambda w: w * np.where(np.arange(len(w)) == 5, 1e-4, 1).reshape(-1, 1, 1, 1))
    constant(dying, "stem1_b", lambda b: np.where(np.arange(len(b)) == 5, 0, b))
    before = examined(fp32, quantized(fp32)).findings
    after = examined(dying, quantized(dying)).findings
    one, other = (next(finding for finding in all_ if finding.name == "stem1_relu") for all_ in (before, after))
    assert (other.dead - one.dead, other.silenced - one.silenced) == (1, 1)


def test_a_raw_input_is_named(fp32, int8):
    diagnosis = examined(fp32, int8, INPUTS * np.float32(0.01))
    assert diagnosis.findings[0].kind == "input"
    assert "normalise the input" in diagnosis.findings[0].causes[0]


def test_files_of_different_networks_are_one_line(fp32, int8):
    stranger = copied(int8)
    for node in stranger.graph.node:
        node.name = ""
    with pytest.raises(InputError, match="was not written by pulse8 from this FP32 file"):
        parts_of(stranger, fp32, "int8.onnx")


@pytest.mark.parametrize("scale", [0.0, np.nan, -1.0])
def test_a_scale_that_is_none_is_one_line(fp32, int8, scale):
    broken = copied(int8)
    constant(broken, "sum1_s", lambda s: s * 0 + scale)
    with pytest.raises(InputError, match="scale sum1_s is not above 0"):
        parts_of(broken, fp32, "int8.onnx")


def test_the_verb_writes_table_record_and_pictures(fp32, int8, tmp_path):
    save_model(fp32, tmp_path / "fp32.onnx")
    save_model(int8, tmp_path / "int8.onnx")
    data = ClipData(
        clips=INPUTS,
        scales=np.full(INPUTS.shape[:3], 0.01, np.float32),
        labels=np.full(8, 70, np.float32),
        pos_bpm=np.full(8, 70, np.float32),
        subjects=np.array(["a"] * 8),
    )
    write_calibration(tmp_path / "calibration.npz", data, np.arange(8), "0" * 64)
    files = (tmp_path / name for name in ("fp32.onnx", "int8.onnx", "calibration.npz"))
    diagnosis = diagnose(*files, tmp_path / "out", DiagnoseOptions(num_samples=8))
    outputs = [
        np.stack([run(sample[None])[0] for sample in INPUTS])
        for run in (OrtRunner(tmp_path / "fp32.onnx"), IntegerRunner(tmp_path / "int8.onnx"))
    ]
    assert diagnosis.sqnr_db == pytest.approx(
        sqnr_db(*outputs), abs=1e-3
    )  # the integer reference's, not a simulation's
    written = json.loads((tmp_path / "out" / "diagnosis.json").read_text())
    assert [finding["name"] for finding in written["findings"]] == [finding.name for finding in diagnosis.findings]
    assert all(f"{finding.name}, {finding.kind}" in ranked_table(diagnosis) for finding in diagnosis.findings)
    for name in ("noise.svg", "histograms.svg"):
        assert "Not a medical device" in (tmp_path / "out" / name).read_text(encoding="utf-8")
