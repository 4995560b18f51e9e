"""A float network while it is rewritten: nodes, constants and the shape of every tensor."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Shape = tuple[int, ...]
OPSET: Final = 13
NEWER: Final = {"HardSwish": 14, "Mish": 18, "Gelu": 20}
"""Operators that an operator set of 13 does not have, and the first that has them."""
UNSAFE: Final = re.compile(r"[^A-Za-z0-9_./-]")


@dataclass(eq=False)
class Node:
    """One operator; its attributes as ONNX has them."""

    operator: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def output(self) -> str:
        """Its first output."""
        return self.outputs[0]

    @property
    def title(self) -> str:
        """Operator and name, for messages."""
        return f"{self.operator} {self.name or self.output}"


@dataclass(eq=False)
class Network:
    """A static graph.

    Attributes
    ----------
    inputs
        Name to shape.
    shapes
        Of every tensor that is no constant.
    notes
        What was converted, each said once.
    """

    name: str
    inputs: dict[str, Shape]
    outputs: list[str]
    nodes: list[Node]
    constants: dict[str, NDArray[Any]]
    shapes: dict[str, Shape]
    metadata: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def readers(self, name: str) -> list[Node]:
        """Return the nodes that read a tensor."""
        return [node for node in self.nodes if name in node.inputs]

    def maker(self, name: str) -> Node | None:
        """Return the node that makes a tensor."""
        return next((node for node in self.nodes if name in node.outputs), None)

    def only_reader(self, name: str) -> Node | None:
        """Return the one node that reads a tensor, if it is the only use of it."""
        readers = self.readers(name)
        alone = len(readers) == 1 and readers[0].inputs.count(name) == 1 and name not in self.outputs
        return readers[0] if alone else None

    def fresh(self, stem: str) -> str:
        """Return a name that nothing has."""
        taken = {*self.constants, *self.shapes, *self.inputs}
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}_{number}"
        return name

    def constant(self, stem: str, value: NDArray[Any]) -> str:
        """Add a constant."""
        name = self.fresh(stem)
        self.constants[name] = value
        return name

    def made(self, operator: str, inputs: list[str], output: str, shape: Shape, **attributes: Any) -> Node:  # noqa: ANN401 - as ONNX has them
        """Make a node that is not yet in the graph; its output's name is made free, its shape kept."""
        self.shapes[output] = shape
        return Node(operator, output, inputs, [output], attributes)

    def reshaped(self, tensor: str, shape: Shape, output: str) -> Node:
        """Make a Reshape that is not yet in the graph."""
        wanted = self.constant(f"{output}_shape", np.array(shape, np.int64))
        return self.made("Reshape", [tensor, wanted], output, shape)

    def replace(self, node: Node, others: Iterable[Node]) -> None:
        """Put other nodes in a node's place."""
        place = self.nodes.index(node)
        self.nodes[place : place + 1] = list(others)

    def bypass(self, node: Node) -> None:
        """Take a node out that passes on its first input; an output of the graph keeps its name."""
        source, result = node.inputs[0], node.output
        before = self.maker(source)
        if result in self.outputs:
            if before is None or source in self.outputs:
                return  # nothing before it can take the output's name
            self.nodes.remove(node)
            self._rename(source, result)
            return
        self.nodes.remove(node)
        for reader in self.nodes:
            reader.inputs = [source if name == result else name for name in reader.inputs]

    def _rename(self, old: str, new: str) -> None:
        for node in self.nodes:
            node.inputs = [new if name == old else name for name in node.inputs]
            node.outputs = [new if name == old else name for name in node.outputs]

    def note(self, text: str) -> None:
        """Remember that something was converted."""
        if text not in self.notes:
            self.notes.append(text)

    def tidy(self) -> None:
        """Drop nodes and constants that nothing reads."""
        wanted = set(self.outputs)
        kept = []
        for node in reversed(self.nodes):
            if wanted & set(node.outputs):
                kept.append(node)
                wanted.update(node.inputs)
        self.nodes = kept[::-1]
        self.constants = {name: value for name, value in self.constants.items() if name in wanted}

    def model(self) -> onnx.ModelProto:
        """Return it as an ONNX model."""
        ends = [
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in group]
            for group in (self.inputs.items(), ((name, self.shapes[name]) for name in self.outputs))
        ]
        nodes = [
            helper.make_node(node.operator, node.inputs, node.outputs, name=node.name, **node.attributes)
            for node in self.nodes
        ]
        tensors = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(nodes, self.name, ends[0], ends[1], tensors)
        opset = max(OPSET, *(NEWER.get(node.operator, 0) for node in self.nodes), 0)
        imports = [helper.make_opsetid("", opset)]
        version = int(helper.find_min_ir_version_for(imports))
        model = helper.make_model(graph, opset_imports=imports, ir_version=version, producer_name="pulse8")
        helper.set_model_props(model, self.metadata)
        return model


def safe_names(names: Iterable[str]) -> Mapping[str, str]:
    """Map names to such as a C comment, a terminal and a file may bear; two never become one."""
    mapped: dict[str, str] = {}
    for name in names:
        stem = UNSAFE.sub("_", name)[:120] or "_"
        safe, number = stem, 1
        while safe in mapped.values():
            number += 1
            safe = f"{stem}_{number}"
        mapped[name] = safe
    return mapped
