"""Filters: what passes, what does not, and that nothing is shifted."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.signal import butter, sosfilt, sosfilt_zi, sosfiltfilt

from pulse8.errors import SpecError
from pulse8.measure.signal.filters import DETREND_LAMBDA, SHORT, band_pass, band_pass_sections, detrend

RATE_HZ = 30.0
SECONDS = np.arange(600) / RATE_HZ
MIDDLE = slice(150, 450)


def tone(bpm):
    return np.sin(2 * np.pi * bpm / 60 * SECONDS)


def test_band_pass_keeps_a_pulse_in_place_and_size():
    np.testing.assert_allclose(band_pass(tone(90), RATE_HZ, (40, 180))[MIDDLE], tone(90)[MIDDLE], atol=0.01)


@pytest.mark.parametrize("bpm", [6, 600])
def test_band_pass_stops_breathing_and_flicker(bpm):
    assert np.abs(band_pass(tone(bpm), RATE_HZ, (40, 180))[MIDDLE]).max() < 0.01


def test_band_pass_works_on_every_column_alone():
    both = np.column_stack([tone(60), tone(120)])
    np.testing.assert_allclose(
        band_pass(both, RATE_HZ, (40, 180))[:, 1], band_pass(tone(120), RATE_HZ, (40, 180)), atol=1e-12
    )


def test_a_signal_shorter_than_the_filters_start_up_is_mirrored_as_far_as_it_goes():
    short = band_pass(tone(90)[:20], RATE_HZ, (40, 180))
    np.testing.assert_allclose(short, tone(90)[:20], atol=0.5)
    assert band_pass(np.ones(2), RATE_HZ, (40, 180)) == pytest.approx([0, 0], abs=1e-9)


def test_band_pass_refuses_a_band_over_half_the_rate():
    with pytest.raises(SpecError, match="does not fit 5 samples a second"):
        band_pass(tone(60), 5.0, (40, 180))


@pytest.mark.parametrize("count", [3, 50, SHORT, SHORT + 1])
def test_detrend_equals_the_dense_formula(count):
    signal = np.random.default_rng(0).normal(size=(count, 2))
    difference = np.diff(np.eye(count), n=2, axis=0)
    trend = np.linalg.solve(np.eye(count) + 100.0**2 * difference.T @ difference, signal)
    np.testing.assert_allclose(detrend(signal, 100.0), signal - trend, atol=1e-9)


def test_sections_and_states_filter_as_the_band_pass_does():
    """Forwards and backwards over mirrored ends, each pass begun in the state that its first sample leads to."""
    made = band_pass_sections(RATE_HZ, (40, 180))
    assert made.sections.shape == (2, 7)
    assert made.mirrored == round(RATE_HZ / (40 / 60)) == 45
    signal = np.random.default_rng(0).normal(size=200)
    head, tail = 2 * signal[0] - signal[45:0:-1], 2 * signal[-1] - signal[-2:-47:-1]
    wave = np.concatenate([head, signal, tail])
    sections = np.insert(made.sections[:, :5], 3, 1.0, axis=1)
    for _ in range(2):
        wave = sosfilt(sections, wave, zi=made.sections[:, 5:] * wave[0])[0][::-1]
    np.testing.assert_allclose(wave[45:-45], band_pass(signal, RATE_HZ, (40, 180)), atol=1e-12)


def test_lambda_is_100_and_halves_what_its_page_says():
    assert DETREND_LAMBDA == 100
    slow = np.sin(2 * np.pi * 0.48 * np.arange(3000) / RATE_HZ)
    assert detrend(slow)[1000:2000].std() / slow.std() == pytest.approx(0.5, abs=0.05)


def test_detrend_takes_a_ramp_and_leaves_a_pulse():
    ramp = 5 - 3 * SECONDS
    np.testing.assert_allclose(detrend(ramp), 0, atol=1e-7)
    np.testing.assert_allclose(detrend(ramp + tone(90))[MIDDLE], tone(90)[MIDDLE], atol=0.03)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_so_few_samples_are_all_trend(count):
    np.testing.assert_array_equal(detrend(np.ones((count, 3))), np.zeros((count, 3)))


@pytest.mark.parametrize("rate_hz", [12.0, 25.0, 30.0, 60.0, 120.0, 1000.0])
@pytest.mark.parametrize("band_bpm", [(40.0, 180.0), (42.0, 90.0), (40.0, 240.0), (1.0, 300.0), (170.0, 350.0)])
def test_the_design_is_scipys(rate_hz, band_bpm):
    made = band_pass_sections(rate_hz, band_bpm).sections
    wanted = butter(2, np.array(band_bpm) / 60, "bandpass", fs=rate_hz, output="sos")
    np.testing.assert_allclose(made[:, :3], wanted[:, :3], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(made[:, 3:5], wanted[:, 4:], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(made[:, 5:], sosfilt_zi(wanted), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("shape", [(2,), (3, 2), (46,), (300, 3), (5000, 2, 2)])
def test_the_band_pass_is_scipys(shape):
    signal = np.random.default_rng(0).normal(size=shape) + 5
    sections = butter(2, [40 / 60, 3], "bandpass", fs=RATE_HZ, output="sos")
    wanted = sosfiltfilt(sections, signal, axis=0, padlen=min(45, len(signal) - 1))
    np.testing.assert_allclose(band_pass(signal, RATE_HZ, (40, 180)), wanted, atol=1e-12)


def test_a_short_time_to_a_first_rate_loads_no_scipy():
    code = (
        "import sys, numpy, pulse8.cli.measure, pulse8.measure.signal.filters as filters;"
        "filters.band_pass(filters.detrend(numpy.eye(256)), 30.0, (40, 180));"
        "sys.exit(any(name.startswith('scipy') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
