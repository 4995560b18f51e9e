"""Every door: one line that names the thing, the reason and the mend; exit 2; nothing half-written."""

import contextlib
import io
import os
import shutil

import numpy as np
import onnx
import pytest
import torch

from pulse8.cli import main
from pulse8.learn.models.checkpoint import load_checkpoint, shipped_checkpoint

SHAPE = (8, 3, 36, 36, 3)


class _Runs:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def data(**changes):
    count = 200
    tree = {
        "samples": torch.rand(count, *SHAPE),
        "labels": torch.linspace(45, 155, count),
        "subjects": [f"s{number // 10}" for number in range(count)],
    }
    return {**tree, **changes}


def state(**changes):
    return {**load_checkpoint(shipped_checkpoint("ultralight")).network.state_dict(), **changes}


def cut(path, share=0.6):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def refused(folder, *words):
    """Run, hold that one line came and exit 2, and that no file but the given ones is there; return the line."""
    before = {path for path in folder.rglob("*") if path.is_file()}
    out, told = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        code = main([str(word) for word in words])
    line = told.getvalue()
    assert (code, out.getvalue()) == (2, ""), line
    assert line.startswith("❌ Error: ")
    assert line.count("\n") == 1
    assert {path for path in folder.rglob("*") if path.is_file()} == before
    return line


DATA_FAULTS = {
    "shape": (data(samples=torch.rand(200, 8, 3, 18, 18, 3)), "must be float32 [N, 8, 3, 36, 36, 3]"),
    "label low": (data(labels=torch.full((200,), 10.0)), "not 20-250 BPM"),
    "label nan": (data(labels=torch.full((200,), float("nan"))), "not 20-250 BPM"),
    "label high": (data(labels=torch.full((200,), 300.0)), "not 20-250 BPM"),
    "no labels": ({"samples": torch.rand(2, *SHAPE)}, "needs samples and labels"),
    "list": ([1, 2, 3], "needs samples and labels"),
    "code": ({"samples": _Runs()}, "code, not data; refused"),
    "samples nan": (data(samples=torch.full((200, *SHAPE), float("nan"))), "not in [0, 1]"),
    "samples 255": (data(samples=torch.full((200, *SHAPE), 200.0)), "divide pixels by 255"),
    "few": (
        data(samples=torch.rand(30, *SHAPE), labels=torch.ones(30) * 60, subjects=["a", "b", "c"] * 10),
        "at least 30",
    ),
}


@pytest.mark.parametrize("fault", DATA_FAULTS)
def test_data_that_cannot_be_used(tmp_path, fault):
    tree, words = DATA_FAULTS[fault]
    torch.save(tree, tmp_path / "d.pt")
    assert words in refused(tmp_path, "calibrate", "--data", "d.pt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("calibrate", "--data"),
        ("train", "--model=ultralight", "--data"),
        ("export", "--checkpoint"),
        ("quantize", "--input"),
        ("diagnose", "--fp32"),
        ("tune", "--input"),
        ("verify", "--fp32"),
        ("report", "--verdict"),
        ("build", "--checkpoint"),
        ("measure",),
    ],
)
def test_missing_folder_and_empty_file_at_every_door(tmp_path, words):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    extra = ("--data", "empty") if words[0] == "build" else ()
    for name, told in (("none", "none"), ("folder", "is a folder"), ("empty", "is empty")):
        if (words, name) == (("measure",), "folder"):  # whose recordings are measured, and it has none
            told = "holds no video"  # noqa: PLW2901 - told of this one otherwise
        line = refused(tmp_path, *words, name, *extra)
        assert told in line or (extra and "empty" in line)


def test_a_data_file_cut_short(tmp_path):
    torch.save(data(), tmp_path / "d.pt")
    cut(tmp_path / "d.pt")
    assert "make it again" in refused(tmp_path, "calibrate", "--data", "d.pt")
    assert "make it again" in refused(tmp_path, "train", "--model=ultralight", "--data", "d.pt")


CHECKPOINT_FAULTS = {
    "another network": ({"conv.weight": torch.zeros(2)}, "spatial.0.weight is missing"),
    "another width": (state(**{"temporal.0.weight": torch.zeros(32, 64, 3)}), "temporal.0.weight is (32, 64, 3)"),
    "one more": (state(extra=torch.zeros(1)), "ultralight has no extra"),
    "nan": (state(**{"fc.2.bias": torch.tensor([float("nan")])}), "fc.2.bias holds values that are not finite"),
    "no weights": ({"epoch": 3}, "holds no state dict"),
    "list": ([1, 2], "holds no state dict"),
    "code": ({"model_state_dict": _Runs()}, "code, not only weights; refused"),
}


