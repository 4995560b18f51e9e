"""The wheel and the sdist: what a user installs, run outside the checkout and without the package index."""

import json
import os
import sys
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from commands import ROOT, run

SIMULATED_CSV = "time_s,red,green,blue\n" + "".join(
    f"{frame / 30:.4f},{180 + 0.3 * beat:.4f},{120 + 0.6 * beat:.4f},{100 + 0.4 * beat:.4f}\n"
    for frame, beat in ((frame, (frame * 4 % 100 < 50) - 0.5) for frame in range(400))
)
"""A square pulse of 72 BPM: 25 frames at 30 Hz."""


def hatchling(folder, *words):
    done = run([sys.executable, "-m", "hatchling", "build", *words], folder)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel of the checkout, the sdist, and the wheel that the unpacked sdist gives."""
    folder = tmp_path_factory.mktemp("dist")
    hatchling(ROOT, "-t", "sdist", "-t", "wheel", "-d", folder)
    (sdist,) = folder.glob("*.tar.gz")
    assert run(["tar", "xzf", sdist], folder).returncode == 0
    hatchling(folder / sdist.name.removesuffix(".tar.gz"), "-t", "wheel", "-d", folder / "again")
    (wheel,), (again,) = folder.glob("*.whl"), (folder / "again").glob("*.whl")
    return wheel, sdist, again


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """A fresh environment with the wheel in it; all else is the tests' own environment, whose ``.pth`` stay unread."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    site = Path(run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).stdout.strip())
    (site / "dependencies.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    options = ["--python", python, "install", "--no-deps", "--no-index", "--force-reinstall"]
    done = run([sys.executable, "-m", "pip", *options, built[0]], folder)
    assert done.returncode == 0, done.stderr
    return python


@pytest.fixture
def pulse8(installed, tmp_path):
    """Run the installed command in an empty folder."""

    def say(*words):
        return run([installed.parent / "pulse8", *words], tmp_path, PYTHONPATH="")

    return say


def contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def files_of(folder, name):
    """The files under a folder by their names in the wheel; compiled ones left out."""
    left_out = {"__pycache__", "build"} if name.endswith("firmware") else {"__pycache__"}
    paths = [path for path in folder.rglob("*") if path.is_file() and not left_out & set(path.parts)]
    return {f"{name}/{path.relative_to(folder).as_posix()}": path for path in paths}


def test_the_wheel_holds_the_package_the_firmware_and_the_module_byte_for_byte(built):
    held = contents(built[0])
    expected = files_of(ROOT / "src" / "pulse8", "pulse8")
    for beside in ("firmware", "web"):
        expected |= files_of(ROOT / beside, f"pulse8/{beside}")
    assert {name for name in held if "dist-info" not in name} == set(expected)
    assert [name for name, source in expected.items() if held[name] != source.read_bytes()] == []
    assert {"LICENSE", "NOTICE"} <= {Path(name).name for name in held if "dist-info/licenses" in name}


def test_the_sdist_builds_the_same_wheel(built):
    assert contents(built[2]) == contents(built[0])


def test_the_command_runs_from_the_wheel_alone(installed, pulse8, tmp_path):
    where = run([installed, "-c", "import pulse8; print(pulse8.__file__)"], tmp_path, PYTHONPATH="").stdout
    assert Path(where.strip()).is_relative_to(installed.parents[1])
    assert pulse8("--version").stdout == f"pulse8 {version('pulse8')}\n"


def test_the_wheel_measures_with_the_shipped_network(pulse8, tmp_path):
    (tmp_path / "traces.csv").write_text(SIMULATED_CSV)
    done = pulse8("measure", "traces.csv", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["whole"]["bpm"] == pytest.approx(72, abs=1)


def test_the_wheel_passes_its_own_doctor(pulse8):
    done = pulse8("doctor", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [check["name"] for check in json.loads(done.stdout)["checks"] if not check["passed"]] == []


def test_the_wheel_writes_a_board_folder(installed, pulse8, tmp_path):
    model = next(installed.parents[1].rglob("pulse12_int8.onnx"))
    done = pulse8("deploy", "--input", model, "--output", "board", "--windows", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"core", "kernels", "stm32n6", "Makefile"} <= {path.name for path in (tmp_path / "board").iterdir()}


def test_the_wheel_writes_the_page_that_needs_no_server(pulse8, tmp_path):
    done = pulse8("live", "--static", "page")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "page" / "pulse8" / "pulse8.wasm").read_bytes() == (ROOT / "web" / "pulse8.wasm").read_bytes()


def test_nothing_in_that_environment_contradicts_another(installed):
    done = run([sys.executable, "-m", "pip", "--python", installed, "check"], installed.parent)
    assert done.returncode == 0, done.stdout
