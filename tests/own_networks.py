"""Small float networks written node by node, and the steps from such a network to its integer program."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.qdq_writer import write_int8
from pulse8.convert.quantize.ranges import collect_ranges
from pulse8.convert.quantize.scales import scale_table
from pulse8.convert.simplify.simplify import simplified

MINMAX = QuantizeOptions(method="minmax")


def network(nodes, constants, inputs, outputs, *, opset=13, ir_version=8):
    """A model of ``(operator, inputs, outputs, attributes)``; ends are names with shapes."""
    made = [
        helper.make_node(operator, sources, results, name=f"n{number}", **told)
        for number, (operator, sources, results, told) in enumerate(nodes)
    ]
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in group.items()]
        for group in (inputs, outputs)
    ]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(made, "own", *ends, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)


def samples_of(model, count=16, seed=0):
    """Normal inputs of a static model: a list of tuples."""
    rng = np.random.default_rng(seed)
    shapes = [[dim.dim_value for dim in end.type.tensor_type.shape.dim] for end in model.graph.input]
    return [tuple(rng.normal(size=shape[1:]).astype(np.float32) for shape in shapes) for _ in range(count)]


def quantised_network(model, samples=None, options=MINMAX):
    """Return the static form, its scale table and the INT8 file."""
    static, _ = simplified(model, Path("own.onnx"))
    given = samples or samples_of(static)
    scales = scale_table(static, collect_ranges(static, lambda: iter(given), options), None)
    int8 = write_int8(static, scales, options, None)
    onnx.checker.check_model(int8, full_check=True)
    return static, scales, int8
