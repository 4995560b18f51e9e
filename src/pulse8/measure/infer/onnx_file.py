"""ONNX files from disk: checked before use. Only what reads a graph needs the ``onnx`` package (build extra)."""

from pathlib import Path
from typing import Final

import onnx
from google.protobuf.message import DecodeError

from pulse8.errors import InputError, one_line
from pulse8.manifest import existing_file

MAX_BYTES: Final = 64_000_000
REFUSED: Final = (DecodeError, onnx.checker.ValidationError, ValueError, TypeError, OSError, RuntimeError)


def load_model(path: Path, what: str, mend: str) -> onnx.ModelProto:
    """Load and check an ONNX file, with the external data beside it if it has any.

    Raises
    ------
    InputError
        It is missing, too large, truncated or no valid model.
    """
    _refuse_large(existing_file(path, what, mend).stat().st_size, path, what)
    try:
        model = onnx.load(path, load_external_data=False)
        _refuse_large(_bytes_beside(model, path.parent), path, what)
        onnx.load_external_data_for_model(model, str(path.parent))
        return _checked(model)
    except REFUSED as error:
        raise InputError(f"{what} {path} is truncated or no valid ONNX model ({one_line(error)}); {mend}") from error


def _refuse_large(size: int, path: Path, what: str) -> None:
    if size > MAX_BYTES:
        raise InputError(f"{what} {path} has {size} bytes; models of this line have at most {MAX_BYTES}")


def _bytes_beside(model: onnx.ModelProto, folder: Path) -> int:
    """Size of the files that hold the model's external data."""
    told = (entry for tensor in model.graph.initializer for entry in tensor.external_data)
    return sum((folder / name).stat().st_size for name in {entry.value for entry in told if entry.key == "location"})


def load_int8(model: Path | bytes) -> tuple[onnx.ModelProto, str]:
    """Load an INT8 file, or read its bytes; return it with what to call it in messages.

    Raises
    ------
    InputError
        It is no valid model.
    """
    if isinstance(model, Path):
        return load_model(model, "INT8 model", "make it with `pulse8 quantize`"), str(model)
    try:
        return _checked(onnx.load_model_from_string(model)), "model"
    except REFUSED as error:
        raise InputError(f"the bytes are no valid ONNX model ({one_line(error)}); export it again") from error


def ending_in_int8(model: Path | bytes) -> bytes:
    """Cut an INT8 file before its last DequantizeLinear: the same nodes, and bytes as its output.

    Raises
    ------
    InputError
        It is no valid model, or ends in no DequantizeLinear.
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


def _checked(model: onnx.ModelProto) -> onnx.ModelProto:
    onnx.checker.check_model(model)
    return model
