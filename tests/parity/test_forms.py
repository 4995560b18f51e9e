"""One set of weights in every form: torch, the guide's ONNX, the whole static one, the board pair; FP32 and INT8."""

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from pulse8.board.inputs import pair_paths
from pulse8.convert.export.fold import folded_weights
from pulse8.convert.export.forms import guide_form, spatial_form, temporal_form, whole_form
from pulse8.convert.export.onnx_file import with_outputs
from pulse8.convert.export.recognise import recognise
from pulse8.convert.quantize.quantize import pair_logits
from pulse8.learn.formats.guide_pt import open_guide_data
from pulse8.learn.models.checkpoint import load_checkpoint, shipped_checkpoint
from pulse8.learn.models.ultralight import Ultralight
from pulse8.measure.clips.patches import FEATURES, FRAMES, SHAPE_FEATURES, to_whole_input
from pulse8.measure.infer.ort import LEVELS, OrtRunner
from pulse8.spec import METADATA_KEY, ULTRALIGHT, ModelSpec

TOLERANCE_BPM = 1e-4


@pytest.fixture(scope="module")
def trained():
    return load_checkpoint(shipped_checkpoint("ultralight")).network


@pytest.fixture(scope="module")
def samples(data_file):
    return open_guide_data(data_file).take(np.arange(0, 180, 20))


@pytest.fixture(scope="module")
def bpm(trained, samples):
    with torch.inference_mode():
        return trained(torch.from_numpy(samples)).numpy()


def runner(model):
    return OrtRunner(model.SerializeToString())


@pytest.mark.parametrize("opset", range(11, 21))
def test_the_guides_form_is_torch_at_every_opset(trained, samples, bpm, opset):
    model = guide_form(folded_weights(trained), ULTRALIGHT, opset)
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version <= 9
    np.testing.assert_allclose(runner(model)(samples)[0], bpm, atol=TOLERANCE_BPM, rtol=0)


@pytest.mark.parametrize("batch", [1, 2, 9])
def test_the_guides_form_takes_any_batch(trained, samples, bpm, batch):
    model = guide_form(folded_weights(trained), ULTRALIGHT, 13)
    np.testing.assert_allclose(runner(model)(samples[:batch])[0], bpm[:batch], atol=TOLERANCE_BPM, rtol=0)


def test_the_whole_static_form_is_torch(trained, samples, bpm):
    model = runner(whole_form(folded_weights(trained), ULTRALIGHT, 13))
    actual = [model(sample[None])[0].item() for sample in to_whole_input(samples)]
    np.testing.assert_allclose(actual, bpm, atol=TOLERANCE_BPM, rtol=0)


def test_the_fp32_pair_gives_torchs_logit(trained, samples):
    weights = folded_weights(trained)
    pair = runner(spatial_form(weights, ULTRALIGHT, 13)), runner(temporal_form(weights, ULTRALIGHT, 13))
    with torch.inference_mode():
        wanted = trained.logits(torch.from_numpy(samples)).numpy()
    actual = [pair_logits(*pair, sample).item() for sample in to_whole_input(samples)]
    np.testing.assert_allclose(actual, wanted, atol=1e-5, rtol=0)


def test_batch_norm_with_any_statistics_is_folded(samples):
    torch.manual_seed(1)
    model = Ultralight().eval()
    for norm in (model.spatial[1], model.spatial[5], model.spatial[9]):
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.2, 3)
        torch.nn.init.uniform_(norm.weight, -2, 2)
        torch.nn.init.uniform_(norm.bias, -1, 1)
    with torch.inference_mode():
        wanted = model(torch.from_numpy(samples)).numpy()
    actual = runner(guide_form(folded_weights(model), ULTRALIGHT, 13))(samples)[0]
    np.testing.assert_allclose(actual, wanted, atol=TOLERANCE_BPM, rtol=0)


def test_every_patch_and_channel_has_its_place():
    """Light one pixel of one channel of one ROI of one frame: it must arrive at that place of the whole's input."""
    patches = np.zeros((1, 8, 3, 36, 36, 3), np.float32)
    patches[0, 5, 2, 7, 11, 1] = 1
    whole = to_whole_input(patches)
    assert whole[0, (5 * 3 + 2) * 3 + 1, 7, 11] == 1
    assert whole.sum() == 1


def test_the_fp32_file_is_one_small_file_with_its_spec(workspace):
    path = workspace / "quantization" / "models" / "rppg_fp32.onnx"
    model = onnx.load(path)
    assert path.stat().st_size <= 92_000
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 13)]
    assert {node.op_type for node in model.graph.node}.isdisjoint({"BatchNormalization", "Constant"})
    assert not any(tensor.data_location for tensor in model.graph.initializer)
    assert ModelSpec.from_json(OrtRunner(path).metadata[METADATA_KEY]) == ULTRALIGHT


