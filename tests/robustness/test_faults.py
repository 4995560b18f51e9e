"""build, train and deploy killed, without room and twice at once; test_prepare.py kills `prepare`."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import fault_commands
import fault_folders
import faults
from commands import ROOT, a_process_that_holds
from pulse8.board.options import DeployOptions
from pulse8.board.package import deploy
from pulse8.cli import main
from pulse8.cli.printing import without_advice
from pulse8.convert.files import PeopleOptions
from pulse8.convert.line import BuildOptions, run_build
from pulse8.convert.quantize.options import CalibrateOptions
from pulse8.errors import InputError
from pulse8.lock import NAME

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc and mounts")


def killed(verb, folder, *, seconds: float = 0.0, sign: str = "*") -> None:
    """Start a command of the benchmark's and kill it some seconds after a sign of it is in its folder."""
    process = fault_commands.start(fault_commands.VERBS[verb].words, folder)
    assert fault_commands.wait_for(lambda: list(folder.glob(sign)) or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.communicate()
    assert fault_folders.damaged(folder) == []
    assert fault_commands.wait_for(lambda: not fault_commands.session(process.pid), 15)


def build_in(folder: Path, monkeypatch) -> dict[str, str]:
    monkeypatch.chdir(folder)
    options = BuildOptions(simulate=PeopleOptions(subjects=60, windows=2), calibrate=CalibrateOptions(num_samples=30))
    with without_advice():
        run_build(Path("out"), None, None, options)
    return fault_folders.contents(folder)


def test_a_build_that_is_killed_ends_with_the_same_files(tmp_path, monkeypatch):
    trial, whole = tmp_path / "trial", tmp_path / "whole"
    trial.mkdir()
    whole.mkdir()
    killed("build", trial, sign="out/models/pulse12.onnx")
    assert (trial / "out" / NAME).is_file()
    for name in (".", "models", "diagnosis"):
        (trial / "out" / name).mkdir(exist_ok=True)
        (trial / "out" / name / ".half.pulse8.part").write_text("")
    assert build_in(trial, monkeypatch) == build_in(whole, monkeypatch)


def deploy_in(folder: Path, int8: Path, monkeypatch) -> dict[str, str]:
    monkeypatch.chdir(folder)
    deploy(int8, Path("out"), DeployOptions(windows=16))
    return fault_folders.contents(folder / "out")


@pytest.fixture
def int8(tmp_path, pulse12_files) -> Path:
    """Return the INT8 file where the benchmark's words look for it."""
    path = tmp_path / "trial" / fault_commands.INT8
    (tmp_path / "trial").mkdir()
    path.parent.mkdir(parents=True)
    return Path(shutil.copy(pulse12_files / "int8.onnx", path.resolve()))


def test_a_board_folder_is_the_old_one_or_the_new_one(tmp_path, int8, monkeypatch):
    trial, whole = tmp_path / "trial", tmp_path / "whole"
    whole.mkdir()
    new = deploy_in(whole, int8, monkeypatch)
    shutil.copytree(whole / "out", trial / "out")
    killed("deploy", trial, sign=".out.*.part/p8_board.json")
    assert fault_folders.contents(trial / "out") == new
    assert deploy_in(trial, int8, monkeypatch) == new
    assert fault_folders.leftovers(trial) == []
    (trial / "out").rename(trial / ".out.old.pulse8.part")  # killed between its two renamings
    with pytest.raises(InputError, match="not found"):
        deploy(Path("nowhere.onnx"), Path("out"), DeployOptions())
    assert deploy_in(trial, int8, monkeypatch) == new
    assert fault_folders.leftovers(trial) == []


def test_a_training_that_is_killed_goes_on_to_the_same_weights(tmp_path, monkeypatch, capsys):
    trial, whole = tmp_path / "trial", tmp_path / "whole"
    whole.mkdir()
    words = fault_commands.VERBS["train"].words
    monkeypatch.chdir(whole)
    assert main(words) == 0
    (trial / "out").mkdir(parents=True)
    shutil.copytree(whole / "out" / "people", trial / "out" / "people")
    killed("train", trial, sign="out/state/last.ckpt")
    monkeypatch.chdir(trial)
    assert main((*words, "--resume")) == 0
    assert fault_folders.contents(trial) == fault_folders.contents(whole)
    assert "checkpoint: out/best.pth" in capsys.readouterr().out


@pytest.fixture
def small(tmp_path) -> Iterator[Path]:
    """A disk of 128 KB."""
    if not fault_folders.may_mount(tmp_path / "disk"):
        pytest.skip("a full disk needs a file system mounted in memory, as root")
    with fault_folders.mounted(tmp_path / "disk", 1 << 17):
        yield tmp_path / "disk"


@pytest.mark.parametrize("verb", ["deploy", "build", "train"])
@pytest.mark.usefixtures("int8")
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(verb, small, monkeypatch, capsys):
    monkeypatch.chdir(small)
    words = fault_commands.VERBS[verb].words
    assert main(words) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "No space left on device; free space or choose another" in said[0]
    assert fault_folders.leftovers(small) == []
    assert fault_folders.damaged(small) == []
    fault_folders.remount(small, "ro")
    before = fault_folders.contents(small)
    assert main(words) == 2
    assert "Read-only file system" in capsys.readouterr().err
    assert fault_folders.contents(small) == before


@pytest.mark.parametrize("verb", ["build", "prepare", "train", "deploy"])
@pytest.mark.usefixtures("int8")
def test_two_in_one_folder_is_one_line(verb, tmp_path, monkeypatch, capsys):
    (tmp_path / "inputs" / "raw" / "subject1").mkdir(parents=True)
    for name in ("vid.avi", "ground_truth.txt"):
        (tmp_path / "inputs" / "raw" / "subject1" / name).write_text("found, and not read before the folder is held")
    monkeypatch.chdir(tmp_path / "trial")
    with a_process_that_holds("out", f"pulse8 {verb}", beside=verb == "deploy") as pid:
        assert main(fault_commands.VERBS[verb].words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"❌ Error: out is in use by pulse8 {verb}, process {pid} on ")


def test_the_table_of_faults_is_the_committed_one():
    result = json.loads((ROOT / "benchmarks" / "results" / "faults.json").read_text(encoding="utf-8"))
    table = faults.table(result["rows"])
    assert table in (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
