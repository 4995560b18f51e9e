"""The measure line: windows, reasons, options."""

import numpy as np
import pytest

import pulse8
from pulse8.errors import InputError, SpecError
from pulse8.measure.clips.skin import skin_trace
from pulse8.measure.clips.trace_csv import repeated
from pulse8.measure.line import measure_traces
from pulse8.measure.reading import classical
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.signal.classical import METHODS, NEED_COLOUR
from pulse8.values import CellTraces, Reason

SKIN = np.array([170.0, 120.0, 95.0])
BLOOD = np.array([0.33, 0.77, 0.53])
POS = MeasureOptions(method="pos")
every_method = pytest.mark.parametrize("name", METHODS)


def face(bpm=75.0, seconds=30.0, rate_hz=30.0, start_s=0.0):
    t_s = np.arange(round(seconds * rate_hz)) / rate_hz
    pulse = np.sin(2 * np.pi * bpm / 60 * t_s)
    return repeated(start_s + t_s, SKIN * (1 + 0.004 * pulse[:, None] * BLOOD))


@every_method
def test_every_window_reads_the_pulse(name):
    measured = measure_traces(face(), MeasureOptions(method=name))
    assert measured.method == name
    assert [rate.bpm for rate in measured.windows] == pytest.approx([75, 75, 75], abs=0.3)
    assert measured.whole.bpm == pytest.approx(75, abs=0.1)


def test_windows_stand_where_hop_and_start_put_them():
    measured = measure_traces(face(start_s=3.0), MeasureOptions(method="pos", window_s=8.0, hop_s=5.5))
    assert [rate.start_s for rate in measured.windows] == pytest.approx([3.0, 8.5, 14.0, 19.5, 25.0])
    assert {round(rate.end_s - rate.start_s, 9) for rate in measured.windows} == {8.0}
    assert (measured.whole.start_s, measured.whole.end_s) == pytest.approx((3.0, 33.0))


def test_a_window_depends_on_itself_alone():
    calm, wild = face(), face()
    loud = wild.rgb.copy()
    loud[300:] += 20 * np.random.default_rng(0).random((600, 1, 1, 1))
    wild = CellTraces(loud, wild.t_s, wild.valid)
    assert measure_traces(wild, POS).windows[0] == measure_traces(calm, POS).windows[0]
    assert measure_traces(wild, POS).windows[1] != measure_traces(calm, POS).windows[1]


def test_a_recording_shorter_than_a_window_is_provisional():
    (rate,) = measure_traces(face(seconds=7.0), POS).windows
    assert rate.provisional
    assert rate.bpm == pytest.approx(75, abs=1)
    assert not measure_traces(face(seconds=10.0), POS).windows[0].provisional


@pytest.mark.parametrize("frames", [2, 3, 8, 149])
def test_frames_for_less_than_five_seconds_are_too_short(frames):
    traces = repeated(face().t_s[:frames], face().rgb[:frames, 0, 0])
    assert measure_traces(traces, POS).whole.reason is Reason.TOO_SHORT


@every_method
def test_a_grey_picture_has_no_colour_for_those_who_need_it(name):
    one = face().rgb[:, 0, 0, :1]
    grey = repeated(face().t_s, np.repeat(one, 3, axis=1))
    rates = measure_traces(grey, MeasureOptions(method=name)).windows
    if name in NEED_COLOUR:
        assert {rate.reason for rate in rates} == {Reason.NO_COLOUR}
    else:
        assert [rate.bpm for rate in rates] == pytest.approx([75, 75, 75], abs=0.3)


@every_method
def test_a_still_picture_has_no_pulse(name):
    still = repeated(face().t_s, np.tile([150.1, 100.3, 90.7], (900, 1)))
    assert {rate.reason for rate in measure_traces(still, MeasureOptions(method=name)).windows} == {Reason.NO_PULSE}


