"""A recording's answer in one line: its rate, between which rates its windows stayed, and what is missing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pulse8.measure.signal.rate import SHORTEST_S
from pulse8.values import HeartRate, Reason

STEADY_BPM: Final = 10.0
"""A heart at rest wanders by less than this between windows of 8.5 s: breathing moves single beats by more."""

MIDDLE_SHARES: Final = (5, 95)
"""Percentiles between which nine in ten windows lie: one odd window of many does not widen the range."""

SURE: Final = 0.8
"""A lower confidence is printed."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a person wants to know of a recording.

    Attributes
    ----------
    bpm, reason
        The recording's rate in beats per minute, or why it has none.
    low_bpm, high_bpm
        Nine in ten of its windows' rates lie between them; ``None`` with fewer than two windows with a rate.
    steady
        Whether they lie within 10 BPM; ``None`` where they are not known.
    confidence
        Mean confidence of the windows, 0..1.
    seconds, of_seconds
        How long a part the rate is of, and how long the recording is.
    windows, read
        How many windows the recording has, and how many of them have a rate.
    provisional
        Whether the recording is shorter than one window.
    text
        All of it in one line.
    """

    bpm: float | None
    reason: Reason | None
    low_bpm: float | None
    high_bpm: float | None
    steady: bool | None
    confidence: float
    seconds: float
    of_seconds: float
    windows: int
    read: int
    provisional: bool
    text: str


def answer(windows: Sequence[HeartRate], whole: HeartRate, *, calibrated: bool = False) -> Answer:
    """Sum a recording up.

    Parameters
    ----------
    windows
        One rate a window, and a row with a reason for each pause; at least one.
    whole
        The rate of its longest part.
    calibrated
        Whether the confidence is the probability of a rate within 5 BPM; a low one is then part of the text.
    """
    rates = [rate for rate in windows if rate.bpm is not None]
    low, high = _range([rate for rate in rates if whole.start_s - 0.1 <= rate.start_s < whole.end_s])
    steady = None if low is None or high is None else high - low <= STEADY_BPM
    provisional = bool(rates) and all(rate.provisional for rate in rates)
    spans = (whole.end_s - whole.start_s, windows[-1].end_s - windows[0].start_s)
    rate = _why(windows, whole) if whole.bpm is None else f"{whole.bpm:.0f} BPM"
    ends = None if low is None or high is None else (round(low), round(high))
    unsure = whole.bpm is not None and calibrated and whole.confidence < SURE
    parts = (
        f"{rate} ({ends[0]}-{ends[1]})" if whole.bpm is not None and ends and ends[0] < ends[1] else rate,
        {None: "", True: "steady", False: "varying"}[steady if whole.bpm is not None else None],
        "provisional" if whole.bpm is not None and provisional else "",
        f"{int(spans[0])} s" if spans[1] - spans[0] < 2 else f"{int(spans[0])} of {int(spans[1])} s",
        f"a rate in {len(rates)} of {len(windows)} windows" if 0 < len(rates) < len(windows) else "",
        f"confidence {whole.confidence:.2f}" if unsure else "",
    )
    return Answer(
        bpm=whole.bpm,
        reason=whole.reason,
        low_bpm=low,
        high_bpm=high,
        steady=steady,
        confidence=whole.confidence,
        seconds=spans[0],
        of_seconds=spans[1],
        windows=len(windows),
        read=len(rates),
        provisional=provisional,
        text=", ".join(part for part in parts if part),
    )


def _range(rates: Sequence[HeartRate]) -> tuple[float, float] | tuple[None, None]:
    if len(rates) < 2:
        return None, None
    low, high = np.percentile([rate.bpm for rate in rates if rate.bpm is not None], MIDDLE_SHARES)
    return float(low), float(high)


def _why(windows: Sequence[HeartRate], whole: HeartRate) -> str:
    """Name the reasons, the most common first; of a record that is too short, by how much."""
    if whole.reason is Reason.TOO_SHORT:
        return f"no rate: too short, the face is in sight for {whole.end_s - whole.start_s:.1f} of {SHORTEST_S:g} s"
    reasons = Counter(rate.reason for rate in windows if rate.reason is not None)
    if len(reasons) < 2:
        return f"no rate: {whole.reason}"
    return f"no rate: {', '.join(f'{reason} ({count})' for reason, count in reasons.most_common())}"
