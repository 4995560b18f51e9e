import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse8.errors import InputError
from pulse8.learn.splits.split import MIN_GAP, Split, assert_disjoint, split

subject_lists = st.lists(st.sampled_from([f"s{number}" for number in range(40)]), min_size=3, max_size=300).filter(
    lambda names: len(set(names)) >= 3
)


@given(names=subject_lists)
def test_every_subject_is_on_exactly_one_side(names):
    subjects = np.array(names)
    parts = split(len(names), subjects)
    sides = [set(subjects[side].tolist()) for side in (parts.train, parts.validation, parts.test)]
    assert parts.by_subject
    assert set.union(*sides) == set(names)
    assert sum(map(len, sides)) == len(set(names))


@given(names=subject_lists, seed=st.integers(0, 1000))
def test_a_subjects_side_does_not_depend_on_the_order_of_the_file(names, seed):
    order = np.random.default_rng(seed).permutation(len(names))
    one, other = split(len(names), np.array(names)), split(len(names), np.array(names)[order])
    assert set(np.array(names)[one.test]) == set(np.array(names)[order][other.test])


@given(count=st.integers(60, 5000))
def test_without_subjects_a_block_is_held_out_after_a_gap(count):
    parts = split(count, None)
    assert not parts.by_subject
    assert "no subject-wise split" in parts.sentence
    assert len(parts.test) == round(count * 0.3)
    assert parts.validation.min() - parts.train.max() > MIN_GAP
    assert parts.test.min() - parts.validation.max() > MIN_GAP


def test_too_few_windows_are_one_line():
    with pytest.raises(InputError, match="too few"):
        split(20, None)


def test_a_subject_on_two_sides_is_refused():
    parts = Split(np.array([0]), np.array([1]), np.array([2]), by_subject=True)
    with pytest.raises(InputError, match="two parts"):
        assert_disjoint(parts, np.array(["a", "b", "a"]))
