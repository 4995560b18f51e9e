"""The report of a build: all that was measured is in it, and what was not is said with the command that would."""

import html
import json
import shlex
import shutil
from dataclasses import replace

import numpy as np
import pytest

from commands import pulse8
from pulse8.board.options import DeployOptions
from pulse8.board.package import deploy
from pulse8.board.preflight.findings import Finding
from pulse8.cli import main
from pulse8.convert.evidence.commands import commands_of
from pulse8.convert.evidence.gather import gather
from pulse8.convert.evidence.headline import headline
from pulse8.convert.evidence.page import write_report
from pulse8.convert.verify.gates import most
from pulse8.convert.verify.options import VerifyOptions
from pulse8.convert.verify.verify import verify
from pulse8.errors import InputError
from pulse8.learn.formats.clips import open_clips, write_clips
from pulse8.manifest import sha256_of
from report_page import Page, check_page

TITLES = [
    "Promises",
    "Accuracy on held-out windows",
    "FP32 against INT8",
    "Strata",
    "Errors against the label",
    "Risk and coverage",
    "SQNR layer by layer",
    "Pre-flight of pulse12_int8.onnx",
    "Memory",
    "The guide's promises",
    "What fits at 30 frames per second",
    "Timeline of the build",
    "Manifest",
    "How to reproduce",
]


@pytest.fixture(scope="module")
def folder(built_pulse12):
    return built_pulse12[0] / "pulse8-build"


