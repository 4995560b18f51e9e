"""An ONNX graph built node by node, for the forms of both networks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pulse8.convert.export.layers import Weights
from pulse8.spec import METADATA_KEY, ModelSpec


class Graph:
    """Nodes and constants of one graph; a layer's weights are added where the layer is used."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:  # noqa: ANN401 - as ONNX has them
        """Add a node named after its output; return that name."""
        self._nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Add an initialiser."""
        self._constants[name] = numpy_helper.from_array(value, name)
        return name

    def reshape(self, tensor: str, output: str, shape: Sequence[int]) -> str:
        """Reshape; -1 is inferred."""
        return self.add("Reshape", [tensor, self.constant(f"{output}_shape", np.array(shape, np.int64))], output)

    def conv(
        self, tensor: str, layer: str, kernel: tuple[int, int], *, stride: int = 1, output: str | None = None
    ) -> str:
        """Convolve with "same" padding, any weight seen as [out, in, *kernel]; ReLU unless ``output`` names the result.

        ``stride`` is along time, the last axis.
        """
        weight, bias = self._weights[layer]
        names = [
            self.constant(f"{layer}_w", weight.reshape(weight.shape[0], -1, *kernel)),
            self.constant(f"{layer}_b", bias),
        ]
        pads = [(kernel[0] - 1) // 2, (kernel[1] - 1) // 2] * 2
        strides = {"strides": [1, stride]} if stride > 1 else {}
        result = self.add("Conv", [tensor, *names], output or layer, kernel_shape=kernel, pads=pads, **strides)
        return result if output else self.add("Relu", [result], f"{layer}_relu")

    def model(
        self,
        source: tuple[str, Sequence[int | str]],
        result: tuple[str, Sequence[int | str]],
        spec: ModelSpec,
        opset: int,
    ) -> onnx.ModelProto:
        """Finish the graph from input to output, each a name and a shape, and put the spec into its metadata."""
        inputs, outputs = (
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (source, result)
        )
        graph = helper.make_graph(self._nodes, spec.model, [inputs], [outputs], list(self._constants.values()))
        imports = [helper.make_opsetid("", opset)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=ir_version(opset), producer_name="pulse8")
        helper.set_model_props(model, {METADATA_KEY: spec.to_json()})
        return model


def ir_version(opset: int) -> int:
    """Return the lowest IR version that may carry the opset; the vendor's checker takes at most 9."""
    return int(helper.find_min_ir_version_for([helper.make_opsetid("", opset)]))
