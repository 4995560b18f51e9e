"""The rate that is shown: followed, with its age and spread, and gone with a reason when it is not known any more."""

import dataclasses

import numpy as np
import pytest

from pulse8.measure.clips.cells import CellRow
from pulse8.measure.clips.trace_csv import repeated
from pulse8.measure.line import measure_traces
from pulse8.measure.meter import Meter
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.signal.display import Display, Second, shown_each_second
from pulse8.measure.signal.tracker import LEAST_BELIEF
from pulse8.values import CellTraces, Reason, Waveform

SKIN = np.array([170.0, 120.0, 95.0])
BLOOD = np.array([0.33, 0.77, 0.53])
BAND = (40.0, 180.0)


def seconds(samples):
    starts = range(0, len(samples) - 255, 30)
    waves = [Waveform(samples[start : start + 256].astype(np.float32), 30.0, start / 30) for start in starts]
    return [Second(end_s=wave.end_s, wave=wave) for wave in waves]


def pulse(bpm, length, noise=0.3, seed=0):
    clean = np.sin(2 * np.pi * bpm / 60 / 30 * np.arange(length))
    return clean + noise * np.random.default_rng(seed).normal(size=length)


def face(bpm=75.0, length=900):
    t_s = np.arange(length) / 30
    wave = np.sin(2 * np.pi * bpm / 60 * t_s)[:, None] * BLOOD
    noise = np.random.default_rng(5).normal(0, 0.02, (length, 3))
    return repeated(t_s, SKIN * (1 + 0.004 * wave) + noise)


def test_a_steady_pulse_is_shown_with_a_small_spread_and_no_age():
    shown = list(shown_each_second(seconds(pulse(72.0, 900)), BAND))
    assert [one.bpm for one in shown[3:]] == [pytest.approx(72.0, abs=0.5)] * len(shown[3:])
    assert all(one.spread_bpm < 3 and one.age_s == 0 and one.reason is None for one in shown[3:])
    assert all(one.confidence >= LEAST_BELIEF for one in shown[3:])


def test_what_cannot_be_read_ages_the_rate_until_it_goes_for_the_reason_that_is_given():
    known = seconds(pulse(72.0, 600))
    last_s = known[-1].end_s
    gone = [Second(end_s=last_s + count, wave=None, reason=Reason.NO_FACE) for count in range(1, 61)]
    shown = list(shown_each_second([*known, *gone], BAND))[len(known) :]
    held = [one for one in shown if one.bpm is not None]
    assert held
    assert [one.age_s for one in held] == pytest.approx(list(range(1, len(held) + 1)))
    assert [one.bpm for one in held] == pytest.approx([72.0] * len(held), abs=0.5)
    spreads = [one.spread_bpm for one in held]
    assert spreads == sorted(spreads)
    assert {(one.bpm, one.reason) for one in shown[-30:]} == {(None, Reason.NO_FACE)}


def test_before_anything_was_read_there_is_the_reason_alone():
    (first,) = shown_each_second([Second(end_s=3.0, wave=None, reason=Reason.TOO_SHORT)], BAND)
    assert (first.bpm, first.reason, first.confidence, first.age_s) == (None, Reason.TOO_SHORT, 0.0, None)


def test_nothing_is_shown_before_a_window_was_accepted_and_after_the_rate_has_gone():
    known = seconds(pulse(72.0, 900))
    refused = [dataclasses.replace(one, accepted=False) for one in known]
    display = Display()
    assert {(one.bpm, one.reason) for one in map(display.push, refused[:9])} == {(None, Reason.NO_PULSE)}
    (first, *later) = map(display.push, [known[9], *refused[10:]])
    assert [one.bpm for one in (first, *later)] == pytest.approx([72.0] * (len(later) + 1), abs=0.5)
    gone = [Second(end_s=known[-1].end_s + count, wave=None, reason=Reason.NO_FACE) for count in range(1, 61)]
    assert [*map(display.push, gone)][-1].bpm is None
    back = [dataclasses.replace(one, end_s=one.end_s + 90) for one in refused]
    back = [dataclasses.replace(one, wave=dataclasses.replace(one.wave, start_s=one.wave.start_s + 90)) for one in back]
    assert {one.bpm for one in map(display.push, back)} == {None}


def test_noise_is_not_shown():
    display = Display()
    shown = [display.push(one) for one in seconds(np.random.default_rng(3).normal(size=1200))]
    assert sum(one.bpm is not None for one in shown) <= 1
    assert shown[-1].reason is Reason.NO_PULSE


@pytest.mark.parametrize("method", ["pulse12", "pos"])
def test_a_record_and_a_meter_show_the_same_rate(method):
    options = MeasureOptions(method=method)
    record = measure_traces(face(), options)
    assert record.shown[-1].bpm == pytest.approx(75.0, abs=0.7)
    assert [round(one.at_s * 30) for one in record.shown[:3]] == [256, 286, 316]
    meter = Meter(options)
    rows = [(rgb, float(t_s)) for rgb, t_s in zip(face().rgb, face().t_s, strict=True)]
    readings = [meter.push(row_of(rgb), t_s) for rgb, t_s in rows]
    last = [reading for reading in readings if reading is not None][-1]
    assert last.shown.bpm == pytest.approx(record.shown[-1].bpm, abs=0.7)


def row_of(rgb):
    return CellRow(rgb, np.ones(3, np.bool_), np.full(3, 900, np.float32), (None,) * 3)


def test_a_pause_is_followed_second_by_second():
    one = face(length=1500)
    t_s = one.t_s
    away = (t_s >= 20) & (t_s < 24)
    traces = CellTraces(one.rgb, t_s, one.valid & ~away[:, None], reasons={Reason.NO_FACE: 360})
    shown = measure_traces(traces, MeasureOptions(method="pos")).shown
    paused = [rate for rate in shown if 20.5 < rate.at_s < 32]
    assert len(paused) >= 11
    assert max(rate.age_s for rate in paused if rate.bpm is not None) >= 2
    assert shown[-1].bpm == pytest.approx(75.0, abs=0.7)
    assert shown[-1].age_s == 0
