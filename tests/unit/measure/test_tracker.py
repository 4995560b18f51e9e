"""The steady rate: it follows a heart, not a second's noise, and says when there is none."""

import numpy as np
import pytest

from pulse8.measure.signal.tracker import LEAST_BELIEF, RateTracker
from pulse8.values import Reason, Waveform

HOP = 30


def windows(samples):
    starts = range(0, len(samples) - 256 + 1, HOP)
    return [Waveform(samples[start : start + 256].astype(np.float32), 30.0, start / 30) for start in starts]


def heart(bpm, seconds, noise=0.5, seed=0):
    """A pulse of a rate, or of one rate a sample, in white noise."""
    rates = np.broadcast_to(bpm, round(seconds * 30))
    clean = np.sin(2 * np.pi * np.cumsum(rates) / 60 / 30)
    return clean + noise * np.random.default_rng(seed).normal(size=len(rates))


def shown(samples):
    tracker = RateTracker()
    return [tracker.push(wave) for wave in windows(samples)]


@pytest.mark.parametrize("bpm", [45.0, 72.0, 121.5, 175.0])
def test_a_steady_heart_is_shown_steadily(bpm):
    rates = shown(heart(bpm, 30))
    assert all(rate.bpm == pytest.approx(bpm, abs=1) for rate in rates)
    assert all(rate.confidence > LEAST_BELIEF for rate in rates)


def test_a_second_of_strong_disturbance_moves_nothing():
    samples = heart(72, 40)
    burst = slice(600, 660)
    samples[burst] += 6 * np.sin(2 * np.pi * 2.4 * np.arange(60) / 30)
    assert all(rate.bpm == pytest.approx(72, abs=3) for rate in shown(samples) if rate.bpm)


def test_a_rising_heart_is_followed():
    rates = np.concatenate([np.full(450, 70.0), np.linspace(70, 100, 450), np.full(600, 100.0)])
    told = shown(heart(rates, 50))
    assert told[-1].bpm == pytest.approx(100, abs=2)
    steps = np.abs(np.diff([rate.bpm for rate in told if rate.bpm]))
    assert steps.max() < 8


def test_a_new_heart_is_found_within_some_seconds():
    rates = np.concatenate([np.full(900, 65.0), np.full(900, 110.0)])
    assert shown(heart(rates, 60))[-1].bpm == pytest.approx(110, abs=2)


def test_noise_is_no_pulse():
    refused = 0
    for seed in range(5):
        told = shown(np.random.default_rng(seed).normal(size=1200))
        refused += sum(rate.bpm is None for rate in told)
        assert {rate.reason for rate in told} <= {None, Reason.NO_PULSE}
    assert refused > 0.95 * 5 * len(told)


def test_a_constant_wave_says_nothing():
    tracker = RateTracker()
    for wave in windows(heart(72, 20)):
        before = tracker.push(wave)
    after = tracker.push(Waveform(np.zeros(256, np.float32), 30.0, before.start_s + 1))
    assert after.bpm == pytest.approx(before.bpm, abs=1)
    assert after.confidence < before.confidence


def test_nothing_is_known_at_first_and_a_silent_wave_tells_nothing():
    """Half the belief is in no pulse, the other half lies evenly over 141 rates: eleven of them within 5 BPM."""
    tracker, silent = RateTracker(), np.zeros(256, np.float32)
    rate = tracker.push(Waveform(silent, 30.0, 2.0))
    assert (rate.bpm, rate.reason) == (None, Reason.NO_PULSE)
    assert rate.confidence == pytest.approx(0.5 * 6 / 141)  # the first of equals is the band's end: six within reach
    assert rate.resolution_bpm == pytest.approx(60 / (256 / 30))
    assert (rate.start_s, rate.end_s) == (2.0, 2.0 + 256 / 30)
    later = tracker.push(Waveform(silent, 30.0, 12.0))  # as many pulses came as went
    assert later.confidence == pytest.approx(0.5 * 11 / 141, rel=0.2)


def test_waiting_moves_belief_towards_no_pulse_and_keeps_its_sum():
    tracker = RateTracker()
    told = [tracker.push(wave) for wave in windows(heart(72, 12))]
    silent = np.zeros(256, np.float32)
    later = tracker.push(Waveform(silent, 30.0, told[-1].start_s + 10.0))
    assert later.confidence < told[-1].confidence
    # After 10 s a pulse is still there with 0.98^10; the rate wandered by 2 sqrt(10) BPM, so 5 BPM hold half of it.
    assert later.confidence == pytest.approx(0.98**10 * 0.61, abs=0.03)
    again = tracker.push(Waveform(silent, 30.0, told[-1].start_s + 10.0))
    assert again.confidence == pytest.approx(later.confidence, abs=0.01)  # no time passed: nothing moves


def test_gain_does_not_matter():
    samples = heart(80, 20)
    for one, other in zip(shown(samples), shown(1000 * samples), strict=True):
        assert one.bpm == pytest.approx(other.bpm, abs=1e-3)
