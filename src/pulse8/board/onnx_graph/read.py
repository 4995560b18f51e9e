"""Any ONNX file to records, within stated bounds of size, count and depth; the file is never run.

What a hostile or damaged file could do is refused here, in one line: too many bytes or parts, a graph that is not in
order (and so may hold a cycle), a name defined twice, a tensor with less data than its shape needs.
"""

from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto

from pulse8.board.onnx_graph.qoperator import as_qdq
from pulse8.board.onnx_graph.records import MAX_RANK, Constant, End, Graph, Node, Shape
from pulse8.board.onnx_graph.shapes import infer
from pulse8.errors import InputError
from pulse8.manifest import existing_file
from pulse8.measure.infer.onnx_file import parse_model

MAX_FILE_BYTES: Final = 128_000_000
"""More than the board's 112 MB window of flash holds."""
MAX_NODES: Final = 200_000
MAX_VALUES: Final = 4_096
HINT: Final = "export it again, or name another file"

BITS: Final[dict[int, int]] = {
    TensorProto.FLOAT: 32,
    TensorProto.UINT8: 8,
    TensorProto.INT8: 8,
    TensorProto.UINT16: 16,
    TensorProto.INT16: 16,
    TensorProto.INT32: 32,
    TensorProto.INT64: 64,
    TensorProto.BOOL: 8,
    TensorProto.FLOAT16: 16,
    TensorProto.DOUBLE: 64,
    TensorProto.UINT32: 32,
    TensorProto.UINT64: 64,
    TensorProto.BFLOAT16: 16,
    TensorProto.UINT4: 4,
    TensorProto.INT4: 4,
}
PLAIN: Final[dict[int, str]] = {  # types whose raw bytes numpy reads as they are
    TensorProto.FLOAT: "<f4",
    TensorProto.UINT8: "u1",
    TensorProto.INT8: "i1",
    TensorProto.INT32: "<i4",
    TensorProto.INT64: "<i8",
    TensorProto.BOOL: "u1",
    TensorProto.FLOAT16: "<f2",
    TensorProto.DOUBLE: "<f8",
}
TYPED: Final[dict[int, str]] = {  # and the fields that hold them instead
    TensorProto.FLOAT: "float_data",
    TensorProto.DOUBLE: "double_data",
    TensorProto.INT64: "int64_data",
    TensorProto.INT32: "int32_data",
    TensorProto.INT8: "int32_data",
    TensorProto.UINT8: "int32_data",
    TensorProto.BOOL: "int32_data",
}


def read_graph(path: Path) -> Graph:
    """Read an ONNX file.

    Raises
    ------
    InputError
        It is missing, too large, damaged, out of order, or keeps its weights in another file.
    """
    size = existing_file(path, "Model", HINT).stat().st_size
    if size > MAX_FILE_BYTES:
        raise InputError(f"{path} has {size:,} bytes; a board's flash holds at most {MAX_FILE_BYTES:,}")
    return parse_graph(path.read_bytes(), str(path))


def parse_graph(data: bytes, name: str) -> Graph:
    """Read the bytes of an ONNX file; ``name`` is for messages. Raises as :func:`read_graph`."""
    return infer(as_qdq(_graph(parse_model(data, name), name)))


def _graph(model: onnx.ModelProto, name: str) -> Graph:
    graph = model.graph
    if len(graph.node) > MAX_NODES:
        raise InputError(f"{name} has {len(graph.node):,} nodes; at most {MAX_NODES:,} are read")
    if not graph.node:
        raise InputError(f"{name} holds no graph with nodes; {HINT}")
    constants = {_text(tensor.name, name): _constant(tensor, name) for tensor in graph.initializer}
    nodes = tuple(_node(node, name) for node in graph.node)
    constants |= {node.outputs[0]: node.constant for node in nodes if node.constant is not None and node.outputs}
    inputs, outputs, inner = (
        [_end(info, name) for info in infos] for infos in (graph.input, graph.output, graph.value_info)
    )
    return _in_order(
        Graph(
            name=name,
            ir_version=model.ir_version,
            imports=tuple((_text(entry.domain, name), entry.version) for entry in model.opset_import),
            nodes=nodes,
            inputs=tuple(end for end in inputs if end.name not in constants),
            outputs=tuple(outputs),
            constants=constants,
            metadata={_text(entry.key, name): _text(entry.value, name) for entry in model.metadata_props},
            stated={end.name: end.shape for end in inner if end.shape is not None},
        )
    )


def _in_order(graph: Graph) -> Graph:
    """Check that every operand is computed before it is read, and every name once: then there is no cycle."""
    known = {"", *graph.constants, *(end.name for end in graph.inputs)}
    for node in graph.nodes:
        _check_operands(graph, node, known)
        for output in node.outputs if node.constant is None else ():
            if output and output in known:
                raise InputError(f"{graph.name}: {_short(output)} is defined twice; {HINT}")
            known.add(output)
    for end in graph.outputs:
        if end.name not in known:
            raise InputError(f"{graph.name}: no node computes the output {_short(end.name)}; {HINT}")
    return graph


