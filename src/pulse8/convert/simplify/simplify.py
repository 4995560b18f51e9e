"""Any float ONNX model as one of few operators, static, with constants, pads and biases written out.

What is not known is refused by name, with what to do instead: nothing that leaves here is refused later.
"""

from pathlib import Path
from typing import Final

import onnx

from pulse8.convert.simplify.affine import fold_affine
from pulse8.convert.simplify.elementwise import plain_clamps, sink_reshapes
from pulse8.convert.simplify.matrices import matrices_as_convs, reductions_as_pools
from pulse8.convert.simplify.moves import merge_axes, plain_moves
from pulse8.convert.simplify.network import Network, Node
from pulse8.convert.simplify.pictures import plain_pictures
from pulse8.convert.simplify.read import read_network
from pulse8.convert.simplify.trivial import drop_trivial
from pulse8.errors import InputError
from pulse8.measure.infer.qdq_steps.builders import BUILDERS

AT_THE_END: Final = ("Softmax", "LogSoftmax")
"""Known where they make an output: they stay in float."""
MOST_RANK: Final = 6
OPERATORS: Final = frozenset(BUILDERS) - {"Identity", "Dropout", "Gemm", "MatMul", "ReduceMean", "Flatten"}
"""What a simplified network is made of."""

INSTEAD: Final = {
    "LSTM": "a recurrent layer: write it as convolutions along time",
    "GRU": "a recurrent layer: write it as convolutions along time",
    "RNN": "a recurrent layer: write it as convolutions along time",
    "LayerNormalization": "a norm of each input: use batch norm, which folds into the convolution before it",
    "InstanceNormalization": "a norm of each input: use batch norm, which folds into the convolution before it",
    "GroupNormalization": "a norm of each input: use batch norm, which folds into the convolution before it",
    "MatMul": "a product of two computed tensors (attention): use convolutions, or a gate (Sigmoid and Mul)",
    "Gemm": "a product of two computed tensors (attention): use convolutions, or a gate (Sigmoid and Mul)",
    "Attention": "attention: use convolutions, or a gate (Sigmoid and Mul)",
    "Softmax": "known as the last operator alone: use a Sigmoid inside",
    "Div": "a division by a computed tensor: multiply by a Sigmoid, or divide by a number",
    "Pow": "a power: write a square as a product (Mul)",
    "ReduceMean": "a mean over the batch: leave the batch alone",
    "Resize": "known for the nearest neighbour alone (mode nearest); or write it as a ConvTranspose",
}


def simplified(model: onnx.ModelProto, path: Path) -> tuple[onnx.ModelProto, tuple[str, ...]]:
    """Return the simplified model and what was converted.

    Raises
    ------
    InputError
        It holds what is not known, or no numbers that can be; the message names it.
    """
    network = read_network(model, path)
    for step in (plain_moves, drop_trivial, plain_clamps, plain_pictures, reductions_as_pools, matrices_as_convs):
        step(network)
    sink_reshapes(network)
    drop_trivial(network)
    fold_affine(network)
    sink_reshapes(network)
    drop_trivial(network)
    merge_axes(network)
    for node in network.nodes:
        _refuse_unknown(network, node, path)
    if untouched := [name for name in network.outputs if network.maker(name) is None]:
        raise InputError(f"{path}: output {untouched[0]} is an input or a constant; there is nothing to quantise")
    return network.model(), tuple(network.notes)


def _refuse_unknown(network: Network, node: Node, path: Path) -> None:
    ending = node.operator in AT_THE_END and node.output in network.outputs and not network.readers(node.output)
    constant = [name for name in node.inputs if name in network.constants and network.constants[name].size > 1]
    weighted = node.operator.startswith("Conv") and node.inputs[1] not in network.constants
    fits = (
        node.operator in OPERATORS and not weighted and (node.operator != "Div" or node.inputs[1] not in network.shapes)
    )
    fits = fits and (node.operator != "Resize" or node.attributes.get("mode", b"nearest") in (b"nearest", "nearest"))
    if not (ending or fits):
        why = INSTEAD.get(node.operator, f"known are {', '.join(sorted(OPERATORS))}")
        raise InputError(f"{path}: {node.title} is not known in INT8: {why}")
    if node.operator in ("Add", "Sub", "Mul", "Div") and constant:
        shape = list(network.constants[constant[0]].shape)
        raise InputError(
            f"{path}: {node.title} has a constant of the shape {shape} ({constant[0]}); one number, or one for each"
            " channel (axis 1), is known"
        )
    if any(len(network.shapes[name]) > MOST_RANK for name in (*node.inputs, *node.outputs) if name in network.shapes):
        raise InputError(f"{path}: {node.title} has more than {MOST_RANK} axes; use fewer")
