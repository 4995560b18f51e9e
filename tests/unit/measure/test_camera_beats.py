"""Beats of a camera's wave: where they are, how well that is known, and where there are none."""

import numpy as np
import pytest

from pulse8.measure.reading.mixture import mixture
from pulse8.measure.signal.camera_beats import WIDEST, NoBeat, camera_beats
from pulse8.measure.signal.filters import band_pass
from pulse8.values import CellTraces, HeartRate, Reason, Waveform

RATE_HZ = 30.0
SECONDS = 60.0
TIMES_S = np.arange(int(SECONDS * RATE_HZ)) / RATE_HZ


def beating(period_s=0.8, swing=0.06, breath_hz=0.25):
    """True times of beats whose intervals swing with a breath, and the wave's phase at its samples."""
    beats = [0.3]
    while beats[-1] < SECONDS + 2:
        beats.append(beats[-1] + period_s * (1 + swing * np.sin(2 * np.pi * breath_hz * beats[-1])))
    times = np.array(beats)
    phase = 2 * np.pi * np.interp(TIMES_S, times, np.arange(len(times)), left=-0.3)
    return times[times < SECONDS - 0.3], np.cos(phase) + 0.2 * np.cos(2 * phase)


def wave_of(pulse, noise=0.0, seed=0):
    noisy = pulse + noise * np.random.default_rng(seed).standard_normal(len(pulse))
    return Waveform(band_pass(noisy, RATE_HZ, (40.0, 180.0)).astype(np.float32), RATE_HZ, 0.0)


def rated(start_s=0.0, end_s=SECONDS, bpm=75.0):
    reason = None if bpm else Reason.NO_PULSE
    return HeartRate(bpm=bpm, reason=reason, confidence=0.9, resolution_bpm=7.0, start_s=start_s, end_s=end_s)


def pairs(beats, truth):
    """Found and true times of beats that have one, less the constant by which a peak is off a harmonic's start."""
    found = np.array([beat.t_s for beat in beats if beat.t_s is not None])
    nearest = truth[np.abs(found[:, None] - truth).argmin(axis=1)]
    return found - np.median(found - nearest), nearest


def test_beats_of_a_clean_wave_are_where_they_are():
    truth, pulse = beating()
    beats = list(camera_beats([wave_of(pulse)], [rated()]))
    found, nearest = pairs(beats, truth)
    assert list(nearest) == list(truth[(truth > 0.5) & (truth < SECONDS - 0.5)])
    assert np.abs(found - nearest).max() < 0.03
    known = [beat for beat in beats if beat.interval_s is not None]
    assert np.abs([beat.interval_s - 0.8 for beat in known]).max() < 0.07
    assert beats[0].interval_s is None
    assert beats[0].reason is None


@pytest.mark.parametrize("noise", [0.15, 0.3])
def test_95_percent_of_the_intervals_hold_the_truth(noise):
    truth, pulse = beating()
    inside, widths = [], []
    for seed in range(10):
        beats = [beat for beat in camera_beats([wave_of(pulse, noise, seed)], [rated()]) if beat.t_s is not None]
        found, nearest = pairs(beats, truth)
        halves = np.array([beat.half_s for beat in beats])
        inside += list(np.abs(found - nearest) <= halves)
        widths.append(float(np.median(halves)))
    assert len(inside) > 400
    assert 0.93 < np.mean(inside) <= 1
    assert np.median(widths) < 0.06  # not by being endless


def test_twice_the_noise_is_about_twice_the_interval():
    _, pulse = beating()
    halves = [
        np.median([beat.half_s for beat in camera_beats([wave_of(pulse, noise)], [rated()]) if beat.half_s is not None])
        for noise in (0.1, 0.2)
    ]
    assert 1.5 < halves[1] / halves[0] < 2.5


def test_noise_with_a_rate_has_hardly_any_beat():
    rng = np.random.default_rng(1)
    beats = [beat for _ in range(5) for beat in camera_beats([wave_of(rng.standard_normal(1800))], [rated()])]
    assert len(beats) > 200
    assert sum(beat.t_s is not None for beat in beats) < 0.1 * len(beats)
    assert {beat.reason for beat in beats if beat.t_s is None} == {NoBeat.WIDE}


