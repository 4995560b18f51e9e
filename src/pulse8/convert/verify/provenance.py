"""What a verdict is bound to: the files' bytes, the scheme in them, and the calibration subjects."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.convert.export.recognise import contract_of
from pulse8.convert.quantize.audit import audit
from pulse8.errors import InputError
from pulse8.manifest import Accepted, sha256_of
from pulse8.measure.infer.onnx_file import load_model

FIX_INT8: Final = "quantise it with pulse8 quantize"
FIX_CALIBRATION: Final = "calibrate on training subjects (pulse8 calibrate)"


def check_provenance(
    sources: dict[str, Accepted], subjects: NDArray[np.str_] | None, indices: NDArray[np.int64]
) -> bool:
    """Check the INT8 file's row: its FP32 source and calibration subjects; return whether those subjects are known.

    Parameters
    ----------
    sources
        ``fp32``, ``int8`` and ``data`` as they were accepted.
    subjects
        Subject of every window in the data; ``None`` where subjects are not known.
    indices
        The windows used for the verdict.

    Raises
    ------
    InputError
        The INT8 file comes from another FP32 file, or calibration used a window or a subject of the verdict.
    """
    row = sources["int8"].row
    if row is None or row.step != "quantize":
        return False
    source_hashes = {row.inputs[name].sha256 for name in ("fp32", "fine_tuned") if name in row.inputs}
    if sources["fp32"].sha256 not in source_hashes:
        raise InputError(
            f"{sources['int8'].path} was not quantised from {sources['fp32'].path}; quantise that one first"
        )
    if row.options["calibration_source_sha256"] != sources["data"].sha256:
        return False
    calibrated = np.asarray(row.options["calibration_indices"], dtype=np.int64)
    if (shared := np.intersect1d(calibrated, indices)).size:
        raise InputError(f"calibration saw {shared.size} of the test windows (first: {shared[0]}); {FIX_CALIBRATION}")
    if subjects is not None and (people := np.intersect1d(subjects[calibrated], subjects[indices])).size:
        raise InputError(f"calibration saw {people.size} of the test subjects (first: {people[0]}); {FIX_CALIBRATION}")
    return True


def scheme_violations(int8: Accepted) -> tuple[str, ...]:
    """Audit the file on disk; weights need one scale per channel unless the file's row says otherwise."""
    model = load_model(int8.path, "INT8 model", FIX_INT8)
    per_channel = int8.row is None or bool(int8.row.options.get("per_channel", True))
    try:
        return audit(model, contract_of(model), per_channel=per_channel).violations
    except (KeyError, IndexError) as error:
        return (f"a QuantizeLinear or DequantizeLinear lacks a constant ({error})",)


def refuse_changed(models: Sequence[Accepted]) -> None:
    """Refuse files that were replaced since they were hashed.

    Raises
    ------
    InputError
        One has other bytes now.
    """
    for model in models:
        if sha256_of(model.path) != model.sha256:
            raise InputError(f"{model.path} was changed while it was verified; verify it again")
