"""Protocols: nobody on two sides, bound to the stores' content, the same for training and evaluation."""

import json

import pytest

from pulse8.cli import main
from pulse8.errors import InputError, SpecError
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.splits.protocols import ProtocolOptions, open_protocol, write_protocol
from pulse8.learn.splits.split import Sides, k_folds
from stores_on_disk import store_of


def people(count, seed=0):
    return (simulate_recording(number, options=RecordingOptions(seconds=2, seed=seed)) for number in range(count))


@pytest.fixture
def two(tmp_path):
    return store_of(tmp_path / "a", "a", people(7)), store_of(tmp_path / "b", "b", people(3))


def test_everybody_is_tested_once_and_trains_elsewhere(two, tmp_path):
    protocol = write_protocol(tmp_path / "p.json", [two[0]], ProtocolOptions(folds=3))
    assert [fold.name for fold in protocol.folds] == ["fold 1", "fold 2", "fold 3"]
    tested = [subject for fold in protocol.folds for subject in fold.sides.test]
    assert sorted(tested) == sorted({f"sim-0-{n:04d}@a" for n in range(7)})
    for fold in protocol.folds:
        assert len({*fold.sides.train, *fold.sides.validation, *fold.sides.test}) == 7
    fold = protocol.fold("fold 2")
    assert {r.subject for r in protocol.recordings(fold.sides.test)} == set(fold.sides.test)
    assert protocol.simulated
    with pytest.raises(SpecError, match="choose from fold 1"):
        protocol.fold("fold 9")


def test_across_data_sets_all_of_one_side_is_tested(two, tmp_path):
    protocol = write_protocol(tmp_path / "deep" / "p.json", [two[0]], ProtocolOptions(test_on=two[1]))
    (fold,) = protocol.folds
    assert (fold.name, len(fold.sides.train), len(fold.sides.validation), len(fold.sides.test)) == ("a to b", 6, 1, 3)
    # The same ids stand in both data sets, and are other people there.
    assert {r.subject for r in protocol.recordings(fold.sides.test)} == {f"sim-0-{n:04d}@b" for n in range(3)}


def test_a_protocol_is_the_same_bytes_whatever_is_written_when(two, tmp_path):
    one = write_protocol(tmp_path / "1.json", [two[0]], ProtocolOptions(folds=3))
    other = write_protocol(tmp_path / "2.json", [two[0]], ProtocolOptions(folds=3))
    assert one.sha256 == other.sha256


def test_one_data_set_on_two_sides_is_refused(two, tmp_path):
    with pytest.raises(InputError, match="on two sides"):
        write_protocol(tmp_path / "p.json", [two[0]], ProtocolOptions(test_on=two[0]))
    assert not (tmp_path / "p.json").exists()


def test_a_subject_that_was_put_on_two_sides_is_refused(two, tmp_path):
    path = tmp_path / "p.json"
    write_protocol(path, [two[0]], ProtocolOptions(folds=3))
    fields = json.loads(path.read_text())
    fields["folds"][1]["train"].append(fields["folds"][1]["test"][0])
    path.write_text(json.dumps(fields))
    with pytest.raises(InputError, match="is in two parts of the split"):
        open_protocol(path)


def test_a_store_that_changed_is_refused(two, tmp_path):
    path = tmp_path / "p.json"
    write_protocol(path, [two[0]], ProtocolOptions(folds=3))
    store_of(two[0], "a", people(8))
    with pytest.raises(InputError, match="changed after"):
        open_protocol(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"stores": [], "folds": [], "format": 1, "kind": 2}', "[" * 99999])
def test_an_invalid_protocol_is_one_line(tmp_path, text):
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(InputError) as raised:
        open_protocol(tmp_path / "p.json")
    assert "\n" not in str(raised.value)


def test_too_few_subjects_are_one_line(two, tmp_path):
    with pytest.raises(InputError, match="3 subjects cannot make 5 folds"):
        write_protocol(tmp_path / "p.json", [two[1]], ProtocolOptions())
    assert len(k_folds(["a", "b", "c"], 3)) == 3
    with pytest.raises(InputError, match="two parts"):
        Sides(("a",), ("b",), ("a",))


def test_the_command_prints_the_number_of_subjects_per_side(two, tmp_path, capsys):
    words = ["protocol", "--stores", str(two[0]), "--folds", "3", "--output", str(tmp_path / "p.json")]
    assert main(words) == 0
    assert "fold 1: 3 subjects train, 1 validate, 3 are tested" in capsys.readouterr().out
