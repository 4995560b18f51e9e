"""The activations of a graph as buffers with lifetimes: borders, views and folded activations share their operand's."""

from typing import Final

from pulse8.build.deploy.estimate.memory import Buffer
from pulse8.build.deploy.graph.quantised import BORDERS, VIEWS, Quantised
from pulse8.build.deploy.graph.records import Node

WIDTHS: Final = {"int8": 1, "uint8": 1, "bool": 1, "int16": 2, "float16": 2, "int64": 8, "double": 8}


def buffers_of(view: Quantised) -> tuple[Buffer, ...] | None:
    """Return the buffers, their first and last step counted in layers; ``None`` where a shape is not known.

    A tensor that is bytes anywhere counts one byte an element: at the graph's ends the tool's INT8 I/O is assumed.
    """
    graph = view.graph
    home: dict[str, str] = {end.name: end.name for end in graph.inputs}
    first = dict.fromkeys(home, 0)
    last = dict(first)
    wide = {end.name: WIDTHS.get(end.kind, 4) for end in graph.inputs}
    steps = {id(node): number for number, node in enumerate(view.layers)}
    step = 0
    for node in graph.nodes:
        step = steps.get(id(node), step)
        moving = [home[name] for name in node.inputs if name in home]
        for name in moving:
            last[name] = step
        shared = moving[0] if moving and _shares(view, node) else None
        for name in node.outputs if moving else ():
            home[name] = shared or name
            if shared is None:
                first[name] = last[name] = step
                wide[name] = 4
        if node.op in BORDERS and moving:
            wide[moving[0]] = 1
    for end in graph.outputs:
        if end.name in home:
            last[home[end.name]] = max(step, len(steps) - 1)
    sizes = {name: graph.elements(name) for name in first}
    if None in sizes.values():
        return None
    return tuple(Buffer(name, wide[name] * int(sizes[name] or 0), first[name], last[name]) for name in first)


def _shares(view: Quantised, node: Node) -> bool:
    return node.op in BORDERS | VIEWS or view.is_folded(node)
