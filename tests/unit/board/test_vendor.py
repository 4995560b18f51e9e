"""The vendor's tool: reports in its formats, and the command driven by a stand-in that is called what it is."""

import shutil
import stat
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import ROOT
from pulse8.board.preflight.options import PreflightOptions
from pulse8.board.preflight.preflight import preflight
from pulse8.board.stedgeai.commands import held_out_vectors
from pulse8.board.stedgeai.options import StedgeaiOptions
from pulse8.board.stedgeai.stedgeai import planned_calls, stedgeai
from pulse8.board.vendor_report.gates import gate_faults
from pulse8.board.vendor_report.parse import parse_report
from pulse8.cli import main
from pulse8.errors import GateError, InputError, SpecError, ToolchainError

GOOD_2 = """\
ST Edge AI Core v2.1.0-20194 329b0e98d
macc              : 0
weights (ro)      : 10,321 B (10.08 KiB) (1 segment)
Total number of epochs: 5 of which 0 implemented in software
epoch 1   HW
epoch 2   HW
epoch 3   HW
epoch 4   HW
epoch 5   HW
npuRAM4 [0x34270000 - 0x342E0000]: 8.859 kB / 448.000 kB  ( 1.98 % used)
octoFlash [0x71000000 - 0x78000000]: 10.079 kB / 114688.000 kB
"""
BAD_4 = """\
CmdLine:76 - ST Edge AI Core v4.0.1
CmdLine:76 - epochs 1 -> 51
CmdLine:76 - epoch 1    HW
CmdLine:76 - epoch 2 -> 3   SW   Softmax
CmdLine:76 - epoch 4    Hybrid   Concat
CmdLine:76 - hyperRAM [0x90000000 - 0x92000000]: 1.5 MB / 32.0 MB
CmdLine:76 - weights : 50,000 bytes
CmdLine:76 - duration : 18.25 ms (average)
CmdLine:76 - INTERNAL ERROR: 'input'
"""


@pytest.fixture
def spatial(workspace):
    return workspace / "quantization" / "models" / "rppg_spatial_int8_qdq.onnx"


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Put the stand-in on PATH under the tool's name, with the report that it is to write."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "stedgeai"
    script.write_text(f"#!{sys.executable}\n" + (ROOT / "tests" / "stedgeai_stand_in.py").read_text(encoding="utf-8"))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    (folder / "report.txt").write_text(GOOD_2, encoding="utf-8")
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


@pytest.fixture
def no_tool(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("STEDGEAI_CORE_DIR", raising=False)


def test_a_report_of_2_x():
    report = parse_report(GOOD_2, "report")
    assert (report.version, report.epochs, report.hardware_epochs, report.software_epochs) == ("2.1.0", 5, 5, 0)
    first = report.pools[0]
    assert (first.name, first.used_bytes, first.size_bytes) == ("npuRAM4", 9072, 0x70000)  # kB of 1,024
    assert (report.weight_bytes, report.macc, report.errors) == (10_321, 0, ())
    assert list(gate_faults(report, 10_160)) == []


def test_a_report_of_4_x():
    report = parse_report(BAD_4, "report")
    assert (report.version, report.epochs) == ("4.0.1", 51)
    assert (report.software_epochs, report.hybrid_epochs, report.duration_ms) == (1, 1, 18.25)
    faults = list(gate_faults(report, 10_160))
    assert [words for words in faults if "INTERNAL ERROR" in words or "software" in words] != []
    assert any("hyperRAM" in words for words in faults)
    assert any("discarded" in words for words in faults)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([*GOOD_2.splitlines(), *BAD_4.splitlines()]) | st.text(max_size=80), max_size=12),
    st.integers(0, 400),
)
def test_any_text_is_a_report_or_one_line(lines, cut):
    try:
        report = parse_report("\n".join(lines)[cut:], "report")
    except InputError as error:
        message = str(error)
    else:
        message = "".join(gate_faults(report, 10_000))
    assert "\n" not in message


@pytest.mark.parametrize(
    "line", ["RAM" * 666, "epoch " + "1" * 1990, "epoch" + " " * 1990, "a " * 990 + "RAM [", "E123(" * 399]
)
def test_no_line_takes_long(line):
    started = time.process_time()
    parse_report("\n".join([line] * 50 + [GOOD_2]), "report")
    assert time.process_time() - started < 5


def test_the_tool_is_called_and_its_report_judged(tool, spatial, tmp_path):
    done = stedgeai(spatial, tmp_path / "out", StedgeaiOptions(name="spatial", validate=True, optimization=1))
    assert done.failures == ()
    assert done.report.epochs == 5
    assert done.report.duration_ms == 0.123
    assert "pulse8-O1@" in done.calls[0]
    assert "--inputs-ch-position chlast --input-data-type int8" in done.calls[1]
    inputs = np.load(tmp_path / "out" / "inputs.npy")
    assert (inputs.dtype, inputs.shape[1:]) == (np.int8, (36, 36, 3))
    (tool / "report.txt").write_text(BAD_4, encoding="utf-8")
    assert stedgeai(spatial, tmp_path / "out", StedgeaiOptions()).failures != ()


def test_held_out_inputs_are_the_camera_s_bytes_minus_128(spatial):
    end = preflight(spatial, PreflightOptions()).inputs[0]
    inputs = held_out_vectors(end)
    assert inputs.min() >= -128
    assert np.ptp(inputs.astype(int)) > 20


@pytest.mark.usefixtures("tool")
def test_a_model_with_errors_never_reaches_the_tool(workspace, tmp_path):
    with pytest.raises(GateError, match="P01"):
        stedgeai(workspace / "quantization" / "models" / "rppg_fp32.onnx", tmp_path / "out", StedgeaiOptions())
    assert not (tmp_path / "out").exists()


def test_a_tool_that_fails_is_one_line(tool, spatial, tmp_path):
    (tool / "report.txt").unlink()
    with pytest.raises(ToolchainError, match="ended with 1"):
        stedgeai(spatial, tmp_path / "out", StedgeaiOptions())


@pytest.mark.usefixtures("no_tool")
def test_without_the_tool_the_exact_commands_are_printed(spatial, tmp_path, capsys):
    assert main(["stedgeai", str(spatial), "--output", str(tmp_path / "out"), "--validate"]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("❌ Error: stedgeai is not installed")
    assert printed.err.count("\n") == 1
    assert tuple(printed.out.splitlines()) == planned_calls(spatial, tmp_path / "out", StedgeaiOptions(validate=True))
    assert not (tmp_path / "out").exists()
    assert shutil.which("stedgeai") is None


def test_a_name_that_is_no_identifier_is_refused():
    with pytest.raises(SpecError, match="identifier"):
        StedgeaiOptions(name="my net")
