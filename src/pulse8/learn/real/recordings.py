"""Real recordings as they lie on a disk: one skin trace, and what is known of the true rate."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.prepare.adapters.adapter import numbers, ppg_of
from pulse8.learn.prepare.adapters.tables import read_table
from pulse8.learn.real.roles import Entry, Reference
from pulse8.learn.recording import Ppg, Rates, Recording
from pulse8.measure.clips.trace_csv import read_trace_csv, repeated
from pulse8.values import CellTraces

Truth = tuple[Ppg | None, Rates | None]


def open_recording(entry: Entry, data: Path) -> Recording | None:
    """Open a recording of the table; ``None`` for a set whose traces have no blue, which no method here reads.

    Raises
    ------
    InputError
        A file is missing, damaged or not the one of the table.
    """
    paths = entry.paths(data)
    if any(name.endswith(".npz") for name in paths):
        return None
    reference, rates = TRUTHS[entry.reference](paths)
    return Recording(
        traces=_finger(paths["PPG.csv"]) if "PPG.csv" in paths else _face(paths),
        reference=reference,
        rates=rates,
        subject=entry.subject,
        recording=entry.recording,
        conditions={"dataset": entry.dataset, "session": entry.session, "role": entry.role},
    )


def _face(paths: dict[str, Path]) -> CellTraces:
    """Read one trace of a whole skin; frames of nothing but zeros have no face in them."""
    traces = read_trace_csv(paths.get("traces.csv") or paths["skin_mean_rgb.csv"])
    seen = np.asarray(traces.rgb.any(axis=(1, 2, 3)))
    return CellTraces(traces.rgb, traces.t_s, traces.valid & seen[:, None])


def _finger(path: Path) -> CellTraces:
    table = numbers(path, "finger's trace", columns=4, skip=1)
    return repeated(table[:, 0] / 1000, table[:, 1:])


def _no_truth(_paths: dict[str, Path]) -> Truth:
    return None, None


def _rate(paths: dict[str, Path]) -> Truth:
    table = read_table(paths["reference.csv"], ("time_s", "bpm"), what="reference")
    return None, Rates(table["bpm"].astype(np.float32), table["time_s"])


def _ppg(paths: dict[str, Path]) -> Truth:
    if "reference.csv" in paths:
        table = read_table(paths["reference.csv"], ("time_s", "ppg"), what="reference")
        return ppg_of(paths["reference.csv"], table["ppg"], table["time_s"]), None
    lines = [line.split() for line in paths["ground_truth.txt"].read_text(encoding="utf-8").splitlines() if line]
    wave, times = (_row(paths["ground_truth.txt"], lines, index) for index in (0, 2))
    return ppg_of(paths["ground_truth.txt"], wave, times), None


def _row(path: Path, lines: list[list[str]], index: int) -> NDArray[np.float64]:
    try:
        return np.array(lines[index], np.float64)
    except (IndexError, ValueError) as error:
        raise InputError(f"{path} has no three lines of numbers ({error}); copy it again") from error


def _intervals(paths: dict[str, Path]) -> Truth:
    """Rates at the beats of a chest belt that was started with the camera."""
    interval_s = np.array(paths["RR.txt"].read_text(encoding="utf-8").split(), np.float64) / 1000
    return None, Rates((60 / interval_s).astype(np.float32), np.cumsum(interval_s))


TRUTHS: Final[dict[Reference, Callable[[dict[str, Path]], Truth]]] = {
    "rate": _rate,
    "ppg": _ppg,
    "intervals": _intervals,
    "none": _no_truth,
}
