"""Metrics against figures worked out by hand, and the bootstrap against theory."""

import math

import numpy as np
import pytest

from pulse8.errors import InputError
from pulse8.measure.signal.metrics import (
    bias,
    limits_of_agreement,
    macc,
    mae,
    mape,
    pearson,
    rmse,
    sqnr_db,
    subject_bootstrap,
)

REFERENCE, ESTIMATE = [60.0, 70.0, 80.0, 90.0], [61.0, 69.0, 84.0, 90.0]


def test_errors_by_hand():
    assert mae(REFERENCE, ESTIMATE) == 1.5
    assert rmse(REFERENCE, ESTIMATE) == pytest.approx(math.sqrt(18 / 4))
    assert bias(REFERENCE, ESTIMATE) == 1.0


def test_limits_of_agreement_by_hand():
    sd = math.sqrt((0 + 4 + 9 + 1) / 3)
    assert limits_of_agreement(REFERENCE, ESTIMATE) == pytest.approx((1 - 1.96 * sd, 1 + 1.96 * sd))
    with pytest.raises(InputError, match="at least 2"):
        limits_of_agreement([60.0], [61.0])


def test_pearson_is_numpys_and_none_for_a_constant():
    assert pearson(REFERENCE, ESTIMATE) == pytest.approx(np.corrcoef(REFERENCE, ESTIMATE)[0, 1])
    assert pearson(REFERENCE, [5.0] * 4) is None
    assert pearson([60.0], [60.0]) is None


def test_sqnr_counts_an_offset_as_error_and_not_as_signal():
    signal = np.array([[1.0, -1.0], [1.0, -1.0]])
    assert sqnr_db(signal, signal + 0.1) == pytest.approx(20)
    assert sqnr_db(signal + 50, signal + 50.1) == pytest.approx(20)
    assert sqnr_db(signal, signal) == math.inf
    assert sqnr_db(np.ones(4), np.zeros(4)) == -math.inf


@pytest.mark.parametrize(
    ("reference", "estimate"),
    [([], []), ([1.0], [1.0, 2.0]), ([math.nan], [1.0]), ([1.0], [math.inf]), ([[1.0]], [[1.0]])],
)
@pytest.mark.parametrize("metric", [mae, rmse, bias, pearson, limits_of_agreement])
def test_what_cannot_be_compared_is_refused(metric, reference, estimate):
    with pytest.raises(InputError):
        metric(reference, estimate)


def test_bootstrap_of_single_windows_is_the_normal_interval():
    values = np.random.default_rng(1).normal(10, 2, 400)
    low, high = subject_bootstrap(values, np.arange(400))
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_bootstrap_draws_subjects_not_windows():
    values = np.repeat(np.random.default_rng(2).normal(10, 2, 20), 50)
    subjects = np.repeat([f"s{number}" for number in range(20)], 50)
    low, high = subject_bootstrap(values, subjects)
    pretended_low, pretended_high = subject_bootstrap(values, np.arange(1000))
    assert high - low > 5 * (pretended_high - pretended_low)


def test_bootstrap_weighs_a_subject_by_its_windows():
    assert subject_bootstrap([1.0, 1.0, 1.0, 5.0], ["a", "a", "a", "b"], level=0.0) == (2.0, 2.0)


def test_bootstrap_is_the_same_each_time_and_turns_with_the_seed():
    values, subjects = np.sqrt(np.arange(30.0)), np.arange(30) // 3
    assert subject_bootstrap(values, subjects) == subject_bootstrap(values, list(subjects))
    assert subject_bootstrap(values, subjects) != subject_bootstrap(values, subjects, seed=1)


def test_bootstrap_wants_a_subject_a_value():
    with pytest.raises(InputError, match="3 values but 2 subjects"):
        subject_bootstrap([1.0, 2.0, 3.0], ["a", "b"])


def test_mape_is_a_share_of_the_reference():
    assert mape([50, 100], [55, 90]) == pytest.approx(0.1)


def test_macc_sees_through_delay_and_sign_and_is_none_for_a_constant():
    wave = np.sin(2 * np.pi * 5 * np.arange(256) / 256) + 0.3 * np.random.default_rng(0).normal(size=256)
    assert macc(wave, -3 * np.roll(wave, 17) + 2) == pytest.approx(1)
    other = np.random.default_rng(1).normal(size=256)
    slow = max(abs(np.corrcoef(np.roll(wave, lag), other)[0, 1]) for lag in range(256))
    assert macc(wave, other) == pytest.approx(slow)
    assert macc(wave, np.ones(256)) is None
