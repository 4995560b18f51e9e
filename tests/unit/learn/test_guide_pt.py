import numpy as np
import pytest
import torch

from pulse8.errors import InputError
from pulse8.learn.formats.guide_pt import (
    LabelledBlock,
    open_calibration,
    open_guide_data,
    write_calibration,
    write_guide_data,
)
from pulse8.measure.clips.patches import SHAPE_SAMPLE


def a_block(count=3, bpm=70.0, subject="a"):
    samples = np.linspace(0, 1, count * int(np.prod(SHAPE_SAMPLE)), dtype=np.float32).reshape(count, *SHAPE_SAMPLE)
    return LabelledBlock(samples, np.full(count, bpm, np.float32), subject)


def saved(tmp_path, **tree):
    torch.save(tree, tmp_path / "x.pt")
    return tmp_path / "x.pt"


def test_windows_come_back_as_written(tmp_path):
    blocks = [a_block(3, 60, "a"), a_block(2, 90, "b")]
    write_guide_data(tmp_path / "x.pt", iter(blocks))
    data = open_guide_data(tmp_path / "x.pt")
    np.testing.assert_array_equal(data.take(np.array([4, 0])), [blocks[1].samples[1], blocks[0].samples[0]])
    assert data.labels.tolist() == [60, 60, 60, 90, 90]
    assert data.subjects.tolist() == ["a", "a", "a", "b", "b"]


def test_a_file_that_torch_wrote_without_subjects_is_read(tmp_path):
    path = saved(tmp_path, samples=torch.zeros(4, *SHAPE_SAMPLE), labels=torch.full((4, 1), 72.0))
    data = open_guide_data(path)
    assert data.subjects is None
    assert data.labels.tolist() == [72] * 4


def test_number_subjects_are_ids_too(tmp_path):
    path = saved(
        tmp_path, samples=torch.zeros(2, *SHAPE_SAMPLE), labels=torch.ones(2) * 60, subjects=torch.tensor([7, 9])
    )
    assert open_guide_data(path).subjects.tolist() == ["7", "9"]


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"samples": torch.zeros(2, *SHAPE_SAMPLE)}, "needs samples and labels"),
        ({"samples": torch.zeros(2, 8, 3, 36, 36), "labels": torch.ones(2) * 60}, "must be float32"),
        ({"samples": torch.zeros(2, *SHAPE_SAMPLE).double(), "labels": torch.ones(2) * 60}, "must be float32"),
        ({"samples": [1, 2], "labels": torch.ones(2) * 60}, "must be float32"),
        ({"samples": torch.zeros(2, *SHAPE_SAMPLE), "labels": torch.ones(3) * 60}, "one number each"),
        ({"samples": torch.zeros(2, *SHAPE_SAMPLE), "labels": torch.tensor([60, float("nan")])}, "label 1 is nan"),
        ({"samples": torch.zeros(2, *SHAPE_SAMPLE), "labels": torch.tensor([19.0, 60])}, "label 0 is 19"),
        ({"samples": torch.zeros(2, *SHAPE_SAMPLE), "labels": torch.tensor([60, 251.0])}, "label 1 is 251"),
        (
            {"samples": torch.zeros(2, *SHAPE_SAMPLE), "labels": torch.ones(2) * 60, "subjects": ["a"]},
            "one id each",
        ),
    ],
)
def test_another_shape_or_range_is_one_line(tmp_path, tree, words):
    with pytest.raises(InputError, match=words) as caught:
        open_guide_data(saved(tmp_path, **tree))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), -0.1, 1.5, float("inf")])
def test_a_sample_outside_its_range_is_named_where_it_is_used(tmp_path, value):
    samples = torch.zeros(5, *SHAPE_SAMPLE)
    samples[3, 2, 1, 4, 5, 0] = value
    data = open_guide_data(saved(tmp_path, samples=samples, labels=torch.ones(5) * 60))
    data.take(np.array([0, 1, 2, 4]))
    with pytest.raises(InputError, match="sample 3"):
        data.take(np.array([1, 3]))


def test_calibration_keeps_indices_and_source_and_torch_reads_it(tmp_path):
    write_guide_data(tmp_path / "x.pt", [a_block(5)])
    data = open_guide_data(tmp_path / "x.pt")
    write_calibration(tmp_path / "c.pt", data, np.array([4, 1]), "hash")
    drawn = open_calibration(tmp_path / "c.pt")
    assert (drawn.indices.tolist(), drawn.source_sha256) == ([4, 1], "hash")
    np.testing.assert_array_equal(np.stack(list(drawn)), data.take(np.array([4, 1])))
    loaded = torch.load(tmp_path / "c.pt", weights_only=True)
    assert set(loaded) == {"samples", "labels", "indices", "source_sha256"}
    assert loaded["samples"].dtype == torch.float32
