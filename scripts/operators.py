"""Write docs/operators.md: which operators are known in INT8, where, and what runs them; made from the code.

usage: python scripts/operators.py [check]

Each operator is written as a network of one node, quantised and lowered: the table says which steps of the integer
reference and which kernels of the board it became. The NPU's column is the pre-flight's operator table. ``check``
writes nothing: it ends with 1 where the page is not what it would write.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pulse8.board.codegen.lower import lower
from pulse8.board.preflight.rules import operators
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.qdq_writer import write_int8
from pulse8.convert.quantize.ranges import collect_ranges
from pulse8.convert.quantize.scales import scale_table
from pulse8.convert.simplify.simplify import INSTEAD, simplified
from pulse8.measure.infer.integer import load_program
from pulse8.measure.infer.program import Lookup
from pulse8.measure.infer.qdq_steps.tables import FUNCTIONS

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "operators.md"
RNG: Final = np.random.default_rng(0)
PICTURE: Final = (1, 4, 6, 6)
Example = tuple[list[Any], Mapping[str, Any], tuple[int, ...]]
"""Operands (None is the input), attributes, and the input's shape."""


def weights(*shape: int) -> np.ndarray:
    """Return seeded numbers."""
    return RNG.normal(0, 0.3, shape).astype(np.float32)


def whole(*numbers: int) -> np.ndarray:
    """Return whole numbers as ONNX has them."""
    return np.array(numbers, np.int64)


EXAMPLES: Final[dict[str, Example]] = {
    "Add": ([None, None], {}, PICTURE),
    "AveragePool": ([None], {"kernel_shape": [2, 2], "pads": [1, 1, 0, 0]}, PICTURE),
    "BatchNormalization": ([None, *(np.abs(weights(4)) + 1 for _ in range(4))], {}, PICTURE),
    "Clip": ([None, np.float32(-1), np.float32(1)], {}, PICTURE),
    "Concat": ([None, None], {"axis": 1}, PICTURE),
    "Conv": ([None, weights(4, 4, 3, 3), weights(4)], {"dilations": [2, 2]}, PICTURE),
    "Conv (depthwise)": ([None, weights(4, 1, 3, 3), weights(4)], {"group": 4}, PICTURE),
    "Conv (groups)": ([None, weights(4, 2, 3, 3), weights(4)], {"group": 2}, PICTURE),
    "Conv (one dimension)": ([None, weights(4, 4, 3), weights(4)], {}, (1, 4, 9)),
    "ConvTranspose": ([None, weights(4, 2, 2, 2), weights(2)], {"strides": [2, 2]}, PICTURE),
    "DepthToSpace": ([None], {"blocksize": 2}, PICTURE),
    "Div": ([None, np.float32(3)], {}, PICTURE),
    "Expand": ([None, whole(1, 4, 6, 6)], {}, (1, 4, 1, 1)),
    "Flatten": ([None], {}, PICTURE),
    "Gemm": ([None, weights(3, 6), weights(3)], {"transB": 1}, (1, 6)),
    "GlobalAveragePool": ([None], {}, PICTURE),
    "GlobalMaxPool": ([None], {}, PICTURE),
    "MatMul": ([None, weights(6, 3)], {}, (1, 5, 6)),
    "MaxPool": ([None], {"kernel_shape": [2, 2], "pads": [1, 1, 0, 0]}, PICTURE),
    "Mul": ([None, None], {}, PICTURE),
    "PRelu": ([None, np.abs(weights(4, 1, 1))], {}, PICTURE),
    "Pad": ([None, whole(0, 0, 1, 1, 0, 0, 1, 1)], {}, PICTURE),
    "ReduceMean": ([None], {"axes": [2]}, PICTURE),
    "Relu": ([None], {}, PICTURE),
    "Reshape": ([None, whole(1, 2, 8, 9)], {}, PICTURE),
    "Resize": ([None, "", np.array([1, 1, 2, 2], np.float32)], {"mode": "nearest"}, PICTURE),
    "Slice": ([None, whole(1), whole(4), whole(2)], {}, PICTURE),
    "SpaceToDepth": ([None], {"blocksize": 2}, PICTURE),
    "Split": ([None, whole(1, 3)], {"axis": 1}, PICTURE),
    "Squeeze": ([None, whole(3)], {}, (1, 4, 6, 1)),
    "Sub": ([None, None], {}, PICTURE),
    "Transpose": ([None], {"perm": [0, 3, 1, 2]}, PICTURE),
    "Unsqueeze": ([None, whole(3)], {}, (1, 4, 6)),
    **{name: ([None], {}, PICTURE) for name in FUNCTIONS},
}


