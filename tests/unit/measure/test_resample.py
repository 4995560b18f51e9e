"""Resampling: grid, averaging, and the times that are refused."""

import numpy as np
import pytest

from pulse8.errors import InputError
from pulse8.measure.clips.resample import resample


def test_times_on_the_grid_come_back_unchanged():
    values = np.random.default_rng(0).normal(size=(90, 3, 4, 3)).astype(np.float32)
    even = resample(values, 7 + np.arange(90) / 30)
    assert even.shape == values.shape
    np.testing.assert_allclose(even, values, atol=1e-9)


def test_a_slower_recording_is_read_off_the_line():
    even = resample(np.array([0.0, 4.0, 0.0]), np.array([0.0, 0.1, 0.2]), 20.0)
    np.testing.assert_allclose(even, [0, 2, 4, 2, 0], atol=1e-12)


def test_a_faster_recording_is_averaged():
    noise = np.random.default_rng(0).normal(size=12_000)
    even = resample(noise, np.arange(12_000) / 120, 30.0)
    assert even.std() == pytest.approx(np.sqrt(0.21875), rel=0.03)  # 1/8, 1/4, 1/4, 1/4, 1/8 of five frames


def test_every_frame_of_a_faster_recording_counts():
    for frame in range(4, 8):
        flash = np.zeros(12)
        flash[frame] = 1
        assert resample(flash, np.arange(12) / 120, 30.0).sum() == pytest.approx(0.25)


def test_the_last_sample_does_not_pass_the_last_timestamp():
    assert len(resample(np.arange(300.0), np.arange(300) / 29.9)) == 300 + 1
    assert len(resample(np.arange(300.0), np.arange(300) / 30.1)) == 299


@pytest.mark.parametrize(
    ("t_s", "reason"),
    [
        ([], "0 frames"),
        ([0.0], "1 frames"),
        ([0.0, 0.1, 0.1], "does not increase"),
        ([0.0, 0.2, 0.1], "does not increase"),
        ([0.0, np.nan, 0.2], "a time of nan s"),
        ([0.0, 0.1, 0.7], "pauses for 0.60 s after 0.10 s"),
        (np.arange(20) / 7, "7.0 frames a second"),
    ],
)
def test_times_that_hold_no_pulse_are_refused(t_s, reason):
    with pytest.raises(InputError, match=reason):
        resample(np.zeros((len(t_s), 3)), np.asarray(t_s, dtype=float))


def test_the_slowest_rate_and_the_longest_pause_are_still_taken():
    assert len(resample(np.zeros(17), np.arange(17) / 8.0)) == 61
    with pytest.raises(InputError, match=r"7\.9 frames a second"):
        resample(np.zeros(17), np.arange(17) / 7.9)
    assert len(resample(np.zeros(10), np.r_[0:5, 20:25] / 32)) == 23  # half a second to the last bit


def test_half_a_second_is_bridged():
    t_s = np.concatenate([np.arange(10) / 30, 0.79 + np.arange(10) / 30])
    np.testing.assert_allclose(resample(t_s, t_s), np.arange(33) / 30, atol=1e-9)
