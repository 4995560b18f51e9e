"""From a method's readings on one group of windows to one row: errors with intervals, and coverage."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pulse8.measure.signal.metrics import (
    CLOSE_BPM,
    bias,
    limits_of_agreement,
    mae,
    mape,
    pearson,
    rmse,
    subject_bootstrap,
)
from pulse8.measure.signal.selection import auroc, risks_at, upper_share

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One method on one window.

    Attributes
    ----------
    subject, recording, start_s
        The window's subject and recording, and its start.
    bpm
        The rate; ``None`` where the method gave none.
    confidence
        Confidence on the method's own scale.
    accepted
        Whether its rate is accepted: for classical methods, whether its confidence is above that of noise.
    alive
        Whether there is a pulse.
    true_bpm
        The contact sensor's rate; ``None`` where there is no pulse, or the sensor has no rate.
    snr_db, macc
        Quality of the wave at the true rate, and correlation with the contact wave; ``None`` where either is missing.
    conditions
        Conditions of the recording.
    """

    subject: str
    recording: str = ""
    start_s: float = 0.0
    bpm: float | None
    confidence: float = 0.0
    accepted: bool
    alive: bool = True
    true_bpm: float | None
    snr_db: float | None = None
    macc: float | None = None
    conditions: Mapping[str, float | str | bool] = field(default_factory=dict, compare=False, repr=False)

    @property
    def error_bpm(self) -> float | None:
        """Absolute error, BPM; ``None`` where there is no reading or the truth is not known."""
        return None if self.bpm is None or self.true_bpm is None else abs(self.bpm - self.true_bpm)

    @property
    def close(self) -> bool:
        """Whether it is right within ``CLOSE_BPM``; a window without a reading is not."""
        return self.error_bpm is not None and self.error_bpm <= CLOSE_BPM


@dataclass(frozen=True, kw_only=True)
class Row:
    """One method on one group of windows. Errors are over windows with a reading, accepted or not, unless stated.

    Attributes
    ----------
    stratum, method, windows, subjects
        Names of the group and the method, and the numbers of windows and subjects.
    read_share
        Share of windows with a reading at all.
    coverage
        Share of windows whose reading is accepted: where there is no pulse, the false accepts.
    accepted_upper
        95 % upper bound of that share, with windows taken as independent: the bound on false accepts.
    mae_bpm, mae_95_bpm
        Mean absolute error, and its interval over subjects.
    close_share, close_95
        Share of all windows read within 5 BPM.
    rmse_bpm, mape, r, bias_bpm, agreement_bpm
        Root mean square error, mean error as a share, Pearson's r, mean error, 95 % limits of agreement.
    snr_db, macc
        Means over windows.
    accepted_mae_bpm
        Mean absolute error of accepted readings; ``None`` where there are none.
    wrong_share, wrong_upper
        Share of accepted readings with an error over 5 BPM, and its 95 % upper bound: the larger of that with windows
        taken as independent and that with subjects resampled.
    auroc
        Of the confidence, for being within 5 BPM.
    risks_bpm
        Mean absolute error of the most confident 100, 90, 80, 70 and 50 % of readings.
    paired_bpm, paired_95_bpm
        This method's absolute error minus POS's, mean over windows that both read, and its interval over subjects.
    whole_mae_bpm
        Mean absolute error over whole recordings; ``None`` where they are not read.
    published_mae_bpm
        Published error over whole recordings of the data set that an anchor resembles.
    score
        (POS - this) / (POS - oracle) in MAE: 0 is POS, 1 the oracle; ``None`` where POS and oracle hardly differ.
    """

    stratum: str
    method: str
    windows: int
    subjects: int
    read_share: float
    coverage: float
    accepted_upper: float
    mae_bpm: float | None = None
    mae_95_bpm: Interval | None = None
    close_share: float | None = None
    close_95: Interval | None = None
    rmse_bpm: float | None = None
    mape: float | None = None
    r: float | None = None
    bias_bpm: float | None = None
    agreement_bpm: Interval | None = None
    snr_db: float | None = None
    macc: float | None = None
    accepted_mae_bpm: float | None = None
    wrong_share: float | None = None
    wrong_upper: float | None = None
    auroc: float | None = None
    risks_bpm: tuple[float, ...] | None = None
    paired_bpm: float | None = None
    paired_95_bpm: Interval | None = None
    whole_mae_bpm: float | None = None
    published_mae_bpm: float | None = None
    score: float | None = None

    @property
    def distance_bpm(self) -> float | None:
        """Difference between an anchor's error on whole recordings and the published one."""
        if self.whole_mae_bpm is None or self.published_mae_bpm is None:
            return None
        return self.whole_mae_bpm - self.published_mae_bpm


