"""Edits of an ONNX graph that keep its results, and one that requantises: shared scales at an Add.

Each edit changes the model in place and returns a line per change.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import onnx
from onnx import helper, numpy_helper, version_converter

from pulse8.board.preflight.limits import MAX_IR_VERSION, OPSETS
from pulse8.errors import InputError

Edit = Callable[[onnx.ModelProto], Sequence[str]]
WRITTEN_IR, WRITTEN_OPSET = 8, 13
STANDARD: Final = ("", "ai.onnx")


def static_batch(model: onnx.ModelProto) -> Sequence[str]:
    """Fix a dynamic first axis to 1 at inputs and outputs; shape inference handles inner tensors."""
    done = []
    for end in (*model.graph.input, *model.graph.output):
        dims = end.type.tensor_type.shape.dim
        if len(dims) and not dims[0].HasField("dim_value"):
            done.append(f"{end.name}: batch {dims[0].dim_param or 'dynamic'} fixed to 1")
            dims[0].Clear()
            dims[0].dim_value = 1
    if done:
        del model.graph.value_info[:]
    return done


def standard_imports(model: onnx.ModelProto) -> Sequence[str]:
    """Strip operator sets that no node uses."""
    used = {node.domain for node in model.graph.node}
    kept = [entry for entry in model.opset_import if entry.domain in STANDARD or entry.domain in used]
    gone = [entry.domain for entry in model.opset_import if entry not in kept]
    if gone:
        copies = [helper.make_opsetid(entry.domain, entry.version) for entry in kept]
        del model.opset_import[:]
        model.opset_import.extend(copies)
    return [f"import {domain} stripped" for domain in gone]


def readable_opset(model: onnx.ModelProto) -> Sequence[str]:
    """Convert an operator set outside 7 to 20 to 13, with ONNX's own converter.

    Raises
    ------
    InputError
        The converter fails; older versions of onnx convert less.
    """
    version = max((entry.version for entry in model.opset_import if entry.domain in STANDARD), default=0)
    if version in OPSETS:
        return []
    try:
        model.CopyFrom(version_converter.convert_version(model, WRITTEN_OPSET))
    except (version_converter.ConvertError, RuntimeError) as error:
        reason = str(error).rpartition("failed: ")[2]
        raise InputError(
            f"onnx {onnx.__version__} cannot convert opset {version} to {WRITTEN_OPSET} ({reason}); export the network "
            f"with opset {WRITTEN_OPSET}"
        ) from error
    return [f"opset {version} converted to {WRITTEN_OPSET}"]


def readable_ir(model: onnx.ModelProto) -> Sequence[str]:
    """Write an IR version that the vendor's checker accepts."""
    if model.ir_version <= MAX_IR_VERSION:
        return []
    version, model.ir_version = model.ir_version, WRITTEN_IR
    return [f"IR version {version} written as {WRITTEN_IR}"]


def shared_add_scales(model: onnx.ModelProto) -> Sequence[str]:
    """Requantise the finer operand of an Add to the coarser one's scale and zero point."""
    return list(_shared(model))


def _shared(model: onnx.ModelProto) -> Iterator[str]:
    makers = {name: node for node in model.graph.node for name in node.output}
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        operands = [makers.get(name) for name in node.input]
        borders = [maker for maker in operands if maker is not None and maker.op_type == "DequantizeLinear"]
        if node.op_type == "Add" and len(borders) == 2 and not _same(borders, constants):
            coarse = max(borders, key=lambda maker: _scale(maker, constants))
            place = 1 - borders.index(coarse)
            nodes += _requantized(node, place, coarse)
            yield f"{node.name or node.output[0]}: {borders[place].output[0]} requantised to the other operand's scale"
        nodes.append(node)
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)


def _requantized(node: onnx.NodeProto, place: int, coarse: onnx.NodeProto) -> list[onnx.NodeProto]:
    source, ends = node.input[place], list(coarse.input[1:])
    name = f"{node.output[0]}_operand{place}"
    node.input[place] = f"{name}_dq"
    return [
        helper.make_node("QuantizeLinear", [source, *ends], [f"{name}_q"]),
        helper.make_node("DequantizeLinear", [f"{name}_q", *ends], [f"{name}_dq"]),
    ]


def _scale(border: onnx.NodeProto, constants: dict[str, onnx.TensorProto]) -> float:
    return float(numpy_helper.to_array(constants[border.input[1]]).max())


def _same(borders: Sequence[onnx.NodeProto], constants: dict[str, onnx.TensorProto]) -> bool:
    """Whether two operands share scale and zero point; true where one of them is not a constant."""
    names = [name for border in borders for name in border.input[1:]]
    if any(name not in constants for name in names) or any(len(border.input) < 3 for border in borders):
        return True
    values = [[numpy_helper.to_array(constants[name]) for name in border.input[1:]] for border in borders]
    if any(value.size != 1 for pair in values for value in pair):
        return True
    return all(np.array_equal(one, other) for one, other in zip(*values, strict=True))


ALIKE: Final[Sequence[Edit]] = (static_batch, standard_imports, readable_opset, readable_ir)
"""Edits that do not change the network's numbers."""
