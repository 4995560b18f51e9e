"""The readout: peak, confidence, and the reasons why there is no rate."""

import numpy as np
import pytest

from pulse8.measure.signal.rate import heart_rate
from pulse8.measure.signal.spectrum import Spectrum, peak_bpm, power_spectrum, spectral_entropy
from pulse8.spec import Readout
from pulse8.values import Reason, Waveform

BAND = (40.0, 180.0)


def wave(samples, rate_hz=30.0, start_s=0.0):
    return Waveform(np.asarray(samples, dtype=np.float32), rate_hz, start_s)


def tone(bpm, seconds=10.0, rate_hz=30.0):
    return wave(np.sin(2 * np.pi * bpm / 60 * np.arange(round(seconds * rate_hz)) / rate_hz), rate_hz)


@pytest.mark.parametrize("bpm", [45.0, 60.3, 77.7, 121.9, 175.0])
def test_a_tone_is_read_within_a_tenth(bpm):
    assert heart_rate(tone(bpm), Readout()).bpm == pytest.approx(bpm, abs=0.1)


def test_the_parabola_reads_between_bins():
    coarse = power_spectrum(tone(77.7), 512)
    nearest = coarse.bpm[np.argmax(coarse.power)]
    assert abs(peak_bpm(coarse, BAND) - 77.7) < 0.1 < abs(nearest - 77.7)


def test_span_and_resolution_are_the_windows():
    rate = heart_rate(wave(tone(72).samples, start_s=20.0), Readout())
    assert (rate.start_s, rate.end_s, rate.resolution_bpm) == (20.0, 30.0, 6.0)


def test_five_seconds_are_enough_and_less_is_too_short():
    assert heart_rate(tone(72, seconds=5.0), Readout()).bpm == pytest.approx(72, abs=1)
    assert heart_rate(tone(72, seconds=4.9), Readout()).reason is Reason.TOO_SHORT
    assert heart_rate(wave([]), Readout()).reason is Reason.TOO_SHORT


def test_a_wave_that_rounding_made_half_a_sample_short_counts():
    assert heart_rate(wave(tone(72).samples[:150], rate_hz=30.1), Readout()).reason is None
    assert heart_rate(wave(tone(72).samples[:149], rate_hz=30.1), Readout()).reason is Reason.TOO_SHORT


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_one_sample_that_is_not_finite_is_no_pulse(bad):
    samples = tone(72).samples.copy()
    samples[17] = bad
    rate = heart_rate(wave(samples), Readout())
    assert (rate.bpm, rate.reason, rate.confidence) == (None, Reason.NO_PULSE, 0.0)


def test_a_constant_is_no_pulse():
    assert heart_rate(wave(np.full(300, 0.7)), Readout()).reason is Reason.NO_PULSE


def test_a_wave_that_only_knows_two_levels_is_read():
    assert heart_rate(wave(tone(72).samples > 0), Readout()).bpm == pytest.approx(72, abs=0.5)


def test_a_slope_towards_the_bands_end_is_no_peak():
    rising = Spectrum(bpm=np.arange(200.0), power=np.arange(200.0))
    assert peak_bpm(rising, BAND) is None


def test_a_peak_on_the_bands_end_or_in_the_spectrums_last_place_but_one_is_one():
    bpm = np.arange(0.0, 182.0)
    for summit, band in ((40, BAND), (180, BAND), (1, (0.0, 180.0))):
        power = np.ones(182)
        power[summit] = 5.0
        assert peak_bpm(Spectrum(bpm, power), band) == summit


def test_a_flat_summit_is_a_peak_between_its_two_bins():
    power = np.ones(200)
    power[70:72] = 5.0
    assert peak_bpm(Spectrum(np.arange(200.0), power), BAND) == pytest.approx(70.5)


def test_a_stronger_tone_outside_the_band_is_not_read():
    both = wave(tone(80).samples + 5 * tone(20).samples)
    assert heart_rate(both, Readout()).bpm == pytest.approx(80, abs=2)


def test_a_long_wave_is_not_cut_to_the_fft_length():
    changing = wave(np.concatenate([tone(60, 20).samples, 2 * tone(120, 60).samples]))
    assert heart_rate(changing, Readout(fft_length=512)).bpm == pytest.approx(120, abs=1)


def test_confidence_falls_with_noise():
    noise = np.random.default_rng(0).normal(size=300)
    clean, noisy, none = (
        heart_rate(wave(a * tone(72).samples + b * noise), Readout()) for a, b in ((1, 0), (1, 1), (0, 1))
    )
    assert 0.7 < clean.confidence <= 1
    assert clean.confidence > noisy.confidence > none.confidence
    assert none.confidence < 0.25


def test_entropy_is_0_for_one_bin_and_1_for_equal_bins():
    bpm = np.arange(40.0, 181.0)
    assert spectral_entropy(Spectrum(bpm, np.where(bpm == 60, 2.0, 0.0)), BAND) == pytest.approx(0)
    assert spectral_entropy(Spectrum(bpm, np.full(len(bpm), 3.0)), BAND) == pytest.approx(1)
    assert spectral_entropy(Spectrum(bpm, np.zeros(len(bpm))), BAND) == 1
