"""The pulse12 network as ONNX: one static form of rank 4 for host and board alike."""

import onnx

from pulse8.convert.export.fold import folded, plain
from pulse8.convert.export.graph import Graph
from pulse8.convert.export.layers import Weights
from pulse8.learn.models.pulse12 import PHASES, POOLS, WINDOW, Pulse12
from pulse8.spec import ModelSpec


def pulse12_form(model: Pulse12, spec: ModelSpec, opset: int) -> onnx.ModelProto:
    """Clip [1, inputs, rows, 256] to ``phases`` [1, 4, 1, 64], batch norm folded."""
    design, graph = model.design, Graph(_weights(model))
    x = graph.conv("clip", "stem1", (1, design.stem_kernel), stride=2)
    x = graph.conv(x, "stem2", (1, 5))
    if design.gate:
        share = graph.add("Sigmoid", [graph.conv(x, "gate", (1, 1), output="gate")], "gate_share")
        x = graph.add("Mul", [x, share], "gated")
    for number, height in enumerate(POOLS[design.rows], 1):
        x = graph.add("AveragePool", [x], f"average{number}", kernel_shape=[height, 1], strides=[height, 1])
    x = graph.conv(x, "enter", (1, 5), stride=2)
    for number in range(1, design.blocks + 1):
        more = graph.conv(x, f"block{number}", (1, design.kernel))
        x = graph.add("Add", [x, more], f"sum{number}")
    x = graph.conv(x, "head", (1, 5))
    graph.conv(x, "phases", (1, 1), output="phases")
    source = ("clip", (1, design.inputs, design.rows, WINDOW))
    return graph.model(source, ("phases", (1, PHASES, 1, WINDOW // PHASES)), spec, opset)


def _weights(model: Pulse12) -> Weights:
    blocks = {f"block{number}": block for number, block in enumerate(model.blocks, 1)}
    convs = {"stem1": model.stem1, "stem2": model.stem2, "enter": model.enter, **blocks, "head": model.head}
    weights = {name: folded(*list(block.children())[:2]) for name, block in convs.items()}
    weights |= {} if model.gate is None else {"gate": plain(model.gate)}
    return {**weights, "phases": plain(model.phases)}
