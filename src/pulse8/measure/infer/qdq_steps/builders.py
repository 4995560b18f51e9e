"""One builder per operator: from an ONNX node's operands and attributes to the steps that compute it in integers."""

from collections.abc import Callable
from typing import Final

from pulse8.measure.infer.program import Step
from pulse8.measure.infer.qdq_steps import moves
from pulse8.measure.infer.qdq_steps.pairs import add, div, mul, sub
from pulse8.measure.infer.qdq_steps.pools import (
    average_pool,
    global_average_pool,
    global_max_pool,
    max_pool,
    reduce_mean,
)
from pulse8.measure.infer.qdq_steps.site import Site
from pulse8.measure.infer.qdq_steps.tables import FUNCTIONS, clip, function, prelu, relu
from pulse8.measure.infer.qdq_steps.transposed import conv_transpose
from pulse8.measure.infer.qdq_steps.weighted import conv, gemm, matmul

BUILDERS: Final[dict[str, Callable[[Site], list[Step]]]] = {
    "Add": add,
    "AveragePool": average_pool,
    "Clip": clip,
    "Concat": moves.concat,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "DepthToSpace": moves.depth_to_space,
    "Div": div,
    "Dropout": moves.identity,
    "Expand": moves.expand,
    "Flatten": moves.flatten,
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "GlobalMaxPool": global_max_pool,
    "Identity": moves.identity,
    "MatMul": matmul,
    "MaxPool": max_pool,
    "Mul": mul,
    "PRelu": prelu,
    "Pad": moves.pad,
    "ReduceMean": reduce_mean,
    "Relu": relu,
    "Reshape": moves.reshape,
    "Resize": moves.resize,
    "Slice": moves.sliced,
    "SpaceToDepth": moves.space_to_depth,
    "Split": moves.split,
    "Squeeze": moves.squeeze,
    "Sub": sub,
    "Transpose": moves.transpose,
    "Unsqueeze": moves.unsqueeze,
    "Upsample": moves.resize,
    **{operator: function(operator) for operator in FUNCTIONS},
}


FOLDABLE: Final = (
    *("Conv", "ConvTranspose", "Gemm", "MatMul", "Add", "Sub", "Mul", "Div"),
    *("AveragePool", "GlobalAveragePool", "ReduceMean"),
)
"""After these a Relu or a Clip is a clamp."""