def test_there_are_beats_only_where_there_is_a_rate():
    _, pulse = beating()
    windows = [rated(0, 20), rated(20, 40, bpm=None), rated(40, 60)]
    times = [beat.near_s for beat in camera_beats([wave_of(pulse)], windows)]
    assert not [t_s for t_s in times if 20 < t_s < 40]
    assert min(times) < 2
    assert max(times) > 58
    assert list(camera_beats([wave_of(pulse)], [rated(bpm=None)])) == []


def test_a_missed_beat_leaves_no_interval():
    _, pulse = beating(swing=0.0)
    wave = wave_of(pulse)
    wave.samples[np.abs(TIMES_S - 30.7) < 0.35] = -0.1
    beats = list(camera_beats([wave], [rated()]))
    assert max(beat.interval_s for beat in beats if beat.interval_s is not None) < 1.0


def test_intervals_that_do_not_fit_the_rate_are_none():
    _, pulse = beating(swing=0.0)
    beats = list(camera_beats([wave_of(pulse)], [rated(bpm=110.0)]))  # the wave has 75
    assert len(beats) > 60
    assert {beat.reason for beat in beats[1:]} == {NoBeat.ODD}
    assert not [beat for beat in beats if beat.interval_s is not None]


@pytest.mark.parametrize("samples", [np.zeros(900), np.zeros(2), np.zeros(0)])
def test_a_wave_without_peaks_has_no_beats(samples):
    assert list(camera_beats([Waveform(samples.astype(np.float32), RATE_HZ, 0.0)], [rated()])) == []


def test_a_stretch_of_three_beats_is_too_few():
    _, pulse = beating()
    short = Waveform(wave_of(pulse).samples[:75], RATE_HZ, 0.0)
    beats = list(camera_beats([short], [rated()]))
    assert beats
    assert {beat.reason for beat in beats} == {NoBeat.TOO_FEW}


def test_no_beat_is_wider_than_promised():
    _, pulse = beating()
    for beat in camera_beats([wave_of(pulse, 0.5)], [rated()]):
        assert beat.half_s is None or beat.half_s <= WIDEST * 60 / 75.0


def traces_of(pulse, noise=0.002, lost=None):
    """Twelve cells with a pulse of 1 % in green, each with noise of its own."""
    rng = np.random.default_rng(2)
    share = np.array([0.3, 1.0, 0.6]) * 0.01 * pulse[:, None]
    rgb = 120 * (1 + share[:, None, None, :] + noise * rng.standard_normal((len(pulse), 3, 4, 3)))
    valid = np.ones((len(pulse), 3), dtype=bool)
    if lost is not None:
        valid[:, lost], rgb[:, lost] = False, 0
    return CellTraces(rgb=rgb.astype(np.float32), t_s=TIMES_S, valid=valid)


@pytest.mark.parametrize("lost", [None, 1])
def test_a_mixture_follows_each_beat_where_the_wave_it_is_made_from_does_not(lost):
    truth, pulse = beating(swing=0.08)
    steady = Waveform(np.cos(2 * np.pi * (TIMES_S - 0.3) / np.diff(truth).mean()).astype(np.float32), RATE_HZ, 0.0)
    mixed = mixture(traces_of(pulse, lost=lost), steady)
    found, nearest = pairs(list(camera_beats([mixed], [rated()])), truth)
    assert len(found) > 0.9 * len(truth)
    assert np.sqrt(np.mean((found - nearest) ** 2)) < 0.02
    assert mixed.samples.std() == pytest.approx(1, abs=1e-3)


def test_a_mixture_of_nothing_is_zeros():
    _, pulse = beating()
    traces = traces_of(pulse)
    nobody = CellTraces(rgb=traces.rgb, t_s=traces.t_s, valid=np.zeros_like(traces.valid))
    assert not mixture(nobody, wave_of(pulse)).samples.any()
