"""Parts of an ONNX graph as plain values: arrays, shapes, attributes, titles."""

from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from pulse8.measure.infer.qdq_steps.site import Refusal


def array(tensor: onnx.TensorProto) -> NDArray[Any]:
    """Return an initialiser, whose data must match its stated type and shape."""
    try:
        values: NDArray[Any] = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise Refusal(
            f"initialiser {tensor.name} states the shape {list(tensor.dims)}, but its data do not fit"
        ) from error
    return values


def floats(ends: list[onnx.ValueInfoProto], what: str) -> list[onnx.ValueInfoProto]:
    """Return a graph's inputs or outputs, all of which must be float32."""
    others = [end.name for end in ends if end.type.tensor_type.elem_type != onnx.TensorProto.FLOAT]
    if not ends or others:
        raise Refusal(f"it has {len(ends)} {what}s or one that is not float32 ({', '.join(others)})")
    return ends


def static_shape(end: onnx.ValueInfoProto) -> tuple[int, ...]:
    """Return an input's shape, which must be static and without an empty axis."""
    dims = end.type.tensor_type.shape.dim
    if not dims or any(dim.dim_value <= 0 for dim in dims):
        raise Refusal(f"its input {end.name} has a dynamic or empty axis")
    return tuple(int(dim.dim_value) for dim in dims)


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """Return a node's attributes by their names."""
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def titled(node: onnx.NodeProto) -> str:
    """Name a node for a message: its operator and its name, or that of its output."""
    return f"{node.op_type} {node.name or node.output[0]}"
