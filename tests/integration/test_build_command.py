"""The whole line in one command, and what every verb promises."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest
import torch

import pulse8 as package
from commands import pulse8, run
from pulse8.board.preflight.options import PreflightOptions
from pulse8.board.preflight.preflight import preflight
from pulse8.cli import main
from pulse8.learn.models.checkpoint import load_checkpoint, shipped_checkpoint
from pulse8.manifest import sha256_of

FEW = ("--calibrate.num-samples", "60", "--verify.num-samples", "40", "--diagnose.num-samples", "8")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("build")
    done = pulse8(folder, "build", "--model", "ultralight", "--simulate.subjects", "12", *FEW, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, json.loads(done.stdout)


def test_build_by_default_ends_with_verdict_and_report(built):
    folder, record = built
    assert record["verdict"]["passed"] is True
    assert record["verdict"]["simulated"] is True
    assert "Not a medical device" in record["notice"]
    assert (folder / record["report"]).is_file()
    assert (folder / record["quantized"]["temporal"]).is_file()
    assert (folder / record["board"] / "p8_board.json").is_file()


def test_build_writes_pulse12_by_default(built_pulse12):
    folder, record = built_pulse12
    verdict = record["verdict"]
    assert (verdict["model"], verdict["simulated"], verdict["calibration_checked"]) == ("pulse12", True, True)
    assert record["quantized"]["spatial"] is None
    assert record["quantized"]["method"] == "percentile"
    assert verdict["waves"]["sqnr_db"] > 25  # of 60 clips; the shipped file is made with 200
    assert verdict["comparison"]["pos_mae"] > 0
    assert [layer["layer"] for layer in verdict["layers"]][-1] == "phases"
    assert min(layer["sqnr_db"] for layer in verdict["layers"]) > 12
    page = (folder / record["report"]).read_text(encoding="utf-8")
    for words in ("Waves: SQNR", "POS on the same windows", "phases", "SIMULATED"):
        assert words in page
    assert "8 frames" not in page
    assert (record["board"] is not None) == verdict["passed"] == (folder / "pulse8-build" / "board").is_dir()


def test_pulse12_passes_its_pre_flight(built_pulse12):
    folder, record = built_pulse12
    checked = preflight(folder / record["quantized"]["whole"], PreflightOptions())
    assert checked.findings == ()
    assert checked.latency is not None
    assert (folder / record["quantized"]["whole"]).with_suffix(".preflight.json").is_file()
    page = (folder / record["report"]).read_text(encoding="utf-8")
    for words in ("Pre-flight of pulse12_int8.onnx", "The guide&#39;s promises", "What fits at 30 frames per second"):
        assert words in page


def test_verify_prints_the_guides_blocks_for_pulse12_too(built_pulse12):
    folder, record = built_pulse12
    models = folder / "pulse8-build" / "models"
    words = ("--fp32", models / "pulse12.onnx", "--int8", models / "pulse12_int8.onnx")
    done = pulse8(folder, "verify", *words, "--data", folder / "pulse8-build" / "simulated.npz")
    assert done.returncode == (0 if record["verdict"]["passed"] else 1)
    for words in ("FP32 Model Performance", "POS on the same windows", "Waves: SQNR", "Not a medical device"):
        assert words in done.stdout


def test_measure_runs_the_model_of_build(built_pulse12):
    folder, _ = built_pulse12
    done = pulse8(folder, "simulate", "--preset", "easy", "--subjects", "1", "--seconds", "10", "--output", "people")
    assert done.returncode == 0
    model = folder / "pulse8-build" / "models" / "pulse12_int8.onnx"
    traces = next(path for path in (folder / "people").glob("*.csv") if "truth" not in path.name)
    done = pulse8(folder, "measure", traces, "--model", model, "--json")
    assert json.loads(done.stdout)["windows"][0]["end_s"] == pytest.approx(256 / 30)


def test_files_of_two_models_are_not_compared(built_pulse12, built):
    (folder, _), (other, _) = built_pulse12, built
    fp32 = other / "pulse8-build" / "models" / "rppg_fp32.onnx"
    int8 = folder / "pulse8-build" / "models" / "pulse12_int8.onnx"
    done = pulse8(folder, "verify", "--fp32", fp32, "--int8", int8, "--data", other / "pulse8-build" / "simulated.pt")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_the_report_is_one_self_contained_file(built):
    folder, record = built
    page = (folder / record["report"]).read_text(encoding="utf-8")
    assert len(page.encode()) < 1_500_000
    assert page.count("<svg") == 9
    assert "<script" not in page
    assert not re.search(r"""(?:src|href)=["']https?:""", page)
    for words in ("Accepted", "SIMULATED", "Bland-Altman", "SQNR layer by layer", "Manifest", "constant predictor"):
        assert words in page
    assert page.count("Not a medical device") == 2


