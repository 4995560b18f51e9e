"""Readings of people to rows: by set, session and person, and by the true rate's band."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pulse8.learn.evaluate.scores import Reading
from pulse8.measure.signal.metrics import CLOSE_BPM

RATE_BANDS_BPM: Final = ((40.0, 60.0), (60.0, 75.0), (75.0, 90.0), (90.0, 110.0), (110.0, 180.0))


@dataclass(frozen=True, kw_only=True)
class PeopleRow:
    """One method on some windows of people. Not a medical device.

    Attributes
    ----------
    group, part, method, span
        The set; session, person or band; the method; seconds that it read, or what it joined them to.
    people, windows
        How many persons, and how many windows with a true rate.
    shown_share
        Share of the windows in which a rate is shown.
    mae_bpm, close_share
        Over all windows, shown or not: mean absolute error of what was read; share read within 5 BPM.
    shown_mae_bpm, shown_close_share
        Over the shown; ``None`` where nothing is.
    wrong_share
        Share of **all** windows in which a rate is shown that is off by over 5 BPM.
    """

    group: str
    part: str
    method: str
    span: str
    people: int
    windows: int
    shown_share: float
    mae_bpm: float | None
    close_share: float
    shown_mae_bpm: float | None
    shown_close_share: float | None
    wrong_share: float


def row_of(named: tuple[str, str, str, str], readings: Sequence[Reading]) -> PeopleRow | None:
    """Count the readings whose truth is known; ``named`` is group, part, method and span. ``None`` without any."""
    known = [reading for reading in readings if reading.true_bpm is not None]
    if not known:
        return None
    errors = [reading.error_bpm for reading in known if reading.error_bpm is not None]
    shown = [reading for reading in known if reading.accepted and reading.error_bpm is not None]
    right = sum(reading.close for reading in shown)
    group, part, method, span = named
    return PeopleRow(
        group=group,
        part=part,
        method=method,
        span=span,
        people=len({reading.subject for reading in known}),
        windows=len(known),
        shown_share=len(shown) / len(known),
        mae_bpm=_mean(errors),
        close_share=sum(reading.close for reading in known) / len(known),
        shown_mae_bpm=_mean([reading.error_bpm for reading in shown if reading.error_bpm is not None]),
        shown_close_share=right / len(shown) if shown else None,
        wrong_share=(len(shown) - right) / len(known),
    )


def parts_of(readings: Mapping[tuple[str, str], Sequence[Reading]]) -> Iterator[PeopleRow]:
    """Rows of one set's readings by method and span: each session, each person in it, all together, each band."""
    for (method, span), some in readings.items():
        for part, kept in _parts(some):
            row = row_of((str(some[0].conditions["dataset"]), part, method, span), kept)
            if row is not None:
                yield row


def _parts(readings: Sequence[Reading]) -> Iterator[tuple[str, list[Reading]]]:
    sessions = list(dict.fromkeys(str(reading.conditions["session"]) for reading in readings))
    by_session = {name: [one for one in readings if one.conditions["session"] == name] for name in sessions}
    yield from by_session.items()
    for some in by_session.values():
        for recording in sorted({one.recording for one in some}):
            yield recording.split(maxsplit=1)[1], [one for one in some if one.recording == recording]
    yield "all", list(readings)
    for low, high in RATE_BANDS_BPM:
        yield f"{low:.0f}-{high:.0f} BPM", [one for one in readings if low <= (one.true_bpm or 0.0) < high]


def wrong(reading: Reading) -> bool:
    """Whether a reading is off by over 5 BPM, shown or not."""
    return reading.error_bpm is not None and reading.error_bpm > CLOSE_BPM


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
