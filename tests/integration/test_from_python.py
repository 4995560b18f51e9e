"""What a notebook uses: pictures as arrays and generators, an own method, a DataFrame, a card, a misspelt name."""

import numpy as np
import pandas as pd
import pytest

import pulse8
from pulse8.learn.simulate.face_video import FaceVideo, render
from pulse8.measure.clips.trace_csv import repeated
from pulse8.values import Reason

FACE = FaceVideo(seconds=9.0, width=320, height=240, zoom=0.9, bpm=72.0, motion_px=4.0, noise_levels=0.7)


@pytest.fixture(scope="module")
def pictures():
    return [rgb for rgb, _ in render(FACE)]


@pytest.fixture(scope="module")
def measured(pictures):
    return pulse8.measure_frames(pictures, 30)


@pytest.fixture(scope="module")
def traces():
    t_s = np.arange(600) / 30
    pulse = 0.004 * np.sin(2 * np.pi * 1.25 * t_s)
    return repeated(t_s, np.array([170.0, 120, 95]) * (1 + pulse[:, None] * np.array([0.33, 0.77, 0.53])))


def test_a_list_an_array_and_a_generator_are_one_recording(pictures, measured):
    assert measured.whole.bpm == pytest.approx(72, abs=2)
    times = np.arange(len(pictures)) / 30
    for given, when in ((np.stack(pictures), 30.0), ((one for one in pictures), times), (iter(pictures), list(times))):
        again = pulse8.measure_frames(given, when)
        assert again.windows == measured.windows


def test_half_the_rate_is_half_the_frames_a_second(pictures):
    assert pulse8.measure_frames(pictures[::2], 15).whole.bpm == pytest.approx(72, abs=3)


BAD = {
    "float": (lambda one: one / 255.0, r"picture 0 is float64 .*uint8"),
    "grey": (lambda one: one[..., 0], r"picture 0 is uint8 \[240, 320\]"),
    "four channels": (lambda one: np.concatenate([one, one[..., :1]], -1), r"\[240, 320, 4\]"),
    "empty": (lambda one: one[:0], r"\[0, 320, 3\]"),
}


@pytest.mark.parametrize("case", BAD)
def test_pictures_of_another_form_are_refused(pictures, case):
    spoil, why = BAD[case]
    with pytest.raises(pulse8.Pulse8Error, match=why):
        pulse8.measure_frames((spoil(one) for one in pictures), 30)


@pytest.mark.parametrize(
    ("times", "why"),
    [
        (0, "frames per second; give 1 to 1000"),
        (float("nan"), "frames per second"),
        ([0.0, 0.1], "more pictures than times, which are 2"),
        ([0.0, 0.0, 0.1], "time of picture 1"),
        ([0.0, float("nan"), 0.1], "time of picture 1"),
        (np.arange(1000) / 30, "more times than pictures, which are 270"),
    ],
)
def test_times_that_do_not_fit_are_refused(pictures, times, why):
    with pytest.raises(pulse8.Pulse8Error, match=why):
        pulse8.measure_frames(pictures, times)


def test_a_generator_is_read_one_picture_at_a_time(pictures):
    alive = 0

    def counted():
        nonlocal alive
        for one in pictures:
            alive += 1
            yield one

    with pytest.raises(pulse8.Pulse8Error, match="time of picture 3"):
        pulse8.measure_frames(counted(), [0, 1 / 30, 2 / 30, 2 / 30])
    assert alive == 4


def test_a_data_frame_has_a_row_a_window(measured):
    frame = measured.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["bpm"]) == [one.bpm for one in measured.windows]
    assert list(frame["reason"]) == [None]


def test_a_refused_window_is_nan_with_its_reason(traces):
    still = repeated(traces.t_s, np.repeat(traces.rgb[:1, 0, 0], 600, axis=0))
    frame = pulse8.measure_traces(still, pulse8.MeasureOptions(method="pos")).to_frame()
    assert frame["bpm"].isna().all()
    assert set(frame["reason"]) == {"no pulse"}


def test_the_card_has_the_answer_and_every_window_as_text(traces):
    measured = pulse8.measure_traces(traces, pulse8.MeasureOptions(method="pos"), source="a/<b>.csv")
    card = measured._repr_html_()
    assert "&lt;b&gt;.csv: 75 BPM, steady, 20 s" in card
    assert "<polyline" in card
    assert card.count("<tr>") == 1 + len(measured.windows)
    assert "Not a medical device" in card
    assert "<script" not in card


def test_an_own_method_takes_the_same_road(traces):
    def reddest(rgb, rate_hz):
        assert rate_hz == 30
        return rgb[:, 0] / rgb[:, 0].mean() - 1

    own = pulse8.measure_traces(traces, pulse8.OwnMethod(pulse=reddest))
    known = pulse8.measure_traces(traces, pulse8.MeasureOptions(method="red"))
    assert own.method == "reddest"
    assert [one.bpm for one in own.windows] == pytest.approx([one.bpm for one in known.windows])
    noise = pulse8.OwnMethod(pulse=lambda rgb, _: np.random.default_rng(1).normal(size=len(rgb)))
    assert {one.reason for one in pulse8.measure_traces(traces, noise).windows} == {Reason.NO_PULSE}


@pytest.mark.parametrize("bad", [lambda rgb, _: rgb, lambda rgb, _: rgb[:5, 0], lambda rgb, _: rgb[:, 0] * np.nan])
def test_an_own_method_that_returns_something_else_is_refused(traces, bad):
    with pytest.raises(pulse8.Pulse8Error, match=r"return \d+ finite numbers"):
        pulse8.measure_traces(traces, pulse8.OwnMethod(pulse=bad))


def test_a_misspelt_name_suggests_one():
    with pytest.raises(AttributeError, match="did you mean 'measure_video'"):
        _ = pulse8.mesure_video
    with pytest.raises(AttributeError, match=r"dir\(pulse8\)"):
        _ = pulse8.xyzzy
