"""The guide's commands as written, from its folders, through the installed package."""

import json
import shutil
import sys

import numpy as np
import onnx
import pytest
import torch

from commands import ROOT, path_with_python, pulse8, run
from pulse8.learn.formats.guide_pt import open_calibration, open_guide_data
from pulse8.learn.splits.split import split
from pulse8.manifest import lineage, rows_beside


@pytest.fixture
def quantization(workspace, tmp_path):
    """A copy of the finished workspace that a test may break."""
    shutil.copytree(workspace, tmp_path / "guide")
    return tmp_path / "guide" / "quantization"


def script(folder, name, *words, **environment):
    return run([sys.executable, name, *words], folder, **environment)


def test_the_guides_tree_is_complete():
    quantization = {"quantize_utils.py", "export_onnx.py", "quantize_onnx.py", "verify_quantization.py"}
    quantization |= {"test_quantization.bat", "run_quantization.sh", "README.md"}
    for folder, names in {
        "quantization": quantization,
        "server_training": {"preprocess_data.py", "run_training.sh"},
        "stm32n6_deployment": {"deployment_guide.md", "troubleshooting.md"},
        ".": {"environment.yml", "quantization", "server_training", "stm32n6_deployment"},
    }.items():
        assert {path.name for path in (ROOT / "guide" / folder).iterdir() if path.name[0] not in "._"} == names


def test_the_four_steps_leave_the_guides_files(workspace):
    folder = workspace / "quantization"
    names = {path.name for path in (folder / "models").iterdir()}
    assert names >= {
        "rppg_fp32.onnx",
        "rppg_int8_qdq.onnx",
        "rppg_spatial_int8_qdq.onnx",
        "rppg_temporal_int8_qdq.onnx",
    }
    loaded = torch.load(folder / "calibration_data.pt", weights_only=True)
    assert loaded["samples"].shape[1:] == (8, 3, 36, 36, 3)
    assert len(loaded["samples"]) == len(loaded["labels"]) == len(loaded["indices"])


def test_calibration_comes_from_training_subjects_alone(workspace, data_file):
    data = open_guide_data(data_file)
    parts = split(len(data.labels), data.subjects)
    drawn = open_calibration(workspace / "quantization" / "calibration_data.pt").indices
    assert set(data.subjects[drawn]) <= set(data.subjects[parts.train])
    assert set(data.subjects[drawn]).isdisjoint(data.subjects[parts.test])


def test_fewer_samples_than_asked_are_all_used_and_counted(quantization):
    printed = script(quantization, "quantize_utils.py", "--num_samples", "500").stdout
    assert "asked for 500: all that the training side has were used" in printed


def test_stratified_gives_each_range_its_share(quantization):
    stratified = json.loads(script(quantization, "quantize_utils.py", "--num_samples", "40", "--json").stdout)
    natural = json.loads(
        script(quantization, "quantize_utils.py", "--num_samples", "40", "--distribution", "natural", "--json").stdout
    )
    assert stratified["samples"] == natural["samples"] == 40
    filled = [count for count in stratified["per_bin"].values() if count]
    assert np.std(filled) < np.std([count for count in natural["per_bin"].values() if count])
    assert stratified["outside"] == 0


def test_verify_prints_the_guides_report_then_ours_and_the_next_step(quantization):
    done = script(quantization, "verify_quantization.py")
    assert done.returncode == 0, done.stderr
    blocks = done.stdout.split("\n\n")
    starts = [
        "📊 FP32 Model",
        "📊 INT8 Model",
        "📈 Quantization Impact",
        "🔍 Output Difference",
        "✅ Quantization ACCEPTABLE",
    ]
    assert [block[: len(start)] for block, start in zip(blocks, starts, strict=False)] == starts
    ours = blocks[5]
    for words in (
        "SIMULATED",
        "Constant predictor",
        "limits of agreement",
        "Worst subject: sim-",
        "paired bootstrap",
        "SQNR",
    ):
        assert words in ours
    assert "8 frames are 0.27 s" in ours
    assert "Not a medical device" in ours
    assert blocks[6].startswith("Next: X-CUBE-AI")
    assert "O1 or O2" in blocks[6]


def test_the_report_is_utf8_on_a_console_with_another_code_page(quantization):
    done = script(quantization, "verify_quantization.py", PYTHONIOENCODING="cp950", PYTHONUTF8="0", LC_ALL="C")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("📊 FP32 Model Performance:")


