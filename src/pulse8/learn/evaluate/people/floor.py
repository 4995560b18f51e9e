"""From which belief on a rate is shown: one rule for everybody, set on simulated people, nobody real.

Each simulated person's cells are one trace under steep drift: a margin for the shift from simulation to people. In
every group Clopper and Pearson's 95 % upper bound of the share of **all** people of whom a wrong rate is shown at a
moment is at most what is promised for it; one moment a person, so that draws are independent.

Movement in the pulse's band is left out: a single trace has no second region to tell it from a pulse, and no threshold
would bound it.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Final

import numpy as np

from pulse8.learn.evaluate.people.spans import true_bpm
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.streams import stream
from pulse8.learn.train.surroundings import drifted, one_trace
from pulse8.learn.train.world import WorldOptions, part_of, world
from pulse8.measure.clips.resample import RATE_HZ, sample_at
from pulse8.measure.line import measure_traces
from pulse8.measure.reading.options import MeasureOptions
from pulse8.measure.signal.display import shown_each_second
from pulse8.measure.signal.metrics import CLOSE_BPM
from pulse8.measure.signal.selection import upper_share
from pulse8.measure.signal.tracker import LEAST_BELIEF
from pulse8.values import CellTraces, Watch, unwatched

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "sitting": ("calm", "talking", "webcam"),
    "moving": ("moving", "dim"),
    "stored": ("coded", "phone", "filmed"),
    "pulse-free": ("pulse-free", "restless pulse-free"),
}
"""Parts of the training world's kind, on a seed of their own; each group bounds the threshold."""

PEOPLE: Final = 480
"""In each group: with four wrong among them the bound is 1.9 %, with five 2.2 %."""

PROMISED: Final = {"sitting": 0.02, "moving": 0.02, "stored": 0.02, "pulse-free": 0.05}
"""Share of all moments of a group in which a wrong rate may be shown; where nobody is there, any rate is wrong."""

SEED: Final = 17
"""Of people on whom nothing else was chosen: the tracker's constants were chosen on those of 16."""

SECONDS: Final = 21.0
"""A rate is judged at the end: what a display shows after 20 s."""

DRIFTED: Final = 0.7
"""In so many of the recordings the light drifts steeply."""

WINDOW_S: Final = 256 / RATE_HZ
NEVER: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What a display believes of one person at the end: the belief, whether its rate is wrong, and how far off."""

    belief: float
    wrong: bool
    error_bpm: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Floor:
    """The least belief that may be shown, by group that of its own and people, the shown and the wrong among those.

    ``error_bpm`` is the root mean square error of the rates that are shown and right.
    """

    least: float
    by_group: Mapping[str, float]
    counts: Mapping[str, tuple[int, int, int]]
    error_bpm: float


def floor_of(
    options: MeasureOptions,
    people: int = PEOPLE,
    watch: Watch[Recording] = unwatched,
    *,
    shipped: float = LEAST_BELIEF,
) -> Floor:
    """Set the least belief of a method's rates on ``people`` in each group; counted from ``shipped`` on."""
    moments = {group: moments_of(group, options, people, watch) for group in GROUPS}
    return floor_from(moments, shipped)


def moments_of(
    group: str, options: MeasureOptions, people: int = PEOPLE, watch: Watch[Recording] = unwatched, *, first: int = 0
) -> list[Moment]:
    """Read one group's people from the ``first`` on: a moment of each, at a recording's end."""
    some = islice(_people(GROUPS[group]), first, people) if first < people else ()
    return [_moment(one, options) for one in watch(some, group, people - first)]


def floor_from(moments: Mapping[str, Sequence[Moment]], shipped: float = LEAST_BELIEF) -> Floor:
    """Set the least belief by each group's moments."""
    by_group = {group: _least(some, PROMISED[group]) for group, some in moments.items()}
    least = max(*by_group.values(), shipped)
    errors = [one.error_bpm for some in moments.values() for one in some if one.belief >= least and not one.wrong]
    return Floor(
        least=max(by_group.values()),
        by_group=by_group,
        counts={group: _counted(some, least) for group, some in moments.items()},
        error_bpm=float(np.sqrt(np.mean(np.square(errors)))) if errors else 0.0,
    )


def _people(parts: Sequence[str]) -> Iterator[Recording]:
    numbers = (number for number in count() if part_of(number) in parts)
    options = WorldOptions(seconds=SECONDS, seed=SEED, plain=True)
    for _, recording in world(options, numbers):
        rng = stream(SEED, int(recording.subject.rsplit("-", 1)[1]), "floor")
        yield dataclasses.replace(recording, traces=_surrounded(recording.traces, rng))


def _surrounded(traces: CellTraces, rng: np.random.Generator) -> CellTraces:
    """One trace at 30 Hz under light that may drift."""
    seen = traces.valid.all(axis=1)
    at_s = np.arange(traces.t_s[seen][0], traces.t_s[seen][-1], 1 / RATE_HZ)
    even = sample_at(traces.rgb[seen].reshape(int(seen.sum()), -1), traces.t_s[seen], at_s, RATE_HZ)
    cells = even.reshape(len(at_s), -1, 3).astype(np.float32)
    cells = drifted(cells, rng) if rng.uniform() < DRIFTED else cells
    rgb = one_trace(cells, rng).reshape(len(at_s), *traces.rgb.shape[1:])
    return CellTraces(rgb, at_s, np.ones((len(at_s), traces.valid.shape[1]), np.bool_))


def _moment(recording: Recording, options: MeasureOptions) -> Moment:
    seconds = measure_traces(recording.traces, options).seconds
    last = list(shown_each_second(seconds, options.band_bpm, least_belief=0.0))[-1]
    if last.bpm is None:  # whatever is believed: no window was accepted yet, and nothing is shown
        return Moment(belief=0.0, wrong=False)
    truth = true_bpm(recording, last.at_s - WINDOW_S, last.at_s)
    if truth is None:
        return Moment(belief=last.confidence, wrong=True)
    error_bpm = abs(last.bpm - truth)
    return Moment(belief=last.confidence, wrong=error_bpm > CLOSE_BPM, error_bpm=error_bpm)


def _least(moments: Sequence[Moment], promised: float) -> float:
    """Return the smallest belief at which the bound holds for one group."""
    beliefs = sorted((one.belief for one in moments if one.wrong), reverse=True)
    allowed = _allowed(len(moments), promised)
    if allowed < 0:
        return NEVER
    return float(np.nextafter(beliefs[allowed], NEVER)) if len(beliefs) > allowed else 0.0


def _allowed(people: int, promised: float) -> int:
    """How many of ``people`` may be wrong; -1 where even none bounds nothing."""
    held = (wrongs for wrongs in range(people) if upper_share(wrongs, people) > promised)
    return next(held, people) - 1


def _counted(moments: Sequence[Moment], least: float) -> tuple[int, int, int]:
    shown = [one for one in moments if one.belief >= least]
    return len(moments), len(shown), sum(one.wrong for one in shown)
