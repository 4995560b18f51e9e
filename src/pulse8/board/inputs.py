"""The inputs of a board folder: an INT8 file, the board pair beside it, and the verdict that allows it."""

import json
import os
import shlex
from pathlib import Path

from pulse8.errors import GateError, InputError
from pulse8.manifest import accept, existing_file, lineage, sha256_of


def pair_paths(whole: Path) -> tuple[Path, Path]:
    """Return the paths of the board pair: for ``rppg_int8_qdq.onnx``, ``rppg_spatial_int8_qdq.onnx`` and temporal."""
    head, marker, tail = whole.name.partition("int8")
    names = (
        f"{head}{part}_{marker}{tail}" if marker else f"{whole.stem}_{part}.onnx" for part in ("spatial", "temporal")
    )
    spatial, temporal = (whole.with_name(name) for name in names)
    return spatial, temporal


def verdict_path(int8: Path) -> Path:
    """Return the path of an INT8 file's verdict: beside it."""
    return int8.with_suffix(".verdict.json")


def require_verdict(int8: Path) -> None:
    """Refuse an INT8 file that has no passing verdict of exactly these bytes.

    Raises
    ------
    InputError
        There is no verdict, it belongs to other bytes, or it was changed.
    GateError
        The verdict failed.
    """
    hint = f"run `{command('verify', int8, 'data')}`"
    path = existing_file(verdict_path(int8), "Verdict", hint)
    row = accept(path, failed_too=True).row
    try:
        verdict = json.loads(path.read_text(encoding="utf-8"))
        sha256, failures = verdict["int8_sha256"], "; ".join(verdict["failures"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"verdict {path} cannot be read ({error!r}); {hint}") from error
    if row is None or sha256 != sha256_of(int8):
        raise InputError(f"verdict {path} is of other bytes than {int8}, or of no known step; {hint}")
    if failures or row.status == "failed":
        layer, again = command("diagnose", int8, "calibration"), command("verify", int8, "data")
        raise GateError(
            f"{int8} was not accepted: {failures}; find the layer with `{layer}`; `{again}` prints what to try, in"
            " order; --unverified writes the folder all the same"
        )


def command(verb: str, int8: Path, beside: str) -> str:
    """Return the command that examines an INT8 file, with its input files as far as rows name them."""
    known = known_inputs(int8)
    words = (f"--{name} {shlex.quote(str(known.get(name, name.upper())))}" for name in ("fp32", "int8", beside))
    return f"pulse8 {verb} {' '.join(words)}"


def known_inputs(int8: Path) -> dict[str, Path]:
    """Return the files that an INT8 file and its verdict were made of, as far as rows name them: fp32, data ..."""
    known, verdict = {"int8": int8}, verdict_path(int8)
    for path, row in lineage(verdict if verdict.is_file() else int8).items():
        for name, source in row.inputs.items():
            known.setdefault(name, Path(os.path.normpath(path.parent / source.path)))
    return known
