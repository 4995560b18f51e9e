"""Result of the comparison: figures on held-out windows, gates, and the verdict."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pulse8.convert.verify.gates import LIMITS, Gate, Limits, least, most, number
from pulse8.convert.verify.layers import LayerSqnr
from pulse8.convert.verify.predictions import Predictions
from pulse8.convert.verify.strata import StratumFigures
from pulse8.convert.verify.waves import WaveComparison
from pulse8.measure.infer.engine import Engine
from pulse8.measure.signal.metrics import bias, limits_of_agreement, mae, rmse, sqnr_db, subject_bootstrap

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """One model against the labels, in BPM: errors are estimate minus label."""

    mae: float
    rmse: float
    bias: float
    limits_of_agreement: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class WorstSubject:
    """The subject with INT8's largest error, MAE in BPM."""

    subject: str
    windows: int
    fp32_mae: float
    int8_mae: float


@dataclass(frozen=True, kw_only=True)
class MaeIntervals:
    """95 % interval of each MAE in BPM, by bootstrap over subjects; POS's is ``None`` where it has no rate."""

    fp32: tuple[float, float]
    int8: tuple[float, float]
    constant: tuple[float, float]
    pos: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """INT8 compared with FP32 on the same windows; all in BPM except the SQNR.

    A gap is INT8's MAE minus another's, as a 95 % interval; ``pos`` is ``None`` where windows are too short for POS.
    """

    samples: int
    subjects: int | None
    fp32: Accuracy
    int8: Accuracy
    mae_increase_interval: tuple[float, float]
    difference_mean: float
    difference_max: float
    difference_std: float
    fp32_sd: float
    int8_sd: float
    sqnr_db: float
    constant_bpm: float
    constant_mae: float
    constant_gap_interval: tuple[float, float]
    usefulness: str
    worst: WorstSubject | None
    pos_mae: float | None = None
    pos_gap_interval: tuple[float, float] | None = None
    intervals: MaeIntervals | None = None

    @property
    def mae_increase(self) -> float:
        """INT8's MAE minus FP32's."""
        return self.int8.mae - self.fp32.mae

    @property
    def rmse_increase(self) -> float:
        """INT8's RMSE minus FP32's."""
        return self.int8.rmse - self.fp32.rmse


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of the split: its windows and subjects; ``used`` is how many of its windows this line used."""

    name: str
    windows: int
    subjects: int | None
    used: int | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The verdict and its evidence, bound to the files by their hashes.

    ``passed`` is fidelity: INT8 against FP32, every gate met; ``failures`` are the sentences of gates that are not met.
    Usefulness is a separate question, printed as well; a waveform model must also be useful.
    """

    passed: bool
    failures: tuple[str, ...]
    gates: tuple[Gate, ...]
    comparison: Comparison
    model: str
    waves: WaveComparison | None
    layers: tuple[LayerSqnr, ...]
    layers_missing: str | None
    strata: tuple[StratumFigures, ...]
    asked: int
    split: str
    sides: tuple[Side, ...]
    simulated: bool
    calibration_checked: bool
    fp32_sha256: str
    int8_sha256: str
    data_sha256: str
    engine: Engine


def compare(windows: Predictions, constant_bpm: float, *, subjects_known: bool) -> Comparison:
    """Compare two models' rates; ``constant_bpm`` is the training labels' mean, which needs no camera."""
    difference = np.abs(windows.int8 - windows.fp32)
    int8_error, constant_error = np.abs(windows.int8 - windows.labels), np.abs(constant_bpm - windows.labels)
    gap = subject_bootstrap(int8_error - constant_error, windows.subjects)
    increase = int8_error - np.abs(windows.fp32 - windows.labels)
    return Comparison(
        samples=len(windows.labels),
        subjects=len(np.unique(windows.subjects)) if subjects_known else None,
        fp32=_accuracy(windows.labels, windows.fp32),
        int8=_accuracy(windows.labels, windows.int8),
        mae_increase_interval=subject_bootstrap(increase, windows.subjects),
        difference_mean=float(difference.mean()),
        difference_max=float(difference.max()),
        difference_std=float(difference.std()),
        fp32_sd=float(windows.fp32.std()),
        int8_sd=float(windows.int8.std()),
        sqnr_db=sqnr_db(windows.fp32, windows.int8),
        constant_bpm=constant_bpm,
        constant_mae=float(constant_error.mean()),
        constant_gap_interval=gap,
        usefulness=_usefulness(gap),
        worst=_worst(windows) if subjects_known else None,
        **_beside_pos(windows, int8_error),
        intervals=_intervals(windows, constant_error),
    )


