"""One conformance kit over every adapter: rendered people on disk in the data set's format, to a store."""

import pickle
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from datasets_on_disk import DATASETS, LAG_S, RATES_BPM, SECONDS, frames
from pulse8.errors import InputError, SpecError
from pulse8.learn.formats.recordings import read_recording, recording_path
from pulse8.learn.prepare.adapters.catalogue import ADAPTERS, adapter
from pulse8.learn.prepare.labels import Labels, window_spans
from pulse8.learn.prepare.one_recording import Task, prepare_recording
from pulse8.learn.prepare.options import PrepareOptions
from pulse8.learn.prepare.store import entry_of


@pytest.fixture(scope="session")
def raws(tmp_path_factory):
    """Each data set's folder, written when it is first asked for."""
    folder, written = tmp_path_factory.mktemp("raw"), set()

    def raw(name):
        if name not in written:
            DATASETS[name].write(folder / name)
            written.add(name)
        return folder / name

    return raw


def test_every_adapter_is_in_the_kit():
    assert set(ADAPTERS) == {*DATASETS, "guide"}  # the guide's file is its own test
    with pytest.raises(SpecError, match="choose from ubfc"):
        adapter("none")


@pytest.mark.parametrize("name", DATASETS)
class TestAdapter:
    def test_it_finds_every_recording_and_whose_it_is(self, name, raws):
        found = ADAPTERS[name].find(raws(name))
        assert tuple(one.recording for one in found) == DATASETS[name].recordings
        assert tuple(one.subject for one in found) == DATASETS[name].subjects
        assert pickle.loads(pickle.dumps(ADAPTERS[name])) == ADAPTERS[name]  # noqa: S301 - our own
        assert ADAPTERS[name].seen

    def test_it_opens_the_pictures_and_the_pulse_on_one_clock(self, name, raws):
        first = ADAPTERS[name].find(raws(name))[0]
        opened = ADAPTERS[name].open(first)
        times = []
        for (rgb, t_s), (drawn, _) in zip(
            opened.pictures, frames(0, Fraction(DATASETS[name].frame_hz).limit_denominator(100)), strict=False
        ):
            if not times:
                np.testing.assert_allclose(rgb.mean(axis=(0, 1)), drawn.mean(axis=(0, 1)), atol=2)  # red is red
                assert rgb.shape == drawn.shape
            times.append(t_s)
        assert len(times) == pytest.approx(SECONDS * DATASETS[name].frame_hz, abs=1)
        assert times[0] == 0
        assert np.mean(np.diff(times)) == pytest.approx(1 / DATASETS[name].frame_hz, rel=0.01)
        assert opened.reference.t_s[-1] == pytest.approx(SECONDS, abs=0.1)
        assert np.median(np.diff(opened.reference.t_s)) == pytest.approx(1 / DATASETS[name].ppg_hz, rel=0.05)

    def test_a_recording_has_the_true_rate_and_the_true_lag(self, name, raws, tmp_path):
        found = ADAPTERS[name].find(raws(name))[0]
        options = PrepareOptions()
        done = prepare_recording(
            Task(adapter=ADAPTERS[name], found=found, raw=raws(name), store=tmp_path, options=options)
        )
        assert (done.recording, done.failed) == (found.recording, None)
        path = recording_path(tmp_path, found.recording)
        entry, recording = entry_of(path), read_recording(path)
        assert recording.subject == DATASETS[name].subjects[0]
        assert recording.traces.valid[:, 1:].mean() > 0.95
        labels = Labels.of(recording)
        assert [labels.between(*span).bpm for span in window_spans(recording)] == [pytest.approx(RATES_BPM[0], abs=1.5)]
        assert (entry.windows, entry.left_out) == (1, {})
        assert entry.lag_s == pytest.approx(LAG_S, abs=0.04)

    def test_a_folder_without_recordings_says_what_the_layout_is(self, name, tmp_path):
        with pytest.raises(InputError, match=r"no recordings at .*--raw"):
            ADAPTERS[name].find(tmp_path)

    @pytest.mark.parametrize("gone", ["video", "truth"])
    def test_a_missing_file_is_one_line(self, name, gone, raws):
        found = ADAPTERS[name].find(raws(name))[0]
        path = getattr(found, gone)
        absent = path.with_name(f"gone-{path.name}")  # a .mat file is both
        changes = {field: absent for field in ("video", "truth") if getattr(found, field) == path}
        with pytest.raises(InputError) as told:
            ADAPTERS[name].open(replace(found, **changes))
        assert "\n" not in str(told.value)
