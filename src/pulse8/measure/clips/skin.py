"""The one skin trace that classical methods work on, and its windows."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.measure.clips.resample import LONGEST_GAP_S, RATE_HZ, resample
from pulse8.values import CellTraces

LEAST_VALID: Final = 0.9
"""An ROI counts when it could be measured in this share of the frames."""


@dataclass(frozen=True, eq=False)
class SkinTrace:
    """Mean skin colour, evenly sampled: float64 [N, 3], 0..255, at ``rate_hz``, the first sample at ``start_s``."""

    rgb: NDArray[np.float64]
    rate_hz: float
    start_s: float


def skin_trace(traces: CellTraces, rate_hz: float = RATE_HZ) -> SkinTrace:
    """Average the cells and sample them evenly.

    ROIs that are missing too often or for too long are left out altogether, and so are frames in which one of the
    others is missing: going over from one ROI to another would be a step in colour, far larger than a pulse.

    Raises
    ------
    InputError
        No ROI is valid often enough, or :func:`~pulse8.measure.clips.resample.resample` refuses the times.
    """
    used, seen = _in_sight(traces)
    if not used:
        raise InputError(f"no part of the face is in sight in {LEAST_VALID:.0%} of the frames; record a steadier video")
    rgb = traces.rgb[seen][:, used].mean(axis=(1, 2), dtype=np.float64)
    t_s = traces.t_s[seen]
    return SkinTrace(rgb=resample(rgb, t_s, rate_hz), rate_hz=rate_hz, start_s=float(t_s[0]))


def _in_sight(traces: CellTraces) -> tuple[list[int], NDArray[np.bool_]]:
    """Choose ROIs, and the frames in which all are seen: the best one, and each other that adds no long pause."""
    used: list[int] = []
    seen = np.ones(len(traces.t_s), np.bool_)
    shares = traces.valid.mean(axis=0) if len(traces.t_s) else np.zeros(traces.valid.shape[1])
    for roi in sorted(np.flatnonzero(shares >= LEAST_VALID), key=lambda index: -shares[index]):
        both = seen & traces.valid[:, roi]
        if not used or _longest_pause_s(traces.t_s[both]) <= max(LONGEST_GAP_S, _longest_pause_s(traces.t_s[seen])):
            used.append(int(roi))
            seen = both
    return used, seen


def _longest_pause_s(t_s: NDArray[np.float64]) -> float:
    return float(np.diff(t_s).max(initial=0.0))


def cut(skin: SkinTrace, window_s: float, hop_s: float) -> tuple[SkinTrace, ...]:
    """Windows of ``window_s`` every ``hop_s``, all full; a shorter recording is one window of what there is."""
    length = min(round(window_s * skin.rate_hz), len(skin.rgb))
    count = 1 + int((len(skin.rgb) - length) / (hop_s * skin.rate_hz) + 1e-9)
    starts = [round(index * hop_s * skin.rate_hz) for index in range(count)]
    return tuple(
        SkinTrace(skin.rgb[start : start + length], skin.rate_hz, skin.start_s + start / skin.rate_hz)
        for start in starts
    )
