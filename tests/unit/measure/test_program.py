"""Limits of what the integer reference reads, to the last element and the last count, and what its records are."""

import inspect
from typing import get_args

import numpy as np
import pytest
from onnx import helper

from pulse8.errors import InputError
from pulse8.measure.infer.integer import IntegerRunner, load_program, quantised
from pulse8.measure.infer.kernels import LAYOUTS, Rounded, run_step
from pulse8.measure.infer.program import FloatStep, IntegerProgram, Step, Tensor, Window, sources_of
from pulse8.measure.infer.qdq import MAX_ELEMENTS
from pulse8.measure.infer.qdq_steps.site import Constant, Site
from qdq_graphs import Qdq


def read(graph):
    return load_program(graph.model(infer=False).SerializeToString())


@pytest.mark.parametrize("kind", [*get_args(Step), FloatStep, IntegerProgram, Window])
def test_records_are_frozen_and_filled_by_name(kind):
    assert kind.__dataclass_params__.frozen
    assert {parameter.kind for parameter in inspect.signature(kind).parameters.values()} == {
        inspect.Parameter.KEYWORD_ONLY
    }


def test_a_step_clamps_to_a_byte_and_a_window_has_stride_1_by_default():
    for kind in get_args(Rounded):
        parameters = inspect.signature(kind).parameters
        assert (parameters["low"].default, parameters["high"].default) == (-128, 127)
    assert Window(kernel=(2, 3)) == Window(kernel=(2, 3), strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1))


def test_an_unknown_step_is_not_run():
    with pytest.raises(TypeError):
        run_step("step", [], LAYOUTS["channel first"], None)


def weighted(bias):
    """Sums from bias - 127 * 255 on: one weight of -127, input codes 0..255 above the zero point."""
    return Qdq((1, 1, 1, 1), 0.5, -128).conv(np.full((1, 1, 1, 1), -127, np.int8), 0.25, [bias], scale=1.0)


def test_a_sum_may_reach_2_to_24_minus_1_and_no_further():
    largest = (1 << 24) - 1
    assert read(weighted(largest)).steps[0].bias == largest
    with pytest.raises(InputError, match="can sum to 16777216, not below"):
        read(weighted(largest + 1))
    assert read(weighted(-largest + 127 * 255)).steps
    with pytest.raises(InputError, match="not below"):
        read(weighted(-largest + 127 * 255 - 1))


def test_a_window_of_65793_bytes_is_the_last_that_is_averaged():
    assert read(Qdq((1, 1, 1, 65_793)).add("GlobalAveragePool")).steps
    with pytest.raises(InputError, match="a window of 65794 elements can sum to 2"):
        read(Qdq((1, 1, 1, 65_794)).add("GlobalAveragePool"))


def test_as_many_elements_as_are_read_and_one_more():
    assert read(Qdq((1, 1, 1, MAX_ELEMENTS)).add("Relu")).output.shape == (1, 1, 1, MAX_ELEMENTS)
    with pytest.raises(InputError, match="at most"):
        read(Qdq((1, 1, 1, MAX_ELEMENTS + 1)).add("Relu"))


def test_a_builders_input_is_frozen():
    assert all(kind.__dataclass_params__.frozen for kind in (Constant, Site))


def test_an_attribute_may_state_its_default():
    graph = Qdq((1, 2, 3, 4), opset=14)
    graph.constant("shape", np.array([1, 6, 4], np.int64))
    assert read(graph.add("Reshape", ["shape"], allowzero=0)).output.shape == (1, 6, 4)


def test_the_first_axis_may_be_squeezed_by_its_negative_name():
    graph = Qdq((1, 2, 3, 4))
    graph.constant("axes", np.array([-4], np.int64))
    assert read(graph.add("Squeeze", ["axes"])).output.shape == (2, 3, 4)


