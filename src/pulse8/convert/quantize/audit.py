"""Scheme audit: what a QDQ file reloaded from disk really holds, against what the NPU and this line ask for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pulse8.convert.quantize.families import CLAMPS, KEEPS_SCALE
from pulse8.convert.quantize.qdq_writer import NUMBERED, WEIGHTED, constants_of
from pulse8.convert.quantize.scales import SIGMOID, Scales
from pulse8.convert.quantize.tail import float_tail
from pulse8.spec import ModelSpec

MAX_IR_VERSION: Final = 9
FREE: Final = {"QuantizeLinear", "DequantizeLinear"}


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What was found; a file is clean where ``violations`` is empty."""

    weights_per_channel: int
    weights_per_tensor: int
    biases: int
    activations: int
    violations: tuple[str, ...]


@dataclass(frozen=True)
class _Dequantised:
    """A DequantizeLinear node's operands: where its integers come from, their scale and zero point."""

    source: str
    scale: NDArray[Any]
    zero_point: NDArray[Any]


def audit(model: onnx.ModelProto, spec: ModelSpec | None, *, per_channel: bool) -> Audit:
    """Read the scheme back from a QDQ model."""
    constants = constants_of(model)
    dequantised = {
        node.output[0]: _Dequantised(node.input[0], constants[node.input[1]], constants[node.input[2]])
        for node in model.graph.node
        if node.op_type == "DequantizeLinear"
    }
    convs = [node for node in model.graph.node if node.op_type in WEIGHTED]
    weights = [dequantised[node.input[1]] for node in convs if node.input[1] in dequantised]
    biases = {node.input[2] for node in convs if len(node.input) > 2} & set(dequantised)
    activations = {name for name, found in dequantised.items() if found.source not in constants}
    violations = [
        *_file_violations(model),
        *_input_violations(model, constants, spec),
        *_float_islands(model, dequantised),
        *_pinned_violations(model, constants, dequantised),
        *(text for node in convs for text in _conv_violations(node, constants, dequantised, per_channel=per_channel)),
        *(
            f"{name}: activation is not int8 with one scale"
            for name in sorted(activations)
            if not _is_s8(dequantised[name])
        ),
    ]
    return Audit(
        weights_per_channel=sum(found.scale.ndim == 1 for found in weights),
        weights_per_tensor=sum(found.scale.ndim == 0 for found in weights),
        biases=len(biases),
        activations=len(activations),
        violations=tuple(violations),
    )


def scale_violations(model: onnx.ModelProto, scales: Scales) -> list[str]:
    """Name the tensors whose scale in the file is not the one that was asked for: it may be ignored in silence."""
    constants = constants_of(model)
    quantisers = {node.input[0]: node for node in model.graph.node if node.op_type == "QuantizeLinear"}
    violations = []
    for name, wanted in scales.items():
        if name not in quantisers:
            violations.append(f"{name} is not quantised")
            continue
        scale, zero_point = (constants[point] for point in quantisers[name].input[1:])
        if scale != np.float32(wanted.scale) or zero_point != wanted.zero_point:
            violations.append(f"{name}: scale {scale} and zero point {zero_point}, not {wanted}")
    return violations


def unasked_scales(model: onnx.ModelProto, scales: Scales) -> list[str]:
    """Name the tensors that are quantised with a scale that nobody set; ``scales`` has that of every tensor."""
    quantised = (node.input[0] for node in model.graph.node if node.op_type == "QuantizeLinear")
    return [f"{name} is quantised with a scale that was not asked for" for name in quantised if name not in scales]


def _file_violations(model: onnx.ModelProto) -> Iterator[str]:
    if model.ir_version > MAX_IR_VERSION:
        yield f"IR version {model.ir_version}; the vendor's checker takes at most {MAX_IR_VERSION}"
    if [entry.domain for entry in model.opset_import] != [""]:
        yield f"operator sets {[entry.domain for entry in model.opset_import]}; one of the standard domain is allowed"
    for end in (*model.graph.input, *model.graph.output):
        if any(not dim.HasField("dim_value") for dim in end.type.tensor_type.shape.dim):
            yield f"{end.name} has a dynamic axis; the NPU needs static shapes"


def _input_violations(
    model: onnx.ModelProto, constants: dict[str, NDArray[Any]], spec: ModelSpec | None
) -> Iterator[str]:
    names = {end.name for end in model.graph.input}
    for node in model.graph.node:
        for name in names & set(node.input):
            if node.op_type != "QuantizeLinear":
                yield f"input {name} goes into {node.op_type} in float"
            elif spec is not None and name in ("clip", "patches", "images", *_first(model, spec)):
                scale, zero_point = constants[node.input[1]], constants[node.input[2]]
                if scale != np.float32(spec.input_scale) or zero_point != spec.input_zero_point:
                    yield f"input {name} has scale {scale} and zero point {zero_point}, not the spec's"


