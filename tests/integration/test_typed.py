"""The package's face: every public name has its type, and the stub is the table's."""

import runpy
from pathlib import Path

from mypy import api

import pulse8
from commands import ROOT

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
    words = ["--strict", "--config-file", "", "--cache-dir", str(tmp_path / "cache"), "--follow-imports", "silent"]
    report, _, code = api.run([*words, str(script)])
    assert code == 1
    assert [line.rpartition("[")[2] for line in report.splitlines() if ": error: " in line] == [
        "arg-type]",
        "call-arg]",
        "assignment]",
        "attr-defined]",
    ], report


def test_the_version_is_the_installed_one():
    assert pulse8.__version__.count(".") == 2
