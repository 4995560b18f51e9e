"""Figures and gates of waves: each fault moves the figure that is meant for it."""

import numpy as np
import pytest

from pulse8.convert.verify.gates import LIMITS, wave_gates
from pulse8.convert.verify.predictions import Predictions
from pulse8.convert.verify.waves import Waves, compare_waves

COUNT = 200
RNG = np.random.default_rng(0)
LABELS = RNG.uniform(50, 120, COUNT)
FP32 = LABELS + RNG.normal(0, 2, COUNT)
WAVES = np.sin(2 * np.pi * RNG.uniform(0.7, 3, (COUNT, 1, 1)) * np.arange(256).reshape(64, 4).T / 30)
ACCEPTED = np.arange(COUNT) >= 40
SUBJECTS = np.array([f"s{number % 20}" for number in range(COUNT)])


def unmet(int8=FP32, waves=WAVES):
    windows = Predictions(LABELS, FP32, np.asarray(int8, float), SUBJECTS)
    both = Waves(WAVES.astype(np.float32), waves.astype(np.float32), ACCEPTED)
    return [gate.name for gate in wave_gates(compare_waves(windows, both)) if not gate.met]


def test_equal_waves_pass():
    assert unmet() == []


@pytest.mark.parametrize(("decibels", "names"), [(29, []), (27, ["sqnr"])])
def test_the_sqnr_gate_detects_noise(decibels, names):
    noise = np.random.default_rng(1).normal(0, WAVES.std() * 10 ** (-decibels / 20), WAVES.shape)
    assert unmet(waves=WAVES + noise) == names


def test_an_offset_of_one_phase_is_detected_though_no_rate_changes():
    """A quarter of the samples shifted by 3 % of the wave's deviation is 36 dB of noise, and a tone at 7.5 Hz."""
    shifted = WAVES.copy()
    shifted[:, 2] += 0.03 * WAVES.std()
    assert unmet(waves=shifted) == ["bias"]


def test_a_few_rates_that_flip_are_detected():
    int8 = FP32.copy()
    int8[:4] = 40.0  # of the least confident
    assert unmet(int8) == ["flips"]


def test_many_small_changes_are_detected():
    int8 = FP32 + np.where(np.arange(COUNT) % 2, 0.31, -0.31) * np.sign(FP32 - LABELS)
    assert "p95" in unmet(int8)


def test_larger_errors_on_accepted_windows_are_detected():
    int8 = FP32 + np.where(ACCEPTED, 0.06, 0.0) * np.sign(FP32 - LABELS)
    assert unmet(int8) == ["accepted"]
    assert unmet(FP32 + 0.04 * np.sign(FP32 - LABELS)) == []


def test_one_subject_on_whom_int8_differs_is_detected():
    int8 = FP32 + np.where((SUBJECTS == "s7") & (np.arange(COUNT) > 150), 4.0, 0.0) * np.sign(FP32 - LABELS)
    gates = unmet(int8)
    assert "worst subject" not in gates
    int8 = FP32 + np.where(SUBJECTS == "s7", 2.1, 0.0) * np.where(np.arange(COUNT) % 40 < 20, 1, -1)
    assert "worst subject" in unmet(int8)
    assert not {"flips", "sqnr", "bias"} & set(unmet(int8))


def test_the_interval_is_paired_and_by_subject():
    windows = Predictions(LABELS, FP32, FP32 + 0.06 * np.sign(FP32 - LABELS), SUBJECTS)
    waves = Waves(WAVES.astype(np.float32), WAVES.astype(np.float32), ACCEPTED)
    comparison = compare_waves(windows, waves)
    low, high = comparison.accepted_mae_increase_interval
    assert low == pytest.approx(0.06)
    assert high == pytest.approx(0.06)
    assert comparison.flip_share == 0
    assert comparison.difference_p95 == pytest.approx(0.06)


def test_a_line_names_figure_and_threshold():
    windows = Predictions(LABELS, FP32, FP32, SUBJECTS)
    noisy = WAVES + np.random.default_rng(1).normal(0, 1, WAVES.shape)
    waves = Waves(WAVES.astype(np.float32), noisy.astype(np.float32), ACCEPTED)
    line = next(wave_gates(compare_waves(windows, waves), LIMITS)).line
    assert line.startswith("Waveform SQNR (-3.")
    assert line.endswith("dB) < threshold (28.0 dB)")
