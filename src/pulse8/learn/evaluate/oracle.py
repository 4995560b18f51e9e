"""The oracle: the best fixed linear filter over a subject's 36 channels, fitted with the truth on other windows.

No method that weights cells and channels the same way all through a recording can know more than it does, so that it
shows how much of a stratum's error is there to be won.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from pulse8.learn.evaluate.windows import Signal, TrueWindow, filtered
from pulse8.measure.clips.normalise import BASIS

RIDGES: Final = (0.003, 0.03, 0.3, 3.0)
"""Penalties over a channel's power, which is 1; each fit chooses among them on windows that it left out."""

DELAYS: Final = range(0, 10, 3)
"""A finger's pulse comes up to 0.3 s later than a face's; in samples."""

Known = list[tuple[Signal, Signal]]
"""Channels and contact pulse, a window each."""


def oracle_pulse(window: TrueWindow, others: Sequence[TrueWindow]) -> Signal | None:
    """Filter a window with weights fitted on other windows of the same subject.

    Returns
    -------
    Signal or None
        float64 [N]; ``None`` where no other window has a contact pulse.
    """
    known = [(channels(other.cells), other.contact) for other in others if other.contact is not None]
    if not known:
        return None
    choices = [(delay, ridge) for delay in DELAYS for ridge in RIDGES]
    delay, ridge = max(choices, key=lambda choice: _left_out(known, *choice)) if len(known) > 1 else (3, 0.3)
    return np.asarray(channels(window.cells) @ _fit(known, delay, ridge))


def _left_out(known: Known, delay: int, ridge: float) -> float:
    """Mean correlation with the truth of each window, with weights fitted on the others."""
    reached = []
    for index, (signals, contact) in enumerate(known):
        weights = _fit(known[:index] + known[index + 1 :], delay, ridge)
        reached.append(np.corrcoef(signals[: len(signals) - delay] @ weights, contact[delay:])[0, 1])
    return float(np.mean(reached))


def channels(cells: Signal) -> Signal:
    """Brightness and two colour differences of each cell, filtered and of unit variance, as a model is given them.

    Returns
    -------
    Signal
        float64 [N, 36]; zeros where a cell is dark.
    """
    mean = cells.mean(axis=0)
    relative = np.divide(cells - mean, mean, out=np.zeros_like(cells), where=mean > 0)
    steady = filtered((relative @ BASIS.T).reshape(len(cells), -1))
    return np.asarray(steady / np.maximum(steady.std(axis=0), 1e-12))


def _fit(known: Known, delay: int, ridge: float) -> Signal:
    """Ridge weights [36] for a contact pulse that comes ``delay`` samples later."""
    gram, towards, count = np.zeros((36, 36)), np.zeros(36), 0
    for signals, contact in known:
        early = signals[: len(signals) - delay]
        gram += early.T @ early
        towards += early.T @ (contact[delay:] / max(contact.std(), 1e-12))
        count += len(early)
    return np.asarray(np.linalg.solve(gram + ridge * count * np.eye(36), towards), np.float64)
