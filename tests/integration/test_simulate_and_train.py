import math

import numpy as np
import pytest
import torch

from pulse8.errors import SpecError
from pulse8.learn.formats.guide_pt import GuideData, open_guide_data
from pulse8.learn.models.ultralight import Ultralight
from pulse8.learn.simulate.patches import SimulateOptions, simulate_subject
from pulse8.learn.splits.split import split
from pulse8.learn.train.options import TrainOptions
from pulse8.learn.train.ultralight import train


def test_the_same_subject_has_the_same_bytes_and_another_has_others():
    options = SimulateOptions(windows=3)
    one, again, other = (simulate_subject(number, options) for number in (4, 4, 5))
    np.testing.assert_array_equal(one.patches, again.patches)
    assert not np.array_equal(one.patches, other.patches)
    assert not np.array_equal(one.patches, simulate_subject(4, SimulateOptions(windows=3, seed=1)).patches)


def test_patches_are_camera_bytes_in_the_guides_shape():
    windows = simulate_subject(0, SimulateOptions(windows=4))
    assert windows.patches.shape == (4, 8, 3, 36, 36, 3)
    assert windows.patches.dtype == np.uint8
    assert windows.bpm.shape == (4,)
    assert 30 < windows.bpm.min() <= windows.bpm.max() < 180
    assert windows.subject.startswith("sim-")


def test_the_pulse_is_in_the_pixels_and_strongest_in_green():
    """The light drifts in all channels alike; what green has beyond red over the frames is the pulse."""
    ratios = []
    for number in range(20):
        patches = simulate_subject(number, SimulateOptions(windows=20)).patches.astype(float)
        means = patches.mean((2, 3, 4))
        spread = (means / means.mean(1, keepdims=True) - 1).std((0, 1))
        ratios.append(spread[1] / spread[0])
    assert np.median(ratios) > 1.05


@pytest.mark.parametrize("fields", [{"subjects": 0}, {"windows": 0}, {"subjects": 10**9}])
def test_a_senseless_size_is_refused(fields):
    with pytest.raises(SpecError):
        SimulateOptions(**fields)


def test_the_network_has_the_guides_size_and_range():
    model = Ultralight().eval()
    assert sum(weight.numel() for weight in model.parameters()) == 20_193
    patches = torch.rand(2, 8, 3, 36, 36, 3)
    with torch.inference_mode():
        bpm, logits = model(patches), model.logits(patches)
    assert bpm.shape == (2,)
    torch.testing.assert_close(bpm, 30 + 150 * torch.sigmoid(logits))


@pytest.mark.filterwarnings("ignore")  # the training library advises on worker processes
def test_training_learns_on_training_subjects_alone(data_file, tmp_path, monkeypatch):
    """Two epochs: the loss goes down, the weights are those that the checkpoint holds, no test window was read."""
    data = open_guide_data(data_file)
    parts = split(len(data.labels), data.subjects)
    read = []
    take = GuideData.take

    def watched(self, indices):
        read.append(set(np.asarray(indices).tolist()))
        return take(self, indices)

    monkeypatch.setattr(GuideData, "take", watched)
    trained = train(data_file, tmp_path / "best.pth", TrainOptions(epochs=2, batch_size=16))
    batches = math.ceil(len(parts.test) / 16)
    fitted, tested = set.union(*read[:-batches]), set.union(*read[-batches:])
    assert tested == set(parts.test.tolist())
    assert fitted == set(parts.train.tolist()) | set(parts.validation.tolist())
    saved = torch.load(tmp_path / "best.pth", weights_only=True)
    assert saved["epoch"] == trained.epoch
    assert trained.by_subject
    assert 0 < trained.test_mae_bpm < 120
    assert trained.constant_test_mae_bpm == pytest.approx(
        np.abs(data.labels[parts.test] - data.labels[parts.train].mean()).mean(), rel=1e-5
    )
