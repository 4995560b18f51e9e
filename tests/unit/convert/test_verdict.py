import numpy as np
import pytest

from pulse8.convert.verify.gates import least, most, told_apart
from pulse8.convert.verify.predictions import Predictions
from pulse8.convert.verify.verdict import compare, rate_gates


def predictions(fp32, int8, labels=None, subjects=None):
    count = len(fp32)
    return Predictions(
        np.asarray(labels if labels is not None else np.linspace(60, 100, count), float),
        np.asarray(fp32, float),
        np.asarray(int8, float),
        np.asarray(subjects if subjects is not None else [f"s{number % 5}" for number in range(count)]),
    )


def failures(fp32, int8, labels=None):
    comparison = compare(predictions(fp32, int8, labels), 80.0, subjects_known=True)
    return tuple(gate.line for gate in rate_gates(comparison) if not gate.met)


LABELS = np.linspace(60, 100, 50)
GOOD = LABELS + 10


def test_an_equal_model_passes():
    assert failures(GOOD, GOOD, LABELS) == ()


@pytest.mark.parametrize(("increase", "passes"), [(1.9, True), (2.0, False), (3.2, False), (-5.0, False)])
def test_both_thresholds_are_strict(increase, passes):
    """An INT8 model that errs less still fails where its outputs moved by 2 BPM or more."""
    assert (failures(GOOD, GOOD + increase, LABELS) == ()) is passes


def test_reaching_both_thresholds_exactly_fails_both():
    labels = np.arange(60.0, 110.0)
    assert failures(labels + 10, labels + 12, labels) == (
        "MAE increase (2.0 BPM) >= threshold (2.0 BPM)",
        "Mean output difference (2.0 BPM) >= threshold (2.0 BPM)",
    )


def test_a_mae_increase_alone_is_named():
    failed = failures(GOOD, GOOD + 3.2, LABELS)
    assert failed[0] == "MAE increase (3.2 BPM) >= threshold (2.0 BPM)"
    assert failed[1] == "Mean output difference (3.2 BPM) >= threshold (2.0 BPM)"


def test_output_difference_alone_is_named():
    signs = np.where(np.arange(50) % 2, 1, -1) * 2.5
    assert failures(LABELS + 10, LABELS + 10 + signs, LABELS) == (
        "Mean output difference (2.5 BPM) >= threshold (2.0 BPM)",
    )


def test_a_constant_fp32_model_fails():
    failed = failures(np.full(50, 80.0), np.full(50, 80.01), LABELS)
    assert len(failed) == 1
    assert "FP32 output is constant" in failed[0]


def test_an_int8_model_with_constant_output_fails_though_its_mae_is_close():
    fp32 = 80 + np.linspace(-1.5, 1.5, 50)
    failed = failures(fp32, np.full(50, 80.0), LABELS)
    assert len(failed) == 1
    assert "INT8 output is constant" in failed[0]


def test_each_figure_has_its_value():
    comparison = compare(predictions([70, 90], [71, 93], [60, 100], ["a", "b"]), 85.0, subjects_known=True)
    assert (comparison.fp32.mae, comparison.int8.mae, comparison.mae_increase) == (10, 9, -1)
    assert (comparison.difference_mean, comparison.difference_max, comparison.difference_std) == (2, 3, 1)
    assert (comparison.fp32.bias, comparison.int8.bias) == (0, 2)
    assert comparison.constant_mae == 20
    assert (comparison.worst.subject, comparison.worst.int8_mae, comparison.worst.fp32_mae) == ("a", 11, 10)


def test_the_interval_resamples_subjects_not_windows():
    """One bad subject of five: the interval reaches from nothing to far beyond the mean."""
    increase = np.where(np.arange(50) % 5 == 0, 4.0, 0.0)
    low, high = compare(predictions(GOOD, GOOD + increase, LABELS), 80.0, subjects_known=True).mae_increase_interval
    assert low == 0
    assert high >= 1.6


@pytest.mark.parametrize(
    ("int8_error", "words"), [(1, "better than"), (60, "worse than"), (20, "not shown to be better than")]
)
def test_usefulness_follows_the_interval(int8_error, words):
    labels = np.repeat([60.0, 100.0, 60.0, 100.0, 60.0], 10)
    int8 = labels + int8_error * np.tile([0.8, 1.2], 25)
    comparison = compare(predictions(int8, int8, labels, np.repeat(list("abcde"), 10)), 80.0, subjects_known=True)
    assert comparison.usefulness.startswith(words)


def test_without_subject_ids_there_is_no_worst_subject():
    comparison = compare(predictions(GOOD, GOOD, LABELS), 80.0, subjects_known=False)
    assert comparison.worst is None
    assert comparison.subjects is None


@pytest.mark.parametrize(
    ("figure", "limit", "digits", "text"),
    [
        (0.3004, 0.3, 2, "0.3004"),
        (27.97, 28.0, 1, "27.97"),
        (3.2, 2.0, 2, "3.2"),
        (0.3, 0.3, 2, "0.3"),
        (31.6, 28, 1, "31.6"),
    ],
)
def test_a_figure_has_the_digits_that_tell_it_from_its_limit(figure, limit, digits, text):
    assert told_apart(figure, limit, digits) == text


def test_a_gate_says_by_how_much_it_was_missed():
    gate = most("p95", "Change", 0.3004, 0.3, " BPM")
    assert gate.line == "Change (0.3004 BPM) >= threshold (0.3 BPM)"
    assert gate.missed_by == "0.0004 BPM"
    assert least("sqnr", "SQNR", 27.3, 28.0, " dB", "line").missed_by == "0.7 dB"
    assert most("flips", "Share", 0.02, 0.015, "", 4).missed_by == "0.005"