def model_of(name: str) -> onnx.ModelProto:
    """Write one operator between two others that are known: the input's negative, and a Neg of the result."""
    operands, told, shape = EXAMPLES[name]
    operator = name.split(" ", maxsplit=1)[0]
    names = ["a" if one is None else "" if isinstance(one, str) else f"c{place}" for place, one in enumerate(operands)]
    tensors = [numpy_helper.from_array(np.asarray(one), names[place]) for place, one in enumerate(operands)
               if one is not None and not isinstance(one, str)]  # fmt: skip
    outputs = ["y", "y2"] if operator == "Split" else ["y"]
    nodes = [helper.make_node("Neg", ["x"], ["a"]), helper.make_node(operator, names, outputs, **told)]
    nodes.append(helper.make_node("Neg", ["y"], ["z"]))
    ends = [helper.make_tensor_value_info(end, TensorProto.FLOAT, of) for end, of in (("x", shape), ("z", None))]
    graph = helper.make_graph(nodes, "operator", ends[:1], ends[1:], tensors)
    opset = 20 if operator in ("Gelu", "Mish") else 14
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def row(name: str) -> str:
    """Quantise and lower one operator, and say what it became."""
    static, _ = simplified(model_of(name), Path(name))
    shape = EXAMPLES[name][2]
    samples = [(RNG.normal(size=shape[1:]).astype(np.float32),) for _ in range(8)]
    options = QuantizeOptions()
    scales = scale_table(static, collect_ranges(static, lambda: iter(samples), options), None)
    program = load_program(write_int8(static, scales, options, None).SerializeToString())
    ends = {step.output.name for step in program.steps if isinstance(step, Lookup) and step.operator == "Neg"}
    ends = set() if name == "Neg" else ends
    steps = [type(step).__name__ for step in program.steps if step.output.name not in ends]
    kernels = [step.operator for step in lower(program, "one").steps if step.y not in ends]
    told = operators().get(name.split(" ", maxsplit=1)[0])
    npu = "not in its table" if told is None else f"{told.epoch}{f' ({told.condition})' if told.condition else ''}"
    known = ", ".join(dict.fromkeys(steps)) or "part of its neighbour"
    return (
        f"| {name} | {known} | {', '.join(f'`{one}`' for one in dict.fromkeys(kernels)) or 'nothing to run'} | {npu} |"
    )


def page() -> str:
    """Return the page's text."""
    rows = "\n".join(row(name) for name in sorted(EXAMPLES))
    instead = "\n".join(f"| {name} | {why} |" for name, why in sorted(INSTEAD.items()))
    return f"""\
# Operators

What is known in INT8, and where it runs. `scripts/operators.py` writes this page: it quantises and lowers a network of
each operator. The second column is what the integer reference computes; the third is the kernels of the C code, on the
host and on a Cortex-M55 with and without vector instructions. The last is the pre-flight's own table for the NPU, from
ST's documents: nothing of it was run on a board.

| operator | integer reference | C | NPU |
|---|---|---|---|
{rows}

Identity, Dropout, Cast, Constant and shape arithmetic are left out when a network is read. A Relu or Clip after a
convolution, sum, product or average is part of it. Operands of Add, Sub and Mul may be broadcast, or be one number.

## Refused, and what to do instead

| operator | why, and what instead |
|---|---|
{instead}
"""


def main() -> None:
    """Write the page, or check it."""
    text = page()
    if sys.argv[1:] == ["check"]:
        if PAGE.read_text(encoding="utf-8") != text:
            raise SystemExit(f"{PAGE} is not what the code says; run python scripts/operators.py")
        return
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