def _first(model: onnx.ModelProto, spec: ModelSpec) -> tuple[str, ...]:
    """Name the input that the spec speaks of; the pair's second half has none."""
    return () if spec.output == "bpm" else (model.graph.input[0].name,)


def _pinned_violations(
    model: onnx.ModelProto, constants: dict[str, NDArray[Any]], dequantised: dict[str, _Dequantised]
) -> Iterator[str]:
    """Sigmoids have their one scale, and what is added has one scale, unless one of both is given."""
    quantisers = {node.input[0]: node for node in model.graph.node if node.op_type == "QuantizeLinear"}
    for node in model.graph.node:
        if not set(node.input) <= set(dequantised) or node.output[0] not in quantisers:
            continue  # it computes in float, which is another line of the audit
        if node.op_type == "Sigmoid":
            scale, zero_point = (constants[name] for name in quantisers[node.output[0]].input[1:])
            if scale != SIGMOID.scale or zero_point != SIGMOID.zero_point:
                yield f"{node.name}: a sigmoid with scale {scale} and zero point {zero_point}, not 1/256 and -128"
        if node.op_type == "Add" and not any(_is_given(model, constants, name) for name in node.input):
            one, other = (dequantised[name] for name in node.input)
            if one.scale != other.scale or one.zero_point != other.zero_point:
                yield f"{node.name}: adds scales {one.scale} and {other.scale}; the NPU needs one"


def _is_given(model: onnx.ModelProto, constants: dict[str, NDArray[Any]], name: str) -> bool:
    """Whether a tensor's scale is given: that of an input, a Sigmoid or a constant, moved or not."""
    makers = {output: node for node in model.graph.node for output in node.output}
    while name in makers and makers[name].op_type in {*FREE, *KEEPS_SCALE}:
        name = makers[name].input[0]
    return name not in makers or name in constants or makers[name].op_type == "Sigmoid"


def _float_islands(model: onnx.ModelProto, dequantised: dict[str, _Dequantised]) -> Iterator[str]:
    """Every node computes on dequantised operands and is quantised again, but for the stated tail."""
    constants, tail = {tensor.name for tensor in model.graph.initializer}, float_tail(model)
    quantised = {node.input[0] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    clamped = {node.input[0] for node in model.graph.node if node.op_type in CLAMPS and node.output[0] in quantised}
    for node in model.graph.node:
        if node.op_type in FREE or node.output[0] in tail:
            continue
        free = constants if node.op_type not in NUMBERED else set()
        operands = {name for name in node.input if name and name not in free}
        computed = operands if node.op_type not in CLAMPS else operands - clamped
        ends = quantised | (clamped if node.op_type not in CLAMPS else set())
        if not computed <= set(dequantised) or not set(node.output) & ends:
            yield f"{node.op_type} {node.name} computes in float"


def _conv_violations(
    node: onnx.NodeProto,
    constants: dict[str, NDArray[Any]],
    dequantised: dict[str, _Dequantised],
    *,
    per_channel: bool,
) -> Iterator[str]:
    if len(node.input) < 3 or not set(node.input) <= set(dequantised):
        yield f"{node.name}: input, weight and bias are not all dequantised"
        return
    source, weight, bias = (dequantised[name] for name in node.input)
    if constants[weight.source].dtype != np.int8 or np.any(weight.zero_point):
        yield f"{node.name}: weights are not int8 symmetric"
    axis = WEIGHTED[node.op_type]
    grouped = axis == 1 and any(one.name == "group" and one.i > 1 for one in node.attribute)
    per_channel = per_channel and not grouped
    channels = constants[weight.source].shape[axis]
    if weight.scale.shape != ((channels,) if per_channel else ()):
        kind = "channel" if per_channel else "tensor"
        yield f"{node.name}: weight scales have shape {weight.scale.shape}, not one a {kind}"
    if constants[bias.source].dtype != np.int32 or np.any(bias.zero_point):
        yield f"{node.name}: bias is not int32 with zero point 0"
    if bias.scale.size != weight.scale.size or not np.allclose(
        bias.scale, source.scale * weight.scale, rtol=1e-6, atol=0
    ):
        yield f"{node.name}: bias scale is not input scale times weight scale"


def _is_s8(found: _Dequantised) -> bool:
    return found.zero_point.dtype == np.int8 and found.scale.size == 1 and bool(found.scale > 0)
