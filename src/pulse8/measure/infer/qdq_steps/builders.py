"""One builder per operator: from an ONNX node's operands and attributes to the steps that compute it in integers."""

from collections.abc import Callable
from typing import Final

from pulse8.measure.infer.program import Step
from pulse8.measure.infer.qdq_steps.moves import concat, flatten, reshape, squeeze, transpose, unsqueeze
from pulse8.measure.infer.qdq_steps.pairs import add, mul
from pulse8.measure.infer.qdq_steps.pools import average_pool, global_average_pool, max_pool
from pulse8.measure.infer.qdq_steps.site import Site
from pulse8.measure.infer.qdq_steps.tables import relu, sigmoid
from pulse8.measure.infer.qdq_steps.weighted import conv, gemm

BUILDERS: Final[dict[str, Callable[[Site], list[Step]]]] = {
    "Add": add,
    "AveragePool": average_pool,
    "Concat": concat,
    "Conv": conv,
    "Flatten": flatten,
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "MaxPool": max_pool,
    "Mul": mul,
    "Relu": relu,
    "Reshape": reshape,
    "Sigmoid": sigmoid,
    "Squeeze": squeeze,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}


FOLDABLE: Final = ("Conv", "Gemm", "Add", "Mul", "AveragePool", "GlobalAveragePool")
"""Operators after which a Relu becomes a clamp."""
