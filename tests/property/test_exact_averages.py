"""Averages of bytes fall on halves; under these scales every engine sees the half."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse8.convert.quantize.ranges import exact_range
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.ort import OrtRunner
from qdq_graphs import Qdq

ENDS = st.tuples(st.floats(-50, 0), st.floats(0.01, 50))


@given(ENDS)
def test_the_range_grows_a_little_and_its_scale_has_12_bits(ends):
    low, high = exact_range(ends)
    scale = (high - low) / 255
    wanted = (ends[1] - ends[0]) / 255
    assert wanted <= scale <= wanted * (1 + 2**-11)
    assert np.frexp(scale)[0] * 4096 == round(np.frexp(scale)[0] * 4096)
    assert float(np.float32(scale)) == scale
    assert low / scale == round(low / scale)
    assert abs(low - ends[0]) <= scale
    assert abs(high - ends[1]) <= scale


def test_an_empty_range_stays_empty():
    assert exact_range((0.0, 0.0)) == (0.0, 0.0)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(ENDS, st.sampled_from([(2, 1), (2, 2), (1, 4)]), st.integers(0, 1 << 30))
def test_onnx_runtime_averages_bytes_as_integers_do(ends, kernel, seed):
    low, high = exact_range(ends)
    scale, zero_point = (high - low) / 255, round(-128 - 255 * low / (high - low))
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
