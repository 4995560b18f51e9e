"""ONNX files to disk: checked, and written atomically."""

from collections.abc import Iterable
from pathlib import Path

import onnx

from pulse8.manifest import writing


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
