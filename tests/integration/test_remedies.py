"""Three planted networks that lose accuracy: diagnose names the layer, and its command gives the decibels it states."""

import shlex

import numpy as np
import onnx
import pytest

import planted_networks
from commands import pulse8
from pulse8.convert.diagnose.diagnose import diagnose
from pulse8.convert.diagnose.options import DiagnoseOptions
from pulse8.convert.diagnose.text import ranked_table
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.quantize import quantize
from pulse8.convert.verify.options import VerifyOptions
from pulse8.convert.verify.own import verify_own

PLANTED = {
    "uneven_channels": ({"first_relu", "depthwise_relu"}, "--equalise", 4, 30),
    "wide_outliers": ({"product", "triple"}, "product=mse", 18, 24),
    "saturating_gate": ({"gate"}, "--layers gate=mse", 15, 29),
}
"""Layers that may be named, what is advised, most dB before and least dB after."""


@pytest.fixture(params=PLANTED)
def planted(request, tmp_path):
    onnx.save(getattr(planted_networks, request.param)(), tmp_path / "net.onnx")
    rng = np.random.default_rng(0)
    for name in ("samples", "others"):
        np.savez(tmp_path / f"{name}.npz", x=rng.normal(size=(16, 3, 16, 16)).astype(np.float32))
    return tmp_path, *PLANTED[request.param]


def test_diagnose_names_the_layer_and_its_command_gives_what_it_states(planted):
    folder, layers, advised, before, after = planted
    fp32, int8, samples = folder / "net.onnx", folder / "int8.onnx", folder / "samples.npz"
    quantize(fp32, samples, int8, QuantizeOptions())
    found = diagnose(fp32, int8, samples, folder / "diagnosis", DiagnoseOptions(num_samples=8))
    assert found.layer_to_fix in layers
    assert advised in found.remedy.flags
    assert found.sqnr_db < before < after < found.remedy.sqnr_db
    command = f"pulse8 quantize --input {fp32} --calibration {samples} --output {int8}"
    assert f"{found.remedy.sqnr_db:.1f} dB with\n  {command} {found.remedy.flags}" in ranked_table(found, command)
    made = pulse8(folder, *shlex.split(f"{command} {found.remedy.flags}")[1:])
    assert made.returncode == 0, made.stderr
    again = diagnose(fp32, int8, samples, folder / "diagnosis", DiagnoseOptions(num_samples=8))
    assert again.sqnr_db == pytest.approx(found.remedy.sqnr_db, abs=0.01)
    verdict, _ = verify_own(fp32, int8, folder / "others.npz", VerifyOptions(min_sqnr_db=after - 1))
    assert verdict.passed, verdict.failures
    if found.remedy.options.equalise:  # layers are compared with those of the equalised network
        assert min(layer.sqnr_db for layer in verdict.layers) > after - 3
