"""An INT8 ONNX file as the integer reference reads it, and its spec."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, shape_inference

from pulse8.convert.export.recognise import spec_of
from pulse8.convert.verify.provenance import scheme_violations
from pulse8.manifest import Accepted
from pulse8.measure.infer.integer import IntegerRunner, load_program
from pulse8.measure.infer.onnx_file import ending_in_int8, is_int8, load_int8, parse_model, read_model, tensors_of
from pulse8.measure.infer.program import IntegerProgram
from pulse8.spec import METADATA_KEY, PULSE12
from targets import scratch, tried

MAX_BYTES = 8192
EXTERNAL = TensorProto.EXTERNAL
SMALL = 1 << 14
"""Elements of a tensor up to which a program is run as well."""


def look(data: bytes) -> None:
    """Load from bytes and from a file, read the program, cut it, audit it, run it where it is small."""
    tried(ending_in_int8, data)
    path = scratch.file("model.onnx", data)
    _look_elsewhere(path, data)
    loaded = tried(load_int8, path)
    if loaded is None:
        return
    tried(spec_of, loaded[0])
    tried(scheme_violations, Accepted(path=path, sha256="", row=None))
    program = tried(load_program, data)
    if program is not None and all(np.prod(tensor.shape) <= SMALL for tensor in _made(program)):
        tried(IntegerRunner(program).run_int8, np.zeros(program.input.shape, np.float32))


def _look_elsewhere(path: Path, data: bytes) -> None:
    """Hold that nothing which is read keeps a tensor in another file: no file lies beside this one."""
    model = tried(parse_model, data, "model")
    if model is not None:
        is_int8(model)
    read = tried(read_model, path, "Model", "export it again")
    assert read is None or not any(tensor.data_location == EXTERNAL for tensor in tensors_of(read))


def _made(program: IntegerProgram) -> Iterator[object]:
    yield program.input
    yield from (step.output for step in program.steps)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Chains of the operators that are known, in INT8."""
    yield "conv", _model([("Conv", ["w"]), ("Relu", [])])
    yield "pools", _model([("MaxPool", []), ("AveragePool", []), ("Sigmoid", [])])
    yield "shapes", _model([("Transpose", []), ("Flatten", [])])
    yield "sums", _model([("Add", ["x_dq"]), ("Mul", ["x_dq"]), ("Concat", ["x_dq"])])


ATTRIBUTES = {
    "Conv": {"kernel_shape": [1, 3], "pads": [0, 1, 0, 1]},
    "MaxPool": {"kernel_shape": [1, 2], "strides": [1, 2]},
    "AveragePool": {"kernel_shape": [1, 2]},
    "Transpose": {"perm": [0, 2, 1, 3]},
    "Concat": {"axis": 1},
}


def _model(steps: list[tuple[str, list[str]]]) -> bytes:
    """Each step on what the one before quantised; one scale and zero point for all."""
    weight = np.arange(-6, 6, dtype=np.int8).reshape(2, 2, 1, 3)
    constants = {"s": np.float32(0.05), "z": np.int8(3), "w_q": weight, "w_z": np.int8(0)}
    nodes = [
        *_codes("x"),
        helper.make_node("DequantizeLinear", ["w_q", "s", "w_z"], ["w"]),
    ]
    last = "x"
    for number, (operator, others) in enumerate(steps):
        name = f"t{number}"
        nodes.append(helper.make_node(operator, [f"{last}_dq", *others], [name], **ATTRIBUTES.get(operator, {})))
        nodes += _codes(name)
        last = name
    ends = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 1, 8]),
        helper.make_tensor_value_info(f"{last}_dq", TensorProto.FLOAT, None),
    ]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "made", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    helper.set_model_props(model, {METADATA_KEY: PULSE12.to_json()})
    return bytes(shape_inference.infer_shapes(model).SerializeToString())


def _codes(name: str) -> list[object]:
    return [
        helper.make_node("QuantizeLinear", [name, "s", "z"], [f"{name}_q"]),
        helper.make_node("DequantizeLinear", [f"{name}_q", "s", "z"], [f"{name}_dq"]),
    ]
