"""Training from prepared stores and protocols: who stands where, and that rates without a pulse teach no wave."""

import dataclasses

import pytest

from pulse8.errors import InputError, SpecError
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.splits.protocols import ProtocolOptions, write_protocol
from pulse8.learn.train.options import Pulse12Options
from pulse8.learn.train.sources import open_sources, sides_of
from stores_on_disk import store_of


def people(count, *, pulse=True):
    for number in range(count):
        recording = simulate_recording(number, options=RecordingOptions(seconds=10, seed=5))
        yield recording if pulse else dataclasses.replace(recording, reference=None)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    return store_of(folder / "a", "a", people(6)), store_of(folder / "b", "b", people(4))


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
    blind = store_of(tmp_path / "c", "c", people(4, pulse=False))
    with pytest.raises(InputError, match="has a contact pulse"):
        open_sources(Pulse12Options(subjects=0, stores=(blind,)), tmp_path)
    with pytest.raises(SpecError, match="leave --stores out"):
        Pulse12Options(stores=(blind,), protocol=blind)
    with pytest.raises(SpecError, match="nothing to train on"):
        Pulse12Options(subjects=0)
