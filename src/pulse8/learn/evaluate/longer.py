"""Spans longer than a window, evaluated separately: joined waves, whole recordings, and the tracker's steady rate.

Windows start every second, as in live use. Single windows are included for comparison.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from pulse8.learn.evaluate.estimators import Estimate, Estimator
from pulse8.learn.evaluate.readings import Group, Readings, read
from pulse8.learn.evaluate.scores import Reading, Row, row_of
from pulse8.learn.prepare.labels import Labels
from pulse8.learn.prepare.windows import WINDOW, TrueWindow, Truth, banded, window_at, windows_of
from pulse8.learn.recording import Recording
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.metrics import CLOSE_BPM
from pulse8.measure.signal.stitch import joined
from pulse8.measure.signal.tracker import RateTracker
from pulse8.values import HeartRate, Watch, Waveform, unwatched

HOP: Final = 30
"""Samples from one window's start to the next: one second."""

JOINED: Final = (6, 13)
"""Numbers of windows that are joined: 13.5 and 20.5 s."""

SINGLE: Final = "window"
TRACKED: Final = "tracked"
WHOLE: Final = "whole"


@dataclass(frozen=True, kw_only=True)
class Longer:
    """One method on one group, with one way to combine its windows.

    Attributes
    ----------
    span
        ``window``, the length that was joined in seconds, ``tracked`` or ``whole``.
    row
        Its figures, paired with POS over the same span.
    moved_share
        Share of seconds in which the rate differs by over 5 BPM from the second before; ``None`` for whole recordings.
        The true rate does so in under 1 % of the strata's seconds.
    """

    span: str
    row: Row
    moved_share: float | None


def evaluate_longer(
    groups: Iterable[Group], methods: Mapping[str, Estimator], watch: Watch[Recording] = unwatched
) -> tuple[Longer, ...]:
    """Read every group by every method, POS included, over every kind of span."""
    found: list[Longer] = []
    for group in groups:
        spans: dict[str, Readings] = defaultdict(lambda: defaultdict(list))
        for recording in watch(group.recordings, group.name, group.count):
            for method, by_span in _by_method(recording, methods, group.labels(recording)).items():
                for span, readings in by_span.items():
                    spans[span][method] += readings
        found += [longer for span, readings in spans.items() for longer in _rows(group.name, span, readings)]
    return tuple(found)


def _rows(group: str, span: str, readings: Readings) -> list[Longer]:
    return [
        Longer(
            span=span,
            row=row_of(group, method, found, readings["POS"] if method != "POS" else ()),
            moved_share=None if span == WHOLE else moved_share(found),
        )
        for method, found in readings.items()
    ]


def _by_method(
    recording: Recording, methods: Mapping[str, Estimator], labels: Labels | None
) -> dict[str, dict[str, list[Reading]]]:
    windows = windows_of(recording, HOP, labels)
    if not windows:
        return {}
    truths = {count: _truths(recording, count, len(windows), labels) for count in JOINED}
    (whole,) = _truths(recording, len(windows), len(windows), labels)
    return {name: _spans(method, windows, truths, whole) for name, method in methods.items()}


def _truths(recording: Recording, count: int, windows: int, labels: Labels | None) -> list[Truth]:
    length = WINDOW + (count - 1) * HOP
    return [window_at(recording, first * HOP, length, labels).truth for first in range(windows - count + 1)]


def _spans(
    method: Estimator, windows: Sequence[TrueWindow], truths: Mapping[int, Sequence[Truth]], whole: Truth
) -> dict[str, list[Reading]]:
    estimates = _estimates(method, windows)
    spans = {SINGLE: [read(estimate, window.truth) for estimate, window in zip(estimates, windows, strict=True)]}
    for count, known in truths.items():
        parts = [estimates[first : first + count] for first in range(len(known))]
        spans[f"{(WINDOW + (count - 1) * HOP) / RATE_HZ:.1f} s"] = [
            read(_joined(part), truth) for part, truth in zip(parts, known, strict=True)
        ]
    spans[TRACKED] = _tracked(estimates, windows)
    spans[WHOLE] = [read(_joined(estimates), whole)]
    return spans


def _estimates(method: Estimator, windows: Sequence[TrueWindow]) -> list[Estimate | None]:
    coming = iter(method([window.seen for window in windows if window.seen is not None]))
    return [None if window.seen is None else next(coming) for window in windows]


def _joined(estimates: Sequence[Estimate | None]) -> Estimate | None:
    """Join the windows that were seen; ``None`` without the first or last: the span is then shorter than its truth."""
    if estimates[0] is None or estimates[-1] is None:
        return None
    waves = [_wave(estimate, place) for place, estimate in enumerate(estimates) if estimate is not None]
    return Estimate(joined(waves).samples.astype(np.float64))


def _wave(estimate: Estimate, place: int) -> Waveform:
    return Waveform(estimate.pulse.astype(np.float32), RATE_HZ, place * HOP / RATE_HZ)


def _tracked(estimates: Sequence[Estimate | None], windows: Sequence[TrueWindow]) -> list[Reading]:
    tracker = RateTracker()
    readings = []
    for place, (estimate, window) in enumerate(zip(estimates, windows, strict=True)):
        rate = None
        if estimate is not None:
            wave = _wave(Estimate(banded(estimate.pulse)), place)
            rate = tracker.push(wave)
        readings.append(_shown(rate, window.truth))
    return readings


def _shown(rate: HeartRate | None, truth: Truth) -> Reading:
    return Reading(
        subject=truth.subject,
        recording=truth.recording,
        start_s=truth.start_s,
        bpm=None if rate is None else rate.bpm,
        confidence=0.0 if rate is None else rate.confidence,
        accepted=rate is not None and rate.bpm is not None,
        alive=truth.alive,
        true_bpm=truth.bpm,
        conditions=truth.conditions,
    )


def moved_share(readings: Sequence[Reading]) -> float | None:
    """Share of pairs of successive readings in a recording whose rates differ by over ``CLOSE_BPM``."""
    steps = [
        abs(now.bpm - before.bpm) > CLOSE_BPM
        for before, now in pairwise(readings)
        if before.recording == now.recording and before.bpm is not None and now.bpm is not None
    ]
    return float(np.mean(steps)) if steps else None
