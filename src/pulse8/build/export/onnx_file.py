"""ONNX files from disk and back: checked before use, written whole or not at all."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import onnx
from google.protobuf.message import DecodeError

from pulse8.errors import InputError
from pulse8.manifest import existing_file, writing

MAX_BYTES: Final = 64_000_000


def load_model(path: Path, what: str, mend: str) -> onnx.ModelProto:
    """Load and check an ONNX file, with the external data beside it if it has any.

    Raises
    ------
    InputError
        It is missing, too large, truncated or no valid model.
    """
    size = existing_file(path, what, mend).stat().st_size
    if size > MAX_BYTES:
        raise InputError(f"{what} {path} has {size} bytes; models of this line have at most {MAX_BYTES}")
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError, ValueError, TypeError, OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(f"{what} {path} is truncated or no valid ONNX model ({reason}); {mend}") from error
    return model


def save_model(model: onnx.ModelProto, path: Path) -> None:
    """Check a model and write it as one file."""
    onnx.checker.check_model(model, full_check=True)
    with writing(path) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))


def with_outputs(model: onnx.ModelProto, names: Iterable[str]) -> onnx.ModelProto:
    """Return a copy of the model that also returns inner float tensors."""
    copy = copied(model)
    copy.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    return copy


def copied(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy of the model."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy
