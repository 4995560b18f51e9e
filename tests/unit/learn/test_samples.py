"""Samples of a network of one's own: a folder, an .npz, an .npy, and what is none."""

import numpy as np
import pytest

from pulse8.errors import InputError
from pulse8.learn.formats.samples import accept_samples, open_samples

SHAPE = {"x": (1, 2, 3)}
BOTH = {"x": (1, 2, 3), "v": (1, 5)}


def test_a_folder_of_npy_is_one_sample_a_file_with_or_without_the_batch_axis(tmp_path):
    np.save(tmp_path / "b.npy", np.full((2, 3), 2.0))
    np.save(tmp_path / "a.npy", np.full((1, 2, 3), 1.0, np.float32))
    found = open_samples(tmp_path, SHAPE)
    assert [float(sample[0][0, 0]) for sample in found] == [1, 2]
    first = accept_samples(tmp_path).sha256
    np.save(tmp_path / "b.npy", np.full((2, 3), 3.0))
    assert accept_samples(tmp_path).sha256 != first


def test_an_npz_has_an_array_for_each_input_and_labels(tmp_path):
    path = tmp_path / "all.npz"
    np.savez(path, x=np.zeros((4, 2, 3)), v=np.ones((4, 5)), labels=np.arange(4))
    found = open_samples(path, BOTH)
    assert (len(found), [one.shape for one in next(iter(found))]) == (4, [(2, 3), (5,)])
    assert found.labels.tolist() == [0, 1, 2, 3]
    assert found.part(np.array([2])).labels.tolist() == [2]
    np.savez(path, anything=np.zeros((4, 2, 3)), other=np.zeros(3))
    assert len(open_samples(path, SHAPE)) == 4


def test_a_folder_of_npz_has_a_sample_of_several_inputs_a_file(tmp_path):
    for number in range(3):
        np.savez(tmp_path / f"{number}.npz", x=np.full((2, 3), number), v=np.zeros((1, 5)), labels=np.array(number))
    found = open_samples(tmp_path, BOTH)
    assert found.labels.tolist() == [0, 1, 2]
    assert [float(sample[0][0, 0]) for sample in found] == [0, 1, 2]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": np.zeros((4, 3, 2))}, r"x is float64 \[4, 3, 2\]; the network takes"),
        ({"x": np.full((4, 2, 3), np.nan)}, "x holds NaN"),
        ({"v": np.zeros((4, 5))}, "holds nothing for the input x"),
        ({"x": np.zeros((4, 2, 3)), "v": np.zeros((3, 5))}, "samples of its inputs"),
        ({"x": np.array(["a"]), "v": np.zeros((1, 5))}, "x is <U1"),
    ],
)
def test_what_does_not_fit_is_one_line(tmp_path, arrays, words):
    path = tmp_path / "all.npz"
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=words):
        open_samples(path, BOTH if "v" in arrays else SHAPE)


def test_nothing_there_is_one_line(tmp_path):
    for path in (tmp_path, tmp_path / "none.npz"):
        with pytest.raises(InputError, match=r"give a folder of \.npy"):
            open_samples(path, SHAPE)
