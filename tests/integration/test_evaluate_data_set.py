"""pulse8 evaluate on a data set: a rendered DATASET_2 folder to a table, by windows, whole recordings and subjects."""

import json

import pytest

from commands import pulse8
from datasets_on_disk import ubfc_people
from pulse8.cli import main
from pulse8.errors import InputError, SpecError
from pulse8.learn.evaluate.data_set import evaluate_data_set
from pulse8.learn.evaluate.options import DataSetOptions, EvaluateOptions
from pulse8.learn.prepare.labels import LABEL_S
from pulse8.learn.prepare.store import Store, write_index
from pulse8.learn.splits.protocols import ProtocolOptions, write_protocol

PEOPLE = {"subject1": 60.0, "subject2": 97.0, "subject3": 74.0}
PLAIN = EvaluateOptions(method=("pos",), oracle=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Raw files of three rendered people, two windows each, and the store that the command makes of them."""
    folder = tmp_path_factory.mktemp("data")
    ubfc_people(folder / "raw", len(PEOPLE), 2 * LABEL_S + 0.2)
    words = ("--method", "pos", "--dataset", "ubfc", "--raw", "raw", "--store", "store", "--oracle", "False", "--json")
    done = pulse8(folder, "evaluate", *words)
    assert done.returncode == 0, done.stderr
    (folder / "table.json").write_text(done.stdout)
    return folder


def test_the_table_has_windows_wholes_and_subjects(folder):
    table = json.loads((folder / "table.json").read_text())
    assert table["source"].startswith("ubfc ")
    assert "3 recordings of 3 subjects; windows left out without a true rate: none" in table["source"]
    rows = {row["method"]: row for row in table["rows"]}
    assert set(rows) == {"constant", "GREEN", "CHROM", "POS"}
    mean = sum(PEOPLE.values()) / len(PEOPLE)
    wrong = sum(abs(bpm - mean) for bpm in PEOPLE.values()) / len(PEOPLE)
    for name, row in rows.items():
        assert (row["windows"], row["subjects"]) == (6, 3)
        expected = wrong if name == "constant" else 0
        assert row["mae_bpm"] == pytest.approx(expected, abs=0.6)
        assert row["whole_mae_bpm"] == pytest.approx(expected, abs=0.6)
    people = {(row["stratum"], row["method"]): row for row in table["subjects"]}
    assert set(people) == {(f"ubfc: {name}", method) for name in PEOPLE for method in rows}
    for name, bpm in PEOPLE.items():
        row = people[f"ubfc: {name}", "constant"]
        assert (row["windows"], row["whole_mae_bpm"]) == (2, pytest.approx(abs(bpm - mean), abs=0.6))


def test_a_protocol_evaluates_its_test_sides(folder, capsys):
    path = folder / "protocol.json"
    protocol = write_protocol(path, [folder / "store"], ProtocolOptions(folds=3))
    table = evaluate_data_set(DataSetOptions(protocol=path), PLAIN)
    assert protocol.sha256[:12] in table.source
    for fold in protocol.folds:
        assert {reading.subject for reading in table.readings[fold.name]["POS"]} == set(fold.sides.test)
    assert main(["evaluate", "--protocol", str(path), "--fold", "fold 2", "--oracle", "False"]) == 0
    told = capsys.readouterr().out
    assert "fold 2" in told
    assert "fold 1" not in told


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"dataset": "ubfc"}, "name the data: --store"),
        ({"raw": "raw"}, "need their --dataset"),
        ({"dataset": "none", "raw": "raw"}, "unknown data set 'none'"),
        ({"dataset": "pure", "store": "store"}, "is a store of ubfc, not of pure"),
        ({"store": "nowhere"}, "run pulse8 prepare --store"),
        ({"protocol": "nowhere"}, "protocol not found"),
    ],
)
def test_data_that_cannot_be_evaluated_are_one_line(folder, data, words):
    places = {"raw", "store", "protocol"}
    options = DataSetOptions(**{name: folder / value if name in places else value for name, value in data.items()})
    with pytest.raises((InputError, SpecError), match=words):
        evaluate_data_set(options, PLAIN)


def test_a_store_of_nobody_is_one_line(tmp_path):
    write_index(Store(tmp_path, "own", simulated=False, entries=()))
    with pytest.raises(InputError, match="holds no recordings"):
        evaluate_data_set(DataSetOptions(store=tmp_path), PLAIN)


def test_strata_and_a_data_set_at_once_are_refused(folder):
    with pytest.raises(SpecError, match="are simulated"):
        evaluate_data_set(DataSetOptions(store=folder / "store"), EvaluateOptions(strata=("easy",)))
