"""Equalisation: which channels bear a factor, that nothing else changes, and what it gains."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from own_networks import network, quantised_network, samples_of
from planted_networks import uneven_channels
from pulse8.convert.quantize.channels import NOTHING, PINNED, channels_of
from pulse8.convert.quantize.equalise import as_quantised, equalised, equalising_factors, with_factors
from pulse8.convert.quantize.float64 import tensor_reader
from pulse8.convert.simplify.simplify import simplified
from pulse8.errors import InputError
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.ort import OrtRunner
from pulse8.measure.signal.metrics import sqnr_db
from random_networks import random_network

HERE = Path("own.onnx")
RNG = np.random.default_rng(5)


def conv(source, result, made, read, size=1, group=1, **told):
    """A node, and constants whose channels differ by up to a thousand times."""
    weight = RNG.normal(size=(made, read // group, size, size)) * 10 ** RNG.uniform(-1.5, 1.5, (made, 1, 1, 1))
    constants = {f"{result}_w": weight.astype(np.float32), f"{result}_b": RNG.normal(size=made).astype(np.float32)}
    pads = [size // 2] * 4
    return ("Conv", [source, *constants], [result], {"group": group, "pads": pads, **told}), constants


def built(*steps, ends):
    """Steps are nodes, or pairs of a node and its constants; the input is x [1, 3, 8, 8]."""
    nodes = [step[0] if isinstance(step[0], tuple) else step for step in steps]
    constants = {name: value for step in steps if isinstance(step[0], tuple) for name, value in step[1].items()}
    return network(nodes, constants, {"x": (1, 3, 8, 8)}, ends)


def channel_numbers(model, name):
    numbers = channels_of(model).numbers[name]
    return np.broadcast_to(numbers[0], (numbers.shape[1], *numbers.shape[2:])).reshape(numbers.shape[1], -1)


BLOCK = built(
    conv("x", "a", 4, 3),
    ("Relu", ["a"], ["ar"], {}),
    conv("ar", "d", 4, 4, size=5, group=4, strides=[2, 2]),
    conv("d", "p", 8, 4),
    ("MaxPool", ["ar"], ["m"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    (("Pad", ["m", "pads"], ["wide"], {}), {"pads": np.array([0, 0, 0, 0, 0, 4, 0, 0], np.int64)}),
    ("Add", ["wide", "p"], ["s"], {}),
    ("Relu", ["s"], ["sr"], {}),
    conv("sr", "y", 2, 8),
    ends={"y": (1, 2, 4, 4)},
)
"""A block of a face detector: depthwise 5x5 of stride 2, and a shortcut through a pool and padded channels."""


def test_channels_are_followed_through_sums_pools_and_padded_channels():
    a, s = (channel_numbers(BLOCK, name)[:, 0] for name in ("ar", "sr"))
    assert len(set(a)) == 4
    assert s[:4].tolist() == a.tolist()
    assert len({*s, *a}) == 8
    padded = channel_numbers(BLOCK, "wide")
    assert (padded[4:] == NOTHING).all()
    assert (channel_numbers(BLOCK, "y") == PINNED).all()


def test_functions_and_outputs_pin_and_gates_pass_on():
    model = built(
        conv("x", "a", 4, 3),
        conv("a", "g", 4, 4),
        ("Sigmoid", ["g"], ["gate"], {}),
        conv("a", "b", 4, 4),
        ("Mul", ["gate", "b"], ["product"], {}),
        conv("product", "y", 2, 4),
        ends={"y": (1, 2, 8, 8), "a": (1, 4, 8, 8)},
    )
    assert (channel_numbers(model, "a") == PINNED).all()  # an output
    assert (channel_numbers(model, "g") == PINNED).all()
    assert (channel_numbers(model, "product") == channel_numbers(model, "b")).all()
    assert (channel_numbers(model, "b") > PINNED).all()


def test_a_flattened_picture_keeps_its_channels():
    model = built(
        conv("x", "a", 4, 3),
        (("Reshape", ["a", "flat"], ["f"], {}), {"flat": np.array([1, 256, 1, 1], np.int64)}),
        conv("f", "y", 2, 256),
        ends={"y": (1, 2, 1, 1)},
    )
    numbers = channel_numbers(model, "f")[:, 0].reshape(4, 64)
    assert (numbers == channel_numbers(model, "a")[:, :1]).all()


@pytest.mark.parametrize("per_channel", [True, False])
def test_fp32_computes_the_same_bits(per_channel):
    samples = samples_of(BLOCK)
    factors = equalising_factors(BLOCK, samples, per_channel=per_channel)
    assert {"a", "d", "p"} & set(factors)
    other = equalised(BLOCK, factors)
    onnx.checker.check_model(other, full_check=True)
    one, two = (OrtRunner(model.SerializeToString(), "basic") for model in (BLOCK, other))
    for sample in samples:
        assert np.array_equal(one(sample[0][None])[0], two(sample[0][None])[0])


def random_factors(static, seed):
    """Any factors that channels may bear."""
    channels = channels_of(static)
    powers = np.random.default_rng(seed).integers(-3, 4, channels.count)
    powers[[NOTHING, PINNED]] = 0
    return {layer.output: powers[layer.made].tolist() for layer in channels.weighted}


def test_any_network_computes_the_same_with_any_factors():
    changed = 0
    for seed in range(90):
        model, arrays = random_network(seed, steps=12)
        static, _ = simplified(model, HERE)
        factors = random_factors(static, seed)
        changed += any(map(any, factors.values()))
        names = [end.name for end in static.graph.output]
        readers = [tensor_reader(each, names) for each in (static, equalised(static, factors))]
        for sample in zip(*(array[:2] for array in arrays), strict=True):
            one, two = (read(sample) for read in readers)
            assert all(np.array_equal(*pair) for pair in zip(one, two, strict=True)), seed
    assert changed > 10


def test_it_regains_what_uneven_channels_lose():
    model = uneven_channels()
    samples = samples_of(model, 32)
    factors = equalising_factors(model, samples, per_channel=True)

    def kept(static):
        static, _, int8 = quantised_network(static, samples)
        runners = OrtRunner(model.SerializeToString()), IntegerRunner(int8.SerializeToString())
        return sqnr_db(*(np.concatenate([run(one[0][None])[0] for one in samples]) for run in runners))

    assert kept(model) < 5
    assert kept(equalised(model, factors)) > 30


def test_factors_travel_in_the_file_and_others_are_refused():
    samples = samples_of(BLOCK)
    factors = equalising_factors(BLOCK, samples, per_channel=True)
    int8 = with_factors(onnx.ModelProto(), factors)
    assert as_quantised(BLOCK, int8).SerializeToString() == equalised(BLOCK, factors).SerializeToString()
    assert as_quantised(BLOCK, onnx.ModelProto()) is BLOCK
    first, *_ = factors
    pinned = {"y": [1, 0]}
    apart = {"a": [1] * 4, "p": [2] * 8}
    for wrong in ({"nothing": [1]}, {first: [1]}, {first: [99] * len(factors[first])}, pinned, apart):
        with pytest.raises(InputError, match="quantise it again"):
            as_quantised(BLOCK, with_factors(onnx.ModelProto(), wrong))
    for text in ("[", "[1]", '{"a": 3}', '{"a": ["x"]}', '{"a": []}'):
        damaged = onnx.ModelProto()
        damaged.metadata_props.add(key="pulse8.equalised", value=text)
        with pytest.raises(InputError, match="quantise it again"):
            as_quantised(BLOCK, damaged)
