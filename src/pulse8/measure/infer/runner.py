"""What runs a model: ONNX Runtime, or the integer reference, behind one protocol."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.infer.integer import IntegerRunner
from pulse8.measure.infer.ort import OrtRunner

RunnerName = Literal["ort", "integer"]


class Runner(Protocol):
    """A loaded model with one float32 input."""

    @property
    def input_shape(self) -> tuple[int | str | None, ...]:
        """Shape of the input; a dynamic axis is a name or ``None``."""

    @property
    def metadata(self) -> dict[str, str]:
        """The file's metadata properties."""

    def __call__(self, tensor: NDArray[np.float32]) -> Sequence[NDArray[Any]]:
        """Return every output, in the file's order."""

    def run_int8(self, tensor: NDArray[np.float32]) -> NDArray[np.int8]:
        """Return the bytes that the first output is dequantised from."""


TITLES: Final[dict[RunnerName, str]] = {
    "ort": "ONNX Runtime, all optimisations",
    "integer": "integer reference",
}


def open_runner(model: Path | bytes, name: RunnerName) -> Runner:
    """Load an INT8 model for one of the runners.

    Raises
    ------
    InputError
        It cannot be loaded; the integer reference takes no float model.
    """
    return OrtRunner(model) if name == "ort" else IntegerRunner(model)
