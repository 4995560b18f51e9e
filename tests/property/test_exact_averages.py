"""A scale's last places: few enough that no processor's rounding reaches them, and that averages fall on halves."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse8.convert.quantize.scales import SCALE_BITS, scale_of
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.ort import OrtRunner
from qdq_graphs import Qdq

ENDS = st.tuples(st.floats(-50, 0), st.floats(0.01, 50))


@given(ENDS)
def test_a_scale_is_the_next_larger_one_of_its_bits(ends):
    chosen = scale_of(ends)
    wanted = (ends[1] - ends[0]) / 255
    places = np.frexp(chosen.scale)[0] * (1 << SCALE_BITS)
    assert wanted * (1 - 1e-8) <= chosen.scale <= wanted * (1 + 2 ** (1 - SCALE_BITS))
    assert places == round(places)
    assert float(np.float32(chosen.scale)) == chosen.scale
    assert chosen.low <= 0 <= chosen.high
    assert abs(chosen.low - ends[0]) <= chosen.scale
    assert chosen.high >= ends[1] - chosen.scale


@given(ENDS, st.floats(-1e-9, 1e-9))
def test_noise_of_a_sum_in_float64_moves_no_scale(ends, noise):
    """A thousand times what it is; and ranges that are a scale of so many bits already stay where they are."""
    step = scale_of(ends).scale
    for low, high in ((-100 * step, 155 * step), (0.0, 255 * step)):
        assert scale_of((low, high * (1 + noise))).scale == scale_of((low, high)).scale == step


def test_an_empty_range_has_step_1():
    assert scale_of((0.0, 0.0)).scale == 1


@settings(max_examples=20, deadline=None, derandomize=True)
@given(ENDS, st.sampled_from([(2, 1), (2, 2), (1, 4)]), st.integers(0, 1 << 30))
def test_onnx_runtime_averages_bytes_as_integers_do(ends, kernel, seed):
    scale, zero_point = scale_of(ends).scale, scale_of(ends).zero_point
    graph = Qdq((1, 8, 16, 16), scale, zero_point)
    graph.add("AveragePool", kernel_shape=kernel, strides=kernel, scale=scale, zero_point=zero_point)
    model = graph.model().SerializeToString()
    codes = np.random.default_rng(seed).integers(-128, 128, graph.shape)
    x = ((codes - zero_point) * np.float32(scale)).astype(np.float32)
    for level in ("off", "all"):
        np.testing.assert_array_equal(IntegerRunner(model).run_int8(x), OrtRunner(model, level).run_int8(x))


def test_under_other_scales_onnx_runtime_tosses_a_coin():
    """Why the rule exists: if this no longer differs, the rule can go."""
    graph = Qdq((1, 8, 16, 16), 0.0411705, -128)
    graph.add("AveragePool", kernel_shape=(2, 1), strides=(2, 1), scale=0.0411705, zero_point=-128)
    model = graph.model().SerializeToString()
    x = (np.random.default_rng(0).integers(0, 256, graph.shape) * np.float32(0.0411705)).astype(np.float32)
    apart = IntegerRunner(model).run_int8(x) != OrtRunner(model, "off").run_int8(x)
    assert 0.01 < apart.mean() < 0.5