@pytest.mark.parametrize("fault", CHECKPOINT_FAULTS)
def test_checkpoints_that_cannot_be_used(tmp_path, fault):
    tree, words = CHECKPOINT_FAULTS[fault]
    torch.save(tree, tmp_path / "c.pth")
    assert words in refused(tmp_path, "export", "--checkpoint", "c.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_checkpoint_cut_short(tmp_path, share):
    shutil.copy(shipped_checkpoint("ultralight"), tmp_path / "c.pth")
    cut(tmp_path / "c.pth", share)
    assert "save it again" in refused(tmp_path, "export", "--checkpoint", "c.pth")


@pytest.mark.parametrize("opset", ["10", "21", "0"])
def test_an_unknown_opset(tmp_path, opset):
    assert "choose 11 to 20" in refused(tmp_path, "export", "--opset", opset)


@pytest.fixture
def models(workspace, tmp_path):
    for path in (workspace / "quantization" / "models").glob("*.onnx"):
        shutil.copy(path, tmp_path)
    shutil.copy(workspace / "quantization" / "calibration_data.pt", tmp_path)
    return tmp_path


def quantized(folder):
    return refused(folder, "quantize", "--input", "rppg_fp32.onnx", "--output", "out.onnx")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_an_onnx_file_cut_short(models, data_file, share):
    cut(models / "rppg_fp32.onnx", share)
    quantized(models)
    cut(models / "rppg_int8_qdq.onnx", share)
    refused(
        models, "verify", "--fp32", "rppg_spatial_int8_qdq.onnx", "--int8", "rppg_int8_qdq.onnx", "--data", data_file
    )


def test_an_onnx_file_of_another_network(models):
    shutil.copy(models / "rppg_temporal_int8_qdq.onnx", models / "rppg_fp32.onnx")
    assert "of another network" in quantized(models) or "no constant weight" in quantized(models)


def test_an_onnx_file_with_an_unknown_opset(models):
    model = onnx.load(models / "rppg_fp32.onnx")
    model.opset_import[0].version = 9
    onnx.save(model, models / "rppg_fp32.onnx")
    assert "opset 9" in quantized(models)


def test_an_onnx_file_that_computes_something_else(models):
    model = onnx.load(models / "rppg_fp32.onnx")
    next(tensor for tensor in model.graph.initializer if tensor.name == "span").CopyFrom(
        onnx.numpy_helper.from_array(np.array(120, np.float32), "span")
    )
    onnx.save(model, models / "rppg_fp32.onnx")
    assert "computes something else" in quantized(models)


def test_a_damaged_spec_in_a_model(models):
    model = onnx.load(models / "rppg_fp32.onnx")
    model.metadata_props[0].value = '{"model": 3}'
    onnx.save(model, models / "rppg_fp32.onnx")
    assert "model spec cannot be read" in quantized(models)


def test_a_verdict_that_is_none(tmp_path):
    for text in ("{", "[]", '{"passed": true}', '"text"'):
        (tmp_path / "v.json").write_text(text)
        assert "cannot be read" in refused(tmp_path, "report", "--verdict", "v.json")


def test_an_output_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("a file where a folder is asked for")
    assert "cannot write" in refused(tmp_path, "export", "--output", "file/x.onnx")
    assert "cannot write" in refused(tmp_path, "simulate", "--subjects", "1", "--output", "file/x.pt")


@pytest.mark.parametrize(
    "words",
    [
        ("calibrate", "--num_samples", "29"),
        ("verify", "--num_samples", "0"),
        ("train", "--model=ultralight", "--epochs", "0"),
        ("train", "--steps", "1"),
        ("train", "--learning-rate", "nan"),
        ("simulate", "--subjects", "0"),
        ("simulate", "--seed", "-1"),
        ("calibrate", "--seed", "-1"),
        ("train", "--seed", "4294967296"),
        ("build", "--calibrate.num-samples", "3"),
    ],
)
def test_an_option_outside_its_range(tmp_path, words):
    assert "give " in refused(tmp_path, *words)