@pytest.mark.parametrize("operator", ["MaxPool", "AveragePool"])
def test_a_pools_window_elements_are_counted_in_every_channel(operator, monkeypatch):
    graph = Qdq((1, 3, 4, 4)).add(operator, kernel_shape=[2, 2])
    monkeypatch.setattr("pulse8.measure.infer.qdq_steps.windows.MAX_OPERANDS", 3 * 9 * 4)
    assert read(graph).output.shape == (1, 3, 3, 3)
    monkeypatch.setattr("pulse8.measure.infer.qdq_steps.windows.MAX_OPERANDS", 3 * 9 * 4 - 1)
    with pytest.raises(InputError, match="window elements"):
        read(graph)


def test_constants_may_be_nodes():
    graph = Qdq((1, 1, 2, 2)).add("Relu")
    model = graph.model()
    for tensor in model.graph.initializer:
        node = helper.make_node("Constant", [], [tensor.name], value=tensor)
        model.graph.node.insert(0, node)
    del model.graph.initializer[:]
    assert load_program(model.SerializeToString()).output.name == "y_q"


def test_a_tail_of_two_tensors_is_refused():
    graph = Qdq((1, 1, 2, 2)).add("Relu")
    model = graph.model()
    model.graph.node.append(helper.make_node("Add", ["y_dq", "x_dq"], ["sum"], name="sum"))
    model.graph.output[0].name = "sum"
    with pytest.raises(InputError, match="Add sum ends the file in float with operands that are not one number"):
        load_program(model.SerializeToString())


def codes_of(shape, graph):
    """Input codes in rising order, and what comes out."""
    codes = np.arange(np.prod(shape)).astype(np.int8).reshape(shape)
    return codes, IntegerRunner(read(graph)).tensors(codes)["y_q"]


SAME = {"scale": 0.05, "zero_point": 0}


def test_attributes_that_are_left_out_are_those_of_onnx():
    x, y = codes_of((2, 3, 4), Qdq((2, 3, 4)).add("Transpose", **SAME))
    np.testing.assert_array_equal(y, x.transpose())
    x, y = codes_of((2, 1, 3, 1), Qdq((2, 1, 3, 1)).add("Squeeze", **SAME))
    np.testing.assert_array_equal(y, x.reshape(2, 3))
    x, y = codes_of((2, 3, 4), Qdq((2, 3, 4)).add("Flatten", **SAME))
    np.testing.assert_array_equal(y, x.reshape(2, 12))
    x, y = codes_of((2, 3, 4, 2), Qdq((2, 3, 4, 2)).add("MaxPool", kernel_shape=[1, 1], **SAME))
    np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize(("axis", "rows"), [(0, 1), (1, 2), (3, 24), (-1, 6), (-3, 1), (2, 6)])
def test_flatten_splits_at_any_axis(axis, rows):
    x, y = codes_of((2, 3, 4), Qdq((2, 3, 4)).add("Flatten", axis=axis, **SAME))
    np.testing.assert_array_equal(y, x.reshape(rows, -1))


@pytest.mark.parametrize(
    ("operator", "name", "values", "words"),
    [
        ("Reshape", "shape", [2, 3, 4, 0], "copies an axis that"),
        ("Reshape", "shape", [-1, -1, 4], "cannot become"),
        ("Reshape", "shape", [-1, 7], "cannot become"),
        ("Reshape", "shape", [1, 1, 1, 1, 2, 3, 4], "cannot become"),
        ("Squeeze", "axes", [1], "are not all 1"),
        ("Squeeze", "axes", [3], "are not all 1"),
        ("Unsqueeze", "axes", [4], "axes [4] of rank 4"),
        ("Unsqueeze", "axes", [-5], "axes [-5] of rank 4"),
        ("Unsqueeze", "axes", [0, 0], "axes [0, 0] of rank 5"),
        ("Unsqueeze", "axes", [0, 1, 2, 3], "cannot become"),
    ],
)
def test_invalid_shapes_are_refused(operator, name, values, words):
    graph = Qdq((2, 3, 4))
    graph.add(operator, [graph.constant(name, np.array(values, np.int64))], **SAME)
    with pytest.raises(InputError) as refused:
        read(graph)
    assert words in str(refused.value)


