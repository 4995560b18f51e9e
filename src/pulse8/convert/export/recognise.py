"""Reading the network out of an FP32 ONNX file: quantisation always starts from one static form.

A waveform model's file is that form. In a guide-form file from any exporter the ultralight network is recognised: the
weighted nodes, in the graph's order, must have the network's seven shapes, and the static form built from them must
give the file's own BPM. So another exporter's file is accepted by what it computes, not by its names.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from pulse8.convert.export.forms import SHAPE_GUIDE, whole_form
from pulse8.convert.export.layers import SHAPES, Layer, Weights, fold_batch_norm
from pulse8.convert.simplify.simplify import simplified
from pulse8.errors import InputError
from pulse8.learn.simulate.probe import probe_samples
from pulse8.measure.clips.patches import to_whole_input
from pulse8.measure.infer.onnx_file import load_model
from pulse8.measure.infer.ort import OrtRunner
from pulse8.spec import METADATA_KEY, ULTRALIGHT, ModelSpec

TOLERANCE_BPM: Final = 1e-4
COMPARED_SAMPLES: Final = 4
FIX: Final = "export it with pulse8 export"
OWN: Final = "what a network of your own must be is in docs/tutorials/own-model.md"


def spec_of(model: onnx.ModelProto) -> ModelSpec:
    """Return the spec in the file's metadata; a file without one is read as the guide's model."""
    return ModelSpec.of_metadata({entry.key: entry.value for entry in model.metadata_props}) or ULTRALIGHT


def contract_of(model: onnx.ModelProto) -> ModelSpec | None:
    """Return what a model promises to measure: its spec's, the guide's by its six axes, or nothing: one's own."""
    if any(entry.key == METADATA_KEY for entry in model.metadata_props):
        return spec_of(model)
    held = {tensor.name for tensor in model.graph.initializer}
    inputs = [shape_of(end) for end in model.graph.input if end.name not in held]
    return ULTRALIGHT if [len(shape) for shape in inputs] == [len(SHAPE_GUIDE)] else None


def is_own(path: Path) -> bool:
    """Whether a file holds a network that promises no heart rate; raises ``InputError`` where it cannot be read."""
    return contract_of(load_model(path, "FP32 model", FIX)) is None


def inputs_of(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """Return the inputs of a static form, by name, and their shapes."""
    return {end.name: shape_of(end) for end in model.graph.input}


def opset_of(model: onnx.ModelProto, path: Path) -> int:
    """Return the operator set of the standard domain.

    Raises
    ------
    InputError
        It is outside 11 to 20.
    """
    opset = max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=0)
    if not 11 <= opset <= 20:
        raise InputError(f"{path} has opset {opset}; this line reads 11 to 20: {FIX}")
    return int(opset)


