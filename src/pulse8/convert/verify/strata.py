"""FP32 against INT8 on one kind of window at a time, which a mean over all windows hides."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pulse8.convert.verify.predictions import Predictions
from pulse8.measure.signal.metrics import subject_bootstrap

By = Literal["kind of recording", "heart rate"]

RATE_EDGES_BPM: Final = (0.0, 60.0, 80.0, 100.0, 120.0, float("inf"))


@dataclass(frozen=True, kw_only=True)
class StratumFigures:
    """Windows of one kind; errors are mean absolute ones in BPM.

    Attributes
    ----------
    by, name
        The property that windows are grouped by, and the name of this group.
    windows, subjects
        Their numbers; ``subjects`` is ``None`` where they are not known.
    int8_interval
        95 % interval of INT8's error, by bootstrap over subjects; ``None`` for a single subject.
    pos_mae
        On the windows that POS has a rate for; ``None`` where there are none.
    difference_p95
        95th percentile of the change of rate from FP32 to INT8.
    shown, shown_mae
        Windows whose INT8 rate `pulse8 measure` would show, and their error; ``None`` where nothing is refused, or
        nothing is shown.
    """

    by: By
    name: str
    windows: int
    subjects: int | None
    fp32_mae: float
    int8_mae: float
    int8_interval: tuple[float, float] | None
    constant_mae: float
    pos_mae: float | None
    difference_p95: float
    shown: int | None
    shown_mae: float | None


def figures_by_stratum(
    windows: Predictions, constant_bpm: float, *, subjects_known: bool
) -> tuple[StratumFigures, ...]:
    """Group the windows by kind of recording, where that is known, and by true heart rate."""
    return tuple(
        StratumFigures(by=by, name=name, **_figures(windows.part(chosen), constant_bpm, subjects_known=subjects_known))
        for by, name, chosen in _parts(windows)
        if chosen.any()
    )


def _parts(windows: Predictions) -> Iterator[tuple[By, str, NDArray[np.bool_]]]:
    if windows.strata is not None:
        for name in sorted(set(windows.strata.tolist())):
            yield "kind of recording", name, windows.strata == name
    for low, high in pairwise(RATE_EDGES_BPM):
        yield "heart rate", _named(low, high), (windows.labels >= low) & (windows.labels < high)


def _named(low: float, high: float) -> str:
    if not low:
        return f"under {high:g}"
    return f"{low:g} and more" if high == np.inf else f"{low:g}-{high:g}"


def _figures(part: Predictions, constant_bpm: float, *, subjects_known: bool) -> dict[str, Any]:
    labels, shown = part.labels, part.int8_shown
    error = np.abs(part.int8 - labels)
    return {
        "windows": len(labels),
        "subjects": len(np.unique(part.subjects)) if subjects_known else None,
        "fp32_mae": float(np.abs(part.fp32 - labels).mean()),
        "int8_mae": float(error.mean()),
        "int8_interval": subject_bootstrap(error, part.subjects) if len(np.unique(part.subjects)) > 1 else None,
        "constant_mae": float(np.abs(constant_bpm - labels).mean()),
        "pos_mae": _pos_mae(part),
        "difference_p95": float(np.quantile(np.abs(part.int8 - part.fp32), 0.95)),
        "shown": None if shown is None else int(shown.sum()),
        "shown_mae": None if shown is None or not shown.any() else float(error[shown].mean()),
    }


def _pos_mae(part: Predictions) -> float | None:
    if part.pos_bpm is None:
        return None
    errors = np.abs(part.pos_bpm - part.labels)
    rated = np.isfinite(errors)
    return float(errors[rated].mean()) if rated.any() else None
