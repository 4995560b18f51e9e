"""Laws of stores, labels, lags and folds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pulse8.errors import InputError
from pulse8.learn.formats import npz
from pulse8.learn.prepare.labels import LABEL_S, Labels
from pulse8.learn.recording import Ppg
from pulse8.learn.splits.split import k_folds

KINDS = st.sampled_from(["<f4", "<f8", "|u1", "|b1", "<i8"])
SHAPES = arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6)


@settings(deadline=None)
@given(data=st.data(), kind=KINDS, shape=SHAPES)
def test_any_array_comes_back_and_numpy_agrees(tmp_path_factory, data, kind, shape):
    array = data.draw(arrays.arrays(kind, shape))
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    npz.write(path, {"x": 1}, {"array": array})
    read = npz.Archive(path, "again").read("array", kind, shape)
    np.testing.assert_array_equal(read, array)
    with np.load(path, allow_pickle=False) as loaded:
        np.testing.assert_array_equal(loaded["array"], array)


@settings(deadline=None, max_examples=200)
@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_no_changed_byte_goes_unseen(tmp_path_factory, place, change):
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    array = np.arange(600, dtype=np.float32)
    npz.write(path, {"x": 1}, {"array": array})
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= change
    path.write_bytes(content)
    try:  # what comes is what was written, or one line; bytes that mean nothing, such as a date, may differ
        archive = npz.Archive(path, "again")
        np.testing.assert_array_equal(archive.read("array", "<f4", (600,)), array)
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right


@settings(deadline=None, max_examples=40)
@given(
    bpm=st.floats(45, 175),
    gain=st.floats(0.01, 1000),
    offset=st.floats(-1e4, 1e4),
    later_s=st.floats(-100, 1e5),
)
def test_a_label_does_not_hang_on_gain_offset_or_the_clocks_zero(bpm, gain, offset, later_s):
    t_s = np.arange(1200) / 60
    wave = np.sin(2 * np.pi * bpm / 60 * t_s)
    plain = Labels(Ppg(wave.astype(np.float32), t_s)).between(2.0, 2.0 + LABEL_S)
    moved = Ppg((gain * wave + offset).astype(np.float32), t_s + later_s)
    assert plain.bpm == pytest.approx(bpm, abs=0.6)
    if gain > abs(offset) * 1e-4:  # else float32 has rounded the pulse away
        found = Labels(moved).between(2.0 + later_s, 2.0 + LABEL_S + later_s)
        assert found.bpm == pytest.approx(plain.bpm, abs=0.3)


@given(names=st.sets(st.text(min_size=1, max_size=4), min_size=4, max_size=40), folds=st.integers(2, 6))
def test_everybody_is_tested_once_and_never_trained_on_then(names, folds):
    if folds > len(names):
        with pytest.raises(InputError, match="cannot make"):
            k_folds(names, folds)
        return
    dealt = k_folds(names, folds)
    assert sorted(name for sides in dealt for name in sides.test) == sorted(names)
    for sides in dealt:
        assert {*sides.train, *sides.validation, *sides.test} == names
        assert sides.train
        assert sides.validation
    sizes = [len(sides.test) for sides in dealt]
    assert max(sizes) - min(sizes) <= 1
