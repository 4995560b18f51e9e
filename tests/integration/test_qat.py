"""The simulation against the file that is written, and a fine-tune that moves weights and nothing else."""

import numpy as np
import pytest
import torch

from pulse8.convert.export.export import export
from pulse8.convert.export.options import ExportOptions
from pulse8.convert.export.pulse12 import pulse12_form
from pulse8.convert.quantize.calibrate import calibrate
from pulse8.convert.quantize.options import CalibrateOptions, QuantizeOptions
from pulse8.convert.quantize.qat.arithmetic import Codes, int8_weights, requantised, rounded
from pulse8.convert.quantize.qat.fine_tune import fine_tune, objective_of
from pulse8.convert.quantize.qat.options import QatOptions
from pulse8.convert.quantize.qat.qat import QatFiles, assert_separate, quantize_qat
from pulse8.convert.quantize.qat.simulation import Simulation
from pulse8.convert.quantize.qat.text import training_report
from pulse8.convert.quantize.qdq_writer import constants_of, write_int8
from pulse8.convert.quantize.quantize import open_source
from pulse8.convert.quantize.ranges import collect_ranges
from pulse8.convert.quantize.scales import Scale, scale_table
from pulse8.convert.verify.options import VerifyOptions
from pulse8.convert.verify.verify import verify
from pulse8.errors import InputError, SpecError
from pulse8.learn.formats.data_file import open_data
from pulse8.learn.models.checkpoint import load_checkpoint, shipped_checkpoint
from pulse8.learn.splits.split import split
from pulse8.manifest import accept, rows_beside
from pulse8.measure.infer.integer import IntegerRunner, quantised
from pulse8.measure.infer.ort import OrtRunner
from pulse8.spec import PULSE12

INPUTS = np.clip(np.random.default_rng(0).normal(size=(6, 3, 12, 256)), -4, 4).astype(np.float32)


@pytest.fixture(scope="module")
def fp32():
    return pulse12_form(load_checkpoint(shipped_checkpoint("pulse12")).network, PULSE12, 13)


def tabled(fp32, **words):
    options = QuantizeOptions(**words)
    return scale_table(fp32, collect_ranges(fp32, lambda: INPUTS, options), PULSE12), options


