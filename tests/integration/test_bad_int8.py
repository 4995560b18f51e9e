"""Files that the integer reference must refuse: one line, exit 2, at the door of verify and through the API."""

import contextlib
import io

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from pulse8.cli import main
from pulse8.errors import InputError
from pulse8.measure.infer.integer import IntegerRunner, load_program
from pulse8.measure.infer.ort import OrtRunner
from qdq_graphs import Qdq


@pytest.fixture(scope="module")
def models(workspace):
    return workspace / "quantization" / "models"


def change(model, name, value):
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    array = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(np.asarray(value(array)), name))


def node_of(model, output):
    return next(node for node in model.graph.node if output in node.output)


def set_attribute(model, output, **values):
    node = node_of(model, output)
    kept = [attribute for attribute in node.attribute if attribute.name not in values]
    del node.attribute[:]
    node.attribute.extend([*kept, *(helper.make_attribute(name, value) for name, value in values.items())])


def drop(model, name):
    model.graph.initializer.remove(next(tensor for tensor in model.graph.initializer if tensor.name == name))


def claim(model, name, size):
    next(tensor for tensor in model.graph.initializer if tensor.name == name).dims[:] = [size]


def zero_point(model, source, value):
    """Give the quantiser (or dequantiser) of a tensor a zero point of its own."""
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), "planted_z"))
    next(node for node in model.graph.node if node.input[0] == source).input[2] = "planted_z"


def input_size(model, size):
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = size


def bypass(model, output):
    """Take a node out: who read its result reads its input."""
    node = node_of(model, output)
    for other in model.graph.node:
        other.input[:] = [node.input[0] if name == output else name for name in other.input]
    model.graph.node.remove(node)


