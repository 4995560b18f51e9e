"""Beats of a contact wave, and the rate about a moment."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse8.errors import InputError
from pulse8.measure.signal.beats import beat_times_s, rate_about_bpm, rate_between_bpm


def pulse(bpm: float, seconds: float = 20.0, rate_hz: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    t_s = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * bpm / 60 * t_s
    return np.sin(phase) + 0.35 * np.sin(2 * phase + 0.8), t_s


@given(st.floats(45, 180), st.sampled_from([25.0, 30.0, 62.1, 256.0]))
@settings(max_examples=40, deadline=None)
def test_the_rate_is_that_of_the_beats(bpm, rate_hz):
    beats = beat_times_s(*pulse(bpm, rate_hz=rate_hz))
    assert rate_about_bpm(beats, 10.0) == pytest.approx(bpm, abs=1.0)


def test_noise_gain_and_offset_do_not_change_it():
    wave, t_s = pulse(73.0)
    noisy = 40 * (wave + np.random.default_rng(0).normal(0, 0.15, len(wave))) + 900
    assert rate_about_bpm(beat_times_s(noisy, t_s), 10.0) == pytest.approx(73, abs=1.5)


def test_a_rate_that_climbs_is_followed():
    t_s = np.arange(1800) / 30
    beats = beat_times_s(np.sin(2 * np.pi * (1.0 * t_s + 0.5 * t_s**2 / 60)), t_s)
    for moment in (10.0, 30.0, 50.0):
        assert rate_about_bpm(beats, moment) == pytest.approx(60 * (1 + moment / 60), abs=2)


def test_where_beats_are_missing_there_is_no_rate():
    wave, t_s = pulse(75.0, 30)
    wave[(t_s > 12) & (t_s < 15)] = 0
    beats = beat_times_s(wave, t_s)
    assert rate_about_bpm(beats, 13.5) is None
    assert rate_about_bpm(beats, 3.0) == pytest.approx(75, abs=1)
    assert rate_about_bpm(beats, 99.0) is None


@pytest.mark.parametrize(
    ("wave", "t_s", "words"),
    [
        ([1.0], [0.0], "as many finite"),
        ([1.0, 2, 3, 2], [0.0, 2, 2, 4], "increasing times"),
        ([1.0, np.nan, 2], [0.0, 2, 4], "finite values"),
        ([1.0, 2], [0.0, 2, 4], "as many"),
        ([1.0, 2, 3, 4], [0.0, 2, 4], "as many"),
        ([1.0, 2, 1], [0.0, 0.3, 0.6], "of 0.6 s has too few beats"),
    ],
)
def test_waves_that_hold_no_beats_are_refused(wave, t_s, words):
    with pytest.raises(InputError, match=words):
        beat_times_s(np.array(wave), np.array(t_s))


def test_a_dicrotic_notch_is_no_beat_and_a_beat_between_two_samples_is_placed_there():
    t_s = np.arange(600) / 30
    phase = 2 * np.pi * 1.0 * (t_s - 0.2121)
    beats = beat_times_s(np.cos(phase) + 0.3 * np.cos(2 * phase + np.pi), t_s)
    assert len(beats) == 20
    plain = beat_times_s(np.cos(phase), t_s)
    np.testing.assert_allclose(plain[2:-1] % 1, 0.2121, atol=5e-4)  # samples are 8 ms apart


def test_intervals_that_stray_by_more_than_a_third_give_no_rate():
    even = np.arange(11.0)
    assert rate_between_bpm(even, 0, 10) == 60
    assert rate_between_bpm(even, 2, 5) == 60
    assert rate_between_bpm(even, 2.5, 5) is None
    strayed = even.copy()
    strayed[5] += 0.3
    assert rate_between_bpm(strayed, 0, 10) == pytest.approx(60)
    strayed[5] += 0.06
    assert rate_between_bpm(strayed, 0, 10) is None
