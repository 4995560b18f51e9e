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
from pulse8.convert.simplify.pictures import WINDOWED, plain_pictures
from pulse8.convert.simplify.read import read_network
from pulse8.convert.simplify.trivial import drop_trivial
from pulse8.errors import InputError
from pulse8.measure.infer.qdq_steps.builders import BUILDERS

AT_THE_END: Final = ("Softmax", "LogSoftmax")
"""Known where they make an output: they stay in float."""
PAIRS: Final = ("Add", "Sub", "Mul", "Div")
PICTURE_RANK: Final = 4
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
    "Gather": "places that are computed (an embedding): take them before, and give the network what they hold",
    "Max": "the larger of two tensors: write b + relu(a - b)",
    "Min": "the smaller of two tensors: write a - relu(a - b)",
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
    unknown = [node for node in network.nodes if not _is_known(network, node)]
    if unknown:
        telling = next((node for node in unknown if node.operator in INSTEAD), unknown[0])
        why = INSTEAD.get(telling.operator, f"known are {', '.join(sorted(OPERATORS))}")
        raise InputError(f"{path}: {telling.title} is not known in INT8: {why}")
    for node in network.nodes:
        _refuse_operands(network, node, path)
    if untouched := [name for name in network.outputs if network.maker(name) is None]:
        raise InputError(f"{path}: output {untouched[0]} is an input or a constant; there is nothing to quantise")
    return network.model(), tuple(network.notes)


def _is_known(network: Network, node: Node) -> bool:
    if node.operator in AT_THE_END:
        return node.output in network.outputs and not network.readers(node.output)
    if node.operator == "Div" and node.inputs[1] in network.shapes:
        return False
    if node.operator == "Resize" and node.attributes.get("mode", b"nearest") not in (b"nearest", "nearest"):
        return False
    return node.operator in OPERATORS


def _refuse_operands(network: Network, node: Node, path: Path) -> None:
    constant = [name for name in node.inputs if name in network.constants and network.constants[name].size > 1]
    read = len(node.inputs) if node.operator == "Concat" else 1
    if node.operator not in PAIRS:
        if given := [name for name in node.inputs[:read] if name in network.constants]:
            raise InputError(f"{path}: {node.title} reads a constant ({given[0]}): give it as another input")
        if made := [name for name in node.inputs[read:] if name in network.shapes]:
            raise InputError(f"{path}: {node.title} needs a constant in place of {made[0]}, which is computed")
    if node.operator in WINDOWED and len(network.shapes[node.inputs[0]]) != PICTURE_RANK:
        axes = len(network.shapes[node.inputs[0]]) - 2
        raise InputError(f"{path}: {node.title} moves along {axes} axes; one and two are known")
    if node.operator in PAIRS and constant:
        shape = list(network.constants[constant[0]].shape)
        raise InputError(
            f"{path}: {node.title} has a constant of the shape {shape} ({constant[0]}); one number, or one for each"
            " channel (axis 1), is known"
        )
    if any(len(network.shapes[name]) > MOST_RANK for name in (*node.inputs, *node.outputs) if name in network.shapes):
        raise InputError(f"{path}: {node.title} has more than {MOST_RANK} axes; use fewer")
