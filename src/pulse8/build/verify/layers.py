"""SQNR layer by layer: where between input and output the INT8 file departs from FP32."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray

from pulse8.build.export.forms import to_whole_input, whole_form
from pulse8.build.export.onnx_file import with_outputs
from pulse8.build.export.recognise import MEND, opset_of, recognise, spec_of
from pulse8.errors import InputError
from pulse8.measure.infer.onnx_file import load_model
from pulse8.measure.infer.ort import OrtRunner

LAYERS: Final = (
    *("images", "conv1_relu", "pool1", "conv2_relu", "pool2", "conv3_relu", "average1", "average2"),
    *("time1_relu", "time2_relu", "dense1_relu", "logit"),
)


@dataclass(frozen=True, kw_only=True)
class LayerSqnr:
    """One tensor's signal (about its mean) over the INT8 file's error in it, in decibels."""

    layer: str
    sqnr_db: float


def layer_sqnr(fp32: Path, int8: Path, samples: NDArray[np.float32]) -> tuple[LayerSqnr, ...]:
    """Compare every layer of the whole INT8 file with its FP32 form on guide samples [n, 8, 3, 36, 36, 3].

    Raises
    ------
    InputError
        The files are not pulse8's ultralight, so their layers have no common names.
    """
    model = load_model(fp32, "FP32 model", MEND)
    whole = whole_form(recognise(model, fp32), spec_of(model), opset_of(model, fp32))
    quantised = load_model(int8, "INT8 model", MEND)
    made = {name for node in quantised.graph.node for name in node.output}
    if not {f"{layer}_dq" for layer in LAYERS} <= made:
        raise InputError(f"{int8} was not written by pulse8: its layers have other names")
    runners = _runner(whole, LAYERS), _runner(quantised, [f"{layer}_dq" for layer in LAYERS])
    powers = np.zeros((len(LAYERS), 4))  # count, sum, sum of squares, sum of squared errors
    for sample in to_whole_input(samples)[:, None]:
        pairs = zip(runners[0](sample)[1:], runners[1](sample)[1:], strict=True)
        powers += [_powers(reference, test) for reference, test in pairs]
    count, total, squares, noise = powers.T
    signal = np.maximum(squares - total**2 / count, np.finfo(float).tiny)
    found = 10 * np.log10(signal / np.maximum(noise, np.finfo(float).tiny))
    return tuple(LayerSqnr(layer=name, sqnr_db=float(value)) for name, value in zip(LAYERS, found, strict=True))


def _runner(model: onnx.ModelProto, layers: Sequence[str]) -> OrtRunner:
    return OrtRunner(with_outputs(model, layers).SerializeToString())


def _powers(reference: NDArray[np.float32], test: NDArray[np.float32]) -> tuple[float, float, float, float]:
    one, error = reference.ravel(), (test - reference).ravel()
    return one.size, float(one.sum(dtype=np.float64)), _square_sum(one), _square_sum(error)


def _square_sum(values: NDArray[np.float32]) -> float:
    return float(np.einsum("i,i->", values, values, dtype=np.float64))