def test_the_int8_files_are_small_and_plain(workspace):
    whole = workspace / "quantization" / "models" / "rppg_int8_qdq.onnx"
    assert whole.stat().st_size <= 32_000
    for path in (whole, *pair_paths(whole)):
        model = onnx.load(path)
        assert model.ir_version <= 9
        assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 13)]
        for end in (*model.graph.input, *model.graph.output):
            dims = end.type.tensor_type.shape.dim
            assert len(dims) <= 4
            assert all(dim.dim_value for dim in dims)


@pytest.mark.parametrize("level", LEVELS)
def test_whole_and_pair_agree_at_the_logit_at_every_level(workspace, data_file, level):
    whole = workspace / "quantization" / "models" / "rppg_int8_qdq.onnx"
    one = OrtRunner(with_outputs(onnx.load(whole), ["logit_dq"]).SerializeToString(), level)
    pair = [OrtRunner(path, level) for path in pair_paths(whole)]
    inputs = to_whole_input(open_guide_data(data_file).take(np.arange(0, 180, 6)))
    wanted = [one(sample[None])[1].item() for sample in inputs]
    assert wanted == [pair_logits(*pair, sample).item() for sample in inputs]
    assert len(set(wanted)) > 5


def test_the_levels_agree(workspace, data_file):
    whole = workspace / "quantization" / "models" / "rppg_int8_qdq.onnx"
    logit_step = _scale(onnx.load(whole), "logit_s")
    inputs = to_whole_input(open_guide_data(data_file).take(np.arange(0, 180, 6)))
    models = {
        level: OrtRunner(with_outputs(onnx.load(whole), ["logit_dq"]).SerializeToString(), level) for level in LEVELS
    }
    logits = {level: np.array([model(sample[None])[1].item() for sample in inputs]) for level, model in models.items()}
    for level in LEVELS:
        assert np.abs(logits[level] - logits["off"]).max() <= 1.01 * logit_step, level


def _scale(model, name):
    return float(next(numpy_helper.to_array(tensor) for tensor in model.graph.initializer if tensor.name == name))


def test_a_camera_byte_minus_128_is_the_int8_input(workspace):
    model = onnx.load(workspace / "quantization" / "models" / "rppg_int8_qdq.onnx")
    quantise = next(
        node for node in model.graph.node if node.op_type == "QuantizeLinear" and node.input[0] == "patches"
    )
    model.graph.output.append(onnx.helper.make_tensor_value_info(quantise.output[0], onnx.TensorProto.INT8, None))
    camera = np.random.default_rng(0).integers(0, 256, (1, 72, 36, 36))
    actual = runner(model)((camera / np.float32(255)).astype(np.float32))[1]
    np.testing.assert_array_equal(actual, camera - 128)


def test_the_ring_of_features_is_in_frame_order():
    """Frame f, ROI r, feature k stands at [r * 16 + k, f] of the temporal input."""
    seen = []

    def temporal(tensor):
        seen.append(tensor)
        return [np.zeros(1, np.float32)]

    numbers = iter(range(24))

    def spatial(_patch):
        return [np.full((1, FEATURES, 1, 1), next(numbers), np.float32)]

    pair_logits(spatial, temporal, np.zeros((72, 36, 36), np.float32))
    assert seen[0].shape == SHAPE_FEATURES
    for frame in range(FRAMES):
        for roi in range(3):
            assert (seen[0][0, roi * 16 : (roi + 1) * 16, 0, frame] == frame * 3 + roi).all()


@pytest.mark.filterwarnings("ignore")  # torch's older exporter says that it is the older one
@pytest.mark.parametrize("training", [False, True])
def test_a_file_of_torchs_own_exporter_is_recognised_by_what_it_computes(trained, samples, tmp_path, training):
    path = tmp_path / "theirs.onnx"
    torch.onnx.export(
        trained,
        (torch.from_numpy(samples[:1]),),
        path,
        opset_version=13,
        dynamo=False,
        do_constant_folding=not training,
        training=torch.onnx.TrainingMode.PRESERVE if training else torch.onnx.TrainingMode.EVAL,
        input_names=["x"],
        dynamic_axes={"x": {0: "n"}},
    )
    actual, wanted = recognise(onnx.load(path), path), folded_weights(trained)
    for layer in wanted:
        for one, other in zip(actual[layer], wanted[layer], strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
