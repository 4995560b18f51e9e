"""Times of any float64: refused in one line, or measured to the end; never a loop that depends on rounding."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse8.errors import InputError
from pulse8.intake import Normaliser
from pulse8.learn.recording import Ppg, Rates
from pulse8.measure.clips.cells import CellRow
from pulse8.measure.clips.resample import LONGEST_GAP_S, resample
from pulse8.measure.clips.windows import ClipStream, window_clips, windows_between
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.options import MeasureOptions
from pulse8.times import FARTHEST_S, LONGEST_S
from pulse8.values import CellTraces, Reason, TrackedFrame

NORMALISER = Normaliser()
HOSTILE = (math.inf, -math.inf, math.nan, 1e300, -1e300, 5e-324, 2.0**52, FARTHEST_S, -FARTHEST_S, LONGEST_S, 0.0, -0.0)
any_time = st.floats() | st.sampled_from(HOSTILE)
many_times = st.lists(any_time, max_size=12) | st.lists(any_time, max_size=12).map(sorted)
many = settings(max_examples=150, deadline=None)


def traces_at(times):
    count = len(times)
    return CellTraces(
        np.full((count, 3, 4, 3), 90.0, np.float32), np.array(times, float), np.ones((count, 3), np.bool_)
    )


@many
@given(many_times)
def test_whole_recordings_are_refused_or_measured(times):
    try:
        traces = traces_at(times)
    except InputError:
        return
    steps_s = np.diff(traces.t_s)
    assert np.isfinite(traces.t_s).all()
    assert (steps_s > 0).all()
    clips = list(window_clips(traces, NORMALISER))
    assert len(clips) <= len(times) * LONGEST_GAP_S * NORMALISER.rate_hz
    for options in (MeasureOptions(method="pos"), MeasureOptions(method="pulse12")):
        try:
            rates = measure_traces(traces, options).windows
        except InputError:
            continue
        assert all(rate.bpm is None for rate in rates)  # a colour that never changes


@many
@given(many_times)
def test_frames_as_they_come_are_refused_or_measured(times):
    stream = ClipStream(NORMALISER)
    row = CellRow(np.full((3, 4, 3), 90.0, np.float32), np.ones(3, np.bool_), np.ones(3, np.float32), (None,) * 3)
    count = 0
    for t_s in times:
        try:
            count += len(list(stream.push(t_s, row)))
        except InputError:
            continue
    assert count <= len(times) * LONGEST_GAP_S * NORMALISER.rate_hz


@many
@given(many_times)
def test_resampling_is_refused_or_finite(times):
    try:
        even = resample(np.arange(float(len(times))), np.array(times, float))
    except InputError:
        return
    assert np.isfinite(even).all()


@many
@given(any_time, any_time)
def test_windows_are_an_integer_before_any_is_cut(first_s, last_s):
    try:
        count = windows_between(first_s, last_s, NORMALISER)
    except InputError:
        assert not abs(first_s) <= FARTHEST_S or not abs(last_s) <= FARTHEST_S
        return
    assert 0 <= count <= 2 * FARTHEST_S * NORMALISER.rate_hz


@pytest.mark.parametrize("t_s", [math.inf, -math.inf, math.nan, 1e300, 2 * FARTHEST_S])
def test_every_record_that_holds_a_time_refuses_one_that_is_none(t_s):
    samples, times = np.zeros(1, np.float32), np.array([t_s])
    rgb = np.zeros((2, 2, 3), np.uint8)
    for make in (
        lambda: Ppg(samples, times),
        lambda: Rates(samples, times),
        lambda: TrackedFrame(rgb, t_s, rois=None, missing=Reason.NO_FACE),
        lambda: traces_at([t_s]),
    ):
        with pytest.raises(InputError, match="give seconds"):
            make()


def test_times_over_more_than_a_month_are_refused():
    with pytest.raises(InputError, match="a month of them at most"):
        traces_at([0.0, LONGEST_S + 1])


def test_windows_far_from_zero_are_those_near_it():
    t_s = np.arange(900) / 30
    near = windows_between(float(t_s[0]), float(t_s[-1]), NORMALISER)
    far = t_s + 1.79e9
    assert windows_between(float(far[0]), float(far[-1]), NORMALISER) == near == 1 + (899 - 255) // 30