def test_per_tensor_is_written_where_it_is_asked_for(quantization):
    done = script(quantization, "quantize_onnx.py", "--per_channel=False", "--json")
    record = json.loads(done.stdout)
    assert (record["audit"]["weights_per_tensor"], record["audit"]["weights_per_channel"]) == (7, 0)
    assert script(quantization, "verify_quantization.py").returncode in (0, 1)


def test_opset_11_is_exported_but_not_quantised_per_channel(quantization):
    assert script(quantization, "export_onnx.py", "--opset", "11").returncode == 0
    refused = script(quantization, "quantize_onnx.py")
    assert (refused.returncode, "per-channel INT8 needs 13" in refused.stderr) == (2, True)
    assert script(quantization, "quantize_onnx.py", "--per_channel", "false").returncode == 0


def test_every_file_has_its_row(workspace):
    rows = lineage(workspace / "quantization" / "models" / "rppg_int8_qdq.verdict.json")
    assert {row.step for row in rows.values()} == {"verify", "quantize", "export", "calibrate"}
    quantized = rows_beside(workspace / "quantization" / "models" / "rppg_int8_qdq.onnx")["rppg_int8_qdq.onnx"]
    assert set(quantized.tools) >= {"onnx", "onnxruntime", "numpy"}
    assert quantized.options["per_channel"] is True


def test_a_changed_checkpoint_makes_everything_after_it_stale(quantization):
    checkpoint = quantization.parent / "server_training" / "checkpoints" / "best_model.pth"
    weights = torch.load(checkpoint, weights_only=True)["model_state_dict"]
    weights["fc.2.bias"] += 0.1
    torch.save(weights, checkpoint)
    refused = script(quantization, "quantize_onnx.py")
    assert refused.returncode == 2
    assert "rppg_fp32.onnx is stale" in refused.stderr
    assert script(quantization, "export_onnx.py").returncode == 0
    refused = script(quantization, "verify_quantization.py")
    assert refused.returncode == 2
    assert "stale" in refused.stderr


def test_a_test_window_in_the_calibration_is_refused(quantization):
    manifest = quantization / "models" / "manifest.json"
    rows = json.loads(manifest.read_text())
    verdict = json.loads((quantization / "models" / "rppg_int8_qdq.verdict.json").read_text())
    assert verdict["calibration_checked"] is True
    data = open_guide_data(quantization.parent / "server_training" / "data" / "ubfc_processed.pt")
    test_window = int(split(len(data.labels), data.subjects).test[0])
    rows["rows"]["rppg_int8_qdq.onnx"]["options"]["calibration_indices"][0] = test_window
    manifest.write_text(json.dumps(rows))
    refused = script(quantization, "verify_quantization.py")
    assert refused.returncode == 2
    assert f"calibration saw 1 of the test windows (first: {test_window})" in refused.stderr


def test_an_int8_file_of_another_model_is_refused(quantization):
    assert script(quantization, "export_onnx.py", "--opset", "15", "--output", "models/other.onnx").returncode == 0
    refused = script(quantization, "verify_quantization.py", "--fp32", "models/other.onnx")
    assert refused.returncode == 2
    assert "was not quantised from" in refused.stderr


def test_a_verdict_against_the_model_ends_with_1_and_marks_it_failed(quantization):
    """A bias far off: the scheme is kept, the BPM are not."""
    path = quantization / "models" / "rppg_int8_qdq.onnx"
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if tensor.name == "dense2_b_q":
            tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor) * 0 + 4000, tensor.name))
    broken = quantization / "models" / "broken.onnx"
    onnx.save(model, broken)
    done = script(quantization, "verify_quantization.py", "--int8", "models/broken.onnx")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "⚠️ Quantization DEGRADATION SIGNIFICANT\n   " in done.stdout
    assert "Mean output difference (" in done.stdout
    assert "Plan A" in done.stdout
    assert rows_beside(broken)["broken.verdict.json"].status == "failed"
    assert pulse8(quantization, "report", "--verdict", "models/broken.verdict.json").returncode == 0
    assert "Not accepted" in (quantization / "report.html").read_text(encoding="utf-8")


def test_data_without_subjects_say_that_no_honest_split_is_possible(quantization):
    data = quantization.parent / "server_training" / "data" / "ubfc_processed.pt"
    tree = torch.load(data, weights_only=True)
    torch.save({"samples": tree["samples"], "labels": tree["labels"]}, data)
    for name in ("quantize_utils.py", "quantize_onnx.py"):
        assert script(quantization, name).returncode == 0
    done = script(quantization, "verify_quantization.py")
    assert "no subject-wise split is possible" in done.stdout
    assert "Worst subject: not known" in done.stdout


