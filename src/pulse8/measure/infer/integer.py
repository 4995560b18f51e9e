"""The integer reference: an INT8 file computed in numpy, with the same bits on every processor.

It is the engine of every INT8 answer and the oracle that the board's C code is compared with: ONNX Runtime's INT8
results change with its optimisation and with the processor (decision 0100).
Sums are float32 matrix products: the program proves that no partial sum reaches 2^24, so they are exact in any order.
Every inner tensor is available by its ONNX name.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.measure.infer.engine import Engine, engine
from pulse8.measure.infer.kernels import LAYOUTS, Codes, LayoutName, Rounding, half_even, run_step
from pulse8.measure.infer.onnx_file import load_int8
from pulse8.measure.infer.program import IntegerProgram, Tensor, sources_of
from pulse8.measure.infer.qdq import read_program


def load_program(model: Path | bytes) -> IntegerProgram:
    """Read an INT8 QDQ file (or its bytes).

    Raises
    ------
    InputError
        The file cannot be used, is a float model, or holds an operator unknown to the reference.
    """
    return read_program(*load_int8(model))


class IntegerRunner:
    """A program ready to run; calling it with its one float input returns its output in a list, as a Runner does.

    Parameters
    ----------
    model
        A file, its bytes, or a program.
    layout
        Memory layout of tensors of rank 4 while it runs. Inputs and results are channel first and equal either way.
    rounding
        How sums are rounded to bytes; only the default is the reference.
    """

    def __init__(
        self,
        model: Path | bytes | IntegerProgram,
        layout: LayoutName = "channel first",
        rounding: Rounding = half_even,
    ) -> None:
        self.program = model if isinstance(model, IntegerProgram) else load_program(model)
        self._layout, self._rounding = LAYOUTS[layout], rounding

    @property
    def engine(self) -> Engine:
        """The engine of its results."""
        return engine("integer")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input."""
        return self.program.input.shape

    @property
    def metadata(self) -> dict[str, str]:
        """The file's metadata properties."""
        return dict(self.program.metadata)

    def __call__(self, *inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Quantise the inputs, run, dequantise each output, and follow its float tail."""
        codes = self.output_codes(*inputs)
        values = []
        for found, tensor, tail in zip(codes, self.program.outputs, self.program.tails, strict=True):
            value = real(found, tensor)
            for step in tail:
                value = TAIL[step.operator](value, step.constant)
            values.append(value)
        return values

    def output_codes(self, *inputs: NDArray[np.float32]) -> list[Codes]:
        """Return the bytes that each output is dequantised from."""
        if len(inputs) != len(self.program.inputs):
            raise InputError(f"{len(inputs)} inputs are given; the model takes {len(self.program.inputs)}")
        codes = [quantised(one, tensor) for one, tensor in zip(inputs, self.program.inputs, strict=True)]
        tensors = self.tensors(*codes)
        return [tensors[output.name] for output in self.program.outputs]

    def run_int8(self, tensor: NDArray[np.float32]) -> Codes:
        """Return the bytes that the first output of a model of one input is dequantised from."""
        return self.output_codes(tensor)[0]

    def tensors(self, *codes: Codes) -> dict[str, Codes]:
        """Run on int8 inputs and return every int8 tensor, channel first, by its name in the file.

        Raises
        ------
        InputError
            An input is missing, has another shape or is not int8.
        """
        stored: dict[str, Codes] = {}
        for source, given in zip(self.program.inputs, codes, strict=True):
            if given.shape != source.shape or given.dtype != np.int8:
                raise InputError(
                    f"input is {given.dtype} {list(given.shape)}; the model takes int8 {list(source.shape)}"
                )
            stored[source.name] = self._layout.store(given)
        for step in self.program.steps:
            sources = [stored[source.name] for source in sources_of(step)]
            stored[step.output.name] = run_step(step, sources, self._layout, self._rounding)
        return {name: self._layout.load(tensor) for name, tensor in stored.items()}


def quantised(values: NDArray[np.float32], tensor: Tensor) -> Codes:
    """Turn real values into a tensor's codes, as QuantizeLinear does: a division, half to even, saturated.

    Raises
    ------
    InputError
        The shape differs, or a value is NaN.
    """
    if values.shape != tensor.shape or np.isnan(values).any():
        raise InputError(f"input {list(values.shape)} is not {list(tensor.shape)} or holds NaN; check what made it")
    codes = np.rint(values.astype(np.float32) / tensor.scale) + np.float32(tensor.zero_point)
    return np.asarray(codes.clip(-128, 127).astype(np.int8))


def real(codes: Codes, tensor: Tensor) -> NDArray[np.float32]:
    """Turn a tensor's codes into real values, as DequantizeLinear does."""
    return np.asarray((codes.astype(np.float32) - np.float32(tensor.zero_point)) * tensor.scale, np.float32)


def _sigmoid(value: NDArray[np.float32], _constant: np.float32) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-value)), np.float32)


def _softmax(value: NDArray[np.float32], axis: np.float32) -> NDArray[np.float32]:
    shares = np.exp(value - value.max(axis=int(axis), keepdims=True))
    return np.asarray(shares / shares.sum(axis=int(axis), keepdims=True), np.float32)


def _log_softmax(value: NDArray[np.float32], axis: np.float32) -> NDArray[np.float32]:
    return np.asarray(np.log(_softmax(value, axis)), np.float32)


TAIL: Final[Mapping[str, Callable[[NDArray[np.float32], np.float32], NDArray[np.float32]]]] = {
    "Sigmoid": _sigmoid,
    "Mul": np.multiply,
    "Add": np.add,
    "Softmax": _softmax,
    "LogSoftmax": _log_softmax,
}
