"""A recording shorter than the network's window gets a provisional rate, from 5 seconds on."""

import numpy as np
import pytest

from pulse8.intake import Normaliser
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.measure.clips.windows import part, window_clips
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.network import early_clip
from pulse8.measure.reading.options import MeasureOptions
from pulse8.values import CellTraces, Clip, Reason

NETWORK = MeasureOptions(method="pulse12")


@pytest.fixture(scope="module")
def traces() -> CellTraces:
    return simulate_recording(0, options=RecordingOptions(seconds=10, seed=7)).traces


def test_provisional_from_five_seconds_until_the_window_is_full(traces: CellTraces) -> None:
    read = [measure_traces(part(traces, slice(0, frames)), NETWORK).windows[-1] for frames in (140, 150, 255, 257)]
    assert [rate.provisional for rate in read] == [False, True, True, False]
    assert read[0].reason is Reason.TOO_SHORT
    full = read[-1]
    assert full.bpm is not None
    assert all(rate.bpm is not None and abs(rate.bpm - full.bpm) < 3 for rate in read[1:3])
    assert read[1].start_s == pytest.approx(traces.t_s[0])
    assert read[1].resolution_bpm == pytest.approx(60 / (read[1].end_s - read[1].start_s))


def test_an_early_clip_is_the_full_one_s_size_with_zeros_first(traces: CellTraces) -> None:
    [clip] = early_clip(part(traces, slice(0, 180)), Normaliser())
    [full] = window_clips(part(traces, slice(0, 257)), Normaliser())
    assert isinstance(clip, Clip)
    assert isinstance(full, Clip)
    assert clip.samples.shape == full.samples.shape
    assert not clip.samples[..., :76].any()
    assert np.all(clip.samples[..., 76:].std(axis=-1) == pytest.approx(1, abs=0.1))
