"""What moves values, as operator set 13 spells it: sizes, pads and parts written out, newer attributes left out."""

from collections.abc import Callable
from typing import Final

import numpy as np

from pulse8.convert.simplify.network import Network, Node

RESIZE: Final = ("coordinate_transformation_mode", "cubic_coeff_a", "exclude_outside", "extrapolation_value",
                 "mode", "nearest_mode")  # fmt: skip

MOST_RUNS: Final = 64
"""Slices that a Gather may become."""


def plain_moves(network: Network) -> None:
    """Write every move in the older spelling."""
    for node in list(network.nodes):
        if node.operator in PLAIN:
            PLAIN[node.operator](network, node)
    network.tidy()


def merge_axes(network: Network) -> None:
    """Turn fewer axes between two Reshapes: those that stay neighbours in their order are one."""
    for node in list(network.nodes):
        before, after = network.maker(node.inputs[0] if node.inputs else ""), network.only_reader(node.output)
        if node.operator != "Transpose" or before is None or after is None:
            continue
        if before.operator == after.operator == "Reshape" and network.only_reader(before.output) is node:
            _merge(network, before, node)
    network.tidy()


def _merge(network: Network, before: Node, node: Node) -> None:
    shape, perm = network.shapes[before.output], [int(axis) for axis in node.attributes["perm"]]
    runs: list[list[int]] = []
    for axis in perm:
        if runs and axis == runs[-1][-1] + 1:
            runs[-1].append(axis)
        else:
            runs.append([axis])
    if len(runs) == len(perm):
        return
    order = sorted(range(len(runs)), key=lambda place: runs[place][0])
    sizes = [int(np.prod([shape[axis] for axis in runs[place]])) for place in order]
    network.shapes[before.output] = tuple(sizes)
    node.attributes["perm"] = [order.index(place) for place in range(len(runs))]
    network.shapes[node.output] = tuple(sizes[axis] for axis in node.attributes["perm"])
    _reshape(network, before)


def _reshape(network: Network, node: Node) -> None:
    shape = np.array(network.shapes[node.output], np.int64)
    node.inputs, node.attributes = [node.inputs[0], network.constant(f"{node.output}_shape", shape)], {}


def _resize(network: Network, node: Node) -> None:
    """Give a size or a scale for every axis."""
    rank, told = len(network.shapes[node.inputs[0]]), dict(node.attributes)
    operands = [*node.inputs, "", "", ""][:4]
    axes = [int(axis) % rank for axis in told.get("axes", range(rank))]
    for place, usual in ((2, np.ones(rank, np.float32)), (3, np.array(network.shapes[node.inputs[0]], np.int64))):
        value = network.constants.get(operands[place])
        if value is not None and value.size == len(axes) < rank:
            usual[axes] = value
            operands[place] = network.constant(f"{node.output}_full", usual)
    if told.get("keep_aspect_ratio_policy", b"stretch") not in (b"stretch", "stretch") and operands[3]:
        operands[3] = network.constant(f"{node.output}_sizes", np.array(network.shapes[node.output], np.int64))
    if operands[2] and network.constants[operands[2]].size == 0:
        operands[2] = ""
    operands[1] = ""
    node.inputs = operands if operands[3] else operands[:3]
    node.attributes = {name: value for name, value in told.items() if name in RESIZE}


def _pad(network: Network, node: Node) -> None:
    """Give pads for every axis, and a value: the NPU's front end fails without one."""
    plain = node.attributes.get("mode", b"constant") in (b"constant", "constant")
    if plain and len(node.inputs) > 1 and not "".join(node.inputs[2:3]):
        zero = network.constant(f"{node.output}_value", np.zeros((), np.float32))
        node.inputs = [*node.inputs[:2], zero, *node.inputs[3:]]
    if len(node.inputs) < 4 or not node.inputs[3]:
        return
    rank = len(network.shapes[node.inputs[0]])
    pads, full = network.constants[node.inputs[1]].ravel(), np.zeros(2 * rank, np.int64)
    axes = [int(axis) % rank for axis in network.constants[node.inputs[3]].ravel()]
    full[axes], full[[rank + axis for axis in axes]] = pads[: len(axes)], pads[len(axes) :]
    node.inputs = [node.inputs[0], network.constant(f"{node.output}_pads", full), *node.inputs[2:3]]


