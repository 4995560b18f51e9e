"""Each operator against sums written out in int64, ONNX Runtime, onnx's evaluator, and its own other layout."""

import numpy as np
import onnx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator

from pulse8.measure.infer.integer import IntegerRunner, load_program, quantised
from pulse8.measure.infer.ort import OrtRunner
from pulse8.measure.infer.program import Conv
from qdq_graphs import Qdq, with_bytes

SCALES = st.floats(0.003, 0.3).map(np.float32)
ZEROS = st.integers(-128, 127)
SEEDS = st.integers(0, 1 << 30)
STARTS = st.tuples(SEEDS.map(np.random.default_rng), SCALES, ZEROS)
CODES = st.tuples(SCALES, ZEROS)
MOVES = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 1)).filter(lambda move: move[0] > move[2])
"""Side of a window, its step, padding."""
QUICK = settings(max_examples=40, deadline=None, database=None, derandomize=True)


def tensor_of(rng, graph):
    """Real values that cover all of the input's codes and reach outside."""
    scale, zero = graph.constants["x_s"], int(graph.constants["x_z"])
    return ((rng.integers(-140, 140, graph.shape) - zero) * scale).astype(np.float32)


def in_both_layouts(model, x):
    """The reference's runner, and its bytes by name once both layouts gave the same ones."""
    first = IntegerRunner(model.SerializeToString())
    tensors = first.tensors(quantised(x, first.program.input))
    other = IntegerRunner(first.program, "channel last").tensors(quantised(x, first.program.input))
    assert tensors.keys() == other.keys()
    for name in tensors:
        np.testing.assert_array_equal(tensors[name], other[name], err_msg=name)
    for step in first.program.steps:
        assert tensors[step.output.name].shape == step.output.shape
    return first, tensors


def agreed(graph, rng, worst=1):
    """Run a graph everywhere; the reference's bytes by name."""
    model = graph.model()
    bytes_too, names = with_bytes(model)
    x = tensor_of(rng, graph)
    first, tensors = in_both_layouts(model, x)
    for level in ("off", "all"):
        runtime = OrtRunner(bytes_too.SerializeToString(), level)(x)
        for name, theirs in zip(names, runtime[1:], strict=True):
            assert np.abs(tensors[name].astype(int) - theirs).max() <= worst, (level, name)
        np.testing.assert_array_equal(first.run_int8(x), tensors[first.program.output.name])
    graph.opset = 21  # onnx's evaluator has no kernel for an older DequantizeLinear
    raised, _ = with_bytes(graph.model())
    for name, theirs in zip(names, ReferenceEvaluator(raised).run(None, {"x": x})[1:], strict=True):
        assert np.abs(tensors[name].astype(int) - theirs).max() <= worst, ("onnx", name)
    return tensors


def rounded(acc, multiplier, zero_point, low=-128):
    """The contract, written once more: float32 product, half to even, clamp."""
    product = acc.astype(np.float32) * np.asarray(multiplier, np.float64).astype(np.float32)
    return np.clip(np.round(product).astype(np.int64) + zero_point, max(low, -128), 127)


@st.composite
def convolutions(draw):
    groups, group_inputs, out = (draw(st.integers(1, 3)) for _ in range(3))
    kernel, strides, dilations = ([draw(st.integers(1, 3)) for _ in range(2)] for _ in range(3))
    pads = [draw(st.integers(0, 2)) for _ in range(4)]
    reach = [gap * (size - 1) + 1 for size, gap in zip(kernel, dilations, strict=True)]
    sides = [draw(st.integers(size, size + 5)) for size in reach]
    rng = np.random.default_rng(draw(SEEDS))
    graph = Qdq((draw(st.integers(1, 2)), groups * group_inputs, *sides), draw(SCALES), draw(ZEROS))
    per_channel = draw(st.booleans())
    scale = rng.uniform(0.002, 0.02, groups * out) if per_channel else 0.01
    bias = rng.integers(-4000, 4000, groups * out) if draw(st.booleans()) else None
    graph.conv(
        rng.integers(-127, 128, (groups * out, group_inputs, *kernel)).astype(np.int8),
        np.asarray(scale, np.float32),
        bias,
        kernel_shape=kernel,
        strides=strides,
        dilations=dilations,
        pads=pads,
        group=groups,
        scale=draw(SCALES) * 5,
        zero_point=draw(ZEROS),
        relu=draw(st.booleans()),
    )
    return graph, rng


