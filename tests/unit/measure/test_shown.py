import numpy as np
import pytest

from pulse8.errors import InputError
from pulse8.learn.evaluate.people.methods import shipped_models
from pulse8.measure.infer.any_window import with_window
from pulse8.measure.infer.ort import OrtRunner
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.measure.signal.harmonic import refined_bpm
from pulse8.measure.signal.rate import heart_rate
from pulse8.measure.signal.shown import Sighting, power_share, shown_rates, spread_bpm
from pulse8.measure.signal.whole import whole_rate
from pulse8.spec import Readout
from pulse8.values import HeartRate, Reason, Waveform

BAND = Readout().band_bpm


def wave(bpm, count=256, second=0.5, phase=0.3):
    angle = 2 * np.pi * bpm / 60 * np.arange(count) / 30 + phase
    samples = np.sin(angle) + second * np.sin(2 * angle + 1)
    return Waveform(band_pass(samples, 30.0, BAND).astype(np.float32), 30.0, 0.0)


def tone(bpm, random, second):
    angle = 2 * np.pi * bpm / 60 * np.arange(256) / 30 + random.uniform(0, 2 * np.pi)
    return np.sin(angle) + second * np.sin(2 * angle + random.uniform(0, 2 * np.pi))


def sighting(end_s, share, bpm=70.0, span=256):
    return Sighting(end_s=end_s, span=span, bpm=bpm, share=share, spread_bpm=2.0)


@pytest.mark.parametrize("second", [0.0, 0.3, 0.6])
def test_least_squares_is_nearer_than_the_peak_under_a_window(second):
    random, errors = np.random.default_rng(4), {"peak": [], "fit": []}
    for bpm in random.uniform(55, 130, 60):
        samples = tone(bpm, random, second) + 0.5 * random.standard_normal(256)
        steady = Waveform(detrend(samples).astype(np.float32), 30.0, 0.0)
        banded = Waveform(band_pass(detrend(samples), 30.0, BAND).astype(np.float32), 30.0, 0.0)
        peak = heart_rate(banded, Readout()).bpm
        errors["peak"].append(abs(peak - bpm))
        errors["fit"].append(abs(refined_bpm(steady, peak, BAND) - bpm))
    assert np.mean(errors["fit"]) < 0.8 * np.mean(errors["peak"])
    assert np.max(errors["fit"]) < 1.0


def test_a_fitted_rate_stays_in_the_band():
    assert BAND[0] <= refined_bpm(wave(41.0), 40.0, BAND) <= BAND[1]
    assert refined_bpm(wave(179.5), 180.0, BAND) <= BAND[1]


def test_a_tone_has_all_its_power_about_its_rate_and_noise_little():
    pure = wave(75.0, 512, second=0.0)
    noise = Waveform(np.random.default_rng(1).standard_normal(512).astype(np.float32), 30.0, 0.0)
    assert power_share(pure, 75.0, Readout()) > 0.95
    assert power_share(noise, 75.0, Readout()) < 0.3
    assert power_share(Waveform(np.zeros(512, np.float32), 30.0, 0.0), 75.0, Readout()) == 0.0
    assert spread_bpm(pure, 75.0, Readout()) < spread_bpm(noise, 75.0, Readout())


def test_a_rate_is_held_with_its_age_and_then_goes():
    seen = [sighting(9.0, 0.9), *(sighting(9.0 + second, 0.1, 120.0) for second in range(1, 12))]
    shown = list(shown_rates(seen, {256: 0.5}, held_s=8.0))
    assert [one.bpm for one in shown] == [70.0] * 9 + [None] * 3
    assert [one.age_s for one in shown[:3]] == [0.0, 1.0, 2.0]
    assert (shown[0].spread_bpm, shown[-1].spread_bpm) == (2.0, None)


def test_the_longest_span_that_may_be_shown_is_shown():
    seen = [sighting(40.0, 0.9, 70.0, 256), sighting(40.0, 0.9, 71.0, 512), sighting(40.0, 0.2, 99.0, 1024)]
    (shown,) = shown_rates(seen, {256: 0.5, 512: 0.5, 1024: 0.5})
    assert shown.bpm == 71.0
    (never,) = shown_rates(seen, {})
    assert never.bpm is None


def test_a_file_takes_another_length_with_the_same_weights(tmp_path):
    path = shipped_models()["pulse12 FP32"]
    random = np.random.default_rng(3).standard_normal((1, 3, 12, 512)).astype(np.float32).clip(-4, 4)
    longer = OrtRunner(with_window(path, 512))(random)[0]
    own = OrtRunner(path)(random[..., 128:384])[0]
    assert longer.shape == (1, 4, 1, 128)
    np.testing.assert_allclose(longer[..., 60:68], own[..., 28:36], atol=1e-4)  # the middle sees the same samples
    with pytest.raises(InputError, match="phases"):
        with_window(path, 254)
    other = tmp_path / "other.onnx"
    other.write_bytes(b"nothing")
    with pytest.raises(InputError):
        with_window(other, 512)


def window(bpm, reason=None):
    return HeartRate(bpm=bpm, reason=reason, confidence=0.8, resolution_bpm=7.0, start_s=0.0, end_s=8.5)


def test_a_whole_record_of_a_steady_rate_is_one_fit_over_all_of_it():
    long = wave(61.7, 900)
    whole = whole_rate([window(bpm) for bpm in (61.0, 61.5, 62.0, 63.0)], long, BAND)
    assert (whole.bpm, whole.resolution_bpm) == (pytest.approx(61.7, abs=0.02), 2.0)


def test_a_whole_record_of_a_rate_that_wanders_is_the_median_of_its_windows_or_says_why_it_is_none():
    read = [window(bpm) for bpm in (60.0, 61.0, 65.0, 140.0)]
    whole = whole_rate([*read, window(None, Reason.NO_PULSE)], wave(61.7, 900), BAND)
    assert (whole.bpm, whole.confidence) == (63.0, pytest.approx(0.8))
    refused = [window(None, Reason.NO_FACE)] * 9 + [window(None, Reason.NO_PULSE)] * 3
    none = whole_rate([*read[:1], *refused], wave(61.7, 900), BAND)
    assert (none.bpm, none.reason) == (None, Reason.NO_FACE)
    assert whole_rate([], wave(61.7, 90), BAND).reason == Reason.TOO_SHORT


def test_one_spectrum_of_a_rate_that_wanders_is_further_off_than_its_windows():
    random, errors = np.random.default_rng(9), {"one": [], "windows": []}
    for _ in range(12):
        rate = 75 + 8 * np.sin(2 * np.pi * np.arange(1800) / 30 / random.uniform(20, 40) + random.uniform(0, 6))
        samples = np.sin(2 * np.pi * np.cumsum(rate / 60) / 30) + 0.2 * random.standard_normal(1800)
        parts = [
            heart_rate(Waveform(samples[start : start + 256].astype(np.float32), 30.0, start / 30), Readout())
            for start in range(0, 1800 - 256, 30)
        ]
        whole = Waveform(samples.astype(np.float32), 30.0, 0.0)
        one = heart_rate(whole, Readout()).bpm
        errors["one"].append(abs(one - rate.mean()))
        errors["windows"].append(abs(whole_rate(parts, whole, BAND).bpm - rate.mean()))
    assert np.mean(errors["windows"]) < 0.6 * np.mean(errors["one"])