def _slice(network: Network, node: Node) -> None:
    """Write starts and ends that lie inside the tensor: exporters write the largest number for "to the end"."""
    held = [network.constants.get(name) for name in node.inputs[1:]]
    if len(held) < 2 or held[0] is None or held[1] is None:
        return
    shape = network.shapes[node.inputs[0]]
    axes = range(len(held[0])) if len(held) < 3 or held[2] is None else held[2].ravel()
    limits = np.array([shape[int(axis)] for axis in axes], np.int64)
    names = [network.constant(f"{node.output}_{what}", np.clip(value.astype(np.int64).ravel(), -limits - 1, limits))
             for what, value in (("starts", held[0]), ("ends", held[1]))]  # fmt: skip
    node.inputs = [node.inputs[0], *names, *node.inputs[3:]]


def _gather(network: Network, node: Node) -> None:
    """Write what takes constant places (``x[:, -1]``, ``x[:, [2, 1, 0]]``) as Slices, joined where they are several."""
    source, held = node.inputs[0], network.constants.get(node.inputs[1])
    if source not in network.shapes or held is None:
        return
    shape, final = network.shapes[source], network.shapes[node.output]
    axis = int(node.attributes.get("axis", 0)) % len(shape)
    if node.operator == "GatherND" and (held.shape[-1] != 1 or node.attributes.get("batch_dims", 0)):
        return
    runs = _runs([int(place) % shape[axis] for place in held.ravel()])
    if not 1 <= len(runs) <= MOST_RUNS:
        return
    parts = []
    for first, count, step in runs:
        end = first + count * step
        told = [np.array([number], np.int64) for number in (first, end if end >= 0 else -shape[axis] - 1, axis, step)]
        numbers = [network.constant(f"{node.output}_part", value) for value in told]
        name = network.fresh(f"{node.output}_part")
        parts.append(network.made("Slice", [source, *numbers], name, (*shape[:axis], count, *shape[axis + 1 :])))
    nodes, last = list(parts), parts[0]
    if len(parts) > 1:
        name, wide = network.fresh(f"{node.output}_parts"), (*shape[:axis], held.size, *shape[axis + 1 :])
        last = network.made("Concat", [part.output for part in parts], name, wide, axis=axis)
        nodes.append(last)
    network.replace(node, [*nodes, network.reshaped(last.output, final, node.output)])
    network.note("places that are taken by constant numbers (Gather) are written as Slices")


def _runs(places: list[int]) -> list[tuple[int, int, int]]:
    """Part places into runs of one step: first, count, step."""
    runs: list[tuple[int, int, int]] = []
    for place in places:
        first, count, step = runs[-1] if runs else (0, 0, 0)
        gap = place - (first + (count - 1) * step)
        if count and gap and (count == 1 or gap == step):
            runs[-1] = (first, count + 1, gap)
        else:
            runs.append((place, 1, 1))
    return runs


def _split(network: Network, node: Node) -> None:
    axis = int(node.attributes.get("axis", 0))
    sizes = np.array([network.shapes[name][axis] for name in node.outputs], np.int64)
    node.inputs = [node.inputs[0], network.constant(f"{node.output}_sizes", sizes)]
    node.attributes = {"axis": axis}


def _average(_network: Network, node: Node) -> None:
    if set(node.attributes.get("dilations", [1])) == {1}:
        node.attributes.pop("dilations", None)


def _upsample(network: Network, node: Node) -> None:
    """Write an Upsample as a Resize whose places begin at 0."""
    scales = node.attributes.get("scales")
    name = node.inputs[1] if scales is None else network.constant(f"{node.output}_scales", np.array(scales, np.float32))
    node.operator, node.inputs = "Resize", [node.inputs[0], "", name]
    node.attributes = {
        "mode": node.attributes.get("mode", b"nearest"),
        "coordinate_transformation_mode": b"asymmetric",
        "nearest_mode": b"floor",
    }


PLAIN: Final[dict[str, Callable[[Network, Node], None]]] = {
    "AveragePool": _average,
    "Gather": _gather,
    "GatherND": _gather,
    "Pad": _pad,
    "Reshape": _reshape,
    "Resize": _resize,
    "Slice": _slice,
    "Split": _split,
    "Upsample": _upsample,
}
