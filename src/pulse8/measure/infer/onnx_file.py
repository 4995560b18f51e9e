"""ONNX files from disk: bounded and checked before use, with weights only from their own folder."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import onnx

from pulse8.errors import InputError, one_line
from pulse8.manifest import existing_file
from pulse8.measure.infer.wire import MAX_BYTES, check_structure

REFUSED: Final = (onnx.checker.ValidationError, ValueError, TypeError, KeyError, OSError, RuntimeError)
IN_INTEGERS: Final = ("QuantizeLinear", "DynamicQuantizeLinear", "ConvInteger", "MatMulInteger")
"""Operators of a file that computes in INT8, besides those that begin with QLinear."""


def parse_model(data: bytes, name: str) -> onnx.ModelProto:
    """Read a serialised model whose parts are counted first; ``name`` is for messages.

    Raises
    ------
    InputError
        It has too many parts, or is no ONNX model.
    """
    check_structure(data, onnx.ModelProto.DESCRIPTOR, name)
    try:
        model: onnx.ModelProto = onnx.ModelProto.FromString(data)
    except Exception as error:  # protobuf's own exception, which onnx does not export
        raise InputError(f"{name} is truncated or no ONNX file ({one_line(error)}); export it again") from error
    return model


def read_model(path: Path, what: str, fix: str) -> onnx.ModelProto:
    """Read an ONNX file, with weights from files in its folder if it keeps them there; its graph is not checked.

    Raises
    ------
    InputError
        It is missing, too large or truncated, or names a file outside its folder.
    """
    _refuse_large(existing_file(path, what, fix).stat().st_size, path, what)
    try:
        model = parse_model(path.read_bytes(), str(path))
        _refuse_outside(model, path)
        _load_beside(model, path, what)
    except REFUSED as error:
        raise _invalid(path, what, fix, error) from error
    return _in_one(model, str(path))


def load_model(path: Path, what: str, fix: str) -> onnx.ModelProto:
    """Read an ONNX file as :func:`read_model`, and check its graph; raises also where that is no valid model."""
    model = read_model(path, what, fix)
    try:
        return _checked(model)
    except REFUSED as error:
        raise _invalid(path, what, fix, error) from error


def _invalid(path: Path, what: str, fix: str, error: Exception) -> InputError:
    return InputError(f"{what} {path} is truncated or no valid ONNX model ({one_line(error)}); {fix}")


def is_int8(model: onnx.ModelProto) -> bool:
    """Whether any node of a model computes in integers."""
    return any(node.op_type in IN_INTEGERS or node.op_type.startswith("QLinear") for node in model.graph.node)


def _refuse_large(size: int, path: Path, what: str) -> None:
    if size > MAX_BYTES:
        raise InputError(f"{what} {path} has {size} bytes; models of this line have at most {MAX_BYTES}")


def _refuse_outside(model: onnx.ModelProto, path: Path) -> None:
    """Refuse initialisers outside the model's own folder: no other folder, no link, no device."""
    entries = (entry for tensor in model.graph.initializer for entry in tensor.external_data)
    for name in {entry.value for entry in entries if entry.key == "location"}:
        beside = path.parent / name
        if name != Path(name).name or "\0" in name or beside.is_symlink() or not beside.is_file():
            raise InputError(f"{path} keeps weights in {name}, which is no file of its folder; save it as one file")


def _load_beside(model: onnx.ModelProto, path: Path, what: str) -> None:
    """Load initialisers from files of the folder, counting the bytes: many of them may name the same file."""
    loaded = 0
    for tensor in model.graph.initializer:
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        location = {entry.key: entry.value for entry in tensor.external_data}
        with (path.parent / location["location"]).open("rb") as file:
            file.seek(int(location.get("offset", 0)))
            tensor.raw_data = file.read(max(0, min(int(location.get("length", MAX_BYTES)), MAX_BYTES)))
        loaded += len(tensor.raw_data)
        _refuse_large(loaded, path, what)
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def tensors_of(message: Any) -> Iterator[onnx.TensorProto]:  # noqa: ANN401 - any protobuf message
    """Yield every tensor of a model, at any depth."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if isinstance(value, Iterable) else [value]:
                if isinstance(inner, onnx.TensorProto):
                    yield inner
                else:
                    yield from tensors_of(inner)


def load_int8(model: Path | bytes) -> tuple[onnx.ModelProto, str]:
    """Load an INT8 file, or read its bytes; return it with its name for messages.

    Raises
    ------
    InputError
        It is no valid model.
    """
    if isinstance(model, Path):
        return load_model(model, "INT8 model", "make it with `pulse8 quantize`"), str(model)
    try:
        return _checked(_in_one(parse_model(model, "model"), "model")), "model"
    except REFUSED as error:
        raise InputError(f"the bytes are no valid ONNX model ({one_line(error)}); export it again") from error


def ending_in_int8(model: Path | bytes) -> bytes:
    """Cut an INT8 file before its last DequantizeLinear, so that its output is bytes.

    Raises
    ------
    InputError
        It is no valid model, or does not end in a DequantizeLinear.
    """
    loaded, name = load_int8(model)
    makers = {output: node for node in loaded.graph.node for output in node.output}
    result: str | None = loaded.graph.output[0].name
    while result in makers and makers[result].op_type != "DequantizeLinear":
        result = next((source for source in makers[result].input if source in makers), None)
    if result not in makers:
        raise InputError(f"{name} is a float model: no DequantizeLinear before its end; quantise it first")
    del loaded.graph.output[:]
    loaded.graph.output.append(onnx.helper.make_tensor_value_info(makers[result].input[0], onnx.TensorProto.INT8, None))
    return bytes(loaded.SerializeToString())


def _in_one(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data for tensor in tensors_of(model)):
        raise InputError(f"{name} keeps weights of inner nodes in other files; save it as one file")
    return model


def _checked(model: onnx.ModelProto) -> onnx.ModelProto:
    onnx.checker.check_model(model)
    for tensor in model.graph.initializer:
        onnx.numpy_helper.to_array(tensor)  # the checker accepts tensors with more or fewer bytes than their shape
    return model
