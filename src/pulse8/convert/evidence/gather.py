"""From a verdict's file to every measurement of its INT8 file; a missing measurement is ``None``."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from pulse8.board.application.evidence import board_files
from pulse8.board.package import Deployed
from pulse8.board.preflight.preflight import Preflight, preflight_path
from pulse8.board.replacing import RECORD
from pulse8.convert.diagnose.diagnose import FILE, Diagnosis
from pulse8.convert.evidence.plain import record_of
from pulse8.convert.evidence.timeline import Timeline, timeline_path
from pulse8.convert.verify.predictions import Predictions
from pulse8.convert.verify.verdict import Verdict
from pulse8.errors import InputError
from pulse8.manifest import Accepted, Row, accept, existing_file, lineage, sha256_of

HINT: Final = "make it with pulse8 verify"
DIAGNOSIS: Final = "diagnosis"
BOARD: Final = "board"
"""Folders of the two steps, as their verbs name them."""
KINDS: Final[Mapping[str, Any]] = {
    "subjects": np.str_,
    "strata": np.str_,
    "fp32_shown": np.bool_,
    "int8_shown": np.bool_,
}
"""The columns that are not numbers."""
DAMAGED: Final = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """Everything known about an INT8 file.

    Attributes
    ----------
    source
        The verdict's file, accepted.
    verdict, windows
        Its figures, and each held-out window.
    sizes
        Bytes of the FP32 and the INT8 file.
    rates
        The files for the board with their runs per second; empty where the INT8 file is missing.
    preflights
        Their pre-flights; ``None`` where no pre-flight has these bytes.
    diagnosis
        The noise of each part of the INT8 file.
    board
        The board folder.
    timeline
        Time of each stage of the build.
    rows
        The manifest's row of every file that the verdict depends on, by file; the verdict's comes first.
    """

    source: Accepted
    verdict: Verdict
    windows: Predictions
    sizes: tuple[int, int] | None
    rates: Mapping[Path, float]
    preflights: Mapping[Path, Preflight | None]
    diagnosis: Diagnosis | None
    board: Deployed | None
    timeline: Timeline | None
    rows: Mapping[Path, Row]

    @property
    def board_preflights(self) -> tuple[Preflight, ...]:
        """The pre-flights, where every file for the board has one."""
        known = tuple(result for result in self.preflights.values() if result is not None)
        return known if len(known) == len(self.preflights) else ()

    @property
    def inputs(self) -> dict[str, Path]:
        """Files that the INT8 file and its verdict were made of, as far as rows name them: fp32, int8, data ..."""
        known: dict[str, Path] = {}
        for path, row in self.rows.items():
            for name, source in row.inputs.items():
                known.setdefault(name, Path(os.path.normpath(path.parent / source.path)))
        return known

    def path(self, name: str) -> Path | None:
        """Return the path of an input of the verification: fp32, int8 or data."""
        row = self.source.row
        return None if row is None or name not in row.inputs else self.source.path.parent / row.inputs[name].path


def gather(verdict_file: Path) -> Evidence:
    """Read a verdict and the files beside it.

    Raises
    ------
    InputError
        The verdict is missing, damaged or stale.
    """
    source = accept(existing_file(verdict_file, "Verdict", HINT), failed_too=True)
    try:
        fields = json.loads(verdict_file.read_text(encoding="utf-8"))
        windows = _windows(fields.pop("windows"))
        verdict: Verdict = record_of(Verdict, fields)
    except DAMAGED as error:
        raise InputError(f"verdict {verdict_file} cannot be read ({error!r}); {HINT}") from error
    inputs = source.row.inputs if source.row is not None else {}
    whole = verdict_file.parent / inputs["int8"].path if "int8" in inputs else None
    rates = board_files(whole) if whole is not None and whole.is_file() else {}
    about = verdict.int8_sha256
    return Evidence(
        source=source,
        verdict=verdict,
        windows=windows,
        sizes=(inputs["fp32"].bytes, inputs["int8"].bytes) if {"fp32", "int8"} <= set(inputs) else None,
        rates=rates,
        preflights={path: _preflight(path) for path in rates},
        diagnosis=_first(Diagnosis, _near(verdict_file, DIAGNOSIS, FILE), about),
        board=_first(Deployed, _near(verdict_file, BOARD, RECORD), about),
        timeline=_read(Timeline, timeline_path(verdict_file), source.sha256),
        rows=lineage(verdict_file),
    )


def _windows(fields: Mapping[str, Any]) -> Predictions:
    if missing := [name for name in ("labels", "fp32", "int8", "subjects") if fields[name] is None]:
        raise ValueError(f"no {missing[0]} of its windows")
    arrays: dict[str, Any] = {
        name: None if values is None else np.array(values, KINDS.get(name, np.float64))
        for name, values in fields.items()
    }
    return Predictions(**arrays)


def _preflight(model: Path) -> Preflight | None:
    result: Preflight | None = _read(Preflight, preflight_path(model), sha256_of(model))
    return result


def _near(verdict_file: Path, folder: str, name: str) -> Sequence[Path]:
    """Return where a step writes its file: in a folder beside the verdict's folder, or beside the verdict."""
    return verdict_file.parent.parent / folder / name, verdict_file.parent / folder / name


def _first(kind: Any, files: Sequence[Path], about: str) -> Any:  # noqa: ANN401 - a type, and a value of it
    return next((record for file in files if (record := _read(kind, file, about)) is not None), None)


def _read(kind: Any, path: Path, about: str) -> Any:  # noqa: ANN401 - a type, and a value of it
    """Read a record that one of our steps wrote, if it is up to date and describes the file with the hash ``about``."""
    if not path.is_file():
        return None
    try:
        row = accept(path, failed_too=True).row
        if row is None or about not in {source.sha256 for source in row.inputs.values()}:
            return None
        return record_of(kind, json.loads(path.read_text(encoding="utf-8")))
    except (InputError, *DAMAGED):
        return None
