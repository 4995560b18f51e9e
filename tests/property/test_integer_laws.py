"""Laws of codes: what a byte means, and what a value becomes."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse8.measure.infer.integer import quantised
from pulse8.measure.infer.program import Tensor

TENSORS = st.builds(
    Tensor,
    name=st.just("x"),
    shape=st.just((64,)),
    scale=st.floats(1e-4, 10).map(np.float32),
    zero_point=st.integers(-128, 127),
)


def real(codes, tensor):
    return (codes.astype(np.float64) - tensor.zero_point) * np.float64(tensor.scale)


@settings(max_examples=100, deadline=None)
@given(TENSORS, st.integers(0, 1 << 30))
def test_dequantise_of_quantise_is_within_half_a_step_inside_the_range(tensor, seed):
    low, high = real(np.array([-128, 127]), tensor)
    values = np.random.default_rng(seed).uniform(low, high, 64).astype(np.float32)
    assert np.abs(real(quantised(values, tensor), tensor) - values).max() <= tensor.scale * (0.5 + 1e-4)


@settings(max_examples=100, deadline=None)
@given(TENSORS, st.integers(0, 1 << 30))
def test_quantise_of_dequantise_is_the_same_code_and_outside_is_the_end(tensor, seed):
    codes = np.random.default_rng(seed).integers(-128, 128, 64).astype(np.int8)
    np.testing.assert_array_equal(quantised(real(codes, tensor).astype(np.float32), tensor), codes)
    far = np.repeat(np.float32([-1e6, 1e6]), 32)
    np.testing.assert_array_equal(quantised(far, tensor), np.repeat([-128, 127], 32))