@pytest.mark.parametrize("axis", [3, -4])
def test_axes_beyond_the_rank_are_refused(axis):
    for operator, beyond in (("Concat", axis), ("Flatten", axis + np.sign(axis) * (axis > 0))):
        graph = Qdq((2, 3, 4))
        with pytest.raises(InputError, match="of rank 3"):
            read(graph.add(operator, axis=int(beyond), **SAME))


@pytest.mark.parametrize(
    ("pool", "words"),
    [
        ({"kernel_shape": [2, 2], "dilations": [2, 1], "pads": [1, 0, 0, 0]}, "both padding and dilation"),
        ({"kernel_shape": [2, 2], "dilations": [1, 2], "pads": [0, 0, 0, 1]}, "both padding and dilation"),
        ({"kernel_shape": [2, 2], "pads": [0, 2, 0, 0]}, "leave a window without a picture"),
        ({"kernel_shape": [2, 2], "pads": [0, 0, 2, 0]}, "leave a window without a picture"),
        ({"kernel_shape": [2, 2], "pads": [0, 0, -1, 0]}, "pads below 0"),
        ({"kernel_shape": [2, 0]}, "below 1"),
        ({"kernel_shape": [2, 2], "dilations": [0, 1]}, "below 1"),
        ({"kernel_shape": [2]}, "not two-dimensional"),
        ({"kernel_shape": [2, 2], "strides": [1]}, "not two-dimensional"),
        ({"kernel_shape": [6, 1]}, "larger than the padded picture"),
    ],
)
def test_invalid_windows_are_refused(pool, words):
    with pytest.raises(InputError, match=words):
        read(Qdq((1, 2, 5, 5)).add("MaxPool", **pool, **SAME))


def test_a_kernel_may_fill_the_picture_and_a_dilated_pool_needs_no_padding():
    x, y = codes_of((1, 2, 5, 5), Qdq((1, 2, 5, 5)).add("MaxPool", kernel_shape=[5, 5], **SAME))
    np.testing.assert_array_equal(y[0, :, 0, 0], x.max((0, 2, 3)))
    x, y = codes_of((1, 1, 5, 5), Qdq((1, 1, 5, 5)).add("MaxPool", kernel_shape=[2, 2], dilations=[2, 4], **SAME))
    np.testing.assert_array_equal(y[0, 0, :, 0], x[0, 0, 2:, 4])


def test_a_table_has_an_entry_a_byte():
    for operator in ("Relu", "Sigmoid"):
        assert [step.table.shape for step in read(Qdq((1, 1, 2, 2)).add(operator)).steps] == [(256,)]


def test_scales_and_zero_points_decide_whether_a_byte_means_the_same():
    one = Tensor("a", (1,), np.float32(0.1), 3)
    assert one.same_codes(Tensor("b", (9, 9), np.float32(0.1), 3))
    assert not one.same_codes(Tensor("a", (1,), np.float32(0.1), 4))
    assert not one.same_codes(Tensor("a", (1,), np.float32(0.2), 3))


def test_sources_are_those_that_a_step_reads():
    graph = Qdq((1, 1, 2, 2)).add("Relu", name="r")
    for operator in ("Add", "Mul", "Concat"):
        axis = {"axis": 1} if operator == "Concat" else {}
        step = read(graph.add(operator, ["x_dq"], name=operator, **axis)).steps[-1]
        assert sources_of(step)[-1].name == "x_q"
        assert len(sources_of(step)) == 2


def test_codes_are_saturated_at_both_ends_and_halves_go_to_the_even_one():
    tensor = Tensor("x", (6,), np.float32(2), 1)
    codes = quantised(np.float32([-1e9, -258, -3, 1, 3, 1e9]), tensor)
    np.testing.assert_array_equal(codes, [-128, -128, -1, 1, 3, 127])
