"""Ranges by each method, on tensors whose right range is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from pulse8.convert.export.forms import whole_form
from pulse8.convert.export.layers import SHAPES
from pulse8.convert.quantize.options import QuantizeOptions, RangeRule
from pulse8.convert.quantize.ranges import binned, chosen_range, collect_ranges, extremes_of, scaled_tensors
from pulse8.errors import SpecError
from pulse8.measure.clips.patches import SHAPE_WHOLE
from pulse8.spec import ULTRALIGHT


def ranged(values, rule):
    values = np.asarray(values, np.float32)
    ends = float(values.min()), float(values.max())
    return chosen_range(binned(values, ends), ends, RangeRule.of(rule))


NORMAL = np.random.default_rng(0).normal(size=100_000)


def test_a_percentile_leaves_its_share_outside_half_at_either_end():
    low, high = ranged(NORMAL, "percentile:99")
    assert np.mean(low > NORMAL) == pytest.approx(0.005, abs=5e-4)
    assert np.mean(high < NORMAL) == pytest.approx(0.005, abs=5e-4)


@pytest.mark.parametrize("method", ["percentile:99.9", "entropy"])
def test_an_outlier_decides_minmax_alone(method):
    spoiled = np.append(NORMAL, 60.0)
    assert ranged(spoiled, "minmax")[1] == pytest.approx(60)
    assert 3 < ranged(spoiled, method)[1] < 20


def test_entropy_keeps_a_flat_distribution_whole():
    low, high = ranged(np.linspace(-1, 1, 100_000), "entropy")
    assert low == pytest.approx(-1, abs=0.02)
    assert high == pytest.approx(1, abs=0.02)


def test_entropy_is_not_blinded_by_a_relus_zeros():
    low, high = ranged(np.maximum(NORMAL, 0), "entropy")
    assert low == 0
    assert 2.5 < high <= NORMAL.max() + 1e-6


@given(
    values=some.lists(some.floats(-1e3, 1e3, width=32), min_size=1, max_size=50),
    method=some.sampled_from(["minmax", "percentile", "percentile:90", "entropy", "mse"]),
)
def test_a_range_lies_within_the_extremes(values, method):
    low, high = ranged(values, method)
    assert min(values) - 1e-3 <= low <= high <= max(values) + 1e-3


def test_mse_clips_only_where_that_costs_less_than_it_gains():
    values = np.random.default_rng(2).uniform(-1, 1, 100_000)
    assert ranged(values, "mse") == pytest.approx((values.min(), values.max()))
    assert 4 < ranged(np.append(NORMAL, 8.0), "mse")[1] < 7
    assert 50 < ranged(np.append(NORMAL, 80.0), "mse")[1] < 80  # one value has more to lose


def test_mse_gives_a_saturating_gate_the_codes_where_it_changes():
    values = np.random.default_rng(3).uniform(-500, 300, 100_000)
    ends = float(values.min()), float(values.max())
    low, high = chosen_range(binned(values, ends), ends, RangeRule.of("mse"), lambda x: 1 / (1 + np.exp(-x)))
    assert -15 < low < -3
    assert 3 < high < 15


def test_values_nearer_than_float32_can_part_lie_in_the_first_bin():
    assert ranged([0.0, 1.4e-45], "percentile") == (0.0, pytest.approx(0, abs=1e-3))


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(1)
    weights = {
        name: (rng.normal(0, 0.1, shape).astype(np.float32), rng.normal(0, 0.1, shape[0]).astype(np.float32))
        for name, shape in SHAPES.items()
    }
    return whole_form(weights, ULTRALIGHT, 13)


def windows():
    return np.random.default_rng(2).uniform(0, 1, (3, *SHAPE_WHOLE[1:])).astype(np.float32)


def test_each_tensor_has_its_own_rule_or_that_of_all(network):
    extremes = extremes_of(network, windows())
    mixed = collect_ranges(network, windows, QuantizeOptions(method="minmax", layers=("conv2_relu=percentile:99",)))
    cut = collect_ranges(network, windows, QuantizeOptions(method="percentile:99"))
    assert mixed["conv2_relu"] == cut["conv2_relu"] != extremes["conv2_relu"]
    assert {**mixed, "conv2_relu": None} == {**extremes, "conv2_relu": None}


def test_pools_reshapes_and_the_float_tail_have_no_scale_of_their_own(network):
    scaled = ["conv1_relu", "conv2_relu", "conv3_relu", "time1_relu", "time2_relu", "dense1_relu", "logit"]
    assert scaled_tensors(network) == scaled
    with pytest.raises(SpecError, match="pool1 is no tensor with a scale of its own; those are conv1_relu"):
        collect_ranges(network, windows, QuantizeOptions(layers=("pool1=entropy",)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "moving-average"}, "refused: it averages the windows' extremes"),
        ({"method": "Distribution"}, "refused: ONNX Runtime makes float8 scales"),
        ({"method": "median"}, "unknown range method 'median'; choose from minmax"),
        ({"method": "percentile:high"}, "'high' is no number"),
        ({"method": "percentile:50"}, "give a percentile of 90 to 100"),
        ({"method": "entropy:3"}, "only percentile takes a number"),
        ({"layers": ("conv1_relu",)}, "write TENSOR=METHOD"),
        ({"layers": ("conv1_relu=distribution",)}, "refused"),
    ],
)
def test_what_a_method_may_not_be_is_one_line(options, words):
    with pytest.raises(SpecError, match=words):
        QuantizeOptions(**options)
