"""The board pair, cut from the whole INT8 file: the same nodes, weights, scales and zero points.

``spatial`` turns one patch [1, 3, 36, 36] into 16 features; ``temporal`` turns the last 8 frames' features
[1, 48, 1, 8] into the logit. Both keep float ends: Q first, DQ last.
"""

from collections.abc import Sequence

import onnx
from onnx import TensorProto, helper

from pulse8.measure.clips.patches import FEATURES, SHAPE_FEATURES, SHAPE_PATCH
from pulse8.spec import METADATA_KEY


def cut_pair(whole: onnx.ModelProto) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """Return (spatial, temporal) of a whole INT8 file as :mod:`pulse8.convert.quantize.qdq_writer` names it."""
    spatial = _cut(whole, ("images", SHAPE_PATCH), ("average2_dq", (1, FEATURES, 1, 1)))
    return spatial, _cut(whole, ("features", SHAPE_FEATURES), ("logit_dq", (1, 1, 1, 1)))


def _cut(
    whole: onnx.ModelProto, source: tuple[str, Sequence[int]], result: tuple[str, Sequence[int]]
) -> onnx.ModelProto:
    """Keep what leads from the tensor ``source`` to the tensor ``result``."""
    maker = {output: node for node in whole.graph.node for output in node.output}
    wanted, needed = [result[0]], set()
    while wanted:
        name = wanted.pop()
        if name != source[0] and name in maker and name not in needed:
            wanted += maker[name].input
        needed.add(name)
    nodes = [node for node in whole.graph.node if set(node.output) & needed and source[0] not in node.output]
    constants = [tensor for tensor in whole.graph.initializer if tensor.name in needed]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (source, result)]
    graph = helper.make_graph(nodes, whole.graph.name, [ends[0]], [ends[1]], constants)
    part = helper.make_model(
        graph, opset_imports=whole.opset_import, ir_version=whole.ir_version, producer_name=whole.producer_name
    )
    spec = {entry.key: entry.value for entry in whole.metadata_props}[METADATA_KEY]
    helper.set_model_props(part, {METADATA_KEY: spec})
    return part
