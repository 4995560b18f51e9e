"""INT8's pulse waves against FP32's: figures that rates alone do not show."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.convert.verify.predictions import Predictions
from pulse8.measure.signal.metrics import sqnr_db, subject_bootstrap

FLIP_BPM: Final = 5.0


@dataclass(frozen=True, eq=False)
class Waves:
    """Outputs of both networks, before any filter.

    Attributes
    ----------
    fp32, int8
        float32 [N, phases, samples of a phase].
    accepted
        bool [N]: whether `pulse8 measure` would show FP32's rate, whatever INT8 gives. The spectra of the
        other windows have nearly equal peaks, so a change of any size may select another peak.
    """

    fp32: NDArray[np.float32]
    int8: NDArray[np.float32]
    accepted: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class WaveComparison:
    """INT8's waves compared with FP32's.

    Attributes
    ----------
    sqnr_db
        FP32's power about its mean over the power of the difference, over all windows.
    offset_share
        Largest mean difference of a phase, in FP32's standard deviations: an error that no averaging removes.
    accepted
        How many windows count as accepted.
    accepted_mae_increase, accepted_mae_increase_interval
        INT8's MAE minus FP32's on those, in BPM, and its 95 % interval by paired bootstrap over subjects; on
        all where none is accepted.
    difference_p95
        95th percentile of the change of rate over all windows, BPM.
    flip_share
        Share of all windows whose rate moved by more than 5 BPM.
    worst_subject, worst_difference
        The subject whose accepted rates change most, and its mean change, BPM.
    """

    sqnr_db: float
    offset_share: float
    accepted: int
    accepted_mae_increase: float
    accepted_mae_increase_interval: tuple[float, float]
    difference_p95: float
    flip_share: float
    worst_subject: str
    worst_difference: float


def compare_waves(windows: Predictions, waves: Waves) -> WaveComparison:
    """Compare both networks' waves and the rates read from them."""
    accepted = waves.accepted if waves.accepted.any() else np.ones_like(waves.accepted)
    moved = np.abs(windows.int8 - windows.fp32)
    increase = (np.abs(windows.int8 - windows.labels) - np.abs(windows.fp32 - windows.labels))[accepted]
    names, codes = np.unique(windows.subjects[accepted], return_inverse=True)
    means = np.bincount(codes, weights=moved[accepted]) / np.bincount(codes)
    worst = int(means.argmax())
    offsets = (waves.int8.astype(np.float64) - waves.fp32).mean(axis=(0, 2))
    return WaveComparison(
        sqnr_db=sqnr_db(waves.fp32.ravel(), waves.int8.ravel()),
        offset_share=float(np.abs(offsets).max() / max(waves.fp32.std(dtype=np.float64), np.finfo(float).tiny)),
        accepted=int(waves.accepted.sum()),
        accepted_mae_increase=float(increase.mean()),
        accepted_mae_increase_interval=subject_bootstrap(increase, windows.subjects[accepted]),
        difference_p95=float(np.quantile(moved, 0.95)),
        flip_share=float((moved > FLIP_BPM).mean()),
        worst_subject=str(names[worst]),
        worst_difference=float(means[worst]),
    )
