"""Labels: 60 over the mean beat interval where the spectrum agrees, and the reason where there is none."""

import numpy as np
import pytest

from pulse8.learn.prepare.labels import LABEL_S, Labels, Unlabelled, count_labels
from pulse8.learn.prepare.sync import estimate_lag
from pulse8.learn.recording import Ppg, Rates
from pulse8.learn.simulate.conditions import Body, Conditions
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.values import CellTraces


def ppg(bpm, rate_hz=60.0, seconds=20.0, gap=None, noise=0.0, seed=0):
    t_s = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * bpm / 60 * t_s
    wave = np.sin(phase) + 0.3 * np.sin(2 * phase + 0.6) + noise * np.random.default_rng(seed).standard_normal(len(t_s))
    kept = np.ones(len(t_s), bool) if gap is None else (t_s < gap[0]) | (t_s > gap[1])
    return Ppg(wave[kept].astype(np.float32), t_s[kept])


@pytest.mark.parametrize("bpm", [45, 60, 78.5, 120, 175])
@pytest.mark.parametrize("rate_hz", [20, 30, 64, 256])
def test_a_steady_pulse_is_its_rate_at_any_sample_rate(bpm, rate_hz):
    assert Labels(ppg(bpm, rate_hz)).between(3.0, 3.0 + LABEL_S).bpm == pytest.approx(bpm, abs=0.6)


@pytest.mark.parametrize(
    ("reference", "span", "reason"),
    [
        (None, (0, 8), Unlabelled.NONE),
        (ppg(70), (15, 25), Unlabelled.ABSENT),
        (ppg(70), (-3, 5), Unlabelled.ABSENT),
        (ppg(70, gap=(4.0, 5.0)), (0, 8), Unlabelled.PAUSED),
        (ppg(70, gap=None, noise=30.0), (0, 8), None),
    ],
)
def test_a_window_without_a_rate_says_why(reference, span, reason):
    label = Labels(reference).between(*span)
    assert label.bpm is None
    assert label.reason == reason if reason else label.reason in (Unlabelled.UNEVEN, Unlabelled.DISAGREE)


def test_beats_that_the_spectrum_contradicts_are_left_out():
    # Beats are found up to 240 BPM; the spectrum is read up to 180, as every method's is.
    label = Labels(ppg(205)).between(2.0, 2.0 + LABEL_S)
    assert (label.bpm, label.reason) == (None, Unlabelled.DISAGREE)


def test_rates_label_where_there_is_no_pulse_and_only_while_they_are_steady():
    rates = Rates(np.array([60, 62, 61, 90], np.float32), np.array([0.0, 3.0, 6.0, 12.0]))
    labels = Labels(None, rates)
    assert labels.between(0.0, 8.0).bpm == pytest.approx(61)
    assert labels.between(5.0, 13.0).reason == Unlabelled.SWINGS
    assert labels.between(20.0, 28.0).reason == Unlabelled.ABSENT


def test_windows_are_counted():
    recording = simulate_recording(0, options=RecordingOptions(seconds=30))
    windows, left_out = count_labels(recording)
    assert windows + sum(left_out.values()) == 3
    assert windows == 3


@pytest.mark.parametrize("lag_s", [-0.5, -0.2, 0.0, 0.13, 0.5])
def test_a_lag_is_found_in_a_pulse_that_varies(lag_s):
    conditions = Conditions(body=Body(bpm=72, breath_swing_bpm=4, wander_bpm=3))
    recording = simulate_recording(1, conditions, RecordingOptions(seconds=40))
    start = estimate_lag(recording.traces, recording.reference)
    moved = Ppg(recording.reference.samples, recording.reference.t_s + lag_s)
    found = estimate_lag(recording.traces, moved)
    assert found.seconds - start.seconds == pytest.approx(lag_s, abs=0.02)
    assert 0 < start.seconds < 0.35  # the finger's own delay
    assert found.correlation > 0.8


def test_no_pulse_and_no_overlap_have_no_lag():
    recording = simulate_recording(0, options=RecordingOptions(seconds=20))
    noise = np.random.default_rng(0).standard_normal(recording.traces.rgb.shape).astype(np.float32)
    blind = CellTraces(120 + noise, recording.traces.t_s, recording.traces.valid)
    assert estimate_lag(blind, recording.reference) is None
    far = Ppg(recording.reference.samples, recording.reference.t_s + 100)
    assert estimate_lag(recording.traces, far) is None
