"""From which share of power on a rate is shown: set on simulated people under what real traces hold, nobody real.

Each simulated person's cells are one trace under steep drift and movement in the pulse's band, harder than most of what
a display meets: a margin for the shift from simulation to people. In every group of people Clopper and Pearson's 95 %
upper bound of the share of **all** windows that are shown and wrong is at most what is promised; one window a person
and span.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Final

import numpy as np

from pulse8.learn.evaluate.people.methods import Pulses
from pulse8.learn.evaluate.people.spans import SpanReading, first_readings
from pulse8.learn.evaluate.people.table import wrong
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.streams import stream
from pulse8.learn.train.surroundings import drifted, moved, one_trace
from pulse8.learn.train.world import WorldOptions, part_of, world
from pulse8.measure.clips.resample import RATE_HZ, sample_at
from pulse8.measure.signal.selection import upper_share
from pulse8.measure.signal.shown import SPANS
from pulse8.values import CellTraces, Watch, unwatched

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "sitting": ("calm", "talking", "webcam"),
    "moving": ("moving", "dim"),
    "stored": ("coded", "phone", "filmed"),
    "pulse-free": ("pulse-free", "restless pulse-free"),
}
"""Parts of the training world's kind, on a seed of their own; each group bounds the threshold."""

PEOPLE: Final = 300
"""In each group: with one wrong window among them the bound is 1.6 %."""

PROMISED: Final = 0.02
SEED: Final = 16
SECONDS: Final = 43.0
NEVER: Final = 2.0
MOVED, DRIFTED = 0.5, 0.7
"""In so many of the recordings something moves in the band, and the light drifts steeply."""


@dataclass(frozen=True, kw_only=True)
class Floor:
    """A threshold and what it does: by span in samples, and by group the shown, right and wrong of how many."""

    least: Mapping[int, float]
    counts: Mapping[int, Mapping[str, tuple[int, int, int]]]


def floor_of(method: Pulses, people: int = PEOPLE, watch: Watch[Recording] = unwatched) -> Floor:
    """Set the thresholds of a network's spans on ``people`` in each group."""
    found: dict[int, dict[str, list[SpanReading]]] = {span: defaultdict(list) for span in SPANS}
    for group, parts in GROUPS.items():
        for recording in watch(islice(_people(parts), people), group, people):
            for span, reading in first_readings(recording, method).items():
                found[span][group].append(reading)
    least = {span: max(_least(some) for some in groups.values()) for span, groups in found.items()}
    counts = {
        span: {group: _counted(some, least[span]) for group, some in groups.items()} for span, groups in found.items()
    }
    return Floor(least=least, counts=counts)


def _people(parts: Sequence[str]) -> Iterator[Recording]:
    numbers = (number for number in count() if part_of(number) in parts)
    options = WorldOptions(seconds=SECONDS, seed=SEED, plain=True)
    for _, recording in world(options, numbers):
        rng = stream(SEED, int(recording.subject.rsplit("-", 1)[1]), "floor")
        yield dataclasses.replace(recording, traces=_surrounded(recording.traces, rng))


def _surrounded(traces: CellTraces, rng: np.random.Generator) -> CellTraces:
    """One trace at 30 Hz under what moves and drifts."""
    seen = traces.valid.all(axis=1)
    at_s = np.arange(traces.t_s[seen][0], traces.t_s[seen][-1], 1 / RATE_HZ)
    even = sample_at(traces.rgb[seen].reshape(int(seen.sum()), -1), traces.t_s[seen], at_s, RATE_HZ)
    cells = even.reshape(len(at_s), -1, 3).astype(np.float32)
    for change, chance in ((moved, MOVED), (drifted, DRIFTED)):
        cells = change(cells, rng) if rng.uniform() < chance else cells
    rgb = one_trace(cells, rng).reshape(len(at_s), *traces.rgb.shape[1:])
    return CellTraces(rgb, at_s, np.ones((len(at_s), traces.valid.shape[1]), np.bool_))


def _bad(one: SpanReading) -> bool:
    """Whether a rate is wrong once it is shown: off by over 5 BPM, or of nobody's pulse."""
    return one.sighting is not None and (wrong(one.reading) or not one.reading.alive)


def _least(readings: Sequence[SpanReading]) -> float:
    """Return the smallest share at which the bound holds for one group."""
    shares = sorted((one.sighting.share for one in readings if one.sighting is not None and _bad(one)), reverse=True)
    allowed = _allowed(len(readings))
    if allowed < 0:
        return NEVER
    return float(np.nextafter(shares[allowed], NEVER)) if len(shares) > allowed else 0.0


def _allowed(windows: int) -> int:
    """How many of ``windows`` may be wrong; -1 where even none bounds nothing."""
    held = (wrongs for wrongs in range(windows) if upper_share(wrongs, windows) > PROMISED)
    return next(held, windows) - 1


def _counted(readings: Iterable[SpanReading], least: float) -> tuple[int, int, int]:
    """Windows, the shown among them, and the wrong among those."""
    some = list(readings)
    shown = [one for one in some if one.sighting is not None and one.sighting.share >= least]
    return len(some), len(shown), sum(map(_bad, shown))
