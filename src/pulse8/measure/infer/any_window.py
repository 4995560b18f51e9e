"""A waveform model at another window length: its operators accept any length, only its file fixes one."""

from pathlib import Path
from typing import Final

from pulse8.errors import InputError
from pulse8.manifest import existing_file
from pulse8.measure.infer.onnx_file import load_model

RANK: Final = 4
MAKE: Final = "give an ONNX file of pulse12 that `pulse8 build` wrote"


def with_window(path: Path, window: int) -> bytes:
    """Return a model file with the same weights that takes ``window`` samples instead of its own number.

    Parameters
    ----------
    path
        A file that takes [B, colours, cells, samples] and returns [B, phases, 1, samples / phases].
    window
        Number of samples, a multiple of the phases.

    Raises
    ------
    InputError
        The file is missing or no waveform model, or the samples do not fit its phases.
    """
    model = load_model(existing_file(path, "Model", MAKE), "model", MAKE)
    ends = (model.graph.input, model.graph.output)
    shapes = [values[0].type.tensor_type.shape.dim for values in ends]
    if any(len(shape) != RANK for shape in shapes):
        raise InputError(f"{path} takes or gives no tensor of rank {RANK}; {MAKE}")
    phases = shapes[0][3].dim_value // max(shapes[1][3].dim_value, 1)
    if phases < 1 or window % phases:
        raise InputError(f"{path} gives {phases} phases, which {window} samples do not fill; give a multiple")
    shapes[0][3].dim_value, shapes[1][3].dim_value = window, window // phases
    del model.graph.value_info[:]
    return bytes(model.SerializeToString())
