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
from pulse8.learn.models.checkpoint import load_checkpoint, shipped_checkpoint
from pulse8.manifest import sha256_of


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("build")
    done = pulse8(folder, "build", "--simulate.subjects", "12", "--verify.num-samples", "40", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, json.loads(done.stdout)


def test_build_with_nothing_given_ends_with_verdict_and_report(built):
    folder, told = built
    assert told["verdict"]["passed"] is True
    assert told["verdict"]["simulated"] is True
    assert "Not a medical device" in told["notice"]
    assert (folder / told["report"]).is_file()
    assert (folder / told["quantized"]["temporal"]).is_file()


def test_the_report_is_one_self_contained_file(built):
    folder, told = built
    page = (folder / told["report"]).read_text(encoding="utf-8")
    assert len(page.encode()) < 1_500_000
    assert page.count("<svg") == 7
    assert "<script" not in page
    assert not re.search(r"""(?:src|href)=["']https?:""", page)
    for words in ("Accepted", "SIMULATED", "Bland-Altman", "SQNR layer by layer", "Manifest", "constant predictor"):
        assert words in page
    assert page.count("Not a medical device") == 2


def test_the_same_verdict_gives_the_same_report(built):
    folder, told = built
    verdict = folder / "pulse8-build" / "models" / "rppg_int8_qdq.verdict.json"
    assert pulse8(folder, "report", "--verdict", verdict, "--output", "again.html").returncode == 0
    assert (folder / "again.html").read_bytes() == (folder / told["report"]).read_bytes()


def test_build_takes_the_users_own_checkpoint_and_data(built, tmp_path, data_file):
    folder, _ = built
    own = folder / "own.pth"
    torch.save(load_checkpoint(shipped_checkpoint("ultralight")).network.state_dict(), own)
    done = pulse8(tmp_path, "build", "--checkpoint", own, "--data", data_file, "--output", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("report: out/report.html")
    assert not (tmp_path / "out" / "simulated.pt").exists()


def test_the_light_verbs_load_no_torch(tmp_path):
    code = "import sys; from pulse8.cli import main; main([{words}]); assert 'torch' not in sys.modules"
    for words in (
        "'--help'",
        "'measure', 'none.csv'",
        "'calibrate'",
        "'quantize'",
        "'verify'",
        "'simulate', '--subjects', '1'",
    ):
        done = run([sys.executable, "-c", code.format(words=words)], tmp_path)
        assert "AssertionError" not in done.stderr, words
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
def test_every_verb_explains_its_flags(tmp_path, verb):
    done = pulse8(tmp_path, verb, "--help")
    assert done.returncode == 0
    assert "--json" in done.stdout
    assert verb in pulse8(tmp_path, "--help").stdout


def test_an_unknown_verb_lists_the_known_ones(tmp_path):
    done = pulse8(tmp_path, "mesure")
    assert done.returncode == 2
    assert "choose from measure, " in done.stderr


def test_a_run_that_is_killed_leaves_the_old_file_whole(tmp_path):
    assert pulse8(tmp_path, "simulate", "--subjects", "2", "--output", "data.pt").returncode == 0
    before = sha256_of(tmp_path / "data.pt")
    for ending in (signal.SIGINT, signal.SIGKILL):
        words = [sys.executable, "-m", "pulse8", "simulate", "--subjects", "4000", "--output", "data.pt"]
        process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE)
        while not list(tmp_path.glob(".data.pt.*.part")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(ending)
        process.communicate()
        assert sha256_of(tmp_path / "data.pt") == before
    assert process.returncode == -signal.SIGKILL