def _check_operands(graph: Graph, node: Node, known: set[str]) -> None:
    for operand in node.inputs:
        if operand not in known:
            where = f"{graph.name}: {node.op} {_short(node.label)} reads {_short(operand)}"
            raise InputError(f"{where}, which no node before it computes (a cycle, or nodes out of order); {HINT}")


def _text(text: str | bytes, name: str) -> str:
    """Return a text of the file; protobuf returns one that is not UTF-8 as bytes."""
    if isinstance(text, bytes):
        raise InputError(f"{name} holds text that is not UTF-8; {HINT}")
    return text


def _short(name: str) -> str:
    plain = " ".join(name.split())
    return plain if len(plain) <= 60 else plain[:57] + "..."


def _node(node: onnx.NodeProto, name: str) -> Node:
    attributes = {_text(attribute.name, name): _attribute(attribute) for attribute in node.attribute}
    constant = None
    if node.op_type == "Constant":
        constant = next(_constant_node(node.attribute, name), None)
    return Node(
        name=_short(_text(node.name, name)),
        op=_short(_text(node.op_type, name)),
        domain=_text(node.domain, name),
        inputs=tuple(_text(operand, name) for operand in node.input),
        outputs=tuple(_text(operand, name) for operand in node.output),
        attributes=attributes,
        constant=constant,
    )


def _attribute(attribute: onnx.AttributeProto) -> Any:  # noqa: ANN401 - a number, a text, a tuple, or nothing
    if attribute.type == AttributeProto.INT:
        return attribute.i
    if attribute.type == AttributeProto.FLOAT:
        return attribute.f
    if attribute.type == AttributeProto.STRING:
        return attribute.s.decode("utf-8", "replace")
    if attribute.type == AttributeProto.INTS:
        return tuple(attribute.ints[:MAX_VALUES])
    if attribute.type == AttributeProto.FLOATS:
        return tuple(attribute.floats[:MAX_VALUES])
    return None


def _constant_node(attributes: Iterable[onnx.AttributeProto], name: str) -> Iterator[Constant]:
    for attribute in attributes:
        value = _attribute(attribute)
        if attribute.name == "value" and attribute.type == AttributeProto.TENSOR:
            yield _constant(attribute.t, name)
        elif attribute.name in ("value_int", "value_ints") and value is not None:
            yield _numbers(value, "int64", 8)
        elif attribute.name in ("value_float", "value_floats") and value is not None:
            yield _numbers(value, "float", 4)


def _numbers(value: Any, kind: str, item_bytes: int) -> Constant:  # noqa: ANN401 - a number or a tuple of them
    if isinstance(value, tuple):
        return Constant((len(value),), kind, item_bytes * len(value), tuple(map(float, value)))
    return Constant((), kind, item_bytes, (float(value),))


def _constant(tensor: onnx.TensorProto, name: str) -> Constant:
    """Check a tensor's data against its shape before any of it is read."""
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise InputError(f"{name} keeps its weights in another file; save the model as one file")
    shape = tuple(tensor.dims)
    if len(shape) > MAX_RANK or any(size < 0 for size in shape):
        raise InputError(f"{name}: constant {_short(tensor.name)} has the shape {shape[:MAX_RANK]}; {HINT}")
    bits = BITS.get(tensor.data_type)
    size = prod(shape)
    if bits is not None and _stored_bits(tensor, bits) < bits * size:
        raise InputError(f"{name}: constant {_short(tensor.name)} of shape {shape} is cut short; {HINT}")
    return Constant(shape, _kind(tensor.data_type), (bits or 0) * size // 8, _values(tensor, size))


def _stored_bits(tensor: onnx.TensorProto, bits: int) -> int:
    """Return how many bits of data a tensor holds, in whichever field; small types take 32 bits in ``int32_data``."""
    if tensor.raw_data:
        return 8 * len(tensor.raw_data)
    fields = (tensor.float_data, tensor.double_data, tensor.int32_data, tensor.int64_data, tensor.uint64_data)
    packed = 8 // bits if bits < 8 else 1
    return bits * packed * max(map(len, fields))


def _values(tensor: onnx.TensorProto, size: int) -> tuple[float, ...] | None:
    if size > MAX_VALUES or tensor.data_type not in PLAIN:
        return None
    if tensor.raw_data:
        kind = np.dtype(PLAIN[tensor.data_type])
        return tuple(map(float, np.frombuffer(tensor.raw_data[: size * kind.itemsize], kind)))
    if tensor.data_type in TYPED:
        return tuple(map(float, getattr(tensor, TYPED[tensor.data_type])[:size]))
    return None


def _kind(data_type: int) -> str:
    return TensorProto.DataType.Name(data_type).lower() if data_type in TensorProto.DataType.values() else "unknown"


def _end(info: onnx.ValueInfoProto, name: str) -> End:
    label = _text(info.name, name)
    tensor = info.type.tensor_type
    if not tensor.HasField("shape"):
        return End(label, _kind(tensor.elem_type), None)
    dims = list(tensor.shape.dim[: MAX_RANK + 1])
    shape: Shape = tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in dims)
    symbols = tuple(_short(_text(dim.dim_param, name)) for dim in dims if dim.dim_param)
    return End(label, _kind(tensor.elem_type), shape, symbols)
