"""R peaks of simulated ECGs whose beats are known."""

import numpy as np
import pytest

from pulse8.errors import InputError
from pulse8.measure.signal.beats import beat_times_s
from pulse8.measure.signal.ecg import beat_rates, r_peak_times_s

WAVES = {"P": (-0.17, 0.025, 0.12), "Q": (-0.03, 0.010, -0.12), "R": (0.0, 0.011, 1.0), "S": (0.03, 0.012, -0.25)}


def beats(bpm: float, seconds: float = 40.0) -> np.ndarray:
    """Beat times with breathing and a slow drift of the rate."""
    times = [0.4]
    while times[-1] < seconds - 0.5:
        now = times[-1]
        times.append(now + 60 / (bpm + 4 * np.sin(2 * np.pi * now / 4) + 5 * now / seconds))
    return np.array(times[:-1])


def ecg(beats_s: np.ndarray, rate_hz: float, *, t_wave: float = 0.3, noise: float = 0.03, sign: float = 1.0):
    t_s = np.arange(0, beats_s[-1] + 1, 1 / rate_hz)
    wave = 0.3 * np.sin(2 * np.pi * t_s / 5) + noise * np.random.default_rng(0).normal(size=len(t_s))
    interval = np.median(np.diff(beats_s))
    for lag, width, height in (*WAVES.values(), (0.3 * interval**0.5, 0.05, t_wave)):
        for beat in beats_s:
            wave += height * np.exp(-(((t_s - beat - lag) / width) ** 2) / 2)
    return sign * 1000 * wave, t_s


@pytest.mark.parametrize("bpm", [45, 72, 110, 170])
@pytest.mark.parametrize("rate_hz", [100.0, 130.0, 250.0, 512.0])
def test_every_beat_is_found_and_no_other(bpm, rate_hz):
    true_s = beats(bpm)
    found_s = r_peak_times_s(*ecg(true_s, rate_hz))
    assert len(found_s) == len(true_s)
    np.testing.assert_allclose(found_s, true_s, atol=0.012)


@pytest.mark.parametrize(
    "kind", [{"t_wave": 0.8}, {"t_wave": -0.5}, {"noise": 0.15}, {"sign": -1.0}, {"sign": -1.0, "noise": 0.1}]
)
def test_tall_t_waves_noise_and_a_lead_upside_down(kind):
    true_s = beats(72)
    found_s = r_peak_times_s(*ecg(true_s, 250.0, **kind))
    assert len(found_s) == len(true_s)
    np.testing.assert_allclose(found_s, true_s, atol=0.02)


def test_an_artefact_hides_no_beats_but_those_beside_it():
    true_s = beats(72)
    wave, t_s = ecg(true_s, 250.0)
    wave[(t_s > 20.05) & (t_s < 20.15)] += 20_000
    found_s = r_peak_times_s(wave, t_s)
    for beat in true_s[np.abs(true_s - 20.1) > 0.5]:
        assert np.abs(found_s - beat).min() < 0.02


def test_a_weak_stretch_keeps_its_beats():
    true_s = beats(72)
    wave, t_s = ecg(true_s, 250.0, noise=0.01)
    found_s = r_peak_times_s(wave * np.where(t_s < 20, 1.0, 0.2), t_s)
    assert len(found_s) == pytest.approx(len(true_s), abs=2)


def test_the_pulse_waves_peak_finder_is_not_for_this():
    """The reason for a finder of its own: with tall T waves it finds no such beats."""
    true_s = beats(72)
    found_s = beat_times_s(*ecg(true_s, 250.0, t_wave=0.8))
    assert len(found_s) != len(true_s) or np.abs(found_s - true_s).max() > 0.05


def test_rates_are_means_over_few_beats():
    bpm, t_s = beat_rates(np.arange(20) * 0.8)
    np.testing.assert_allclose(bpm, 75)
    assert (t_s[0], len(t_s)) == (1.6, 16)
    assert len(beat_rates(np.arange(3.0))[0]) == 0


@pytest.mark.parametrize(
    ("wave", "t_s"),
    [
        (np.ones(3), np.arange(4)),
        (np.ones(500), np.arange(500) / 50),
        (np.ones(100), np.arange(100) / 100),
        (np.ones(500), np.zeros(500)),
        (np.full(500, np.nan), np.arange(500) / 100),
    ],
)
def test_what_is_no_ecg_is_refused(wave, t_s):
    with pytest.raises(InputError, match="an ECG"):
        r_peak_times_s(wave.astype(float), t_s.astype(float))


def test_a_flat_line_has_no_beats():
    assert len(r_peak_times_s(np.zeros(2500), np.arange(2500) / 250)) == 0


@pytest.mark.parametrize("finder", [r_peak_times_s, beat_times_s])
def test_a_gap_of_weeks_takes_no_memory(finder):
    """What is laid out evenly over a month would be gigabytes."""
    t_s = np.append(np.arange(1000) / 100, 2_000_000.0)
    with pytest.raises(InputError, match="a wave over 2e\\+06 s; cut it into parts"):
        finder(np.sin(t_s), t_s)


@pytest.mark.parametrize("finder", [beat_times_s, r_peak_times_s])
def test_a_few_samples_over_hours_are_refused(finder):
    t_s = np.array([0.0, 3.95, 3.96, 3.97, 3.98, 32_299.0])
    with pytest.raises(InputError, match="6 samples over 32,299 s"):
        finder(np.zeros(6), t_s)