def static_form(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """Return the static form of the network in a file; raises as :func:`converted`."""
    return converted(model, path)[0]


def converted(model: onnx.ModelProto, path: Path) -> tuple[onnx.ModelProto, tuple[str, ...]]:
    """Return the static form of the network in a file, and what was converted to get there.

    Raises
    ------
    InputError
        The file holds what is not known in INT8, or is of other shapes than its spec says.
    """
    spec = contract_of(model)
    if spec is not None and spec.output == "bpm":
        return whole_form(recognise(model, path), spec, opset_of(model, path)), ()
    static, notes = simplified(model, path)
    if spec is None:
        return static, notes
    ends = [shape_of(end) for end in (*static.graph.input, *static.graph.output)]
    wanted = [(1, *spec.clip_shape), (1, spec.phases, 1, spec.window // spec.phases)]
    if ends != wanted:
        raise InputError(f"{path} has input and output {ends}, not its spec's {wanted}: static, batch 1; {OWN}")
    return static, notes


def shape_of(end: onnx.ValueInfoProto) -> tuple[int, ...]:
    """Return a graph's input's or output's shape; a dynamic axis is 0."""
    return tuple(dim.dim_value for dim in end.type.tensor_type.shape.dim)


def static_input(spec: ModelSpec, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reorder samples [n, ...] of a data file to inputs [n, ...] of the static form.

    Raises
    ------
    InputError
        The samples belong to another model.
    """
    wanted = SHAPE_GUIDE[1:] if spec.output == "bpm" else spec.clip_shape
    if samples.shape[1:] != wanted:
        raise InputError(
            f"data of samples {list(samples.shape[1:])}; {spec.model} takes {list(wanted)}: make them with --model"
            f" {spec.model}"
        )
    return to_whole_input(samples) if spec.output == "bpm" else samples


def recognise(model: onnx.ModelProto, path: Path) -> Weights:
    """Return the network's folded weights.

    Raises
    ------
    InputError
        The file holds another network, or computes something else with these weights.
    """
    weights = _weights(model, path)
    spec, opset = spec_of(model), opset_of(model, path)
    runner = OrtRunner(path)
    if len(runner.input_shape) != len(SHAPE_GUIDE) or tuple(runner.input_shape[1:]) != SHAPE_GUIDE[1:]:
        raise InputError(f"{path} takes {list(runner.input_shape)}, not [batch, 8, 3, 36, 36, 3]; {FIX}")
    samples = probe_samples(COMPARED_SAMPLES)
    whole = OrtRunner(whole_form(weights, spec, opset).SerializeToString())
    for sample, static in zip(samples, to_whole_input(samples), strict=True):
        difference = np.abs(runner(sample[None])[0].ravel() - whole(static[None])[0].ravel())
        if difference.size != 1 or not difference[0] <= TOLERANCE_BPM:
            raise InputError(f"{path} has ultralight's layers but computes something else; {FIX}")
    return weights


def _weights(model: onnx.ModelProto, path: Path) -> Weights:
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    layers = [_layer(node, constants, path) for node in model.graph.node if node.op_type in ("Conv", "Gemm")]
    norms = {node.input[0]: node for node in model.graph.node if node.op_type == "BatchNormalization"}
    outputs = [node.output[0] for node in model.graph.node if node.op_type in ("Conv", "Gemm")]
    weights: Weights = {}
    for (name, shape), (weight, bias), output in zip(SHAPES.items(), layers, outputs, strict=False):
        if weight.size != int(np.prod(shape)) or weight.shape[: len(shape)][0] != shape[0]:
            raise InputError(
                f"{path} is of another network: {output} has weights {weight.shape}, not {shape}; {FIX}; {OWN}"
            )
        plain = (weight.reshape(shape), bias)
        weights[name] = _with_norm(plain, norms[output], constants) if output in norms else plain
    if len(layers) != len(SHAPES):
        raise InputError(
            f"{path} is of another network: {len(layers)} Conv and Gemm nodes, not {len(SHAPES)}; {FIX}; {OWN}"
        )
    return weights


def _layer(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto], path: Path) -> Layer:
    if len(node.input) < 3 or not {node.input[1], node.input[2]} <= set(constants):
        raise InputError(f"{path}: {node.op_type} {node.name} has no constant weight and bias; {FIX}")
    weight, bias = (numpy_helper.to_array(constants[name]) for name in node.input[1:3])
    attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    if node.op_type == "Gemm" and not attributes.get("transB", 0):
        weight = weight.T
    return np.asarray(weight, np.float32), np.asarray(bias, np.float32)


def _with_norm(layer: Layer, node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]) -> Layer:
    gain, shift, mean, variance = (_float64(constants[name]) for name in node.input[1:5])
    attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    factor = gain / np.sqrt(variance + attributes.get("epsilon", 1e-5))
    return fold_batch_norm(layer[0].astype(np.float64), layer[1].astype(np.float64), factor, shift, mean)


def _float64(tensor: onnx.TensorProto) -> NDArray[Any]:
    return np.asarray(numpy_helper.to_array(tensor), dtype=np.float64)
