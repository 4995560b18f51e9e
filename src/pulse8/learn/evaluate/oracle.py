"""The oracle: the best fixed linear filter over a subject's 36 channels, fitted with the truth on other windows.

No method that weights cells and channels the same way throughout a recording can know more, so it shows how much of a
stratum's error could be removed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pulse8.learn.prepare.windows import Signal, TrueWindow, banded
from pulse8.measure.clips.normalise import BASIS
from pulse8.measure.signal.filters import detrend

RIDGES: Final = (0.003, 0.03, 0.3, 3.0)
"""Ridge penalties relative to a channel's power, which is 1; each fit selects one on windows that it left out."""

DELAYS: Final = range(0, 10, 3)
"""Delays in samples: a finger's pulse arrives up to 0.3 s after a face's."""


@dataclass(frozen=True, eq=False)
class Moments:
    """What a fit needs of one window at one delay: the Gram matrix [36, 36], products with the truth [36], samples."""

    gram: Signal
    towards: Signal
    count: int


def oracle_pulse(window: TrueWindow, others: Sequence[TrueWindow]) -> Signal | None:
    """Filter a window with weights fitted on other windows of the same subject.

    Returns
    -------
    Signal or None
        Detrended, float64 [N]; ``None`` where no face is seen in it, or in no other window with a contact pulse.
    """
    known = [
        (banded(channels(other.seen.even.cells)), other.truth.contact)
        for other in others
        if other.seen is not None and other.truth.contact is not None
    ]
    if not known or window.seen is None:
        return None
    moments = {delay: [_moments(signals, contact, delay) for signals, contact in known] for delay in DELAYS}
    choices = [(delay, ridge) for delay in DELAYS for ridge in RIDGES] if len(known) > 1 else [(DELAYS[1], 0.3)]
    delay, ridge = max(choices, key=lambda choice: _left_out(moments[choice[0]], choice[1]))
    return np.asarray(channels(window.seen.even.cells) @ _fit(moments[delay], ridge))


def _moments(signals: Signal, contact: Signal, delay: int) -> Moments:
    """Pair channels with a contact pulse of unit variance that is ``delay`` samples late."""
    early = signals[: len(signals) - delay]
    return Moments(early.T @ early, early.T @ (contact[delay:] / max(contact.std(), 1e-12)), len(early))


def _left_out(moments: list[Moments], ridge: float) -> float:
    """Mean correlation with the truth of each window, with weights fitted on the others."""
    reached = []
    for index, own in enumerate(moments):
        weights = _fit(moments[:index] + moments[index + 1 :], ridge) if len(moments) > 1 else own.towards
        power = float(weights @ own.gram @ weights) * own.count
        reached.append(float(weights @ own.towards) / max(power, 1e-30) ** 0.5)
    return float(np.mean(reached))


def _fit(moments: list[Moments], ridge: float) -> Signal:
    """Ridge weights [36]."""
    gram = np.sum([one.gram for one in moments], axis=0)
    towards = np.sum([one.towards for one in moments], axis=0)
    count = sum(one.count for one in moments)
    return np.asarray(np.linalg.solve(gram + ridge * count * np.eye(len(gram)), towards), np.float64)


def channels(cells: Signal) -> Signal:
    """Brightness and two colour differences of each cell, detrended, of unit variance in the band.

    Returns
    -------
    Signal
        float64 [N, 36]; zeros where a cell is dark.
    """
    mean = cells.mean(axis=0)
    relative = np.divide(cells - mean, mean, out=np.zeros_like(cells), where=mean > 0)
    steady = detrend((relative @ BASIS.T).reshape(len(cells), -1))
    return np.asarray(steady / np.maximum(banded(steady).std(axis=0), 1e-12))
