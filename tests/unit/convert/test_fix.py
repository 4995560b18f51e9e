"""--fix: what is fixed gives the old file's numbers, and what does not is not written."""

import numpy as np
import onnx
import pytest

from planted import Net, clean
from pulse8.board.inputs import pair_paths
from pulse8.board.preflight.options import PreflightOptions
from pulse8.board.preflight.preflight import preflight
from pulse8.cli import main
from pulse8.convert.repair.fix import TOLERANCE, fix
from pulse8.errors import InputError


def rules(path):
    return {finding.rule for finding in preflight(path, PreflightOptions()).findings if finding.severity == "error"}


def save(folder, model, name="model.onnx"):
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path


def dynamic():
    net = Net(("batch", 8, 16, 16))
    net.conv()
    return net.model()


def test_the_guides_export_becomes_static_and_a_pair(workspace, tmp_path):
    old, new = workspace / "quantization" / "models" / "rppg_fp32.onnx", tmp_path / "static.onnx"
    assert {"P01", "P02"} <= rules(old)
    fixed = fix(old, new)
    assert fixed.max_difference <= 1e-4 == TOLERANCE
    assert fixed.files == (new, *pair_paths(new))
    for path in pair_paths(new):
        assert rules(path) == {"P05", "P18"}  # still float: quantising needs data


def test_the_whole_int8_file_becomes_the_pair(workspace, tmp_path):
    old = workspace / "quantization" / "models" / "rppg_int8_qdq.onnx"
    fixed = fix(old, tmp_path / "rppg_int8_qdq.onnx")
    assert fixed.max_difference <= 1e-4
    for path in fixed.files:
        assert rules(path) == set()
        assert path.read_bytes() == (old.parent / path.name).read_bytes()


FAULTS = {
    "P02": (dynamic, "batch fixed to 1"),
    "P04 ir": (lambda: clean().model(ir=10), "IR version 10"),
    "P04 import": (lambda: clean().model(imports=["com.microsoft"]), "stripped"),
    "P04 opset": (lambda: clean().model(opset=21, ir=10), "opset 21 converted"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fixed_file_is_clean_and_gives_the_same_numbers(tmp_path, fault):
    build, words = FAULTS[fault]
    old = save(tmp_path, build())
    assert rules(old) == {fault.split()[0]}
    fixed = fix(old, tmp_path / "fixed.onnx")
    assert any(words in change for change in fixed.changes)
    assert fixed.max_difference <= 1e-4
    assert rules(tmp_path / "fixed.onnx") == set()


def test_shared_scales_requantise_the_finer_operand(tmp_path):
    net = Net()
    one = net.conv()
    net.layer("Add", net.border(net.add("Relu", [one]), scale=0.2))
    old, new = save(tmp_path, net.model()), tmp_path / "fixed.onnx"
    assert "P25" in {finding.rule for finding in preflight(old, PreflightOptions()).findings}
    fixed = fix(old, new)
    assert "P25" not in {finding.rule for finding in preflight(new, PreflightOptions()).findings}
    assert "requantised" in fixed.changes[0]
    onnx.checker.check_model(onnx.load(new), full_check=True)


def test_an_opset_that_onnx_cannot_convert_is_one_line(tmp_path):
    net = Net()
    net.add("Mish", [net.conv()])
    old = save(tmp_path, net.model(opset=21, ir=10))
    with pytest.raises(InputError, match=r"cannot convert opset 21 to 13 .*; export the network with opset 13"):
        fix(old, tmp_path / "new.onnx")
    assert not (tmp_path / "new.onnx").exists()


def test_a_file_without_a_fix_is_refused(tmp_path):
    old = save(tmp_path, clean().model())
    with pytest.raises(InputError, match="nothing that --fix can fix"):
        fix(old, tmp_path / "new.onnx")
    with pytest.raises(InputError, match="is the model itself"):
        fix(old, old)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx"]


def test_the_command_says_what_it_did(tmp_path, capsys):
    old = save(tmp_path, dynamic())
    assert main(["preflight", str(old), "--fix", str(tmp_path / "new.onnx")]) == 0
    assert "batch fixed to 1" in capsys.readouterr().out
    assert main(["preflight", str(tmp_path / "new.onnx"), "--report", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Pre-flight of new.onnx" in page
    assert "<svg" in page
    assert np.all([rule in page for rule in ("P19", "Not a medical device")])
