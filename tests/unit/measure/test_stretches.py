"""Recordings with pauses, and rates that noise could have given."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse8.errors import InputError
from pulse8.measure.clips.skin import skin_trace
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.signal.rate import noise_tonality, tonality
from pulse8.values import CellTraces, Reason, Waveform

POS = MeasureOptions(method="pos")
SKIN = np.array([170.0, 120, 95])


def traces(seconds: float = 30.0, bpm: float = 72.0, strength: float = 0.005, noise: float = 0.0) -> CellTraces:
    t_s = np.arange(round(30 * seconds)) / 30
    wave = strength * np.sin(2 * np.pi * bpm / 60 * t_s)[:, None] * np.array([0.43, 1.0, 0.69])
    grain = np.random.default_rng(0).normal(0, noise, (len(t_s), 3))
    rgb = np.broadcast_to((SKIN * (1 + wave + grain))[:, None, None], (len(t_s), 3, 4, 3)).astype(np.float32)
    return CellTraces(rgb, t_s, np.ones((len(t_s), 3), bool), reasons={Reason.NO_FACE: 3})


def hidden(whole: CellTraces, start_s: float, end_s: float, rois: slice = slice(None)) -> CellTraces:
    valid = whole.valid.copy()
    valid[(whole.t_s >= start_s) & (whole.t_s < end_s), rois] = False
    rgb = np.where(valid[:, :, None, None], whole.rgb, 0)
    return CellTraces(rgb, whole.t_s, valid, reasons=whole.reasons)


def test_a_long_pause_has_a_row_of_its_own():
    windows = measure_traces(hidden(traces(), 12, 14), POS).windows
    assert [rate.reason for rate in windows] == [None, Reason.NO_FACE, None]
    assert [rate.bpm for rate in windows if rate.bpm] == pytest.approx([72, 72], abs=0.5)
    assert windows[2].start_s == pytest.approx(14)


def test_a_short_pause_is_bridged():
    measured = measure_traces(hidden(traces(), 12, 12.3), POS)
    assert [rate.bpm for rate in measured.windows] == pytest.approx([72, 72, 72], abs=0.5)


def test_one_roi_that_is_away_for_long_is_left_out():
    assert measure_traces(hidden(traces(), 12, 14, slice(2, 3)), POS).whole.bpm == pytest.approx(72, abs=0.3)
    used = skin_trace(hidden(traces(), 12, 14, slice(2, 3)))
    assert len(used.rgb) == 900


def test_a_part_too_short_to_be_measured_says_so():
    measured = measure_traces(hidden(traces(20), 3, 4), POS)
    assert measured.windows[0].reason is Reason.TOO_SHORT
    assert measured.whole.start_s == pytest.approx(4)


def test_nothing_in_sight_is_one_line():
    with pytest.raises(InputError, match=r"no ROI can be measured in any frame; no face \(3\)"):
        measure_traces(hidden(traces(), 0, 99), POS)


def test_noise_is_refused_and_a_pulse_in_noise_is_not():
    noisy = measure_traces(traces(strength=0.0, noise=0.002), POS)
    assert {rate.reason for rate in (*noisy.windows, noisy.whole)} == {Reason.NO_PULSE}
    assert measure_traces(traces(strength=0.005, noise=0.002), POS).whole.bpm == pytest.approx(72, abs=1)


@pytest.mark.parametrize("bpm", [45, 175])
def test_rates_at_the_bands_ends_are_not_refused(bpm):
    measured = measure_traces(traces(12, bpm=bpm, noise=0.0005), MeasureOptions(method="pos", window_s=12, hop_s=12))
    assert measured.whole.bpm == pytest.approx(bpm, abs=1)


@given(st.floats(5, 120))
@settings(max_examples=20, deadline=None)
def test_the_limit_falls_with_the_length_and_a_tone_is_over_it(seconds):
    limit = noise_tonality(seconds, (40, 180))
    assert 0 < noise_tonality(seconds + 5, (40, 180)) < limit < 1
    tone = np.sin(2 * np.pi * 1.2 * np.arange(round(30 * seconds)) / 30).astype(np.float32)
    assert tonality(Waveform(tone, 30.0, 0.0), (40, 180)) > limit


def test_waves_are_those_of_the_long_parts():
    waves = measure_traces(hidden(traces(20), 3, 4), POS).waves
    assert [wave.start_s for wave in waves] == [pytest.approx(4)]
