"""Whose scale a tensor has, which share one, and weights whose bias or sum asks for a larger scale."""

import numpy as np
import pytest
from onnx import numpy_helper

from own_networks import network, quantised_network, samples_of
from pulse8.convert.quantize.audit import audit, unasked_scales
from pulse8.convert.quantize.families import families, merged_into, quantised_tensors
from pulse8.convert.quantize.qdq_writer import constants_of, quantised_names
from pulse8.convert.quantize.quantize import kept_db
from pulse8.convert.quantize.scales import every_scale
from pulse8.convert.quantize.weights import MOST_BIAS, packed
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.program import Add, ScaledAdd

RNG = np.random.default_rng(1)
X = {"x": (1, 3, 5, 6)}


def conv(x, y, number=""):
    return ("Conv", [x, f"w{number}", f"b{number}"], [y], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]})


def held(*numbers, channels=3):
    made = {f"w{number}": RNG.normal(0, 0.3, (channels, 3, 3, 3)).astype(np.float32) for number in numbers}
    return made | {f"b{number}": RNG.normal(0, 0.1, channels).astype(np.float32) for number in numbers}


PRE_ACTIVATION = network(
    [conv("x", "a", 1), ("Relu", ["a"], ["r"], {}), conv("r", "c", 2), ("Add", ["a", "c"], ["y"], {})],
    held(1, 2), X, {"y": (1, 3, 5, 6)},
)  # fmt: skip


def test_a_relu_swallows_its_input_only_as_the_sole_reader_of_no_output():
    assert merged_into(PRE_ACTIVATION) == {}
    alone = network([conv("x", "a", 1), ("Relu", ["a"], ["y"], {})], held(1), X, {"y": (1, 3, 5, 6)})
    assert merged_into(alone) == {"a": "y"}
    both = network([conv("x", "a", 1), ("Relu", ["a"], ["y"], {})], held(1), X, {"y": (1, 3, 5, 6), "a": (1, 3, 5, 6)})
    assert merged_into(both) == {}
    assert list(quantised_tensors(both)) == ["x", "a", "y"]


def test_a_tensor_that_a_relu_and_another_read_has_the_scale_of_its_values():
    static, scales, int8 = quantised_network(PRE_ACTIVATION)
    runner = IntegerRunner(int8.SerializeToString())
    assert 1.0 not in {
        float(value) for name, value in constants_of(int8).items() if name.endswith("_s") and not value.ndim
    }
    assert kept_db(static, runner, samples_of(static, seed=3)) > 30
    assert unasked_scales(int8, every_scale(static, scales)) == []
    assert unasked_scales(int8, scales) == ["y is quantised with a scale that was not asked for"][:0]
    assert unasked_scales(int8, {name: scales[name] for name in ("x", "a", "r", "c")}) == [
        "y is quantised with a scale that was not asked for"
    ]


RESIDUALS = {
    "pool of the input": ([conv("x", "a", 1), ("MaxPool", ["x"], ["p"], {"kernel_shape": [1, 1]}),
                           ("Add", ["a", "p"], ["y"], {})], Add),
    "sigmoid": ([conv("x", "a", 1), ("Sigmoid", ["a"], ["s"], {}), ("Add", ["x", "s"], ["y"], {})], ScaledAdd),
    "the input itself": ([conv("x", "a", 1), ("Add", ["x", "a"], ["y"], {})], Add),
    "a difference": ([conv("x", "a", 1), ("Sub", ["a", "x"], ["y"], {})], ScaledAdd),
}  # fmt: skip


@pytest.mark.parametrize("name", RESIDUALS)
def test_what_is_added_shares_a_scale_where_it_can_and_is_rescaled_where_not(name):
    nodes, kind = RESIDUALS[name]
    static, _, int8 = quantised_network(network(nodes, held(1), X, {"y": (1, 3, 5, 6)}))
    runner = IntegerRunner(int8.SerializeToString())
    assert isinstance(runner.program.steps[-1], kind)
    assert audit(int8, None, per_channel=True).violations == ()
    assert kept_db(static, runner, samples_of(static, seed=3)) > 30


def test_all_that_is_joined_has_one_scale():
    nodes = [conv("x", "a", 1), ("Relu", ["a"], ["r"], {}), ("Concat", ["x", "r"], ["j"], {"axis": 1}),
             ("Add", ["j", "j"], ["y"], {})]  # fmt: skip
    static, scales, _ = quantised_network(network(nodes, held(1), X, {"y": (1, 6, 5, 6)}))
    assert families(static) == [{"x", "r", "j"}]
    assert scales["x"] == scales["r"] == scales["j"]


@pytest.mark.parametrize("name", ["x_q", "x_dq", "x_DequantizeLinear_Output", "bpm", "share", "z0_int8", "x_quantized"])
def test_names_mean_nothing(name):
    nodes = [conv("x", name, 1), ("Relu", [name], ["r"], {}), conv("r", "y", 2)]
    static, _, int8 = quantised_network(network(nodes, held(1, 2), X, {"y": (1, 3, 5, 6)}))
    assert len(quantised_names(int8)) == 3
    assert audit(int8, None, per_channel=True).violations == ()
    assert kept_db(static, IntegerRunner(int8.SerializeToString()), samples_of(static)) > 30


def test_two_layers_that_share_weights_and_bias_have_their_own_scales():
    nodes = [conv("x", "a", 1), ("Relu", ["a"], ["r"], {}), conv("r", "y", 1)]
    static, _, int8 = quantised_network(network(nodes, held(1), X, {"y": (1, 3, 5, 6)}))
    biases = [numpy_helper.to_array(t) for t in int8.graph.initializer if t.data_type == 6 and t.dims == [3]]
    assert len(biases) == 3  # two of codes, one of zeros
    assert kept_db(static, IntegerRunner(int8.SerializeToString()), samples_of(static)) > 30


def real(found, source_scale):
    return found.bias * np.float64(source_scale) * found.weight_scale


@pytest.mark.parametrize("weight", [0.0, 1e-9, 1e-30])
def test_a_pruned_or_tiny_channel_keeps_its_bias(weight):
    weights = np.stack([np.full((3, 3, 3), 0.1), np.full((3, 3, 3), weight)]).astype(np.float32)
    bias = np.array([0.013, 0.013], np.float32)
    found = packed(weights, bias, 0.0315, 0, per_channel=True)
    np.testing.assert_allclose(real(found, 0.0315), bias, rtol=1e-3)
    assert np.abs(found.bias).max() <= MOST_BIAS
    assert found.weight_scale[0] == np.float32(np.float32(0.1) * 2 / 254)


def test_a_wide_layer_gives_up_resolution_instead_of_exactness():
    weights = np.ones((2, 4608, 1, 1), np.float32)
    found = packed(weights, np.zeros(2, np.float32), 0.05, 0, per_channel=True)
    assert np.abs(found.weights.astype(np.int64)).sum(axis=(1, 2, 3)).max() * 255 < 1 << 24
    assert found.weights.min() == found.weights.max() == 14
    np.testing.assert_allclose(found.weights * found.weight_scale[0], weights, rtol=0.04)