@every_method
def test_light_that_grows_steadily_has_no_pulse(name):
    ramp = repeated(face().t_s, SKIN + face().t_s[:, None] * np.array([0.6, 0.5, 0.2]))
    for rate in measure_traces(ramp, MeasureOptions(method=name)).windows:
        assert rate.reason is Reason.NO_PULSE or rate.confidence < 0.5


@every_method
def test_not_a_number_spoils_its_window_and_no_other(name):
    rgb = face().rgb.copy()
    rgb[400] = np.nan
    first, second, third = measure_traces(
        CellTraces(rgb, face().t_s, face().valid), MeasureOptions(method=name)
    ).windows
    assert (first.reason, second.reason, third.reason) == (None, Reason.NO_PULSE, None)


def test_rois_that_are_often_missing_are_left_out():
    rgb, valid = face().rgb.copy(), face().valid.copy()
    rgb[:200, 1], valid[:200, 1] = 0, False
    rgb[500:505, 0], valid[500:505, 0] = 0, False
    assert [r.bpm for r in measure_traces(CellTraces(rgb, face().t_s, valid), POS).windows] == pytest.approx(
        [75] * 3, abs=0.5
    )
    with pytest.raises(InputError, match="no ROI can be measured in any frame"):
        measure_traces(CellTraces(rgb, face().t_s, np.zeros_like(valid)), POS)


def test_the_skin_is_the_mean_of_what_was_seen():
    rgb, valid = np.zeros((60, 3, 4, 3), dtype=np.float32), np.ones((60, 3), dtype=bool)
    rgb[:, 0], rgb[:, 2] = 100 + np.arange(4)[:, None], 200
    valid[:, 1] = False
    rgb[30, 0], valid[30, 0] = 0, False
    skin = skin_trace(CellTraces(rgb, 5 + np.arange(60) / 30, valid))
    np.testing.assert_allclose(skin.rgb, np.full((60, 3), (101.5 + 200) / 2))
    assert skin.start_s == 5


def drifting_light(random):
    """Give a rate, and ten seconds of it under light that walks at random, with camera noise."""
    bpm, t_s = random.uniform(45, 150), np.arange(300) / 30
    pulse = 0.004 * np.sin(2 * np.pi * bpm / 60 * t_s + random.uniform(0, 6))
    light = np.cumsum(random.normal(0, 0.002, 300))[:, None] + np.cumsum(random.normal(0, 0.0006, (300, 3)), axis=0)
    rgb = 0.8 * SKIN * (1 + pulse[:, None] * BLOOD) * (1 + light) + random.normal(0, 0.05, (300, 3))
    return bpm, repeated(t_s, rgb)


def test_detrending_pays_when_the_light_drifts(monkeypatch):
    random = np.random.default_rng(0)
    true, recordings = zip(*[drifting_light(random) for _ in range(250)], strict=True)

    def error():
        options = MeasureOptions(method="green")
        rates = [classical.read_rate(skin_trace(recording), options).bpm for recording in recordings]
        return np.abs(np.array(rates) - true).mean()

    with_it = error()
    monkeypatch.setattr(classical, "detrend", lambda signal: signal)
    assert with_it < 0.85 * error()


def test_no_frames_at_all_are_refused():
    with pytest.raises(InputError):
        measure_traces(repeated(np.empty(0), np.empty((0, 3))), POS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "fast"},
        {"method": "pos", "window_s": 4.9},
        {"method": "pos", "window_s": float("nan")},
        {"method": "pos", "hop_s": 0.0},
        {"window_s": 12.0},
        {"band_bpm": (180.0, 40.0)},
        {"band_bpm": (40.0, 241.0)},
        {"band_bpm": (40.0, float("nan"))},
    ],
)
def test_options_outside_what_they_may_be_are_refused(wrong):
    with pytest.raises(SpecError):
        MeasureOptions(**wrong)


def test_public_names_lead_to_the_line():
    assert pulse8.measure_traces is measure_traces
    assert pulse8.MeasureOptions is MeasureOptions
    assert {"Measurement", "read_trace_csv"} <= set(dir(pulse8))
