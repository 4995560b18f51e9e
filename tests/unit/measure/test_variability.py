"""SDNN, RMSSD and respiration: against NeuroKit2, against what is known, and refused where noise is larger."""

import json
from itertools import pairwise

import numpy as np
import pytest

from commands import ROOT
from pulse8.errors import InputError
from pulse8.measure.signal.camera_beats import Beat
from pulse8.measure.signal.respiration import NoRespiration, respiration_of
from pulse8.measure.signal.variability import NoVariability, rmssd_s, sdnn_s, variability_of
from pulse8.values import Waveform

NEUROKIT = json.loads((ROOT / "benchmarks" / "results" / "beats_neurokit.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("series", NEUROKIT["series"])
def test_the_metrics_are_those_of_neurokit(series):
    intervals = np.array(series["intervals_ms"], dtype=np.float64)
    assert sdnn_s(intervals) == pytest.approx(series["sdnn_ms"], rel=1e-6)
    assert rmssd_s(intervals) == pytest.approx(series["rmssd_ms"], rel=1e-6)


@pytest.mark.parametrize("metric", [sdnn_s, rmssd_s])
def test_one_interval_has_no_variability(metric):
    with pytest.raises(InputError, match="two or more"):
        metric(np.array([0.8]))


def beats_of(times, error_s, seed=0):
    """Beats at these times, each off by noise of a known size that is stated as its 95 % interval."""
    noisy = times + error_s * np.random.default_rng(seed).standard_normal(len(times))
    half = 1.96 * error_s
    first = Beat(near_s=noisy[0], t_s=noisy[0], half_s=half)
    return [first] + [
        Beat(near_s=t_s, t_s=t_s, half_s=half, interval_s=t_s - before, interval_half_s=half)
        for before, t_s in pairwise(noisy)
    ]


def hearts(seconds=90.0, spread=0.05, seed=5):
    rng = np.random.default_rng(seed)
    return np.cumsum(0.8 + spread * rng.standard_normal(int(seconds / 0.8)))


def test_noise_of_the_times_is_taken_off():
    times = hearts(seconds=300)
    intervals = np.diff(times)
    for seed in range(5):
        found = variability_of(beats_of(times, 0.010, seed))
        for spread, true_s in ((found.sdnn, sdnn_s(intervals)), (found.rmssd, rmssd_s(intervals))):
            assert spread.low_ms <= 1e3 * true_s <= spread.high_ms
            assert abs(spread.ms - 1e3 * true_s) < abs(spread.raw_ms - 1e3 * true_s) + 2
        assert found.intervals == len(intervals)
        assert found.seconds == pytest.approx(times[-1] - times[0], abs=0.2)


def test_noise_larger_than_the_variability_is_refused():
    found = variability_of(beats_of(hearts(spread=0.01), 0.03))
    assert (found.rmssd.ms, found.rmssd.reason) == (None, NoVariability.NOISE)
    assert (found.rmssd.low_ms, found.rmssd.high_ms) == (None, None)
    assert found.rmssd.raw_ms > 40  # what it would have said


def test_under_a_minute_is_refused():
    assert variability_of(beats_of(hearts(seconds=55), 0.001)).sdnn.reason is NoVariability.TOO_SHORT
    assert variability_of([]).rmssd.reason is NoVariability.TOO_SHORT


def test_missing_beats_are_refused_and_no_difference_is_taken_across_a_few():
    beats = beats_of(hearts(), 0.001)
    gone = [
        Beat(near_s=beat.near_s, t_s=None, half_s=None) if index % 3 == 0 else beat for index, beat in enumerate(beats)
    ]
    gone = [
        beat if before.t_s is not None else Beat(near_s=beat.near_s, t_s=beat.t_s, half_s=beat.half_s)
        for before, beat in zip([beats[0], *gone], gone, strict=False)
    ]
    assert variability_of(gone).sdnn.reason is NoVariability.GAPS
    few = list(beats)
    few[50] = Beat(near_s=few[50].near_s, t_s=None, half_s=None)
    few[51] = Beat(near_s=few[51].near_s, t_s=few[51].t_s, half_s=few[51].half_s)
    whole, parted = variability_of(beats), variability_of(few)
    assert parted.intervals == whole.intervals - 2
    assert parted.rmssd.ms == pytest.approx(whole.rmssd.ms, rel=0.1)


def breathing(seconds=70.0, per_min=15.0, heights=0.2, intervals=0.04):
    """Beats and a wave whose heights and intervals follow a breath."""
    breath = 2 * np.pi * per_min / 60
    times = [0.4]
    while times[-1] < seconds:
        times.append(times[-1] + 0.8 + intervals * np.sin(breath * times[-1]))
    rng = np.random.default_rng(3)
    noisy = np.array(times) + 0.004 * rng.standard_normal(len(times))
    at_s = np.arange(0, seconds + 1, 1 / 30)
    phase = 2 * np.pi * np.interp(at_s, times, np.arange(len(times)))
    height = 1 + heights * np.sin(breath * at_s) + 0.02 * rng.standard_normal(len(at_s))
    return Waveform((height * np.cos(phase)).astype(np.float32), 30.0, 0.0), beats_of(noisy, 0.0)


@pytest.mark.parametrize("per_min", [9.0, 15.0, 22.0])
def test_a_breath_in_heights_and_intervals_is_found(per_min):
    wave, beats = breathing(per_min=per_min)
    found = respiration_of([wave], beats, None)
    assert found.low_per_min <= per_min <= found.high_per_min
    assert abs(found.per_min - per_min) < 0.7
    assert found.signs == ("heights", "intervals")


@pytest.mark.parametrize("still", [{"heights": 0.0}, {"intervals": 0.0}])
def test_one_sign_alone_is_no_breath(still):
    wave, beats = breathing(**still)
    found = respiration_of([wave], beats, None)
    assert (found.per_min, found.reason) == (None, NoRespiration.ALONE)


def test_half_a_minute_is_needed_in_a_row():
    wave, beats = breathing(seconds=25)
    assert respiration_of([wave], beats, None).reason is NoRespiration.TOO_SHORT
    wave, beats = breathing(seconds=55)
    parted = [beat for beat in beats if not 24 < beat.near_s < 31]
    assert respiration_of([wave], parted, None).reason is NoRespiration.TOO_SHORT
    assert respiration_of([], [], None).reason is NoRespiration.TOO_SHORT
