"""Choice of the engine: the integer reference for INT8 files, ONNX Runtime for float files, behind one protocol.

The choice is made only here. ONNX Runtime runs an INT8 file only where a comparison asks for it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.infer.engine import Engine, RunnerName
from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.onnx_file import is_int8, parse_model, read_model
from pulse8.measure.infer.ort import OrtRunner


class Runner(Protocol):
    """A loaded model with float32 inputs."""

    @property
    def engine(self) -> Engine:
        """The engine of its results."""

    @property
    def input_shape(self) -> tuple[int | str | None, ...]:
        """Shape of the input; a dynamic axis is a name or ``None``."""

    @property
    def metadata(self) -> dict[str, str]:
        """The file's metadata properties."""

    def __call__(self, *tensors: NDArray[np.float32]) -> Sequence[NDArray[Any]]:
        """Return every output, in the file's order, of the inputs in theirs."""

    def run_int8(self, tensor: NDArray[np.float32]) -> NDArray[np.int8]:
        """Return the first output's bytes, before they are dequantised."""


def open_runner(model: Path | bytes, int8: RunnerName = "integer") -> Runner:
    """Load a model; ``int8`` is the engine for an INT8 file.

    Raises
    ------
    InputError
        It cannot be loaded, or is an INT8 file with operators unknown to the integer reference.
    """
    read = parse_model(model, "model") if isinstance(model, bytes) else read_model(model, "Model", "export it again")
    return IntegerRunner(model) if is_int8(read) and int8 == "integer" else OrtRunner(model)