def test_the_same_verdict_gives_the_same_report(built):
    folder, record = built
    verdict = folder / "pulse8-build" / "models" / "rppg_int8_qdq.verdict.json"
    assert pulse8(folder, "report", "--verdict", verdict, "--output", "again.html").returncode == 0
    assert (folder / "again.html").read_bytes() == (folder / record["report"]).read_bytes()


def test_build_takes_the_users_own_checkpoint_and_data(built, tmp_path, data_file):
    folder, _ = built
    own = folder / "own.pth"
    torch.save(load_checkpoint(shipped_checkpoint("ultralight")).network.state_dict(), own)
    done = pulse8(tmp_path, "build", "--checkpoint", own, "--data", data_file, *FEW, "--output", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("report: out/report.html")
    assert not (tmp_path / "out" / "simulated.pt").exists()


LIGHT = """
import contextlib, sys
from pulse8.cli import main
verbs = "--help", "measure none.csv", "calibrate", "quantize", "verify", "simulate --subjects 1"
for words in verbs:
    with contextlib.suppress(SystemExit):
        main(words.split())
    assert "torch" not in sys.modules, words
print(f"after {len(verbs)} verbs torch is not loaded")
"""


def test_the_light_verbs_load_no_torch(tmp_path):
    done = run([sys.executable, "-c", LIGHT], tmp_path)
    assert done.stdout.endswith("\nafter 6 verbs torch is not loaded\n"), done.stdout + done.stderr
    light = "import sys, pulse8; assert not {'torch', 'numpy', 'onnxruntime'} & set(sys.modules)"
    assert run([sys.executable, "-c", light], tmp_path).returncode == 0


def test_public_names_are_listed_and_real():
    assert package.__all__ == sorted(package.__all__)
    for name in package.__all__:
        assert getattr(package, name).__name__ == name
    with pytest.raises(AttributeError, match="it has"):
        _ = package.no_such_name


@pytest.mark.parametrize(
    "verb", ["measure", "build", "simulate", "train", "calibrate", "export", "quantize", "verify", "report"]
)
def test_every_verb_explains_its_flags(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code in (None, 0)
    assert "--json" in capsys.readouterr().out
    assert main(["--help"]) == 0
    assert verb in capsys.readouterr().out


def test_help_is_an_answer_of_the_command_too(tmp_path):
    done = pulse8(tmp_path, "build", "--help")
    assert (done.returncode, done.stderr, "--json" in done.stdout) == (0, "", True)


@pytest.mark.parametrize(("verb", "hint"), [("mesure", "did you mean 'measure'?"), ("x", "choose from measure, ")])
def test_an_unknown_verb_names_the_nearest_or_all(tmp_path, verb, hint):
    done = pulse8(tmp_path, verb)
    assert done.returncode == 2
    assert hint in done.stderr


def test_a_run_that_is_killed_leaves_the_old_file_whole(tmp_path):
    assert pulse8(tmp_path, "simulate", "--subjects", "2", "--output", "data.pt").returncode == 0
    before = sha256_of(tmp_path / "data.pt")
    # A shell that starts the tests in its background has them ignore SIGINT, and their children with them.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    listening = f"{heard}; from pulse8.cli import main; main()"
    for ending in (signal.SIGINT, signal.SIGKILL):
        words = [sys.executable, "-c", listening, "simulate", "--subjects", "4000", "--output", "data.pt"]
        process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE)
        while not list(tmp_path.glob(".data.pt.*.part")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(ending)
        process.communicate()
        assert sha256_of(tmp_path / "data.pt") == before
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("verb", "library"), [("deploy", "jinja2"), ("export", "onnx"), ("train", "lightning")])
def test_a_missing_library_is_one_line(tmp_path, verb, library):
    without = f"import sys; sys.modules[{library!r}] = None; from pulse8.cli import main; sys.exit(main([{verb!r}]))"
    done = subprocess.run([sys.executable, "-c", without], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{library} is not installed" in done.stderr
