"""SQNR layer by layer: where between input and output the INT8 file departs from FP32."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pulse8.convert.export.recognise import FIX, spec_of, static_form, static_input
from pulse8.convert.quantize.equalise import as_quantised
from pulse8.convert.quantize.families import quantised_tensors
from pulse8.convert.quantize.float64 import Sample, tensor_reader
from pulse8.convert.quantize.float64_operators import Values
from pulse8.convert.quantize.qdq_writer import quantised_names
from pulse8.errors import InputError
from pulse8.measure.infer.integer import IntegerRunner, quantised, real
from pulse8.measure.infer.onnx_file import load_model

LAYERS: Final = (
    *("images", "conv1_relu", "pool1", "conv2_relu", "pool2", "conv3_relu", "average1", "average2"),
    *("time1_relu", "time2_relu", "dense1_relu", "logit"),
)


@dataclass(frozen=True, kw_only=True)
class LayerSqnr:
    """SQNR of one tensor in decibels: its signal about the mean, over the INT8 file's error."""

    layer: str
    sqnr_db: float


def own_layer_sqnr(static: onnx.ModelProto, int8: Path, samples: Sequence[Sample]) -> tuple[LayerSqnr, ...]:
    """Compare every layer of an INT8 file with its FP32 static form on samples; raises as :func:`layer_sqnr`."""
    inputs = {end.name for end in static.graph.input}
    layers = [name for name in quantised_tensors(static) if name not in inputs]
    return _compared(static, int8, layers, samples)


def layer_sqnr(fp32: Path, int8: Path, samples: NDArray[np.float32]) -> tuple[LayerSqnr, ...]:
    """Compare every layer of the whole INT8 file with its FP32 form on samples [n, ...] of a data file.

    Raises
    ------
    InputError
        The INT8 file is not pulse8's, so its layers have no names in common with the FP32 form's.
    """
    model = load_model(fp32, "FP32 model", FIX)
    whole, spec = static_form(model, fp32), spec_of(model)
    layers = LAYERS if spec.output == "bpm" else _layers_of(whole)
    return _compared(whole, int8, layers, list(static_input(spec, samples)))


def _compared(
    static: onnx.ModelProto, int8: Path, layers: Sequence[str], samples: Sequence[Sample]
) -> tuple[LayerSqnr, ...]:
    model = load_model(int8, "INT8 model", FIX)
    readers = tensor_reader(as_quantised(static, model), layers), _int8_reader(int8, model, layers)
    powers = np.zeros((len(layers), 4))  # count, sum, sum of squares, sum of squared errors
    for sample in samples:
        pairs = zip(readers[0](sample), readers[1](sample), strict=True)
        powers += [_powers(reference, test) for reference, test in pairs]
    count, total, squares, noise = powers.T
    signal = np.maximum(squares - total**2 / count, np.finfo(float).tiny)
    sqnr_db = 10 * np.log10(signal / np.maximum(noise, np.finfo(float).tiny))
    return tuple(LayerSqnr(layer=name, sqnr_db=float(db)) for name, db in zip(layers, sqnr_db, strict=True))


def _int8_reader(
    int8: Path, model: onnx.ModelProto, layers: Sequence[str]
) -> Callable[[Sample], list[NDArray[np.float32]]]:
    """Return what runs the INT8 file on a sample and returns the layers' tensors in real values."""
    runner = IntegerRunner(int8)
    made = {step.output.name: step.output for step in runner.program.steps}
    codes_of = quantised_names(model)
    tensors = [made.get(codes_of.get(layer, "")) for layer in layers]
    known = [tensor for tensor in tensors if tensor is not None]
    if len(known) < len(layers):
        raise InputError(f"{int8} was not written by pulse8: its layers have other names")

    def read(sample: Sample) -> list[NDArray[np.float32]]:
        given = sample if isinstance(sample, tuple) else (sample,)
        pairs = zip(given, runner.program.inputs, strict=True)
        codes = runner.tensors(*(quantised(one[None], tensor) for one, tensor in pairs))
        return [real(codes[tensor.name], tensor) for tensor in known]

    return read


def _layers_of(static: onnx.ModelProto) -> tuple[str, ...]:
    """Name what each node makes, a convolution with its ReLU as one."""
    return tuple(name for name in quantised_tensors(static) if name != static.graph.input[0].name)


def _powers(reference: Values, test: NDArray[np.float32]) -> tuple[float, float, float, float]:
    one, error = reference.ravel(), (test - reference).ravel()
    return one.size, float(one.sum(dtype=np.float64)), _square_sum(one), _square_sum(error)


def _square_sum(values: Values) -> float:
    return float(np.einsum("i,i->", values, values, dtype=np.float64))
