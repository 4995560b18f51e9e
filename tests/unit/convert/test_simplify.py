"""What exporters write, brought to one form: the same outputs, few operators, one line for what is not known."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from own_networks import network
from pulse8.convert.simplify.network import safe_names
from pulse8.convert.simplify.simplify import simplified
from pulse8.errors import InputError

RNG = np.random.default_rng(0)
PATH = Path("own.onnx")
X, Y = {"x": (1, 3, 6, 8)}, {"y": (1, 4, 6, 8)}


def weights(*shape):
    return RNG.normal(0, 0.3, shape).astype(np.float32)


def conv(x, y, w="w", **told):
    return ("Conv", [x, w, "b"], [y], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], **told})


W = {"w": weights(4, 3, 3, 3), "b": weights(4)}
NORM = {f"n{number}": np.abs(weights(4)) + 0.5 for number in range(4)}
ROW = {"x": (1, 10)}

SAME = {
    "identity, dropout and a constant": (
        [conv("x", "a"), ("Identity", ["a"], ["i"], {}), ("Dropout", ["i"], ["y"], {})], W, X, Y, ["Conv"]),
    "batch norm": ([conv("x", "a"), ("BatchNormalization", ["a", "n0", "n1", "n2", "n3"], ["y"], {})],
                   {**W, **NORM}, X, Y, ["Conv"]),
    "batch norm alone": ([("BatchNormalization", ["x", "n0", "n1", "n2", "n3"], ["y"], {})], NORM,
                         {"x": (1, 4, 6, 8)}, Y, ["Conv"]),
    "numbers after a convolution": (
        [conv("x", "a"), ("Mul", ["a", "g"], ["m"], {}), ("Sub", ["g", "m"], ["s"], {}),
         ("Div", ["s", "g"], ["y"], {})],
        {**W, "g": np.float32(1.7)}, X, Y, ["Conv"]),
    "auto_pad": ([("Conv", ["x", "w", "b"], ["y"], {"auto_pad": "SAME_LOWER", "strides": [2, 3]})], W, X,
                 {"y": (1, 4, 3, 3)}, ["Conv"]),
    "ceil_mode": ([("MaxPool", ["x"], ["y"], {"kernel_shape": [2, 3], "strides": [2, 3], "ceil_mode": 1})], {}, X,
                  {"y": (1, 3, 3, 3)}, ["MaxPool"]),
    "a convolution of one dimension": (
        [("Conv", ["x", "w1"], ["a"], {"kernel_shape": [3], "pads": [2, 2], "dilations": [2]}),
         ("Relu", ["a"], ["y"], {})],
        {"w1": weights(4, 3, 3)}, {"x": (1, 3, 9)}, {"y": (1, 4, 9)}, ["Reshape", "Conv", "Relu", "Reshape"]),
    "gemm with every attribute": (
        [("Gemm", ["x", "m", "c"], ["y"], {"alpha": 0.5, "beta": 2.0, "transB": 1})],
        {"m": weights(4, 10), "c": weights(4)}, ROW, {"y": (1, 4)}, ["Reshape", "Conv", "Reshape"]),
    "matmul and its bias over rows": (
        [("MatMul", ["x", "m"], ["a"], {}), ("Add", ["a", "c"], ["y"], {})], {"m": weights(6, 4), "c": weights(4)},
        {"x": (1, 5, 6)}, {"y": (1, 5, 4)}, None),
    "means": ([("ReduceMean", ["x"], ["y"], {"axes": [2, 3], "keepdims": 0})], {}, X, {"y": (1, 3)},
              ["GlobalAveragePool", "Reshape"]),
    "a mean over channels": ([("ReduceMean", ["x"], ["y"], {"axes": [1], "keepdims": 1})], {}, X, {"y": (1, 1, 6, 8)},
                             None),
    "clamps": ([("Min", ["x", "six"], ["a"], {}), ("Max", ["a", "zero"], ["y"], {})],
               {"six": np.float32(6), "zero": np.float32(0)}, X, {"y": (1, 3, 6, 8)}, ["Clip", "Relu"]),
    "shapes computed from shapes": (
        [("Shape", ["x"], ["s"], {}), ("Gather", ["s", "zero"], ["n"], {}),
         ("Concat", ["n", "rest"], ["t"], {"axis": 0}), ("Reshape", ["x", "t"], ["y"], {})],
        {"zero": np.array([0], np.int64), "rest": np.array([-1], np.int64)}, X, {"y": (1, 144)}, ["Reshape"]),
    "a channel shuffle has four axes": (
        [("Reshape", ["x", "cut"], ["c"], {}), ("Transpose", ["c"], ["t"], {"perm": [0, 2, 1, 3, 4]}),
         ("Reshape", ["t", "back"], ["y"], {})],
        {"cut": np.array([1, 2, 2, 6, 8], np.int64), "back": np.array([1, 4, 6, 8], np.int64)}, {"x": (1, 4, 6, 8)}, Y,
        ["Reshape", "Transpose", "Reshape"]),
    "a slice to the end": (
        [("Slice", ["x", "from", "to", "axis", "step"], ["y"], {})],
        {"from": np.array([-1], np.int64), "to": np.array([-(2**63)], np.int64), "axis": np.array([3], np.int64),
         "step": np.array([-2], np.int64)}, X, {"y": (1, 3, 6, 4)}, ["Slice"]),
    "the last place": ([("Gather", ["x", "at"], ["y"], {"axis": -1})], {"at": np.array(-1, np.int64)}, X,
                       {"y": (1, 3, 6)}, ["Slice", "Reshape"]),
    "channels the other way round": ([("Gather", ["x", "at"], ["y"], {"axis": 1})],
                                     {"at": np.array([2, 1, 0], np.int64)}, X, {"y": (1, 3, 6, 8)}, ["Slice"]),
    "places in any order": ([("Gather", ["x", "at"], ["y"], {"axis": 3})],
                            {"at": np.array([0, 3, 3, 1, -1, 5], np.int64)}, X, {"y": (1, 3, 6, 6)},
                            ["Slice", "Slice", "Slice", "Concat"]),
    "places in two rows": ([("Gather", ["x", "at"], ["y"], {"axis": 2})],
                           {"at": np.array([[0, 2], [4, 5]], np.int64)}, X, {"y": (1, 3, 2, 2, 8)},
                           ["Slice", "Slice", "Concat", "Reshape"]),
    "places as the newer exporter writes them": (
        [("Transpose", ["x"], ["t"], {"perm": [1, 0, 2, 3]}), ("GatherND", ["t", "at"], ["g"], {}),
         ("Transpose", ["g"], ["y"], {"perm": [1, 0, 2, 3]})],
        {"at": np.array([[2], [1], [0]], np.int64)}, X, {"y": (1, 3, 6, 8)}, ["Transpose", "Slice", "Transpose"]),
    "a mirror": ([("Slice", ["x", "from", "to", "axis", "step"], ["m"], {}), conv("m", "y")],
                 {**W, "from": np.array([-1], np.int64), "to": np.array([-(2**63)], np.int64),
                  "axis": np.array([3], np.int64), "step": np.array([-1], np.int64)}, X, Y, ["Slice", "Conv"]),
    "a shift": ([("Pad", ["x", "pads"], ["p"], {}), conv("p", "y")],
                {**W, "pads": np.array([0, 0, 0, 2, 0, 0, 0, -2], np.int64)}, X, Y, ["Pad", "Conv"]),
    "a pad of nothing": ([("Pad", ["x", "pads"], ["p"], {}), conv("p", "y")],
                         {**W, "pads": np.zeros(8, np.int64)}, X, Y, ["Conv"]),
    "transposes that cancel": (
        [("Transpose", ["x"], ["a"], {"perm": [0, 1, 2, 3]}), ("Flatten", ["a"], ["f"], {"axis": 1}),
         ("Reshape", ["f", "back"], ["r"], {}), conv("r", "y")],
        {**W, "back": np.array([1, 3, 6, 8], np.int64)}, X, Y, ["Conv"]),
}  # fmt: skip


def ran(model, x):
    model.ir_version = min(model.ir_version, 10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


@pytest.mark.parametrize("name", SAME)
def test_the_simplified_network_computes_the_same(name):
    nodes, constants, inputs, outputs, operators = SAME[name]
    model = network(nodes, constants, inputs, outputs)
    static, _ = simplified(model, PATH)
    onnx.checker.check_model(static, full_check=True)
    x = RNG.normal(size=inputs["x"]).astype(np.float32)
    np.testing.assert_allclose(ran(static, x), ran(model, x), atol=2e-5)
    if operators is not None:
        assert [node.op_type for node in static.graph.node] == operators


def test_initialisers_among_the_inputs_are_constants_and_that_is_said():
    model = network([conv("x", "y")], W, {**X, "w": (4, 3, 3, 3), "b": (4,)}, Y, ir_version=3)
    static, notes = simplified(model, PATH)
    assert [end.name for end in static.graph.input] == ["x"]
    assert notes == ("initialisers that stand among the inputs are constants",)


def test_a_pad_states_its_value():
    pads = {"pads": np.array([0, 0, 1, 0, 0, 0, 0, 2], np.int64)}
    static, _ = simplified(network([("Pad", ["x", "pads"], ["y"], {})], pads, X, {"y": (1, 3, 7, 10)}), PATH)
    (value,) = (tensor for tensor in static.graph.initializer if tensor.name == static.graph.node[0].input[2])
    assert onnx.numpy_helper.to_array(value) == 0


def test_a_batch_of_any_size_is_one():
    model = network([conv("x", "y")], W, X, Y)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    static, notes = simplified(model, PATH)
    assert static.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 1
    assert notes == ("a batch of any size is 1",)


REFUSED = {
    "NaN": ([conv("x", "y")], {**W, "w": np.full((4, 3, 3, 3), np.nan, np.float32)}, X, Y, "constant w holds NaN"),
    "infinity": ([conv("x", "y")], {**W, "b": np.full(4, np.inf, np.float32)}, X, Y, "constant b holds NaN or inf"),
    "variance": ([("BatchNormalization", ["x", "n0", "n1", "n2", "v"], ["y"], {})],
                 {**NORM, "v": np.full(4, -1, np.float32)}, {"x": (1, 4, 6, 8)}, Y, "a variance below 0 .v."),
    "recurrent": ([("LSTM", ["x", "a", "r"], ["y"], {"hidden_size": 2})],
                  {"a": weights(1, 8, 3), "r": weights(1, 8, 2)}, {"x": (5, 1, 3)}, {"y": (5, 1, 1, 2)},
                  "LSTM .* a recurrent layer: write it as convolutions along time"),
    "attention": ([("MatMul", ["x", "x"], ["y"], {})], {}, {"x": (1, 4, 4)}, {"y": (1, 4, 4)},
                  "a product of two computed tensors .attention."),
    "attention behind what is unknown": (
        [("Sqrt", ["x"], ["r"], {}), ("MatMul", ["r", "x"], ["y"], {})], {}, {"x": (1, 4, 4)}, {"y": (1, 4, 4)},
        "a product of two computed tensors .attention."),
    "three dimensions": ([("Conv", ["x", "w3"], ["y"], {})], {"w3": weights(4, 3, 2, 2, 2)}, {"x": (1, 3, 4, 4, 4)},
                         {"y": (1, 4, 3, 3, 3)}, "Conv n0 moves along 3 axes; one and two are known"),
    "pools of three dimensions": ([("MaxPool", ["x"], ["y"], {"kernel_shape": [2, 2, 2]})], {}, {"x": (1, 3, 4, 4, 4)},
                                  {"y": (1, 3, 3, 3, 3)}, "MaxPool n0 moves along 3 axes"),
    "a constant that is joined": ([("Concat", ["x", "p"], ["y"], {"axis": 1})], {"p": weights(1, 2, 6, 8)}, X,
                                  {"y": (1, 5, 6, 8)}, "Concat n0 reads a constant .p.: give it as another input"),
    "computed slopes": ([("Abs", ["x"], ["s"], {}), ("PRelu", ["x", "s"], ["y"], {})], {}, X, {"y": (1, 3, 6, 8)},
                        "PRelu n1 needs a constant in place of s, which is computed"),
    "whole numbers": ([("Cast", ["x"], ["i"], {"to": 6}), ("Cast", ["i"], ["y"], {"to": 1})], {}, X,
                      {"y": (1, 3, 6, 8)}, "Cast n0 is not known in INT8"),
    "softmax inside": ([("Softmax", ["x"], ["s"], {}), ("Relu", ["s"], ["y"], {})], {}, X, {"y": (1, 3, 6, 8)},
                       "known as the last operator alone"),
    "linear resize": ([("Resize", ["x", "", "s"], ["y"], {"mode": "linear"})], {"s": np.float32([1, 1, 2, 2])}, X,
                      {"y": (1, 3, 12, 16)}, "nearest neighbour alone"),
    "a picture of constants": ([("Add", ["x", "p"], ["y"], {})], {"p": weights(1, 3, 6, 8)}, X, {"y": (1, 3, 6, 8)},
                               "a constant of the shape .1, 3, 6, 8."),
    "control flow": ([("RandomNormalLike", ["x"], ["y"], {})], {}, X, {"y": (1, 3, 6, 8)}, "is random numbers"),
    "an output that is an input": ([conv("x", "a")], W, X, {"x": (1, 3, 6, 8)}, "nothing to quantise"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_known_is_one_line_that_names_it(name):
    nodes, constants, inputs, outputs, words = REFUSED[name]
    with pytest.raises(InputError, match=words) as caught:
        simplified(network(nodes, constants, inputs, outputs), PATH)
    assert "\n" not in str(caught.value)


def test_names_are_made_safe_and_never_two_the_same():
    found = safe_names(["a:0", "a_0", "*/ evil", "", "conv.weight"])
    assert found == {"a:0": "a_0", "a_0": "a_0_2", "*/ evil": "_/_evil", "": "_", "conv.weight": "conv.weight"}