def conv_written_out(graph, codes):
    """One output at a time, in int64."""
    node = next(node for node in graph.nodes if node.op_type == "Conv")
    fields = {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
    constants, (top, left, bottom, right) = graph.constants, fields["pads"]
    zero, weight = int(constants["x_z"]), constants["conv_w_q"].astype(np.int64)
    x = np.pad(codes.astype(np.int64) - zero, ((0, 0), (0, 0), (top, bottom), (left, right)))
    out, group_inputs, rows, columns = weight.shape
    gap, stride = fields["dilations"], fields["strides"]
    height = (x.shape[2] - gap[0] * (rows - 1) - 1) // stride[0] + 1
    width = (x.shape[3] - gap[1] * (columns - 1) - 1) // stride[1] + 1
    acc = np.zeros((len(x), out, height, width), np.int64)
    for batch, channel, row, column in np.ndindex(acc.shape):
        start = channel // (out // fields["group"]) * group_inputs
        y0, x0 = row * stride[0], column * stride[1]
        patch = x[
            batch, start : start + group_inputs, y0 : y0 + gap[0] * rows : gap[0], x0 : x0 + gap[1] * columns : gap[1]
        ]
        acc[batch, channel, row, column] = (patch[:, :rows, :columns] * weight[channel]).sum()
    if "conv_b_q" in constants:
        acc += constants["conv_b_q"][:, None, None]
    units = np.float64(constants["x_s"]) * np.broadcast_to(constants["conv_w_s"].astype(np.float64), out)
    multiplier = (units / np.float64(constants["conv_s"]))[:, None, None]
    zero_point = int(constants["conv_z"])
    return rounded(acc, multiplier, zero_point, zero_point if any(n.op_type == "Relu" for n in graph.nodes) else -128)


@QUICK
@given(convolutions())
def test_any_convolution_is_the_sum_written_out(graph_and_rng):
    graph, rng = graph_and_rng
    tensors = agreed(graph, rng)
    np.testing.assert_array_equal(tensors["conv_q"], conv_written_out(graph, tensors["x_q"]))


@st.composite
def transposed(draw):
    groups, inputs, out = (draw(st.integers(1, 3)) for _ in range(3))
    kernel, strides = ([draw(st.integers(1, most)) for _ in range(2)] for most in (5, 4))
    dilations = [draw(st.sampled_from([1, 1, 2])) for _ in range(2)]
    more = [draw(st.integers(0, stride - 1)) for stride in strides]
    pads = [draw(st.integers(0, 2)) for _ in range(4)]
    sides = [draw(st.integers(3, 5)) for _ in range(2)]
    rng = np.random.default_rng(draw(SEEDS))
    graph = Qdq((1, groups * inputs, *sides), draw(SCALES), draw(ZEROS))
    scale = rng.uniform(0.002, 0.02, out) if groups == 1 and draw(st.booleans()) else 0.01
    graph.conv(
        rng.integers(-127, 128, (groups * inputs, out, *kernel)).astype(np.int8),
        np.asarray(scale, np.float32),
        rng.integers(-4000, 4000, groups * out) if np.ndim(scale) or groups == 1 == out else None,
        operator="ConvTranspose",
        axis=1,
        kernel_shape=kernel,
        strides=strides,
        dilations=dilations,
        pads=pads,
        output_padding=more,
        group=groups,
        scale=draw(SCALES) * 5,
        zero_point=draw(ZEROS),
        relu=draw(st.booleans()),
    )
    reach = [gap * (size - 1) + 1 for size, gap in zip(kernel, dilations, strict=True)]
    full = [(sides[axis] - 1) * strides[axis] + reach[axis] for axis in (0, 1)]
    kept = [full[axis] + more[axis] - pads[axis] - pads[2 + axis] for axis in (0, 1)]
    assume(min(kept) > 0)
    return graph, rng, kept


def transposed_written_out(graph, codes, kept):
    """Each input adds a whole kernel to the output, in int64."""
    node = next(node for node in graph.nodes if node.op_type == "ConvTranspose")
    fields = {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
    constants, (top, left, *_) = graph.constants, fields["pads"]
    weight, x = constants["conv_w_q"].astype(np.int64), codes.astype(np.int64) - int(constants["x_z"])
    inputs, out, rows, columns = weight.shape
    stride, gap, groups = fields["strides"], fields["dilations"], fields["group"]
    acc = np.zeros((1, groups * out, 60, 60), np.int64)
    for channel, row, column in np.ndindex(x.shape[1:]):
        first = channel // (inputs // groups) * out
        y0, x0 = row * stride[0], column * stride[1]
        at = np.s_[0, first : first + out, y0 : y0 + gap[0] * rows : gap[0], x0 : x0 + gap[1] * columns : gap[1]]
        acc[at] += x[0, channel, row, column] * weight[channel]
    acc = acc[:, :, top : top + kept[0], left : left + kept[1]]
    if "conv_b_q" in constants:
        acc = acc + constants["conv_b_q"][:, None, None]
    units = np.float64(constants["x_s"]) * np.broadcast_to(constants["conv_w_s"].astype(np.float64), groups * out)
    multiplier = (units / np.float64(constants["conv_s"]))[:, None, None]
    zero_point = int(constants["conv_z"])
    return rounded(acc, multiplier, zero_point, zero_point if any(n.op_type == "Relu" for n in graph.nodes) else -128)


@QUICK
@given(transposed())
def test_any_transposed_convolution_is_the_sum_written_out(made):
    graph, rng, kept = made
    _, tensors = in_both_layouts(graph.model(), tensor_of(rng, graph))  # onnx's evaluator fails on groups
    np.testing.assert_array_equal(tensors["conv_q"], transposed_written_out(graph, tensors["x_q"], kept))


def test_a_transposed_convolution_multiplies_by_few_zeros():
    graph = Qdq((1, 4, 6, 6))
    graph.conv(np.ones((4, 3, 3, 3), np.int8), np.float32(0.01), None, operator="ConvTranspose", axis=1, strides=[2, 2])
    step = next(step for step in load_program(graph.model().SerializeToString()).steps if isinstance(step, Conv))
    assert step.weight.shape == (12, 4, 2, 2)
    assert step.output.shape == (1, 12, 7, 7)


@QUICK
@given(STARTS, CODES, st.booleans(), st.booleans())
def test_a_gemm_is_a_matrix_product(start, out, transposed, relu):
    rng, scale, zero = start
    out_scale, out_zero = out
    size, rows = int(rng.integers(1, 40)), int(rng.integers(1, 6))
    weight = rng.integers(-127, 128, (rows, size)).astype(np.int8)
    scales = rng.uniform(0.002, 0.02, rows).astype(np.float32)
    bias = rng.integers(-4000, 4000, rows)
    graph = Qdq((3, size), scale, zero)
    graph.conv(
        weight if transposed else np.ascontiguousarray(weight.T),
        scales,
        bias,
        operator="Gemm",
        axis=0 if transposed else 1,
        transB=int(transposed),
        scale=out_scale * 5,
        zero_point=out_zero,
        relu=relu,
    )
    tensors = agreed(graph, rng)
    acc = (tensors["x_q"].astype(np.int64) - zero) @ weight.T.astype(np.int64) + bias
    multiplier = np.float64(scale) * scales / np.float64(np.float32(out_scale * 5))
    np.testing.assert_array_equal(tensors["conv_q"], rounded(acc, multiplier, out_zero, out_zero if relu else -128))


@QUICK
@given(STARTS, MOVES, st.booleans(), st.booleans())
def test_averages_divide_by_what_they_count(start, moves, counted, relu):
    (rng, scale, zero), (side, stride, pad) = start, moves
    kernel = [side, int(rng.integers(1, 4))]
    graph = Qdq((1, 3, int(rng.integers(4, 9)), int(rng.integers(4, 9))), scale, zero)
    graph.add(
        "AveragePool",
        kernel_shape=kernel,
        strides=[stride, 1],
        pads=[pad, 0, pad, 0],
        count_include_pad=int(counted),
        scale=scale * np.float32(0.7),
        zero_point=-3,
        relu=relu,
    )
    tensors = agreed(graph, rng)
    codes = np.pad(tensors["x_q"].astype(np.int64) - zero, ((0, 0), (0, 0), (pad, pad), (0, 0)))
    inside = np.pad(np.ones(graph.shape, np.int64), ((0, 0), (0, 0), (pad, pad), (0, 0)), constant_values=int(counted))
    for row, column in np.ndindex(tensors["y_q"].shape[2:]):
        place = np.s_[0, :, row * stride : row * stride + kernel[0], column : column + kernel[1]]
        count = inside[place][0].sum()
        multiplier = np.float64(scale) / (np.float64(np.float32(scale * np.float32(0.7))) * count)
        wanted = rounded(codes[place].sum((1, 2)), multiplier, -3, -3 if relu else -128)
        np.testing.assert_array_equal(tensors["y_q"][0, :, row, column], wanted)


@QUICK
@given(STARTS)
def test_a_global_average_is_one_window(start):
    rng, scale, zero = start
    graph = Qdq((2, 3, 5, 7), scale, zero).add("GlobalAveragePool", scale=scale / 3, zero_point=5)
    tensors = agreed(graph, rng)
    acc = (tensors["x_q"].astype(np.int64) - zero).sum((2, 3), keepdims=True)
    np.testing.assert_array_equal(
        tensors["y_q"], rounded(acc, np.float64(scale) / (np.float64(np.float32(scale / 3)) * 35), 5)
    )


@QUICK
@given(STARTS, MOVES, st.booleans())
def test_the_largest_byte_wins_and_padding_never(start, moves, same):
    (rng, scale, zero), (side, stride, pad) = start, moves
    graph = Qdq((1, 2, 7, 6), scale, zero)
    out = {"scale": scale, "zero_point": zero} if same else {"scale": scale * np.float32(1.3), "zero_point": 7}
    graph.add("MaxPool", kernel_shape=[side, side], strides=[stride, stride], pads=[pad] * 4, **out)
    tensors = agreed(graph, rng)
    codes = np.pad(tensors["x_q"], ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=-128)
    for row, column in np.ndindex(tensors["y_q"].shape[2:]):
        y0, x0 = row * stride, column * stride
        wanted = codes[0, :, y0 : y0 + side, x0 : x0 + side].max((1, 2)).astype(np.int64)
        if not same:
            wanted = rounded(wanted - zero, np.float64(scale) / np.float64(np.float32(scale * np.float32(1.3))), 7)
        np.testing.assert_array_equal(tensors["y_q"][0, :, row, column], wanted)


@QUICK
@given(STARTS, CODES, st.sampled_from(["Add", "Mul"]), st.booleans(), st.booleans())
def test_two_tensors_in_one(start, codes, operator, same, relu):
    (rng, one, zero), (other, out_zero) = start, codes
    other = one if same else other
    graph = Qdq((1, 4, 2, 3), one, zero)
    graph.add("Sigmoid", name="s", scale=other, zero_point=-7)
    scale = np.float32(one * other * 40 if operator == "Mul" else one + other)
    graph.add(operator, ["x_dq"], scale=scale, zero_point=out_zero, relu=relu)
    tensors = agreed(graph, rng, worst=2)  # a sigmoid that falls on another side of a half moves the sum with it
    s, x = tensors["s_q"].astype(np.int64) + 7, tensors["x_q"].astype(np.int64) - zero
    low = out_zero if relu else -128
    if operator == "Mul":
        wanted = rounded(s * x, np.float64(other) * np.float64(one) / np.float64(scale), out_zero, low)
    elif one == other:
        wanted = rounded(s + x, np.float64(one) / np.float64(scale), out_zero, low)
    else:
        total = s.astype(np.float32) * other + x.astype(np.float32) * one
        wanted = np.clip(np.round(total * np.float32(1 / np.float64(scale))) + out_zero, low, 127)
    np.testing.assert_array_equal(tensors["y_q"], wanted)


@QUICK
@given(SCALES, ZEROS, st.sampled_from(["Sigmoid", "Relu"]))
def test_tables_of_one_byte(scale, zero, operator):
    graph = Qdq((1, 1, 16, 16), scale, zero)
    graph.add(operator, scale=1 / 256 if operator == "Sigmoid" else scale * 2, zero_point=-128)
    runner = IntegerRunner(graph.model().SerializeToString())
    codes = np.arange(-128, 128, dtype=np.int8).reshape(1, 1, 16, 16)
    real = (codes.astype(np.float64) - zero) * np.float64(scale)
    exact = 1 / (1 + np.exp(-real)) if operator == "Sigmoid" else np.maximum(real, 0)
    wanted = exact / (1 / 256 if operator == "Sigmoid" else np.float64(np.float32(scale * 2))) - 128
    codes_out = runner.tensors(codes)["y_q"]
    assert np.abs(codes_out - np.clip(wanted, -128, 127)).max() <= 0.5 + 1e-4
    agreed(graph, np.random.default_rng(0))


def test_bytes_that_move_keep_their_order():
    graph = Qdq((2, 3, 4, 5), 0.1, 3)
    codes = {"scale": 0.1, "zero_point": 3}
    graph.constant("shape", np.array([0, -1, 5], np.int64))
    graph.constant("axes", np.array([1], np.int64))
    graph.add("Transpose", name="t", perm=[0, 2, 3, 1], **codes)
    graph.add("Concat", ["t_dq"], name="c", axis=-1, **codes)
    graph.add("Transpose", name="u", perm=[0, 3, 1, 2], **codes)
    graph.add("Reshape", ["shape"], name="r", **codes)
    graph.add("Unsqueeze", ["axes"], name="n", **codes)
    graph.add("Squeeze", ["axes"], name="q", **codes)
    graph.add("Flatten", name="f", axis=1, scale=0.2, zero_point=-9)
    tensors = agreed(graph, np.random.default_rng(0))
    x = tensors["x_q"]
    two = np.concatenate([x.transpose(0, 2, 3, 1)] * 2, axis=-1)
    np.testing.assert_array_equal(tensors["c_q"], two)
    np.testing.assert_array_equal(tensors["q_q"], two.transpose(0, 3, 1, 2).reshape(2, -1, 5))
    np.testing.assert_array_equal(tensors["f_q"], rounded(tensors["q_q"].reshape(2, -1).astype(np.int64) - 3, 0.5, -9))


def test_sources_of_other_scales_are_brought_to_one_before_they_join():
    graph = Qdq((1, 2, 3, 3), 0.1, 3)
    graph.add("Relu", name="r", scale=0.05, zero_point=-128)
    graph.add("Concat", ["x_dq"], axis=1, scale=0.2, zero_point=1)
    tensors = agreed(graph, np.random.default_rng(1))
    one, other = np.split(tensors["y_q"], 2, axis=1)
    scales = {name: np.float64(np.float32(value)) for name, value in (("r", 0.05), ("x", 0.1), ("y", 0.2))}
    np.testing.assert_array_equal(one, rounded(tensors["r_q"].astype(np.int64) + 128, scales["r"] / scales["y"], 1))
    np.testing.assert_array_equal(other, rounded(tensors["x_q"].astype(np.int64) - 3, scales["x"] / scales["y"], 1))


@pytest.mark.parametrize("axis", range(4))
def test_an_impulse_in_each_axis_lands_at_one_place_in_both_layouts(axis):
    """Light one value; a kernel with one weight moves it by a known step, whichever way the tensor lies in memory."""
    shape = (2, 3, 5, 6)
    for place in range(shape[axis]):
        at = [1, 1, 2, 3]
        at[axis] = place
        weight = np.zeros((4, 3, 1, 3), np.int8)
        weight[2, at[1], 0, 0] = 64
        graph = Qdq(shape, 1.0, 0).conv(weight, np.float32(1 / 64), None, pads=[0, 1, 0, 1], scale=1.0)
        x = np.zeros(shape, np.float32)
        x[tuple(at)] = 100
        for layout in ("channel first", "channel last"):
            output = IntegerRunner(load_program(graph.model().SerializeToString()), layout)(x)[0]
            lit = [tuple(map(int, index)) for index in np.argwhere(output)]
            assert lit == ([(at[0], 2, at[2], at[3] + 1)] if at[3] + 1 < 6 else []), layout
            assert output.sum() == (100 if lit else 0)