NAN = float("nan")
FAULTS = {
    "unsupported operator": (lambda m: setattr(node_of(m, "pool1"), "op_type", "LpPool"), "LpPool pool1 is not an"),
    "another domain": (lambda m: setattr(node_of(m, "pool1"), "domain", "com.microsoft"), "com.microsoft"),
    "missing initialiser": (lambda m: drop(m, "conv2_w_q"), "conv2_w_q"),
    "missing scale": (lambda m: drop(m, "conv2_w_s"), "conv2_w_s"),
    "scale 0": (lambda m: change(m, "conv1_relu_s", lambda s: s * 0), "conv1_relu_s, a scale of conv1_relu, is not"),
    "scale NaN": (lambda m: change(m, "conv1_relu_s", lambda s: s * np.float32(NAN)), "finite and above 0"),
    "scale below 0": (lambda m: change(m, "conv2_w_s", lambda s: -s), "finite and above 0"),
    "zero point 300": (lambda m: zero_point(m, "logit", np.int32(300)), "the zero point 300 of int32"),
    "weight zero point": (lambda m: zero_point(m, "conv2_w_q", np.ones(32, np.int8)), "weights are not int8 with zero"),
    "wrong axis": (lambda m: set_attribute(m, "conv3_w_dq", axis=1), "16 weight scales along axis 1"),
    "bias scale": (lambda m: change(m, "time1_b_s", lambda s: s * 2), "bias scale is not input scale times"),
    "bias not int32": (lambda m: change(m, "time1_b_q", lambda b: b.astype(np.int8)), "bias is not int32"),
    "bias too large": (lambda m: change(m, "time1_b_q", lambda b: b + np.int32(1 << 25)), "not below 2^24"),
    "initialiser of 2 GB": (lambda m: claim(m, "conv1_w_q", 1 << 31), "conv1_w_q"),
    "input of 2 GB": (lambda m: input_size(m, 1 << 31), "at most 67108864 elements"),
    "dynamic input": (lambda m: m.graph.input[0].type.tensor_type.shape.dim[0].Clear(), "dynamic or empty axis"),
    "pads of 2 GB": (lambda m: set_attribute(m, "conv1_relu", pads=[1 << 20] * 4), "window elements"),
    "strides of 0": (lambda m: set_attribute(m, "conv1_relu", strides=[0, 1]), "below 1"),
    "auto pad": (lambda m: set_attribute(m, "pool1", auto_pad="OTHER"), "auto_pad=b'OTHER' is not known"),
    "ceil mode": (lambda m: set_attribute(m, "average1", ceil_mode=1, strides=[4, 4]), "ceil_mode=1 adds windows"),
    "groups": (lambda m: set_attribute(m, "conv2_relu", group=3), "in 3 groups"),
    "an island of float": (lambda m: bypass(m, "pool1_q"), "pool1"),
    "float input": (lambda m: bypass(m, "patches_q"), "patches"),
    "a Tanh in the tail": (lambda m: setattr(node_of(m, "share"), "op_type", "Tanh"), "Tanh share ends the"),
    "an output twice": (lambda m: m.graph.output.append(m.graph.output[0]), "output bpm is named twice"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_the_reference_must_refuse(models, data_file, tmp_path, fault):
    plant, words = FAULTS[fault]
    model = onnx.load(models / "rppg_int8_qdq.onnx")
    plant(model)
    path = tmp_path / "bad.onnx"
    path.write_bytes(model.SerializeToString())
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = main(["verify", "--fp32", str(models / "rppg_fp32.onnx"), "--int8", str(path), "--data", str(data_file),
                     "--runner", "integer"])  # fmt: skip
    line = errors.getvalue()
    assert (code, out.getvalue()) == (2, ""), line
    assert line.startswith("❌ Error: ")
    assert str(path) in line
    assert line.count("\n") == 1
    assert words in line
    assert line.rstrip().endswith("`pulse8 quantize`")
    assert list(tmp_path.iterdir()) == [path]


def test_a_float_model_has_no_bytes(models):
    fp32 = models / "rppg_fp32.onnx"
    with pytest.raises(InputError, match="a float model, without a QuantizeLinear; make it with `pulse8 quantize`"):
        IntegerRunner(fp32)
    with pytest.raises(InputError, match="a float model: no DequantizeLinear before its end"):
        OrtRunner(fp32).run_int8(np.zeros((1, 8, 3, 36, 36, 3), np.float32))


def test_bytes_that_are_no_model():
    with pytest.raises(InputError, match="truncated or no ONNX file"):
        load_program(b"not a model")


@pytest.mark.parametrize("value", [np.zeros((1, 3, 4, 4), np.float32), np.full((1, 2, 4, 4), NAN, np.float32)])
def test_an_invalid_input(value):
    runner = IntegerRunner(Qdq((1, 2, 4, 4)).add("Relu", zero_point=-128).model().SerializeToString())
    with pytest.raises(InputError, match=r"is not .* or holds NaN"):
        runner(value)
    with pytest.raises(InputError, match="the model takes int8"):
        runner.tensors(value)


SMALL_FAULTS = {
    "broadcast": (
        lambda g: g.add("Sigmoid", name="s").add("Flatten", name="f").add("Mul", ["x_dq"]),
        "do not fit each other",
    ),
    "axis of a concat": (lambda g: g.add("Concat", ["x_dq"], axis=7), "axis 7 of rank 4"),
    "reshape": (lambda g: g.add("Reshape", [g.constant("shape", np.array([5, 7], np.int64))]), "cannot become [5, 7]"),
    "perm": (lambda g: g.add("Transpose", perm=[0, 0, 1, 2]), "perm [0, 0, 1, 2]"),
    "kernel": (lambda g: g.add("MaxPool", kernel_shape=[9, 9]), "kernel is larger"),
    "padding alone": (lambda g: g.add("AveragePool", kernel_shape=[1, 1], pads=[1, 1, 1, 1]), "without a picture"),
    "constant operand": (
        lambda g: g.add("Add", [g.constant("c", np.zeros((1, 2, 4, 4), np.float32))]),
        "its constant has the shape [1, 2, 4, 4]",
    ),
    "rank 3": (
        lambda g: g.add("Flatten", name="f").conv(np.ones((2, 32, 1, 1), np.int8), 0.1, None, kernel_shape=[1, 1]),
        "rank 2; write it as",
    ),
    "gemm": (lambda g: g.add("Flatten", name="f").conv(np.ones((2, 5), np.int8), 0.1, None, operator="Gemm"), "[2, 5]"),
}


@pytest.mark.parametrize("fault", SMALL_FAULTS)
def test_an_invalid_node(fault):
    """Built without shape inference, which would refuse some of them first."""
    plant, words = SMALL_FAULTS[fault]
    graph = Qdq((1, 2, 4, 4))
    plant(graph)
    with pytest.raises(InputError) as refused:
        load_program(graph.model(infer=False).SerializeToString())
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_two_readings_of_one_name_are_refused():
    model = Qdq((1, 2, 4, 4)).add("Relu").model()
    model.graph.node.append(model.graph.node[-1])
    with pytest.raises(InputError):
        load_program(model.SerializeToString())


def test_an_int8_end_is_refused():
    model = Qdq((1, 2, 4, 4)).add("Relu").model()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT8
    with pytest.raises(InputError, match="not float32"):
        load_program(model.SerializeToString())


def test_external_data_of_3_gb_is_not_read(models, tmp_path):
    model = onnx.load(models / "rppg_int8_qdq.onnx")
    path = tmp_path / "bad.onnx"
    onnx.save(model, path, save_as_external_data=True, location="bad.data", size_threshold=0)
    assert load_program(path).output.name == "logit_q"
    with (tmp_path / "bad.data").open("r+b") as file:
        file.truncate(3 << 30)  # sparse: it takes no room
    assert load_program(path).output.name == "logit_q"  # of a long file, too, what is named is read
    claims = onnx.load(path, load_external_data=False)
    for entry in claims.graph.initializer[0].external_data:
        if entry.key == "length":
            entry.value = str(3 << 30)
    path.write_bytes(claims.SerializeToString())
    with pytest.raises(InputError, match="bytes; models of this line have at most"):
        load_program(path)
