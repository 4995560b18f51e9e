"""The package's face: every public name has its type, and the stub is the table's."""

import runpy
import sys
from pathlib import Path

import pulse8
from commands import ROOT, run

CALLS = """
import pulse8
from pulse8 import Measurement, measure_video

measured: Measurement = measure_video("face.mp4")
first: float | None = measured.windows[0].bpm
name: str = pulse8.__version__
measure_video(3)
measure_video("face.mp4", nope=True)
wrong: int = measured.waves
pulse8.mesure_video
"""


def test_the_stub_is_the_table_of_public_names():
    stub = runpy.run_path(str(ROOT / "scripts" / "write_stub.py"))["stub"]()
    assert Path(pulse8.__file__).with_suffix(".pyi").read_text(encoding="utf-8") == stub


def test_a_type_checker_reports_a_wrong_call(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(CALLS, encoding="utf-8")
    # The project's own settings and folder: what its check has read already is not read again.
    done = run([sys.executable, "-m", "mypy", str(script)], ROOT, MYPYPATH="src")
    assert done.returncode == 1
    assert [line.rpartition("[")[2] for line in done.stdout.splitlines() if ": error: " in line] == [
        "arg-type]",
        "call-arg]",
        "assignment]",
        "attr-defined]",
    ], done.stdout


def test_the_version_is_the_installed_one():
    assert pulse8.__version__.count(".") == 2
