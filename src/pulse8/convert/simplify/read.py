"""An ONNX model read as a :class:`Network`: static shapes, constants computed, names made safe."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, inliner, numpy_helper

from pulse8.convert.simplify.network import Network, Node, Shape, safe_names
from pulse8.errors import InputError, one_line
from pulse8.measure.infer.onnx_file import is_int8

MOST_ELEMENTS: Final = 1 << 26
NO_RANDOM: Final = (
    "RandomNormal",
    "RandomUniform",
    "RandomNormalLike",
    "RandomUniformLike",
    "Multinomial",
    "Bernoulli",
)
CONTROL: Final = ("If", "Loop", "Scan", "SequenceMap")
SHAPES_ONLY: Final = ("Shape", "Size")


def read_network(model: onnx.ModelProto, path: Path) -> Network:
    """Read a float model.

    Raises
    ------
    InputError
        It computes in INT8 already, has an input whose size is not known, control flow or random numbers, a constant
        that is not finite, or cannot be run.
    """
    if is_int8(model):
        raise InputError(f"{path} is an INT8 model already; verify it, pre-flight it or deploy it as it is")
    static, notes = _static(_inlined(model), path)
    _refuse_nodes(static, path)
    values = _computed(static, path)
    network = _network(static, values)
    network.notes += notes
    _refuse_numbers(network, path)
    return network


def _inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    if not model.functions:
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        return copy
    inlined: onnx.ModelProto = inliner.inline_local_functions(model)
    return inlined


def _static(model: onnx.ModelProto, path: Path) -> tuple[onnx.ModelProto, list[str]]:
    """Leave out inputs that are initialisers, and give a batch that is not stated the size 1."""
    notes = []
    held = {tensor.name for tensor in model.graph.initializer}
    inputs = [end for end in model.graph.input if end.name not in held]
    if len(inputs) < len(model.graph.input):
        notes.append("initialisers that stand among the inputs are constants")
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    for end in model.graph.input:
        dims = end.type.tensor_type.shape.dim
        if end.type.tensor_type.elem_type != onnx.TensorProto.FLOAT or not end.type.tensor_type.HasField("shape"):
            raise InputError(f"{path}: input {end.name} is not float32 of a known rank; export it so")
        if dims and dims[0].dim_value <= 0:
            dims[0].Clear()
            dims[0].dim_value = 1
            notes.append("a batch of any size is 1")
        if unknown := [place for place, dim in enumerate(dims) if dim.dim_value <= 0]:
            raise InputError(f"{path}: axis {unknown[0]} of input {end.name} has no size; export it with fixed shapes")
    if not inputs:
        raise InputError(f"{path} has no input; there is nothing to quantise")
    del model.graph.value_info[:]
    for end in model.graph.output:
        end.type.tensor_type.ClearField("shape")
    return model, list(dict.fromkeys(notes))


def _refuse_nodes(model: onnx.ModelProto, path: Path) -> None:
    for node in model.graph.node:
        if node.op_type in (*NO_RANDOM, *CONTROL):
            why = "control flow" if node.op_type in CONTROL else "random numbers"
            raise InputError(f"{path}: {node.op_type} {node.name} is {why}; export the network without it")
    known = onnx.shape_inference.infer_shapes(model).graph.value_info
    for value in known:
        sizes = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        if np.prod(sizes, dtype=np.float64) > MOST_ELEMENTS:
            raise InputError(f"{path}: tensor {value.name} has the shape {sizes}; at most {MOST_ELEMENTS} elements")


def _computed(model: onnx.ModelProto, path: Path) -> dict[str, NDArray[Any]]:
    """Run the model once on zeros and return every tensor: their shapes, and what depends on no input."""
    names = [name for node in model.graph.node for name in node.output if name]
    full = onnx.ModelProto()
    full.CopyFrom(model)
    del full.graph.output[:]
    full.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    feeds = {end.name: np.zeros(_shape(end), np.float32) for end in model.graph.input}
    full.ir_version = min(full.ir_version, 10)
    try:
        session = onnxruntime.InferenceSession(full.SerializeToString(), options, providers=["CPUExecutionProvider"])
        found = session.run(None, feeds)
    except Exception as error:  # ONNX Runtime's exceptions share no base but this one
        raise InputError(f"{path} cannot be run by ONNX Runtime: {one_line(error)}; export it again") from error
    return {name: np.asarray(value) for name, value in zip(names, found, strict=True) if isinstance(value, np.ndarray)}


def _shape(end: onnx.ValueInfoProto) -> Shape:
    return tuple(int(dim.dim_value) for dim in end.type.tensor_type.shape.dim)


def _network(model: onnx.ModelProto, values: dict[str, NDArray[Any]]) -> Network:
    graph = model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        fixed = all(name in constants for name in node.input if name)
        if (fixed and node.output[0] in values) or node.op_type in SHAPES_ONLY:
            constants |= {name: values[name] for name in node.output if name in values}
        else:
            nodes.append(_node(node))
    names = [*(end.name for end in graph.input), *(end.name for end in graph.output), *constants, *values]
    mapped = safe_names(dict.fromkeys(names))
    for one in nodes:
        one.inputs = [mapped.get(name, name) for name in one.inputs]
        one.outputs = [mapped.get(name, name) for name in one.outputs]
        one.name = next(iter(safe_names([one.name]).values())) if one.name else one.output
    network = Network(
        name=graph.name or "network",
        inputs={mapped[end.name]: _shape(end) for end in graph.input},
        outputs=[mapped[end.name] for end in graph.output],
        nodes=nodes,
        constants={mapped[name]: value for name, value in constants.items()},
        shapes={mapped[name]: value.shape for name, value in values.items() if name not in constants},
        metadata={entry.key: entry.value for entry in model.metadata_props},
    )
    network.shapes |= network.inputs
    network.tidy()
    return network


def _node(node: onnx.NodeProto) -> Node:
    told = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    return Node(node.op_type, node.name, list(node.input), list(node.output), told)


def _refuse_numbers(network: Network, path: Path) -> None:
    for name, value in _floats(network):
        if not np.isfinite(value).all():
            raise InputError(f"{path}: constant {name} holds NaN or infinity; INT8 has neither: export it again")
    for node in network.nodes:
        if node.operator == "BatchNormalization" and (network.constants[node.inputs[4]] < 0).any():
            raise InputError(f"{path}: {node.title} has a variance below 0 ({node.inputs[4]}); export it again")


def _floats(network: Network) -> Iterator[tuple[str, NDArray[Any]]]:
    clips = {name for node in network.nodes if node.operator == "Clip" for name in node.inputs[1:]}
    for name, value in network.constants.items():
        if value.dtype.kind == "f" and name not in clips:
            yield name, value
