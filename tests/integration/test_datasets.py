"""One conformance kit over every adapter: rendered people on disk in the data set's format, to a store."""

import pickle
import shutil

import numpy as np
import pytest

from datasets_on_disk import DATASETS, LAG_S, RATES_BPM, SECONDS, frames
from pulse8.errors import InputError, SpecError
from pulse8.learn.datasets.adapters.catalogue import ADAPTERS, adapter
from pulse8.learn.datasets.labels import Labels, window_spans
from pulse8.learn.datasets.prepare import prepare
from pulse8.learn.datasets.store import open_store


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


@pytest.fixture(scope="session")
def stores(raws, tmp_path_factory):
    """Each data set's store, prepared when it is first asked for."""
    folder, done = tmp_path_factory.mktemp("stores"), {}

    def store(name):
        if name not in done:
            done[name] = prepare(name, raws(name), folder / name)
        return done[name], open_store(folder / name)

    return store


def test_every_adapter_is_in_the_kit():
    assert set(ADAPTERS) == set(DATASETS)
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
        for (rgb, t_s), (drawn, _) in zip(opened.pictures, frames(0), strict=False):
            if not times:
                np.testing.assert_allclose(rgb.mean(axis=(0, 1)), drawn.mean(axis=(0, 1)), atol=2)  # red is red
                assert rgb.shape == drawn.shape
            times.append(t_s)
        assert len(times) == pytest.approx(SECONDS * DATASETS[name].frame_hz, abs=1)
        assert times[0] == 0
        assert np.mean(np.diff(times)) == pytest.approx(1 / DATASETS[name].frame_hz, rel=0.01)
        assert np.ptp(opened.reference.t_s) == pytest.approx(SECONDS, abs=0.2)
        assert np.median(np.diff(opened.reference.t_s)) == pytest.approx(1 / DATASETS[name].ppg_hz, rel=0.05)

    def test_its_recordings_have_the_true_rate_and_the_true_lag(self, name, stores):
        report, store = stores(name)
        assert report.failed == ()
        assert (report.recordings, report.prepared) == (2, 2)
        assert set(store.subjects) == set(DATASETS[name].subjects)
        rates = dict(zip(DATASETS[name].recordings, RATES_BPM, strict=True))
        for entry in store.entries:
            recording = store.read(entry)
            labels = Labels.of(recording)
            found = [labels.between(*span) for span in window_spans(recording)]
            assert [label.bpm for label in found] == [pytest.approx(rates[entry.recording], abs=1.5)]
            assert (entry.windows, entry.left_out) == (1, {})
            assert entry.lag_s == pytest.approx(LAG_S, abs=0.04)
            assert recording.traces.valid[:, 1:].mean() > 0.95

    def test_a_folder_without_recordings_says_what_the_layout_is(self, name, tmp_path):
        with pytest.raises(InputError, match=r"no recordings at .*--raw"):
            ADAPTERS[name].find(tmp_path)

    @pytest.mark.parametrize("gone", ["video", "truth"])
    def test_a_missing_file_is_one_line(self, name, gone, raws, tmp_path):
        shutil.copytree(raws(name), tmp_path / "raw")
        found = ADAPTERS[name].find(tmp_path / "raw")[0]
        path = getattr(found, gone)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        with pytest.raises(InputError) as told:
            ADAPTERS[name].open(found)
        assert "\n" not in str(told.value)
