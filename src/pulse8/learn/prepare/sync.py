"""How far a contact PPG trails the video's pulse: an estimate per recording, reported, and corrected where asked for.

More blood in the skin is less light back from it and a higher contact PPG, so the two waves are compared with opposite
signs (UBFC-rPPG's subject 10 agrees there best: benchmarks/results/datasets.json). A pulse is nearly periodic: beats
differ in length by a few percent, and only over many of them does the right beat stand out. Where a neighbouring beat
agrees nearly as well the nearest to zero is taken, as clocks are off by fractions of a second.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.learn.recording import Ppg
from pulse8.measure.clips.resample import RATE_HZ, sample_at
from pulse8.measure.clips.skin import SkinTrace, skin_trace
from pulse8.measure.clips.windows import stretches
from pulse8.measure.signal.classical import pos
from pulse8.measure.signal.filters import band_pass, detrend
from pulse8.spec import Readout
from pulse8.values import CellTraces

LONGEST_LAG_S: Final = 1.0
"""Twice the largest that was reported of a data set, 500 ms (MMPD, issues 14 and 15 of its repository)."""

LEAST_CORRELATION: Final = 0.3
"""Below it there is no estimate: the video's pulse is too weak to be told from noise over ten seconds."""

NEARLY: Final = 0.97
"""A maximum that reaches this share of the best one may be the right beat."""

SHORTEST_S: Final = 10.0


@dataclass(frozen=True)
class Lag:
    """The PPG trails the video by ``seconds`` (it leads where that is negative) and then agrees by ``correlation``."""

    seconds: float
    correlation: float


def estimate_lag(traces: CellTraces, reference: Ppg) -> Lag | None:
    """Estimate the lag over the longest stretch in which a face is seen; ``None`` where nothing stands out."""
    seen = max(stretches(traces), key=lambda part: float(np.ptp(part.t_s)), default=None)
    try:
        skin = None if seen is None else skin_trace(seen, RATE_HZ)
    except InputError:
        return None
    if skin is None or len(skin.rgb) < SHORTEST_S * RATE_HZ:
        return None
    at_s = skin.start_s + np.arange(len(skin.rgb)) / RATE_HZ
    covered = (at_s >= reference.t_s[0]) & (at_s <= reference.t_s[-1])
    if covered.sum() < SHORTEST_S * RATE_HZ:
        return None
    part = SkinTrace(skin.rgb[covered], RATE_HZ, float(at_s[covered][0]))
    video = -_steady(pos(part.rgb, RATE_HZ))
    contact = _steady(sample_at(reference.samples, reference.t_s, at_s[covered], RATE_HZ))
    return _best(_correlations(video, contact))


def _steady(wave: NDArray[np.float64]) -> NDArray[np.float64]:
    return band_pass(detrend(wave), RATE_HZ, Readout().band_bpm)


def _correlations(video: NDArray[np.float64], contact: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation at each lag from -``LONGEST_LAG_S`` to it, in samples; each over what overlaps there."""
    longest = round(LONGEST_LAG_S * RATE_HZ)
    return np.array([_correlation(video, contact, lag) for lag in range(-longest, longest + 1)])


def _correlation(video: NDArray[np.float64], contact: NDArray[np.float64], lag: int) -> float:
    early, late = (video, contact) if lag >= 0 else (contact, video)
    one, other = early[: len(early) - abs(lag)], late[abs(lag) :]
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float(one @ other) / size if size > 0 else 0.0


def _best(found: NDArray[np.float64]) -> Lag | None:
    """Choose among the maxima, refined by a parabola; one at the range's end is none."""
    inner = np.arange(1, len(found) - 1)
    maxima = inner[(found[inner] > found[inner - 1]) & (found[inner] >= found[inner + 1])]
    if not maxima.size or found[maxima].max() < LEAST_CORRELATION:
        return None
    likely = maxima[found[maxima] >= NEARLY * found[maxima].max()]
    middle = (len(found) - 1) / 2
    top = int(likely[np.argmin(np.abs(likely - middle))])
    left, centre, right = found[top - 1 : top + 2]
    shift = 0.5 * (left - right) / (left - 2 * centre + right)
    return Lag((top + shift - middle) / RATE_HZ, float(centre))
