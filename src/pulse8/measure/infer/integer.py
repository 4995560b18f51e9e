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

    def __call__(self, tensor: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Quantise, run, dequantise, and apply the float tail."""
        value = real(self.run_int8(tensor), self.program.output)
        for step in self.program.tail:
            value = TAIL[step.operator](value, step.constant)
        return [value]

    def run_int8(self, tensor: NDArray[np.float32]) -> Codes:
        """Return the output's bytes, before they are dequantised."""
        return self.tensors(quantised(tensor, self.program.input))[self.program.output.name]

    def tensors(self, codes: Codes) -> dict[str, Codes]:
        """Run on an int8 input and return every int8 tensor, channel first, by its name in the file.

        Raises
        ------
        InputError
            The input has another shape or is not int8.
        """
        source = self.program.input
        if codes.shape != source.shape or codes.dtype != np.int8:
            raise InputError(f"input is {codes.dtype} {list(codes.shape)}; the model takes int8 {list(source.shape)}")
        stored = {source.name: self._layout.store(codes)}
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


TAIL: Final[Mapping[str, Callable[[NDArray[np.float32], np.float32], NDArray[np.float32]]]] = {
    "Sigmoid": _sigmoid,
    "Mul": np.multiply,
    "Add": np.add,
}
