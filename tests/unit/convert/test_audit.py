"""A planted fault for each thing that the audit reads back."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from pulse8.board.inputs import pair_paths
from pulse8.convert.quantize.audit import audit, scale_violations
from pulse8.convert.quantize.scales import Scale
from pulse8.spec import ULTRALIGHT


@pytest.fixture
def model(workspace):
    return onnx.load(workspace / "quantization" / "models" / "rppg_int8_qdq.onnx")


def change(model, name, value):
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    array = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(np.asarray(value(array), array.dtype), name))


def drop(model, kind, name):
    node = next(node for node in model.graph.node if node.op_type == kind and name in node.output)
    for other in model.graph.node:
        other.input[:] = [node.input[0] if operand == name else operand for operand in other.input]
    model.graph.node.remove(node)


OUTPUT_SCALES = [f"{name}_relu_s" for name in ("conv1", "conv2", "conv3", "time1", "time2", "dense1")] + ["logit_s"]
FAULTS = {
    "weight zero point": (lambda m: change(m, "z0x32_int8", lambda z: z + 1), "conv2: weights are not int8 symmetric"),
    "per tensor": (lambda m: change(m, "conv3_w_s", lambda s: s[0]), "conv3: weight scales have shape ()"),
    "bias scale": (lambda m: change(m, "time1_b_s", lambda s: s * 2), "time1: bias scale is not input scale times"),
    "bias zero point": (lambda m: change(m, "z0x32_int32", lambda z: z + 1), "dense1: bias is not int32"),
    "input scale": (lambda m: change(m, "patches_s", lambda s: s * 2), "input patches has scale"),
    "input zero point": (lambda m: change(m, "z-128_int8", lambda z: z * 0), "input patches has scale"),
    "two operator sets": (lambda m: m.opset_import.append(helper.make_opsetid("com.microsoft", 1)), "operator sets"),
    "new IR": (lambda m: setattr(m, "ir_version", 10), "IR version 10"),
    "dynamic axis": (
        lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[0], "dim_param", "batch"),
        "patches has a dynamic axis",
    ),
    "float weight": (lambda m: drop(m, "DequantizeLinear", "conv1_w_dq"), "not all dequantised"),
    "float island": (lambda m: drop(m, "QuantizeLinear", "pool1_q"), "MaxPool pool1 computes in float"),
}


def test_what_the_line_wrote_is_clean(model, workspace):
    audited = audit(model, ULTRALIGHT, per_channel=True)
    assert audited.violations == ()
    assert (audited.weights_per_channel, audited.weights_per_tensor, audited.biases) == (7, 0, 7)
    for path in pair_paths(workspace / "quantization" / "models" / "rppg_int8_qdq.onnx"):
        assert audit(onnx.load(path), ULTRALIGHT, per_channel=True).violations == ()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_reported(model, fault):
    plant, words = FAULTS[fault]
    plant(model)
    assert any(words in text for text in audit(model, ULTRALIGHT, per_channel=True).violations)


def test_per_channel_in_place_of_per_tensor_is_reported(model):
    assert len(audit(model, ULTRALIGHT, per_channel=False).violations) == 7


def test_a_scale_that_is_not_in_the_file_is_reported(model):
    held = {t.name[:-2]: numpy_helper.to_array(t).item() for t in model.graph.initializer if t.name in OUTPUT_SCALES}
    scales = {name: Scale(scale, -128) for name, scale in held.items() if name != "logit"}
    assert scale_violations(model, scales) == []
    violations = scale_violations(model, {**scales, "time2_relu": Scale(0.5, -128), "pool9": Scale(0.5, -128)})
    assert [text.partition(":")[0] for text in violations] == ["time2_relu", "pool9 is not quantised"]
    assert "not Scale(scale=0.5" in violations[0]
    assert len(scale_violations(model, {"conv1_relu": Scale(held["conv1_relu"], 0)})) == 1
