"""What a display would have shown of each person, by thresholds that were set on the others.

A threshold is the smallest share of power at which, in every session of the people that it is set on, at most a part of
the promised share of all windows is shown and wrong. One person is left out at a time and judged by the others'
thresholds.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from pulse8.learn.evaluate.people.spans import SpanReading
from pulse8.learn.evaluate.people.table import wrong
from pulse8.learn.evaluate.scores import Reading
from pulse8.measure.signal.shown import SPANS, Sighting, shown_rates

PROMISED_WRONG: Final = 0.02
"""Share of all windows of a session that may be shown and wrong."""

MARGIN: Final = 0.5
"""Thresholds are set for this part of what is promised: a person left out is another one than those they are set on."""

NEVER: Final = 2.0
"""No share of power reaches this."""

AFTER_S: Final = (20.0, 40.0)
"""What is shown is judged from so many seconds after a recording's start on."""

BySpan = Mapping[int, Sequence[SpanReading]]
"""One method's readings of some recordings, by span."""


def thresholds(by_span: BySpan, promised: float = PROMISED_WRONG, margin: float = MARGIN) -> dict[int, float]:
    """Return the smallest share of power that may be shown, by span."""
    return {span: max(_least(some, promised * margin) for some in _sessions(read)) for span, read in by_span.items()}


def _sessions(readings: Sequence[SpanReading]) -> list[list[SpanReading]]:
    found: dict[str, list[SpanReading]] = defaultdict(list)
    for one in readings:
        if one.reading.true_bpm is not None:
            found[str(one.reading.conditions["session"])].append(one)
    return list(found.values())


def _least(readings: Sequence[SpanReading], allowed: float) -> float:
    shares = np.array([0.0 if one.sighting is None else one.sighting.share for one in readings])
    bad = np.sort(shares[[wrong(one.reading) for one in readings]])[::-1]
    room = int(allowed * len(readings))
    return float(np.nextafter(bad[room], NEVER)) if len(bad) > room else 0.0


def left_out(by_span: BySpan, after_s: float) -> tuple[list[Reading], dict[str, dict[int, float]]]:
    """Read what is shown of each person by the others' thresholds.

    Returns
    -------
    tuple
        One reading a second and person from ``after_s`` on, accepted where a rate is shown, its truth that of the last
        8.53 s; and the thresholds by the person left out.
    """
    people = sorted({one.reading.subject for read in by_span.values() for one in read})
    least = {
        person: thresholds(
            {span: [one for one in read if one.reading.subject != person] for span, read in by_span.items()}
        )
        for person in people
    }
    return [one for person in people for one in _shown(by_span, person, least[person], after_s)], least


def _shown(by_span: BySpan, person: str, least: Mapping[int, float], after_s: float) -> Iterator[Reading]:
    recordings = list(
        dict.fromkeys(one.reading.recording for one in by_span[SPANS[0]] if one.reading.subject == person)
    )
    for recording in recordings:
        parts = {span: [one for one in read if one.reading.recording == recording] for span, read in by_span.items()}
        yield from shown_of(parts, least, after_s)


def shown_of(parts: BySpan, least: Mapping[int, float], after_s: float) -> Iterator[Reading]:
    """Yield what is shown of one recording each second from ``after_s`` after its start on."""
    truth = {_end_s(one, SPANS[0]): one.reading for one in parts[SPANS[0]]}
    begins_s = min(one.start_s for one in truth.values())
    sightings: list[Sighting] = sorted(
        (one.sighting for read in parts.values() for one in read if one.sighting is not None),
        key=lambda one: (round(one.end_s, 3), one.span),
    )
    rounded = [dataclasses.replace(one, end_s=round(one.end_s, 3)) for one in sightings]
    rates = {one.at_s: one for one in shown_rates(rounded, least)}
    for at_s, reading in truth.items():
        if at_s - begins_s >= after_s:
            rate = rates.get(at_s)
            bpm = None if rate is None else rate.bpm
            yield dataclasses.replace(reading, bpm=bpm, accepted=bpm is not None)


def _end_s(one: SpanReading, span: int) -> float:
    return round(one.reading.start_s + span / 30.0, 3)
