"""Running an ONNX file with ONNX Runtime; the optimisation level is the caller's to state."""

from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pulse8.errors import InputError

Level = Literal["off", "basic", "extended", "all"]
LEVELS: Final = {
    "off": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}


class OrtRunner:
    """A loaded model; calling it with its one input returns its outputs.

    INT8 results change with the level, because ONNX Runtime fuses what it may; a comparison states its level.

    Raises
    ------
    InputError
        The model cannot be loaded.
    """

    def __init__(self, model: Path | bytes, level: Level = "all") -> None:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = LEVELS[level]
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # threads that wait burn no core
        options.log_severity_level = 4  # what it would log comes as an exception
        source = model if isinstance(model, bytes) else str(model)
        try:
            self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's exceptions share no base but this one
            name = "model" if isinstance(model, bytes) else model
            raise InputError(f"{name} cannot be loaded by ONNX Runtime: {one_line(error)}; export it again") from error
        self._input = self._session.get_inputs()[0]

    @property
    def input_shape(self) -> tuple[int | str | None, ...]:
        """Shape of the first input; a dynamic axis is a name or ``None``."""
        return tuple(self._input.shape)

    @property
    def metadata(self) -> dict[str, str]:
        """The file's metadata properties."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def __call__(self, tensor: NDArray[np.float32]) -> list[NDArray[Any]]:
        """Run on one input and return every output, in the file's order."""
        outputs: list[NDArray[Any]] = self._session.run(None, {self._input.name: tensor})
        return outputs


def one_line(error: Exception) -> str:
    """Return an exception's message as one line of at most 200 characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:197] + "..."
