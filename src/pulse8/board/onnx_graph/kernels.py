"""How the NPU takes a large kernel apart: pieces of at most 3 rows and 6 columns, 12 where the stride is 2 or more.

A kernel of one row has no limit. Source: ST Neural-ART operator support r1.1, optimal kernel size (Core 2.1.0).
"""

from collections.abc import Sequence
from typing import Final

from pulse8.board.onnx_graph.records import Graph, Node

MAX_ROWS: Final = 3
MAX_COLUMNS: Final = (6, 12)
"""At stride 1, and at stride 2 or more."""


def pieces(kernel: Sequence[int], stride: int) -> int:
    """Return how many smaller kernels a kernel (height, width; or width alone) becomes; 1 where it stays whole."""
    height, width = (1, *kernel)[-2:] if kernel else (1, 1)
    if height == 1:
        return 1
    columns = MAX_COLUMNS[min(stride, 2) - 1]
    return -(-height // MAX_ROWS) * -(-width // columns)


def pieces_of(graph: Graph, node: Node) -> int:
    """Return how many kernels a convolution's kernel becomes; 1 where its shape is not known."""
    shape = graph.shape(node.operand(1))
    if node.op != "Conv" or shape is None or len(shape) < 3:
        return 1
    return pieces(shape[2:], max(node.attributes.get("strides") or (1,)))
