"""pulse8 measure over several recordings, into a table, and from a camera that is not there."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from commands import pulse8
from pulse8.cli.recordings import named
from pulse8.errors import InputError
from pulse8.notice import NOTICE

BPM = {"a": 75.0, "b": 96.0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two steady traces with a pulse, and one file that is none."""
    t_s = np.arange(600) / 30
    for name, bpm in BPM.items():
        pulse = 0.004 * np.sin(2 * np.pi * bpm / 60 * t_s)
        rgb = np.array([170.0, 120, 95]) * (1 + pulse[:, None] * np.array([0.33, 0.77, 0.53]))
        table = np.column_stack([t_s, rgb])
        np.savetxt(tmp_path / f"{name}.csv", table, delimiter=",", header="time_s,red,green,blue", comments="")
    (tmp_path / "c.csv").write_text("no table\n")
    return tmp_path


def test_a_pattern_measures_each_and_one_bad_file_is_one_line(folder: Path) -> None:
    done = pulse8(folder, "measure", "*.csv", "--method", "pos", "--json", "--csv", "rates.csv")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "c.csv" in done.stderr
    assert {Path(r["recording"]).stem: round(r["whole"]["bpm"]) for r in records} == BPM
    rows = list(csv.DictReader((folder / "rates.csv").read_text().splitlines()))
    assert [(row["recording"], row["span"]) for row in rows] == [
        (name, span) for name in ("a.csv", "b.csv") for span in ("window", "window", "whole")
    ]
    assert all(abs(float(row["bpm"]) - BPM[Path(row["recording"]).stem]) < 1 for row in rows)
    assert {row["notice"] for row in rows} == {NOTICE}


def test_tables_name_their_recording(folder: Path) -> None:
    done = pulse8(folder, "measure", "a.csv", "b.csv", "--method", "pos", "--table")
    assert done.returncode == 0
    assert "pos: a.csv" in done.stdout
    assert "pos: b.csv" in done.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "nothing to measure"),
        (("*.mp4",), "no file fits *.mp4"),
        (("a.csv", "b.csv", "--plot", "x.svg"), "2 recordings do not fit one picture"),
        (("a.csv", "--csv", "rates.txt"), "ends in .csv"),
        (("--camera", "97"), "no camera 97"),
        (("--camera", "0", "--seconds", "0"), "0 s of camera"),
        (("--camera", "0", "--overlay", "x.mp4"), "camera 0 holds no pictures"),
    ],
)
def test_what_cannot_be_measured_is_one_line(folder: Path, words: tuple[str, ...], why: str) -> None:
    done = pulse8(folder, "measure", *words)
    assert done.returncode == 2
    assert why in done.stderr.splitlines()[-1]
    assert not (folder / "x.svg").exists()


def test_a_name_with_signs_of_a_pattern_is_a_file_where_there_is_one(folder: Path) -> None:
    (folder / "take[1].csv").write_text("x")
    assert named([str(folder / "take[1].csv")]) == [folder / "take[1].csv"]
    assert named([str(folder / "[ab].csv")]) == [folder / "a.csv", folder / "b.csv"]
    with pytest.raises(InputError, match="no file fits"):
        named([str(folder / "take?2.csv")])
