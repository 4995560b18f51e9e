"""From recordings to readings: the same windows for every method, each read by the same readout."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import numpy as np

from pulse8.errors import SpecError
from pulse8.learn.evaluate.estimators import Estimate, Estimator
from pulse8.learn.evaluate.oracle import oracle_pulse
from pulse8.learn.evaluate.scores import Reading
from pulse8.learn.prepare.labels import Labels
from pulse8.learn.prepare.windows import TrueWindow, Truth, as_wave, banded, whole_of, windows_of
from pulse8.learn.recording import Recording
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.metrics import macc
from pulse8.measure.signal.quality import snr_db
from pulse8.measure.signal.rate import heart_rate, noise_tonality, refined, tonality
from pulse8.spec import Readout
from pulse8.values import Item, Watch, unwatched

CONSTANT: Final = "constant"
"""Predicts the group's own mean rate: a stronger baseline than any constant chosen in advance."""

ORACLE: Final = "oracle"

TOGETHER: Final = 50
"""Number of recordings whose windows a method gets in one call: 250 windows of 43 s recordings, 25 MB."""

BAND_BPM: Final = Readout().band_bpm

Readings = dict[str, list[Reading]]


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group of recordings: one set of rows in a table.

    Attributes
    ----------
    name, recordings, count
        Its name; its recordings, iterated once for windows and once more for whole recordings; their expected number.
    published_mae_bpm
        Published errors over whole recordings of the data set that they resemble, by method.
    labelled
        Whether a true rate comes from labelled beats that the spectrum confirms, as for people, or only from the
        contact wave's spectrum, as in the frozen strata.
    whole
        Whether whole recordings are read too.
    every_subject
        Whether every subject has rows, however many there are.
    """

    name: str
    recordings: Iterable[Recording]
    count: int = 0
    published_mae_bpm: Mapping[str, float] = field(default_factory=dict)
    labelled: bool = False
    whole: bool = False
    every_subject: bool = False

    def labels(self, recording: Recording) -> Labels | None:
        """Return a recording's labels; ``None`` where the contact wave's spectrum is the truth."""
        return Labels.of(recording) if self.labelled else None


def readings_of(
    group: Group, methods: Mapping[str, Estimator], oracle: bool = True, watch: Watch[Recording] = unwatched
) -> Readings:
    """Read every window of a group by every method: for each method a list of the same windows in the same order.

    The constant comes first where any truth is known, the oracle last where each subject has two windows.
    """
    found: Readings = defaultdict(list)
    for recordings in _together(watch(group.recordings, group.name, group.count)):
        by_recording = [windows_of(recording, labels=group.labels(recording)) for recording in recordings]
        windows = [window for part in by_recording for window in part]
        for name, method in methods.items():
            found[name] += read_all(method, windows)
        if oracle:
            found[ORACLE] += [read(pulse, window.truth) for part in by_recording for pulse, window in _guided(part)]
    if all(reading.bpm is None for reading in found[ORACLE]):
        del found[ORACLE]
    return {**_constant(next(iter(found.values()), [])), **found}


def whole_readings(group: Group, methods: Mapping[str, Estimator], watch: Watch[Recording] = unwatched) -> Readings:
    """Read every recording as one window, by methods that take any length, and by the constant."""
    found: Readings = defaultdict(list)
    for recording in watch(group.recordings, f"{group.name}, whole", group.count):
        for name, method in methods.items():
            found[name] += read_all(method, [whole_of(recording, group.labels(recording))])
    return {**_constant(next(iter(found.values()), [])), **found}


def read_all(method: Estimator, windows: Sequence[TrueWindow]) -> list[Reading]:
    """Read windows by a method; windows in which no face is seen are not passed to it.

    Raises
    ------
    SpecError
        The method returned more or fewer estimates than it got windows.
    """
    seen = [window.seen for window in windows if window.seen is not None]
    estimates = list(method(seen))
    if len(estimates) != len(seen):
        raise SpecError(f"a method gave {len(estimates)} estimates for {len(seen)} windows; give one a window")
    coming = iter(estimates)
    return [read(None if window.seen is None else next(coming), window.truth) for window in windows]


def read(estimate: Estimate | None, truth: Truth) -> Reading:
    """Read a pulse's rate; ``None`` is a window that could not be seen.

    A rate is accepted where the estimate says so; if it says nothing, where the measure line would accept it: where it
    is more tonal than noise (decision 0111).
    """
    common = Reading(
        subject=truth.subject,
        recording=truth.recording,
        start_s=truth.start_s,
        bpm=None,
        accepted=False,
        alive=truth.alive,
        true_bpm=truth.bpm,
        conditions=truth.conditions,
    )
    if estimate is None:
        return common
    pulse = banded(estimate.pulse)
    raw = as_wave(estimate.pulse)
    bpm = refined(heart_rate(as_wave(pulse), Readout()), raw, Readout()).bpm
    tone = tonality(raw, BAND_BPM)
    sure = tone > noise_tonality(len(pulse) / RATE_HZ, BAND_BPM) if estimate.accepted is None else estimate.accepted
    return dataclasses.replace(
        common,
        bpm=bpm,
        confidence=tone if estimate.confidence is None else estimate.confidence,
        accepted=bpm is not None and sure,
        snr_db=None if truth.bpm is None else snr_db(as_wave(pulse), truth.bpm, BAND_BPM),
        macc=None if truth.contact is None else macc(truth.contact, pulse),
    )


def _guided(windows: Sequence[TrueWindow]) -> Iterator[tuple[Estimate | None, TrueWindow]]:
    """Pair each window of a subject with the oracle's pulse, if one can be fitted on the others."""
    for index, window in enumerate(windows):
        pulse = oracle_pulse(window, [*windows[:index], *windows[index + 1 :]])
        yield None if pulse is None else Estimate(pulse), window


def _constant(readings: Sequence[Reading]) -> Readings:
    known = [reading.true_bpm for reading in readings if reading.true_bpm is not None]
    if not known:
        return {}
    mean = float(np.mean(known))
    return {CONSTANT: [dataclasses.replace(r, bpm=mean, accepted=True, snr_db=None, macc=None) for r in readings]}


def _together(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while some := list(islice(rest, TOGETHER)):
        yield some
