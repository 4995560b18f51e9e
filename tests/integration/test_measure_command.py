"""``pulse8 measure`` as it is typed: output, exit codes, one line for every bad input."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pulse8.learn.simulate.recording import RecordingOptions
from pulse8.learn.simulate.recording_files import write_recordings
from pulse8.measure.infer import ort

HEADER = "time_s,red,green,blue\n"


def classical(*words, folder):
    return run(*words, "--method", "pos", folder=folder)


def run(*words, folder):
    """Start the command in a folder of its own; any warning ends it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    command = [sys.executable, "-W", "error", "-m", "pulse8", "measure", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)


@pytest.fixture
def folder(tmp_path):
    t_s = np.arange(600) / 30
    pulse = 0.004 * np.sin(2 * np.pi * 1.25 * t_s)
    rgb = np.array([170.0, 120, 95]) * (1 + pulse[:, None] * np.array([0.33, 0.77, 0.53]))
    for name, colours in (("face", rgb), ("grey", np.repeat(rgb[:, :1], 3, axis=1))):
        table = np.column_stack([t_s, colours])
        np.savetxt(tmp_path / f"{name}.csv", table, delimiter=",", header=HEADER.strip(), comments="")
    return tmp_path


def test_one_line_and_the_notice(folder):
    done = classical("face.csv", folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    line, notice = done.stdout.splitlines()
    assert line == "face.csv  75 BPM, steady, 20 s"
    assert notice.startswith("Not a medical device")


def test_quiet_is_the_number_alone(folder):
    done = classical("face.csv", "grey.csv", "--quiet", folder=folder)
    assert (done.returncode, done.stdout, done.stderr) == (1, "75.0\nnone\n", "")
    assert classical("face.csv", "--quiet", "--json", folder=folder).returncode == 2


def test_what_was_written_is_said(folder):
    done = classical("face.csv", "--plot", "p.svg", "--csv", "r.csv", folder=folder)
    assert done.stdout.splitlines()[1:3] == ["rates: r.csv", "picture: p.svg"]


def test_a_folder_is_its_recordings(folder):
    done = classical(".", folder=folder)
    assert [line.split("  ")[0] for line in done.stdout.splitlines()[:2]] == ["face.csv", "grey.csv"]
    (folder / "a.MP4").write_bytes(b"no video")
    assert "a.MP4" in classical(".", folder=folder).stderr


def test_a_table_with_span_rate_confidence_and_resolution(folder):
    done = classical("face.csv", "--table", folder=folder)
    assert done.returncode == 0
    assert done.stderr == ""
    for shown in ("0.0 - 10.0", "10.0 - 20.0", "0.0 - 20.0, whole", "75.0", "resolution, BPM", "6.0", "3.0"):
        assert shown in done.stdout
    assert "Not a medical device" in done.stdout


def test_json_is_one_record(folder):
    done = run("face.csv", "--json", "--method", "chrom", "--hop-s", "5", folder=folder)
    record = json.loads(done.stdout)
    assert done.returncode == 0
    assert record["method"] == "chrom"
    assert [window["start_s"] for window in record["windows"]] == [0, 5, 10]
    assert record["whole"]["bpm"] == pytest.approx(75, abs=0.1)
    assert record["answer"]["bpm"] == record["whole"]["bpm"]
    assert record["answer"]["low_bpm"] <= 75.1
    assert record["answer"]["steady"]
    assert "Not a medical device" in record["notice"]


def test_a_grey_picture_ends_with_1_and_says_why(folder):
    done = classical("grey.csv", folder=folder)
    assert done.returncode == 1
    assert done.stdout.startswith("grey.csv  no rate: no colour, 20 s\nWhy there is no rate: pulse8 measure grey.csv")
    assert run("grey.csv", "--method", "green", folder=folder).returncode == 0


def test_a_plot_is_written(folder):
    assert classical("face.csv", "--plot", "out.svg", folder=folder).returncode == 0
    assert "Not a medical device" in (folder / "out.svg").read_text(encoding="utf-8")


BAD = {
    "missing": None,
    "folder": "a folder",
    "empty": "",
    "without a column": "time_s,red,blue\n0,1,2\n",
    "not a number": HEADER + "0,1,two,3\n",
    "nan": HEADER + "0,1,NaN,3\n",
    "backwards": HEADER + "0,1,2,3\n1,1,2,3\n0.9,1,2,3\n",
    "three samples": HEADER + "0,1,2,3\n0.03,1,2,3\n0.07,1,2,3\n",
    "milliseconds": HEADER + "".join(f"{33 * frame},1,2,3\n" for frame in range(300)),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_2(folder, case):
    path = folder / "bad.csv"
    if BAD[case] == "a folder":
        path.mkdir()
    elif BAD[case] is not None:
        path.write_text(BAD[case], encoding="utf-8")
    done = run("bad.csv", folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("❌ Error: ")
    assert done.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    """A simulated person's traces; a tone without noise is nothing that the network was trained on."""
    folder = tmp_path_factory.mktemp("person")
    (written,) = write_recordings(folder, "easy", 1, RecordingOptions(seconds=20.6, seed=5))
    return Path(written.traces)


def test_the_network_is_the_default_and_has_windows_of_its_own(person, folder):
    for model in ("int8", "fp32"):
        done = run(str(person), "--json", "--model", model, folder=folder)
        record = json.loads(done.stdout)
        assert (done.returncode, done.stderr, record["method"]) == (0, "", "pulse12")
        assert [window["start_s"] for window in record["windows"]] == pytest.approx(list(range(13)))
        assert record["windows"][0]["end_s"] == pytest.approx(256 / 30)
        assert all(rate["bpm"] == pytest.approx(146.8, abs=4) for rate in record["windows"])
        assert record["whole"]["bpm"] == pytest.approx(146.8, abs=2)
        assert record["whole"]["end_s"] == pytest.approx(12 + 256 / 30)


def test_the_network_reads_a_clean_tone_in_each_window_and_in_the_whole(folder):
    done = run("face.csv", "--json", folder=folder)
    record = json.loads(done.stdout)
    assert done.returncode == 0
    assert all(rate["bpm"] == pytest.approx(75, abs=1) for rate in (*record["windows"], record["whole"]))


def test_the_network_says_why_there_is_no_rate(folder):
    grey = run("grey.csv", "--json", folder=folder)
    assert grey.returncode == 1
    assert {window["reason"] for window in json.loads(grey.stdout)["windows"]} == {"no colour"}


def test_six_seconds_give_the_network_a_provisional_rate(folder):
    short = folder / "short.csv"
    short.write_text("".join((folder / "face.csv").read_text().splitlines(keepends=True)[:200]))
    done = run("short.csv", "--json", folder=folder)
    [window] = json.loads(done.stdout)["windows"]
    assert done.returncode == 0
    assert window["provisional"]
    assert window["bpm"] == pytest.approx(75, abs=2)


def test_the_networks_wave_is_plotted(person, folder):
    assert run(str(person), "--plot", "out.svg", folder=folder).returncode == 0
    assert (folder / "out.svg").stat().st_size > 10_000


def test_a_model_that_makes_no_waves_is_one_line_and_2(folder):
    weights = Path(ort.__file__).with_name("weights")
    (folder / "bad.onnx").write_bytes(b"no model")
    for model in (weights / "ultralight_int8.onnx", folder / "bad.onnx", folder / "none.onnx"):
        done = run("face.csv", "--model", model, folder=folder)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    "words",
    [
        ("--method", "pos", "--window-s", "3"),
        ("--window-s", "9"),
        ("--band-bpm", "100", "90"),
        ("--plot", "out.pdf"),
    ],
)
def test_bad_options_are_one_line_and_2(folder, words):
    done = run("face.csv", *words, folder=folder)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_the_verb_loads_neither_torch_nor_matplotlib():
    code = "import sys, pulse8.cli.measure; print(sorted({'torch', 'matplotlib'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
