"""The written INT8 file: its size, its names, its bytes."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import onnx
import pytest

from pulse8.convert.export.forms import whole_form
from pulse8.convert.export.layers import SHAPES
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.qdq_writer import constants_of, write_int8
from pulse8.convert.quantize.scales import Scale
from pulse8.spec import ULTRALIGHT

SCALES = {
    "patches": Scale(float(np.float32(1 / 255)), -128),
    **{f"{name}_relu": Scale(1 / (64 + 8 * place), -128) for place, name in enumerate(SHAPES) if name != "dense2"},
    "logit": Scale(1 / 512, 42),
}
SHA256 = "80bad590a2fa6b986bdca1dcb0acb075c1ea4825e45cbfb53add4d619a6ad460"


def written():
    rng = np.random.default_rng(0)
    weights = {
        name: tuple((rng.integers(-127, 128, size) / 1024).astype(np.float32) for size in (shape, shape[0]))
        for name, shape in SHAPES.items()
    }
    return write_int8(whole_form(weights, ULTRALIGHT, 13), SCALES, QuantizeOptions(), ULTRALIGHT)


@pytest.fixture(scope="module")
def model():
    return written()


def test_the_whole_file_takes_at_most_28_000_bytes_without_its_spec(model):
    spec = sum(len(entry.key) + len(entry.value) for entry in model.metadata_props)
    assert model.ByteSize() - spec <= 28_000


def test_weights_take_a_quarter_of_fp32(model):
    constants = constants_of(model)
    stored = sum(constants[f"{name}_w_q"].nbytes for name in SHAPES)
    assert 4 * stored == sum(4 * np.prod(shape) for shape in SHAPES.values())


def test_no_two_constants_hold_the_same_zero_point(model):
    points = [tensor for tensor in model.graph.initializer if tensor.name.startswith("z")]
    assert {tensor.name for tensor in points} >= {"z-128_int8", "z0x16_int8", "z0x32_int32"}
    held = [(tensor.data_type, tuple(tensor.dims), onnx.numpy_helper.to_array(tensor).tobytes()) for tensor in points]
    assert len(set(held)) == len(held)


def test_names_are_short_and_say_the_layer(model):
    names = {name for node in model.graph.node for name in (*node.input, *node.output)}
    assert {"patches_q", "conv1_w_q", "conv1_w_s", "conv1_b_q", "conv1_relu_s", "logit_dq"} <= names
    assert max(map(len, names)) <= len("dense1_relu_dq")


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_same_scales_give_the_same_bytes_in_any_process(hash_seed):
    code = f"import runpy; print(runpy.run_path({__file__!r})['digest']())"
    env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == SHA256


def digest():
    return hashlib.sha256(written().SerializeToString(deterministic=True)).hexdigest()
