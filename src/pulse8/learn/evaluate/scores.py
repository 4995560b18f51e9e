"""A method's readings on one stratum to one row: errors with intervals, coverage beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pulse8.measure.signal.metrics import subject_bootstrap

CLOSE_BPM: Final = 5.0
"""A reading counts as right within this. Source: the "5 BPM or 10 %" of ANSI/AAMI EC13, used as a convention."""

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One method on one window.

    Attributes
    ----------
    subject
        Whose.
    bpm
        What it read; ``None`` where it read nothing.
    accepted
        Whether it is surer than a reading of noise.
    true_bpm
        The contact sensor's; ``None`` where there is no pulse.
    """

    subject: str
    bpm: float | None
    accepted: bool
    true_bpm: float | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One method on one stratum.

    Attributes
    ----------
    stratum, method, windows, subjects
        What was read, and how much of it.
    mae_bpm, mae_95_bpm
        Mean absolute error over windows with a reading, accepted or not, and its interval over subjects.
    close_share, close_95
        Share of all windows read within 5 BPM.
    coverage
        Share of windows whose reading is surer than noise's: where there is no pulse, the false accepts.
    accepted_mae_bpm
        Mean absolute error over those; ``None`` where there are none.
    whole_mae_bpm
        Mean absolute error over whole recordings; ``None`` where they are not read.
    published_mae_bpm
        What was published for whole recordings of the data set that an anchor is near.
    score
        (POS - this) / (POS - oracle) in MAE: 0 is POS, 1 the oracle; ``None`` where POS and oracle are alike.
    """

    stratum: str
    method: str
    windows: int
    subjects: int
    mae_bpm: float | None
    mae_95_bpm: Interval | None
    close_share: float | None
    close_95: Interval | None
    coverage: float
    accepted_mae_bpm: float | None
    whole_mae_bpm: float | None = None
    published_mae_bpm: float | None = None
    score: float | None = None

    @property
    def distance_bpm(self) -> float | None:
        """How far an anchor's error on whole recordings is from the published one."""
        if self.whole_mae_bpm is None or self.published_mae_bpm is None:
            return None
        return self.whole_mae_bpm - self.published_mae_bpm


def row_of(stratum: str, method: str, readings: Sequence[Reading]) -> Row:
    """Sum up a method's readings; whole-recording figures and the score are added by the caller."""
    errors = [(r.subject, abs(r.bpm - r.true_bpm), r.accepted) for r in readings if r.bpm and r.true_bpm]
    known = [r for r in readings if r.true_bpm is not None]
    close = [bool(r.bpm and r.true_bpm and abs(r.bpm - r.true_bpm) <= CLOSE_BPM) for r in known]
    sure = [error for _, error, accepted in errors if accepted]
    subjects = [r.subject for r in known]
    return Row(
        stratum=stratum,
        method=method,
        windows=len(readings),
        subjects=len({r.subject for r in readings}),
        mae_bpm=float(np.mean([error for _, error, _ in errors])) if errors else None,
        mae_95_bpm=subject_bootstrap([e for _, e, _ in errors], [s for s, _, _ in errors]) if errors else None,
        close_share=float(np.mean(close)) if close else None,
        close_95=subject_bootstrap(np.array(close, np.float64), subjects) if close else None,
        coverage=float(np.mean([r.accepted for r in readings])),
        accepted_mae_bpm=float(np.mean(sure)) if sure else None,
    )


def score(pos_bpm: float | None, bpm: float | None, oracle_bpm: float | None) -> float | None:
    """Score = (POS - x) / (POS - oracle); ``None`` where they are not known or oracle and POS differ by under 0.1."""
    if pos_bpm is None or bpm is None or oracle_bpm is None or abs(pos_bpm - oracle_bpm) < 0.1:
        return None
    return (pos_bpm - bpm) / (pos_bpm - oracle_bpm)