@pytest.fixture(scope="module")
def page(folder) -> Page:
    return check_page((folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def verdict(built_pulse12):
    return built_pulse12[1]["verdict"]


@pytest.fixture
def copied(folder, tmp_path):
    """The same build without the big data file, to take things away from."""
    shutil.copytree(folder, tmp_path / "build", ignore=shutil.ignore_patterns("simulated.npz"))
    return tmp_path / "build"


def reported(models, name="pulse12_int8") -> Page:
    return check_page(write_report(models / f"{name}.verdict.json", models / "r.html").read_text(encoding="utf-8"))


def test_the_verdict_comes_first_then_every_section(page, verdict):
    assert [element.text for element in page.all("h2")] == TITLES
    first = next(element for element in page.all("div") if element.attributes.get("aria-label") == "Verdict")
    assert page.elements.index(first) < page.elements.index(page.all("h2")[0])
    assert first.text.startswith("Ship" if verdict["passed"] else "Do not ship")
    assert "SIMULATED" in first.text
    assert all(failure in first.text for failure in verdict["failures"])


def test_the_figures_are_the_measured_ones(page, verdict):
    comparison, waves = verdict["comparison"], verdict["waves"]
    accuracy, agreement = page.section("Accuracy"), page.section("FP32 against")
    for mae in (
        comparison["fp32"]["mae"],
        comparison["int8"]["mae"],
        comparison["constant_mae"],
        comparison["pos_mae"],
    ):
        assert f"{mae:.2f}" in accuracy
    for low, high in comparison["intervals"].values():
        assert f"{low:.2f} to {high:.2f}" in accuracy
    assert f"SQNR {waves['sqnr_db']:.1f} dB" in agreement
    assert f"95th percentile {waves['difference_p95']:.3f} BPM" in agreement
    assert f"over 5 BPM in {waves['flip_share']:.2%}" in agreement


def test_each_gate_is_a_promise_with_limit_and_figure(page, verdict):
    section = page.section("Promises")
    assert len(verdict["gates"]) >= 12
    for gate in verdict["gates"]:
        assert f"{gate['what']} {gate['asked']} {gate['measured']} {'met' if gate['met'] else 'not met'}" in section


def test_strata_risk_and_layers_are_shown(page, verdict):
    section = page.section("Strata")
    kinds = {row["name"] for row in verdict["strata"] if row["by"] == "kind of recording"}
    assert kinds <= {"easy", "medium", "hard", "dark", "compressed"}
    for by in ("kind of recording", "heart rate"):
        rows = [row for row in verdict["strata"] if row["by"] == by]
        assert sum(row["windows"] for row in rows) == verdict["comparison"]["samples"]
        assert all(f"{row['name']} {row['windows']} {row['subjects']}" in section for row in rows)
    risk = page.section("Risk")
    assert f"FP32 {verdict['comparison']['fp32']['mae']:.2f}" in risk  # the surest 100 % are all
    layers = next(div for div in page.all("div") if "SQNR of each tensor" in str(div.attributes.get("aria-label")))
    assert all(layer["layer"] in str(layers.attributes["aria-label"]) for layer in verdict["layers"])
    assert "noisiest of" in page.section("SQNR layer")


def test_the_board_the_timeline_and_the_files_are_shown(page, folder):
    preflight = json.loads((folder / "models" / "pulse12_int8.preflight.json").read_text(encoding="utf-8"))
    assert f"{preflight['latency']['low_ms']:.3f} to {preflight['latency']['high_ms']:.3f} ms" in page.section("Pre-")
    assert f"{preflight['memory']['peak_bytes']:,}" in page.section("Memory")
    timeline = json.loads((folder / "models" / "pulse12_int8.timeline.json").read_text(encoding="utf-8"))
    names = ["simulate", "calibrate", "export", "quantize", "verify", "diagnose", "pre-flight", "board"]
    assert [stage["name"] for stage in timeline["stages"]] == names
    assert all(f"{stage['name']} {stage['seconds']:.2f}" in page.section("Timeline") for stage in timeline["stages"])
    manifest = page.section("Manifest")
    for file in ("simulated.npz", "calibration.npz", "models/pulse12.onnx", "models/pulse12_int8.onnx"):
        assert sha256_of(folder / file) in manifest
    assert np.__version__ in manifest


def test_the_pages_commands_reproduce_the_files(page, folder, tmp_path, monkeypatch):
    lines = page.all("pre")[-1].text.splitlines()
    steps = lines[next(number for number, line in enumerate(lines) if line.startswith("# step by step")) + 1 :]
    assert lines[1] == "pulse8 build --simulate.subjects 80 --simulate.windows 4 --calibrate.num-samples 120"
    monkeypatch.chdir(tmp_path)
    for line in steps:
        program, *words = shlex.split(line)
        assert program == "pulse8"
        assert main(words) in (0, 1), line
    for file in ("simulated.npz", "calibration.npz", "models/pulse12_int8.onnx", "models/pulse12_int8.verdict.json"):
        assert sha256_of(tmp_path / file) == sha256_of(folder / file), file


def test_a_missing_measurement_is_named_with_its_command(copied):
    models = copied / "models"
    (models / "pulse12_int8.preflight.json").unlink()
    (models / "pulse12_int8.timeline.json").unlink()
    shutil.rmtree(copied / "diagnosis")
    shutil.rmtree(copied / "board")
    page = reported(models)
    assert "Not measured" in page.section("Pre-flight")
    assert "pulse8 preflight pulse12_int8.onnx --keep" in page.section("Pre-flight")
    assert "not measured" in page.section("Promises")
    assert "not measured" in page.section("SQNR layer")
    assert "pulse8 diagnose --fp32 pulse12.onnx --int8 pulse12_int8.onnx" in page.section("SQNR layer")
    assert "pulse8 deploy --input pulse12_int8.onnx" in page.section("Memory")
    assert "Not measured" in page.section("Timeline")
    assert pulse8(models, "preflight", "pulse12_int8.onnx", "--keep").returncode == 0
    deploy(models / "pulse12_int8.onnx", copied / "board", DeployOptions(windows=2))
    page = reported(models)
    assert "Not measured" not in page.section("Pre-flight")
    assert "arena while it runs" in page.section("Memory")


def test_evidence_of_other_bytes_is_no_evidence(copied):
    preflight = copied / "models" / "pulse12_int8.preflight.json"
    preflight.write_text(preflight.read_text(encoding="utf-8").replace('"passed": true', '"passed": false'))
    diagnosis = copied / "diagnosis" / "diagnosis.json"
    diagnosis.write_text("{")
    page = reported(copied / "models")
    assert "Not measured" in page.section("Pre-flight")
    assert "not measured" in page.section("SQNR layer")


def test_a_page_of_many_windows_stays_small(copied):
    """A verdict on 24,000 windows, and without its row: nobody knows which files it is of."""
    path = copied / "models" / "pulse12_int8.verdict.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    times = 24_000 // len(fields["windows"]["labels"]) + 1
    fields["windows"] = {name: values * times for name, values in fields["windows"].items()}
    for name in ("pulse12_int8.onnx", "pulse12.onnx", "manifest.json"):
        (copied / "models" / name).unlink()
    path.write_text(json.dumps(fields), encoding="utf-8")
    page = reported(copied / "models")
    assert f"1000 of {len(fields['windows']['labels'])} windows are drawn" in page.section("FP32 against")
    assert "Not measured" in page.section("Pre-flight")


def test_names_that_look_like_markup_are_escaped(copied, folder, tmp_path):
    data = open_clips(folder / "simulated.npz")
    people = np.array([f"<script>alert('{name}')</script>" for name in data.subjects])
    kinds = np.array([f"<img src=x onerror=alert(1)>{kind}" for kind in data.strata])
    hostile = tmp_path / "</pre><b onclick=x> & 'a' \"b\"; rm $HOME.npz"
    write_clips(hostile, type(data)(**{**data.arrays, "subjects": people, "strata": kinds}))
    int8 = copied / "models" / "<svg onload=alert(2)> int8.onnx"
    shutil.copy(copied / "models" / "pulse12_int8.onnx", int8)
    path = verify(copied / "models" / "pulse12.onnx", int8, hostile, VerifyOptions(num_samples=30)).path
    source = write_report(path, tmp_path / "r.html").read_text(encoding="utf-8")
    page = check_page(source)
    assert "<script" not in source
    assert "<b onclick" not in source
    assert html.escape("<img src=x onerror=alert(1)>easy", quote=False) in source
    assert int8.name in page.all("h1")[0].text
    _, commands = commands_of(gather(path).rows, path)
    assert any(str(hostile.name) in shlex.split(command)[-5] for command in commands if "verify" in command)


def test_the_verdict_says_what_to_do(folder):
    evidence = gather(folder / "models" / "pulse12_int8.verdict.json")
    verdict = replace(evidence.verdict, passed=True, failures=())
    good = replace(evidence, verdict=verdict)
    assert (headline(good).badge, headline(good).tone) == ("Ship", "good")
    real = headline(replace(good, verdict=replace(verdict, simulated=False)))
    assert "SIMULATED" in headline(good).sentence
    assert "SIMULATED" not in real.sentence
    useless = replace(verdict, comparison=replace(verdict.comparison, constant_gap_interval=(-1.0, 0.5)))
    assert headline(replace(good, verdict=useless)).badge == "Faithful, but do not ship it as a heart-rate meter"
    gates = (most("a", "Waves", 3.0, 2.0, " dB"), most("b", "Rates", 0.3004, 0.3, " BPM"))
    failed = headline(replace(evidence, verdict=replace(verdict, passed=False, gates=gates)))
    assert (failed.badge, failed.tone) == ("Do not ship", "bad")
    assert "2 of 2 gates not met: Waves (3.0 dB) >= threshold (2.0 dB), missed by 1 dB;" in failed.sentence
    assert "Rates (0.3004 BPM) >= threshold (0.3 BPM), missed by 0.0004 BPM" in failed.sentence
    [(path, looked)] = evidence.preflights.items()
    wrong = Finding(rule="R", severity="error", node="n", what="not on the NPU", why="", fix="", source="")
    on_cpu = headline(replace(good, preflights={path: replace(looked, findings=(wrong,))}))
    assert (on_cpu.badge, on_cpu.tone) == ("Ship it on a CPU, not yet on the NPU", "warn")
    assert "first R at n: not on the NPU" in on_cpu.sentence
    assert "pre-flight was not run" in headline(replace(good, preflights={path: None})).sentence


def test_a_verdict_that_is_damaged_is_one_line(copied, tmp_path):
    path = copied / "models" / "pulse12_int8.verdict.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    alone = tmp_path / "v.verdict.json"
    for damaged in (
        {**fields, "gates": 3},
        {**fields, "layers": [{"layer": 1, "sqnr_db": "x"}]},
        {**fields, "windows": {**fields["windows"], "labels": None}},
        {name: value for name, value in fields.items() if name != "comparison"},
    ):
        alone.write_text(json.dumps(damaged), encoding="utf-8")
        with pytest.raises(InputError, match="cannot be read"):
            write_report(alone, tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()
