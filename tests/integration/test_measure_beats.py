"""``pulse8 measure --beats``, ``--beats-csv``, ``--edf``: what a user gets, and what another EDF+ reader reads."""

import csv
import json

import numpy as np
import pyedflib
import pytest

from commands import pulse8
from pulse8.learn.simulate.conditions import Body, Conditions, Skin
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.measure.line import measure_traces


@pytest.fixture(scope="module")
def traces():
    """Seventy seconds of a simulated person with a strong pulse, breathing 15 times a minute."""
    body = Body(bpm=72, breath_hz=0.25, breath_swing_bpm=4, breath_depth=0.1)
    world = Conditions(body=body, skin=Skin(pulse_share=0.02))
    return simulate_recording(7, world, RecordingOptions(seconds=70)).traces


@pytest.fixture(scope="module")
def table(tmp_path_factory, traces):
    """The same as a table of one skin trace, without its last second."""
    path = tmp_path_factory.mktemp("beats") / "person.csv"
    rows = np.column_stack([traces.t_s, traces.rgb.mean(axis=(1, 2))])[: 30 * 69]
    np.savetxt(path, rows, delimiter=",", header="time_s,red,green,blue", comments="", fmt="%.5f")
    return path


def test_the_beats_of_a_simulated_person_are_about_all_there(traces):
    measured = measure_traces(traces)
    known = [beat for beat in measured.beats if beat.interval_s is not None]
    assert 60 < len(known) < 90
    assert np.mean([beat.interval_s for beat in known]) == pytest.approx(60 / 72, abs=0.02)
    assert measured.respiration.per_min == pytest.approx(15, abs=1)
    assert measured.beats is measured.beats  # worked out once


def test_a_record_and_a_table_say_the_same(tmp_path, table):
    done = pulse8(tmp_path, "measure", table, "--json", "--beats", "--beats-csv", "beats.csv")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    rows = list(csv.DictReader((tmp_path / "beats.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(record["beats"]) > 40
    for row, beat in zip(rows, record["beats"], strict=True):
        assert bool(row["t_s"]) == (beat["t_s"] is not None)
        if beat["t_s"] is None:
            assert row["reason"] == beat["reason"] == "95 % interval too wide"
        else:
            assert float(row["t_high_s"]) - float(row["t_low_s"]) == pytest.approx(2 * beat["half_s"], abs=2e-4)
    for name in ("sdnn", "rmssd"):
        found = record["variability"][name]
        assert (found["ms"] is None) == (found["reason"] is not None)
    assert (record["respiration"]["per_min"] is None) == (record["respiration"]["reason"] is not None)


def test_beats_are_worked_out_only_when_they_are_asked_for(tmp_path, table):
    record = json.loads(pulse8(tmp_path, "measure", table, "--json").stdout)
    assert (record["beats"], record["variability"], record["respiration"]) == (None, None, None)


def test_the_console_says_what_is_there_and_why_not(tmp_path, table):
    done = pulse8(tmp_path, "measure", table, "--beats")
    assert done.returncode == 0, done.stderr
    for word in ("SDNN: ", "RMSSD: ", "respiration: ", "peaks are beats"):
        assert word in done.stdout
    for word in ("SpO2", "pressure"):
        assert word not in done.stdout


def test_another_reader_reads_the_edf_file(tmp_path, table):
    done = pulse8(tmp_path, "measure", table, "--json", "--beats", "--edf", "person.edf")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    with pyedflib.EdfReader(str(tmp_path / "person.edf")) as edf:
        assert edf.getSignalLabels() == ["pulse wave", "heart rate"]
        assert list(edf.getSampleFrequencies()) == [30, 1]
        assert (edf.getPhysicalDimension(1), edf.getPhysicalMaximum(0)) == ("bpm", 1.0)
        wave, bpm = edf.readSignal(0), edf.readSignal(1)
        onsets, _, texts = edf.readAnnotations()
    start_s = min(window["start_s"] for window in record["windows"])
    shown = {int(one["at_s"] - start_s): one["bpm"] for one in record["shown"] if one["bpm"]}
    assert {second: round(float(rate), 1) for second, rate in enumerate(bpm) if rate} == {
        second: pytest.approx(rate, abs=0.06) for second, rate in shown.items()
    }
    assert 0.99 < np.abs(wave).max() <= 1
    beats = [beat["t_s"] - start_s for beat in record["beats"] if beat["t_s"] is not None]
    assert onsets[texts == "beat"] == pytest.approx(np.array(beats), abs=1e-3)


def test_what_cannot_be_written_is_one_line(tmp_path, table):
    short = tmp_path / "short.csv"
    short.write_text("\n".join(table.read_text(encoding="utf-8").splitlines()[:180]), encoding="utf-8")
    rng = np.random.default_rng(0)
    rows = np.column_stack([np.arange(600) / 30, 100 + rng.standard_normal((600, 3))])
    np.savetxt(tmp_path / "noise.csv", rows, delimiter=",", header="time_s,red,green,blue", comments="", fmt="%.5f")
    for words, line in (
        ((table, "--edf", "x.txt"), "choose a name that ends in .edf"),
        ((table, short, "--edf", "x.edf"), "2 recordings do not fit one EDF file"),
        (("noise.csv", "--edf", "x.edf"), "leave --edf out"),
    ):
        done = pulse8(tmp_path, "measure", *words)
        assert done.returncode == 2
        assert line in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "x.edf").exists()
