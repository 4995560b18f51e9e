"""Running an ONNX file with ONNX Runtime, for float graphs; the integer reference runs INT8 files.

Its fused INT8 kernels are never used: on a processor with AVX2 and without VNNI they saturate (decision 0100).
"""

from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pulse8.errors import InputError, one_line
from pulse8.measure.infer.engine import Engine, engine
from pulse8.measure.infer.onnx_file import ending_in_int8, read_model

Level = Literal["off", "basic", "extended", "all"]
LEVELS: Final = {
    "off": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}


class OrtRunner:
    """A loaded model; calling it with its one input returns its outputs.

    An INT8 file is computed literally: dequantised, in float32, quantised again. The optimisation level changes the
    last place of those floats, so a comparison states it.

    Raises
    ------
    InputError
        The model cannot be loaded, is larger than 64 MB with its weights, or keeps them outside its folder.
    """

    def __init__(self, model: Path | bytes, level: Level = "all") -> None:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = LEVELS[level]
        options.add_session_config_entry("session.disable_quant_qdq", "1")  # no fused INT8 kernels on any processor
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads use no core
        options.log_severity_level = 4  # its log messages also come as exceptions
        self._model, self._level = model, level
        source = model if isinstance(model, bytes) else _bytes_of(model)
        try:
            self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's exceptions share no base but this one
            name = "model" if isinstance(model, bytes) else model
            raise InputError(f"{name} cannot be loaded by ONNX Runtime: {one_line(error)}; export it again") from error
        self._input = self._session.get_inputs()[0]

    @property
    def engine(self) -> Engine:
        """The engine of its results."""
        return engine("ort")

    @property
    def input_shape(self) -> tuple[int | str | None, ...]:
        """Shape of the first input; a dynamic axis is a name or ``None``."""
        return tuple(self._input.shape)

    @property
    def metadata(self) -> dict[str, str]:
        """The file's metadata properties."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def __call__(self, *tensors: NDArray[np.float32]) -> list[NDArray[Any]]:
        """Run on the inputs, in the file's order, and return every output."""
        names = [each.name for each in self._session.get_inputs()]
        outputs: list[NDArray[Any]] = self._session.run(None, dict(zip(names, tensors, strict=True)))
        return outputs

    def run_int8(self, tensor: NDArray[np.float32]) -> NDArray[np.int8]:
        """Return the output's bytes, before they are dequantised.

        Raises
        ------
        InputError
            The file is no INT8 model.
        """
        return np.asarray(self._ending_in_int8(tensor)[0], np.int8)

    @cached_property
    def _ending_in_int8(self) -> "OrtRunner":
        return OrtRunner(ending_in_int8(self._model), self._level)


def _bytes_of(path: Path) -> bytes:
    """Read a file with the weights beside it, if any: ONNX Runtime 1.23 opens every path that a tensor names."""
    return bytes(read_model(path, "Model", "export it again").SerializeToString())