def test_one_click_stops_at_the_first_failure(tmp_path):
    shutil.copytree(ROOT / "guide", tmp_path / "guide")
    done = run(["bash", "guide/quantization/run_quantization.sh"], tmp_path, PATH=path_with_python())
    assert done.returncode == 2
    assert "[1/4]" in done.stdout
    assert "[2/4]" not in done.stdout
    wanted = (
        "❌ Error: Data file not found at ../server_training/data/ubfc_processed.pt; make it: cd ../server_training"
    )
    assert done.stderr.startswith(wanted)


def test_the_environment_can_be_made_as_it_is_written():
    lines = (ROOT / "guide" / "environment.yml").read_text(encoding="utf-8").splitlines()
    asked = [line.strip().removeprefix("- ") for line in lines[lines.index("  - pip:") + 1 :]]
    constraints = ROOT / "guide" / asked[0].removeprefix("-c ")
    pins = set(constraints.read_text(encoding="utf-8").split())
    assert {"onnx==1.19.1", "onnxruntime==1.23.2"} <= pins & set(asked)
    assert asked[-1] == "-e ..[build]"
    assert (ROOT / "guide" / ".." / "pyproject.toml").is_file()


def test_the_windows_script_has_windows_line_ends_and_encoding():
    text = (ROOT / "guide" / "quantization" / "test_quantization.bat").read_bytes()
    lines = text.decode("ascii").split("\r\n")
    assert "\n" not in "".join(lines)
    assert lines[0] == "@echo off"
    assert 'cd /d "%~dp0"' in lines
    assert "chcp 65001 >nul" in lines
    assert "set PYTHONUTF8=1" in lines
    assert lines.index("setlocal") < lines.index("set PYTHONUTF8=1")
    steps = [number for number, line in enumerate(lines) if line.startswith("python ") and line.endswith(".py")]
    assert [lines[step].split()[1] for step in steps] == [
        "quantize_utils.py",
        "export_onnx.py",
        "quantize_onnx.py",
        "verify_quantization.py",
    ]
    assert all(lines[step + 1] == "if errorlevel 1 goto failed" for step in steps)
    checks = [line for line in lines if line.startswith("python -c ")]
    assert len(checks) == 2
    assert lines[lines.index(":failed") + 1] == "set FAILED=%errorlevel%"
    assert lines[-2:] == ["exit /b %FAILED%", ""]
    assert any(line.endswith("&& pause") for line in lines)
    assert {line.split()[-1] for line in lines if "goto " in line} <= {
        line[1:] for line in lines if line.startswith(":")
    }
    assert all(line.count('"') % 2 == 0 for line in lines)


def test_training_in_the_guides_folder_writes_its_checkpoint(quantization):
    training = quantization.parent / "server_training"
    (training / "checkpoints" / "best_model.pth").unlink()
    missing = script(quantization, "export_onnx.py")
    assert missing.returncode == 2
    wanted = "❌ Error: Checkpoint not found at ../server_training/checkpoints/best_model.pth; make it: cd ../"
    assert missing.stderr.startswith(wanted)
    done = run(["bash", "run_training.sh", "--epochs", "1"], training, PATH=path_with_python())
    assert done.returncode == 0, done.stderr
    assert "always the training mean" in done.stdout
    assert script(quantization, "export_onnx.py").returncode == 0
    row = rows_beside(training / "checkpoints" / "best_model.pth")["best_model.pth"]
    assert (row.step, row.options["epochs"]) == ("train", 1)


def test_preprocessing_makes_simulated_data_in_the_guides_format(tmp_path):
    shutil.copytree(ROOT / "guide", tmp_path / "guide")
    folder = tmp_path / "guide" / "server_training"
    done = script(folder, "preprocess_data.py", "--dataset", "simulated", "--subjects", "3", "--windows", "2")
    assert done.returncode == 0, done.stderr
    loaded = torch.load(folder / "data" / "ubfc_processed.pt", weights_only=True)
    assert loaded["samples"].shape == (6, 8, 3, 36, 36, 3)
    assert float(loaded["samples"].min()) >= 0
    assert float(loaded["samples"].max()) <= 1
    assert len(set(loaded["subjects"])) == 3