@pytest.mark.parametrize("words", [{}, {"per_channel": False}, {"method": "percentile:99"}])
def test_simulation_and_integer_reference_agree_in_every_tensor(fp32, words):
    scales, options = tabled(fp32, **words)
    network = Simulation(fp32, scales, per_channel=options.per_channel)
    with torch.no_grad():  # weights that no file was ever made of
        for parameter in network.parameters():
            parameter.mul_(1 + 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    runner = IntegerRunner(write_int8(network.trained(fp32), scales, options, PULSE12).SerializeToString())
    with torch.no_grad():
        simulated = network.tensors(torch.from_numpy(INPUTS))
    compared = set()
    for place, sample in enumerate(INPUTS):
        reference = runner.tensors(quantised(sample[None], runner.program.input))
        for name, value in simulated.items():
            if isinstance(value, Codes) and f"{name}_q" in reference:
                mine = value.values[place].numpy() + value.scale.zero_point
                np.testing.assert_array_equal(mine, reference[f"{name}_q"][0], err_msg=name)
                compared.add(name)
    assert compared >= set(scales)


def test_in_float_it_is_the_float_model(fp32):
    network = Simulation(fp32, tabled(fp32)[0], per_channel=True)
    wanted = np.concatenate([OrtRunner(fp32.SerializeToString())(sample[None])[0] for sample in INPUTS])
    with torch.no_grad():
        np.testing.assert_allclose(network(torch.from_numpy(INPUTS), int8=False).numpy(), wanted, atol=1e-5)


def test_weights_and_biases_are_those_of_the_written_file(fp32):
    scales, options = tabled(fp32)
    held = constants_of(write_int8(fp32, scales, options, PULSE12))
    floats = constants_of(fp32)
    for layer, source in (("stem1", "clip"), ("gate", "stem2_relu"), ("block2", "sum1")):
        pair = (torch.tensor(floats[f"{layer}_{kind}"]) for kind in "wb")
        weight, bias, scale = int8_weights(*pair, scales[source], per_channel=True)
        np.testing.assert_array_equal(weight.numpy(), held[f"{layer}_w_q"])
        np.testing.assert_array_equal(bias.numpy(), held[f"{layer}_b_q"])
        np.testing.assert_array_equal(scale.numpy(), held[f"{layer}_w_s"])


def test_rounding_is_half_to_even_and_passes_its_gradient_and_a_clamp_stops_it():
    steps = torch.tensor([0.5, 1.5, -2.5, 300.0], requires_grad=True)
    assert rounded(steps).tolist() == [0, 2, -2, 300]
    requantised(steps, Scale(1.0, 0)).values.sum().backward()
    assert steps.grad.tolist() == [1, 1, 1, 0]


def batches(count):
    return [(torch.from_numpy(INPUTS[:4]), torch.tensor([60.0, 80.0, 100.0, 120.0]))] * count


@pytest.mark.parametrize("int8", [True, False])
def test_a_fine_tune_lowers_its_loss(fp32, int8):
    network = Simulation(fp32, tabled(fp32)[0], per_channel=True)
    objective = objective_of(PULSE12)
    inputs, labels = batches(1)[0]
    with torch.no_grad():
        teacher = network(inputs, int8=False)
        before = objective(network(inputs, int8=int8), teacher, labels)
    fine_tune(network, batches(8), objective, QatOptions(steps=8, learning_rate=2e-3), int8=int8)
    with torch.no_grad():
        assert objective(network(inputs, int8=int8), teacher, labels) < 0.9 * before


@pytest.fixture(scope="module")
def files(tmp_path_factory, data_file):
    folder = tmp_path_factory.mktemp("qat")
    export(shipped_checkpoint("ultralight"), folder / "fp32.onnx", ExportOptions())
    calibrate(data_file, folder / "calibration.pt", CalibrateOptions(num_samples=30))
    return QatFiles(fp32=folder / "fp32.onnx", calibration=folder / "calibration.pt", data=data_file)


def test_qat_of_ultralight_writes_audited_files_and_their_figures(files, tmp_path):
    int8 = tmp_path / "rppg_int8.onnx"
    made = quantize_qat(files, int8, QuantizeOptions(), QatOptions(steps=2, batch_size=4))
    assert made.quantized.audit.violations == ()
    row = rows_beside(int8)["rppg_int8.onnx"]
    assert row.options["qat"]["steps"] == 2
    assert set(row.inputs) == {"fp32", "calibration", "data", "fine_tuned"}
    for fp32 in (files.fp32, made.fine_tuned):  # faithful to the tuned one, and comparable with the start
        found = verify(fp32, int8, files.data, VerifyOptions(num_samples=30)).verdict
        assert found.calibration_checked
    assert found.comparison.difference_mean < 2
    figures = made.training
    assert figures.over_fp32 == pytest.approx([figures.qat - figures.fp32] * 2)  # one subject has no spread
    assert "SIMULATED" in training_report(figures)
    assert f"float control          {figures.control:.2f} BPM" in training_report(figures)


def test_the_same_seed_gives_the_same_file(files, tmp_path):
    for name in ("a.onnx", "b.onnx"):
        quantize_qat(files, tmp_path / name, QuantizeOptions(), QatOptions(steps=1, batch_size=2))
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_calibration_from_another_file_or_another_side_is_refused(files, data_file):
    data = open_data(data_file)
    parts = split(len(data.labels), data.subjects)
    source = open_source(files.fp32, files.calibration, QuantizeOptions())
    with pytest.raises(InputError, match="drawn from other data"):
        assert_separate(source, parts, "0" * 64)
    source.drawn.indices[3] = parts.validation[0]
    with pytest.raises(InputError, match="is not on the training side"):
        assert_separate(source, parts, accept(data_file).sha256)


@pytest.mark.parametrize("words", [{"steps": 0}, {"batch_size": 0}, {"learning_rate": 0.0}, {"seed": -1}])
def test_options_outside_their_range_are_refused(words):
    with pytest.raises(SpecError, match="give"):
        QatOptions(**words)


def test_what_is_averaged_over_an_even_window_has_a_scale_of_12_bits(fp32):
    for words in ({"method": "minmax"}, {"method": "percentile"}):
        fraction, _ = np.frexp(tabled(fp32, **words)[0]["gated"].scale)
        assert fraction * 2**12 == round(fraction * 2**12)