def _rated_by_pos(windows: Predictions) -> NDArray[np.bool_]:
    return np.zeros(len(windows.labels), np.bool_) if windows.pos_bpm is None else np.isfinite(windows.pos_bpm)


def _beside_pos(windows: Predictions, int8_error: Values) -> dict[str, Any]:
    """POS's MAE where POS has a rate, and INT8's MAE minus it on the same windows."""
    rated = _rated_by_pos(windows)
    if windows.pos_bpm is None or not rated.any():
        return {}
    pos_error = np.abs(windows.pos_bpm - windows.labels)[rated]
    gap = subject_bootstrap(int8_error[rated] - pos_error, windows.subjects[rated])
    return {"pos_mae": float(pos_error.mean()), "pos_gap_interval": gap}


def _intervals(windows: Predictions, constant_error: Values) -> MaeIntervals:
    rated = _rated_by_pos(windows)
    pos = None
    if windows.pos_bpm is not None and rated.any():
        pos = subject_bootstrap(np.abs(windows.pos_bpm - windows.labels)[rated], windows.subjects[rated])
    models = windows.fp32, windows.int8
    fp32, int8 = (subject_bootstrap(np.abs(bpm - windows.labels), windows.subjects) for bpm in models)
    return MaeIntervals(fp32=fp32, int8=int8, constant=subject_bootstrap(constant_error, windows.subjects), pos=pos)


def _usefulness(gap: tuple[float, float]) -> str:
    """Return the conclusion that the interval of (INT8's minus the constant predictor's absolute error) supports."""
    if gap[1] < 0:
        return "better than the constant predictor"
    return "worse than the constant predictor" if gap[0] > 0 else "not shown to be better than the constant predictor"


def _accuracy(labels: Values, bpm: Values) -> Accuracy:
    return Accuracy(
        mae=mae(labels, bpm),
        rmse=rmse(labels, bpm),
        bias=bias(labels, bpm),
        limits_of_agreement=limits_of_agreement(labels, bpm),
    )


def _worst(windows: Predictions) -> WorstSubject:
    def of(subject: str) -> WorstSubject:
        mine = windows.subjects == subject
        labels = windows.labels[mine]
        errors = (mae(labels, bpm[mine]) for bpm in (windows.fp32, windows.int8))
        fp32_mae, int8_mae = errors
        return WorstSubject(subject=subject, windows=int(mine.sum()), fp32_mae=fp32_mae, int8_mae=int8_mae)

    return max((of(str(subject)) for subject in np.unique(windows.subjects)), key=lambda worst: worst.int8_mae)


def rate_gates(comparison: Comparison, limits: Limits = LIMITS) -> Iterator[Gate]:
    """Apply the guide's two criteria and the constant-output gate to a comparison of rates."""
    yield most("mae", "MAE increase", comparison.mae_increase, limits.max_mae_increase_bpm, " BPM")
    difference = comparison.difference_mean
    yield most("difference", "Mean output difference", difference, limits.max_mean_difference_bpm, " BPM")
    fp32, int8 = comparison.fp32_sd, comparison.int8_sd
    floor = limits.min_fp32_sd_bpm
    line = f"FP32 output is constant (sd {fp32:.3f} BPM < {floor} BPM): train it longer"
    varies = fp32 >= floor
    yield least("constant FP32", "FP32's outputs vary (sd)", fp32, floor, " BPM", line)
    if varies:
        floor = limits.min_sd_share * fp32
        line = f"INT8 output is constant (sd {int8:.3f} BPM < a tenth of FP32's {fp32:.3f})"
        yield least("constant INT8", "INT8's outputs vary, a tenth of FP32's (sd)", int8, floor, " BPM", line)


def usefulness_gates(comparison: Comparison) -> Iterator[Gate]:
    """Compare a waveform model with predictors that need no network."""
    baselines = {"always the training mean": comparison.constant_mae, "POS": comparison.pos_mae}
    figure = comparison.int8.mae
    for name, other in baselines.items():
        if other is not None:
            line = f"MAE of INT8 ({number(figure)} BPM) >= MAE of {name} ({number(other)} BPM)"
            gate = most(f"better than {name}", f"MAE of INT8, under that of {name}", figure, round(other, 2), " BPM")
            yield replace(gate, limit=other, met=figure < other, line=line)
