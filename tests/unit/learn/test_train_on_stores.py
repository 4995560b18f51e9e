"""Training from prepared stores and protocols: who stands where, and that rates without a pulse teach no wave."""

import dataclasses

import pytest

from pulse8.errors import InputError, SpecError
from pulse8.learn.datasets.protocols import ProtocolOptions, write_protocol
from pulse8.learn.datasets.recording_file import Prepared, recording_path, write_recording
from pulse8.learn.datasets.store import Store, entry_of, write_index
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.train.options import Pulse12Options
from pulse8.learn.train.sources import open_sources, sides_of

FACTS = {
    "frames": 0,
    "seconds": 0.0,
    "valid_share": [1, 1, 1],
    "windows": 0,
    "left_out": {},
    "lag_s": None,
    "lag_correlation": None,
    "lag_corrected": False,
    "notes": [],
}


def store(folder, dataset, people, *, pulse=True):
    folder.mkdir()
    for number in range(people):
        recording = simulate_recording(number, options=RecordingOptions(seconds=10, seed=5))
        if not pulse:
            recording = dataclasses.replace(recording, reference=None)
        path = recording_path(folder, recording.recording)
        write_recording(path, Prepared(recording=recording, made={}, facts=FACTS))
    entries = tuple(entry_of(path) for path in sorted(folder.glob("*.npz")))
    write_index(Store(folder, dataset, simulated=True, entries=entries))
    return folder


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    return store(folder / "a", "a", 6), store(folder / "b", "b", 4)


def test_people_of_stores_are_split_and_weighted(stores, tmp_path):
    options = Pulse12Options(subjects=0, stores=stores, weights=(1.0, 3.0))
    sources = open_sources(options, tmp_path)
    sides = sides_of(sources)
    assert [weight for _, weight in sources.training] == [1.0, 3.0]
    assert [len(pool.subjects) for pool, _ in sources.training] == [3, 2]
    assert len(sides["validation"]) == 2
    assert not sides["training"] & sides["validation"]
    assert {subject.partition("@")[2] for subject in sides["training"]} == {"a", "b"}
    again = open_sources(options, tmp_path)
    assert [pool.sha256 for pool, _ in again.training] == [pool.sha256 for pool, _ in sources.training]


def test_a_protocols_fold_says_who_trains(stores, tmp_path):
    protocol = write_protocol(tmp_path / "p.json", [stores[0]], ProtocolOptions(folds=3))
    options = Pulse12Options(subjects=0, protocol=tmp_path / "p.json", fold="fold 2")
    sides, wanted = sides_of(open_sources(options, tmp_path)), protocol.fold("fold 2").sides
    assert sides == {"training": set(wanted.train), "validation": set(wanted.validation), "calibration": set()}
    assert not sides["training"] & set(wanted.test)


def test_without_a_pulse_there_is_nothing_to_learn(tmp_path):
    blind = store(tmp_path / "c", "c", 4, pulse=False)
    with pytest.raises(InputError, match="has a contact pulse"):
        open_sources(Pulse12Options(subjects=0, stores=(blind,)), tmp_path)
    with pytest.raises(SpecError, match="leave --stores out"):
        Pulse12Options(stores=(blind,), protocol=blind)
    with pytest.raises(SpecError, match="nothing to train on"):
        Pulse12Options(subjects=0)
