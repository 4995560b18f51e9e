"""What a verdict is bound to: the files' bytes, the scheme that is really in them, and who was calibrated on."""

import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.build.export.recognise import spec_of
from pulse8.build.quantize.audit import audit
from pulse8.errors import GateError, InputError
from pulse8.manifest import Accepted, accept, existing_file, lineage, sha256_of
from pulse8.measure.infer.onnx_file import load_model

MEND_INT8: Final = "quantise it with quantize_onnx.py (or pulse8 quantize)"
MEND_CALIBRATION: Final = "calibrate on training subjects (pulse8 calibrate)"


def check_provenance(
    sources: dict[str, Accepted], subjects: NDArray[np.str_] | None, indices: NDArray[np.int64]
) -> bool:
    """Hold the INT8 file against its row: its FP32 source, whom it was calibrated on; return whether that is known.

    Parameters
    ----------
    sources
        ``fp32``, ``int8`` and ``data`` as they were accepted.
    subjects
        Of all windows in the data; ``None`` where they are not known.
    indices
        The windows that are verified on.

    Raises
    ------
    InputError
        It was made from another file, or calibration saw a window or a subject that is verified on.
    """
    row = sources["int8"].row
    if row is None or row.step != "quantize":
        return False
    made_from = {row.inputs[name].sha256 for name in ("fp32", "fine_tuned") if name in row.inputs}
    if sources["fp32"].sha256 not in made_from:
        raise InputError(
            f"{sources['int8'].path} was not quantised from {sources['fp32'].path}; quantise that one first"
        )
    if row.options["calibration_source_sha256"] != sources["data"].sha256:
        return False
    calibrated = np.asarray(row.options["calibration_indices"], dtype=np.int64)
    if (shared := np.intersect1d(calibrated, indices)).size:
        raise InputError(f"calibration saw {shared.size} of the test windows (first: {shared[0]}); {MEND_CALIBRATION}")
    if subjects is not None and (people := np.intersect1d(subjects[calibrated], subjects[indices])).size:
        raise InputError(f"calibration saw {people.size} of the test subjects (first: {people[0]}); {MEND_CALIBRATION}")
    return True


def scheme_violations(int8: Accepted) -> tuple[str, ...]:
    """Audit the file as it lies on the disk; one weight scale a channel is asked for unless its row says otherwise."""
    model = load_model(int8.path, "INT8 model", MEND_INT8)
    per_channel = int8.row is None or bool(int8.row.options.get("per_channel", True))
    try:
        return audit(model, spec_of(model), per_channel=per_channel).violations
    except (KeyError, IndexError) as error:
        return (f"a quantiser lacks a constant of its own ({error})",)


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


def verdict_path(int8: Path) -> Path:
    """Where the verdict of an INT8 file stands: beside it."""
    return int8.with_suffix(".verdict.json")


def require_verdict(int8: Path) -> None:
    """Refuse an INT8 file that has no passing verdict of exactly these bytes.

    Raises
    ------
    InputError
        It has none, or one of other bytes, or one that was changed.
    GateError
        Its verdict is against it.
    """
    mend = f"run `{command('verify', int8, 'data')}`"
    path = existing_file(verdict_path(int8), "Verdict", mend)
    row = accept(path, failed_too=True).row
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        sha256, failures = told["int8_sha256"], "; ".join(told["failures"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"verdict {path} cannot be read ({error!r}); {mend}") from error
    if row is None or sha256 != sha256_of(int8):
        raise InputError(f"verdict {path} is of other bytes than {int8}, or of no known step; {mend}")
    if failures or row.status == "failed":
        advice = f"find the layer with `{command('diagnose', int8, 'calibration')}`"
        raise GateError(
            f"{int8} was not accepted: {failures}; {advice}, or quantise again with other ranges (--method)"
        )


def command(verb: str, int8: Path, beside: str) -> str:
    """Return the command that looks at an INT8 file, with the files it was made from as far as rows name them."""
    known, verdict = {"int8": int8}, verdict_path(int8)
    for path, row in lineage(verdict if verdict.is_file() else int8).items():
        for name, source in row.inputs.items():
            known.setdefault(name, Path(os.path.normpath(path.parent / source.path)))
    words = (f"--{name} {shlex.quote(str(known.get(name, name.upper())))}" for name in ("fp32", "int8", beside))
    return f"pulse8 {verb} {' '.join(words)}"
