"""ONNX Runtime as the writer of QDQ files, and nothing else: its options are fixed here, its names made short.

Scheme: weights S8 symmetric, activations S8 asymmetric a tensor, biases S32 at s_x s_w, no optimiser before it (the
guide's ``optimize_model=False``). The input's scale is the spec's, not the calibration's: a camera byte minus 128 is
the tensor. ONNX Runtime ignores such an override in silence where the input feeds a Reshape, unless
``ForceQuantizeNoInputCheck`` is set, so the audit reads it back from the file.
"""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from pulse8.convert.export.forms import FLOAT_TAIL
from pulse8.convert.export.onnx_file import copied
from pulse8.convert.quantize.options import QuantizeOptions
from pulse8.convert.quantize.scales import Scale, Scales
from pulse8.errors import QuantizationError, one_line
from pulse8.spec import METADATA_KEY, ModelSpec

SHORT_NAMES: Final = (
    ("_QuantizeLinear_Output", "_q"),
    ("_DequantizeLinear_Output", "_dq"),
    ("_quantized_scale", "_s"),
    ("_quantized", "_q"),
    ("_scale", "_s"),
)


class _NoSamples(CalibrationDataReader):  # type: ignore[misc]  # ONNX Runtime ships no types
    """One sample, because the library asks for one; every range is given, so that it decides nothing."""

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        self._feed: dict[str, NDArray[np.float32]] | None = {name: np.zeros(shape, np.float32)}

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        feed, self._feed = self._feed, None
        return feed


def write_int8(model: onnx.ModelProto, scales: Scales, options: QuantizeOptions, spec: ModelSpec) -> onnx.ModelProto:
    """Quantise a static FP32 model with the scales of its tensors; the model stays as it is.

    Raises
    ------
    QuantizationError
        ONNX Runtime refuses.
    """
    source = model.graph.input[0]
    shape = tuple(dim.dim_value for dim in source.type.tensor_type.shape.dim)
    overrides = {name: [_override(scale)] for name, scale in scales.items()}
    with TemporaryDirectory() as folder:
        written = Path(folder) / "int8.onnx"
        try:
            quantize_static(
                copied(model),
                written,
                _NoSamples(source.name, shape),
                quant_format=QuantFormat.QDQ,
                per_channel=options.per_channel,
                activation_type=QuantType.QInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
                nodes_to_exclude=list(FLOAT_TAIL),
                extra_options={"ForceQuantizeNoInputCheck": True, "TensorQuantOverrides": overrides},
            )
        except Exception as error:  # ONNX Runtime's exceptions share no base but this one
            raise QuantizationError(
                f"{one_line(error)}; check the versions with `pip show onnx onnxruntime`"
            ) from error
        return _tidied(onnx.load(written), spec)


def _override(scale: Scale) -> dict[str, NDArray[Any]]:
    return {"scale": np.array(scale.scale, np.float32), "zero_point": np.array(scale.zero_point, np.int8)}


def _tidied(model: onnx.ModelProto, spec: ModelSpec) -> onnx.ModelProto:
    """Shorten names, share equal zero points, keep of the metadata the spec alone; shapes are left to inference.

    An output that is quantised is named as inner tensors are: ``x`` before, ``x_dq`` after.
    """
    taken = {tensor.name: _zero_point_name(tensor) for tensor in model.graph.initializer if _is_zero_point(tensor)}
    for output in model.graph.output:
        inner = f"{output.name}_QuantizeLinear_Input"
        if any(inner in node.output for node in model.graph.node):
            taken |= {inner: output.name, output.name: f"{output.name}_dq"}
        output.name = taken.get(output.name, output.name)
    for node in model.graph.node:
        node.name = "" if node.op_type in ("QuantizeLinear", "DequantizeLinear") else node.name
        node.input[:] = [_short(name, taken) for name in node.input]
        node.output[:] = [_short(name, taken) for name in node.output]
    for tensor in model.graph.initializer:
        tensor.name = _short(tensor.name, taken)
    unique = {tensor.name: tensor for tensor in model.graph.initializer}
    del model.graph.initializer[:]
    model.graph.initializer.extend(unique.values())
    del model.graph.value_info[:]
    del model.metadata_props[:]
    helper.set_model_props(model, {METADATA_KEY: spec.to_json()})
    model.producer_name, model.producer_version = "pulse8", ""
    return model


def _is_zero_point(tensor: onnx.TensorProto) -> bool:
    return bool(tensor.name.endswith("_zero_point"))


def _zero_point_name(tensor: onnx.TensorProto) -> str:
    """Name a zero point by what it holds, so that one constant serves all that are equal: ``z-128_int8``."""
    values = onnx.numpy_helper.to_array(tensor)
    told = "_".join(str(value) for value in np.unique(values))
    return f"z{told}{f'x{values.size}' if values.ndim else ''}_{values.dtype}"


def _short(name: str, taken: dict[str, str]) -> str:
    """Map a name, always to the same one, and never two to one."""
    if name not in taken:
        short = name
        for ending, replacement in SHORT_NAMES:
            short = re.sub(f"{ending}$", replacement, short)
        taken[name] = short if short not in taken.values() else name
    return taken[name]


def constants_of(model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """Return the file's initialisers by name."""
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
