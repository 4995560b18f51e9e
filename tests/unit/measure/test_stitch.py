"""Joined windows give back the wave that they were cut from, and its length."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse8.errors import InputError
from pulse8.measure.signal.rate import heart_rate
from pulse8.measure.signal.stitch import joined
from pulse8.spec import Readout
from pulse8.values import Waveform


def cut(wave, length=256, hop=30, start_s=4.0):
    count = (len(wave) - length) // hop + 1
    parts = (wave[index * hop : index * hop + length] for index in range(count))
    return [Waveform(part.astype(np.float32), 30.0, start_s + index * hop / 30) for index, part in enumerate(parts)]


@settings(max_examples=25, deadline=None)
@given(st.integers(256, 900), st.integers(10, 200), st.floats(45, 175))
def test_the_length_and_the_rate_come_back(count, hop, bpm):
    wave = np.sin(2 * np.pi * bpm / 60 * np.arange(count) / 30)
    parts = cut(wave, hop=hop)
    whole = joined(parts[::-1])
    assert len(whole.samples) == 256 + (len(parts) - 1) * hop
    assert whole.start_s == 4.0
    assert whole.end_s == pytest.approx(parts[-1].end_s)
    assert heart_rate(whole, Readout()).bpm == pytest.approx(bpm, abs=1)


def test_a_wave_comes_back_whatever_the_windows_gains_and_offsets():
    wave = np.sin(2 * np.pi * 1.5 * np.arange(600) / 30)
    rng = np.random.default_rng(0)
    parts = [
        Waveform((rng.uniform(0.1, 9) * part.samples + rng.normal()).astype(np.float32), 30.0, part.start_s)
        for part in cut(wave, hop=20)
    ]
    np.testing.assert_allclose(joined(parts).samples, wave[: len(joined(parts).samples)] * 2**0.5, atol=0.03)


def test_joining_tells_the_pulse_from_noise_that_differs_from_window_to_window():
    rng = np.random.default_rng(1)
    tone = np.sin(2 * np.pi * 1.2 * np.arange(616) / 30)
    parts = [
        Waveform((part.samples + rng.normal(0, 1.6, 256)).astype(np.float32), 30.0, part.start_s) for part in cut(tone)
    ]
    single = [abs(heart_rate(part, Readout()).bpm - 72) for part in parts]
    assert abs(heart_rate(joined(parts), Readout()).bpm - 72) < 1 <= max(single)


def test_what_no_wave_covers_is_zero_and_a_constant_wave_adds_nothing():
    tone = np.sin(np.arange(256) / 3).astype(np.float32)
    apart = joined([Waveform(tone, 30.0, 0.0), Waveform(tone, 30.0, 20.0)])
    assert not apart.samples[256:600].any()
    assert apart.samples[600:].any()
    assert not joined([Waveform(np.ones(256, np.float32), 30.0, 0.0)]).samples.any()


def test_waves_of_two_rates_or_none_cannot_be_joined():
    tone = np.ones(8, np.float32)
    with pytest.raises(InputError):
        joined([])
    with pytest.raises(InputError, match="one rate"):
        joined([Waveform(tone, 30.0, 0.0), Waveform(tone, 25.0, 0.0)])
