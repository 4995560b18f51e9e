"""Which tensors have a scale, whose scale it is, and which share one.

A clamp (Relu, Clip) swallows the tensor before it, but only as its sole reader: what another node or the outside reads
needs a scale of its own. What moves bytes keeps its source's scale. What is added or joined shares one, unless its
scales are given: then the sum, or the join, rescales.
"""

from collections.abc import Iterator
from typing import Final

import onnx

from pulse8.convert.quantize.tail import float_tail
from pulse8.measure.infer.qdq_steps.builders import FOLDABLE
from pulse8.spec import METADATA_KEY

KEEPS_SCALE: Final = {
    *("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "Reshape", "Transpose", "Identity"),
    *("Pad", "Slice", "Split", "Resize", "Upsample", "Expand", "DepthToSpace", "SpaceToDepth"),
}
CLAMPS: Final = {"Relu", "Clip"}
GIVEN: Final = {"Sigmoid"}
"""Their scale is known without a range."""
SHARES: Final = {"Add", "Concat"}


def merged_into(model: onnx.ModelProto) -> dict[str, str]:
    """Return each tensor that a clamp swallows, and the clamp's result."""
    uses: dict[str, int] = {end.name: 1 for end in model.graph.output}
    for node in model.graph.node:
        for name in node.input:
            uses[name] = uses.get(name, 0) + 1
    makers = {name: node for node in model.graph.node for name in node.output}
    return {
        node.input[0]: node.output[0]
        for node in model.graph.node
        if node.op_type in CLAMPS
        and uses[node.input[0]] == 1
        and node.input[0] in makers
        and makers[node.input[0]].op_type in FOLDABLE
    }


def quantised_tensors(model: onnx.ModelProto) -> dict[str, str]:
    """Return every tensor that is quantised, and the one whose scale it has: itself, or what it was moved from."""
    swallowed, tail = merged_into(model), float_tail(model)
    roots = {end.name: end.name for end in model.graph.input}
    for node in model.graph.node:
        for name in node.output:
            if not name or name in swallowed or name in tail:
                continue
            roots[name] = roots[node.input[0]] if node.op_type in KEEPS_SCALE and node.input[0] in roots else name
    return roots


def scaled_tensors(model: onnx.ModelProto) -> list[str]:
    """Name the inner tensors that get a scale of their own, in the graph's order."""
    inputs = {end.name for end in model.graph.input}
    return [name for name, root in quantised_tensors(model).items() if name == root and name not in inputs]


def given_tensors(model: onnx.ModelProto) -> set[str]:
    """Name the tensors whose scale no range decides: Sigmoids, and the input of a model with a spec."""
    tail = float_tail(model)
    given = {node.output[0] for node in model.graph.node if node.op_type in GIVEN} - tail
    keyed = any(entry.key == METADATA_KEY for entry in model.metadata_props)
    return given | ({model.graph.input[0].name} if keyed else set())


def families(model: onnx.ModelProto) -> list[set[str]]:
    """Return the sets of tensors with a scale of their own that share one range, so that the NPU adds integers."""
    roots, given = quantised_tensors(model), given_tensors(model)
    merged: list[set[str]] = []
    for pair in _ties(model):
        tied = {roots[name] for name in pair if name in roots} - given
        touched = [family for family in merged if family & tied]
        merged = [family for family in merged if not family & tied] + [tied.union(*touched)]
    return merged


def _ties(model: onnx.ModelProto) -> Iterator[list[str]]:
    for node in model.graph.node:
        if node.op_type in SHARES:
            yield [*node.input, *(node.output if node.op_type == "Concat" else ())]
