"""Beat times and beat heights of a simulated heart."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.simulate.conditions import Body

RATES_BPM: Final = (40.0, 180.0)
"""Every beat's rate lies in this range, the readout's band."""

LEAD_S: Final = 4.0
"""Beats start this long before the recording and end as long after it, so that delayed and neighbouring beats exist."""

RAMP_S: Final = 3.0
"""Time constant of a ramp: about ten seconds from end to end, as on standing up or starting to move."""

MAYER_HZ: Final = 0.1
"""Blood pressure waves. Source: Task Force of the ESC and NASPE, "Heart rate variability", Circulation 93, 1996."""

EARLY: Final = (0.55, 0.75)
"""A premature beat's interval relative to the normal one; assumed. The pause that follows compensates for it."""

EARLY_HEIGHT: Final = 0.5
"""The heart fills less before an early beat, so its pulse is lower; assumed."""


@dataclass(frozen=True, eq=False)
class Beats:
    """Onsets float64 [B] in seconds, rising, and the height float64 [B] of each beat about 1."""

    onset_s: NDArray[np.float64]
    height: NDArray[np.float64]


def beats(body: Body, seconds: float, rng: np.random.Generator) -> Beats:
    """Generate beats for a recording of ``seconds``, and ``LEAD_S`` before and after it."""
    most = math.ceil((seconds + 2 * LEAD_S) * RATES_BPM[1] / 60) + 2
    phases = rng.uniform(0, 2 * np.pi, 3)
    early = rng.uniform(size=most) < body.ectopic_share
    earliness = rng.uniform(*EARLY, most)
    onsets, heights = [-LEAD_S], [1.0]
    owed_s = 0.0
    for index in range(most - 1):
        interval_s = 60 / rate_bpm(body, onsets[-1], seconds, phases)
        is_early = bool(early[index]) and owed_s == 0
        step_s = interval_s * float(earliness[index]) if is_early else interval_s + owed_s
        owed_s = interval_s - step_s if is_early else 0.0
        onsets.append(onsets[-1] + step_s)
        heights.append(EARLY_HEIGHT if is_early else 1.0)
        if onsets[-1] > seconds + LEAD_S:
            break
    onset_s = np.array(onsets)
    breath = np.sin(2 * np.pi * body.breath_hz * onset_s + phases[0])
    return Beats(onset_s=onset_s, height=np.array(heights) * (1 + body.breath_depth * breath))


def rate_bpm(body: Body, t_s: float, seconds: float, phases: NDArray[np.float64]) -> float:
    """Instantaneous heart rate, limited to ``RATES_BPM``."""
    ramp = body.ramp_bpm / (1 + math.exp(-(t_s - seconds / 2) / RAMP_S))
    breath = body.breath_swing_bpm * math.sin(2 * math.pi * body.breath_hz * t_s + phases[0])
    mayer = math.sin(2 * math.pi * MAYER_HZ * t_s + phases[1]) + math.sin(
        2 * math.pi * 0.6 * MAYER_HZ * t_s + phases[2]
    )
    rate = body.bpm + body.drift_bpm_min * t_s / 60 + ramp + breath + body.wander_bpm * mayer
    return min(max(rate, RATES_BPM[0]), RATES_BPM[1])