def row_of(stratum: str, method: str, readings: Sequence[Reading], beside: Sequence[Reading] = ()) -> Row:
    """Sum up a method's readings; ``beside`` holds those of POS on the same windows, in the same order.

    Windows of a living person whose true rate is not known are left out. Whole recordings and the score are added by
    the caller.
    """
    judged = [index for index, reading in enumerate(readings) if reading.true_bpm is not None or not reading.alive]
    kept = [readings[index] for index in judged]
    count, accepted = len(kept), sum(reading.accepted for reading in kept)
    row = Row(
        stratum=stratum,
        method=method,
        windows=count,
        subjects=len({reading.subject for reading in kept}),
        read_share=sum(reading.bpm is not None for reading in kept) / max(count, 1),
        coverage=accepted / max(count, 1),
        accepted_upper=upper_share(accepted, count),
    )
    row = _with_acceptance(_with_confidence(_with_errors(row, kept), kept), kept)
    if not beside:
        return row
    difference, interval = paired(kept, [beside[index] for index in judged])
    return dataclasses.replace(row, paired_bpm=difference, paired_95_bpm=interval)


def _with_errors(row: Row, readings: Sequence[Reading]) -> Row:
    known = [reading for reading in readings if reading.true_bpm is not None]
    if not known:
        return row
    close = np.array([reading.close for reading in known], np.float64)
    row = dataclasses.replace(
        row,
        close_share=float(close.mean()),
        close_95=subject_bootstrap(close, [reading.subject for reading in known]),
        snr_db=_mean([reading.snr_db for reading in known]),
        macc=_mean([reading.macc for reading in known]),
    )
    pairs = [(r.true_bpm, r.bpm) for r in known if r.true_bpm is not None and r.bpm is not None]
    if not pairs:
        return row
    truth, bpm = np.array(pairs).T
    return dataclasses.replace(
        row,
        mae_bpm=mae(truth, bpm),
        mae_95_bpm=subject_bootstrap(np.abs(bpm - truth), [r.subject for r in known if r.bpm is not None]),
        rmse_bpm=rmse(truth, bpm),
        mape=mape(truth, bpm),
        r=pearson(truth, bpm),
        bias_bpm=bias(truth, bpm),
        agreement_bpm=limits_of_agreement(truth, bpm) if len(pairs) > 1 else None,
    )


def _with_confidence(row: Row, readings: Sequence[Reading]) -> Row:
    rated = [(r.error_bpm, r.confidence, r.close) for r in readings if r.error_bpm is not None]
    if not rated:
        return row
    errors, confidence, close = np.array(rated, np.float64).T
    return dataclasses.replace(row, auroc=auroc(confidence, close), risks_bpm=risks_at(errors, confidence))


def _with_acceptance(row: Row, readings: Sequence[Reading]) -> Row:
    sure = [reading for reading in readings if reading.error_bpm is not None and reading.accepted]
    if not sure:
        return row
    wrong = np.array([not reading.close for reading in sure], np.float64)
    resampled = subject_bootstrap(wrong, [reading.subject for reading in sure], level=0.9)[1]
    return dataclasses.replace(
        row,
        accepted_mae_bpm=_mean([reading.error_bpm for reading in sure]),
        wrong_share=float(wrong.mean()),
        wrong_upper=max(upper_share(int(wrong.sum()), len(wrong)), resampled),
    )


def paired(readings: Sequence[Reading], beside: Sequence[Reading]) -> tuple[float | None, Interval | None]:
    """Mean difference in absolute error, first minus second, over windows that both read; its interval over subjects.

    The readings are of the same windows in the same order.
    """
    both = [
        (one.error_bpm - other.error_bpm, one.subject)
        for one, other in zip(readings, beside, strict=True)
        if one.error_bpm is not None and other.error_bpm is not None
    ]
    if not both:
        return None, None
    differences = [difference for difference, _ in both]
    return float(np.mean(differences)), subject_bootstrap(differences, [subject for _, subject in both])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def score(pos_bpm: float | None, bpm: float | None, oracle_bpm: float | None) -> float | None:
    """Score = (POS - x) / (POS - oracle); ``None`` where they are not known or oracle and POS differ by under 0.1."""
    if pos_bpm is None or bpm is None or oracle_bpm is None or abs(pos_bpm - oracle_bpm) < 0.1:
        return None
    return (pos_bpm - bpm) / (pos_bpm - oracle_bpm)
