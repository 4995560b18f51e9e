"""Baselines and oracle over simulated strata: the table that every model is put beside."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.evaluate.options import EvaluateOptions
from pulse8.learn.evaluate.oracle import oracle_pulse
from pulse8.learn.evaluate.scores import Reading, Row, row_of, score
from pulse8.learn.evaluate.windows import WINDOW, Signal, TrueWindow, as_wave, banded, whole_of, windows_of
from pulse8.learn.simulate.strata import FROZEN_SHA256, Stratum, strata, stratum
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.metrics import mae
from pulse8.measure.signal.rate import heart_rate, noise_tonality, tonality
from pulse8.spec import Readout
from pulse8.values import Recording, Watch, unwatched

CONSTANT: Final = "constant"
"""Predicts the stratum's own mean rate: kinder than any constant that had to be known before."""

ORACLE: Final = "oracle"
WHOLE_METHODS: Final = ("GREEN", "CHROM", "POS")

Readings = dict[str, list[Reading]]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows by stratum and method, and the hash of the strata's file. Simulated; not a medical device."""

    strata_sha256: str
    window_s: float
    rows: tuple[Row, ...]


def evaluate_strata(options: EvaluateOptions, watch: Watch[Recording] = unwatched) -> Table:
    """Read every window of the strata by every baseline.

    Raises
    ------
    SpecError
        There is no stratum of a name.
    """
    chosen = [stratum(name) for name in options.strata] or list(strata().values())
    rows = [row for one in chosen for row in _rows(one, options.limit, watch)]
    return Table(strata_sha256=FROZEN_SHA256, window_s=WINDOW / RATE_HZ, rows=tuple(rows))


def _rows(one: Stratum, limit: int, watch: Watch[Recording]) -> Iterator[Row]:
    readings: Readings = defaultdict(list)
    wholes: Readings = defaultdict(list)
    for recording in watch(one.recordings(limit or None), one.name, limit or one.subjects):
        windows = windows_of(recording)
        for index, window in enumerate(windows):
            for method, reading in _read(window, [*windows[:index], *windows[index + 1 :]]):
                readings[method].append(reading)
        if one.published_mae_bpm:
            whole = whole_of(recording)
            for method in WHOLE_METHODS:
                wholes[method].append(read(BASELINES[method](whole.cells), whole))
    readings = {CONSTANT: _constant(next(iter(readings.values()))), **readings}
    rows = [row_of(one.name, method, readings[method]) for method in readings if readings[method]]
    yield from (_completed(row, rows, wholes.get(row.method), one) for row in rows)


def _read(window: TrueWindow, others: Sequence[TrueWindow]) -> Iterator[tuple[str, Reading]]:
    for method, baseline in BASELINES.items():
        yield method, read(baseline(window.cells), window)
    if (pulse := oracle_pulse(window, others)) is not None:
        yield ORACLE, read(pulse, window)


def read(pulse: Signal, window: TrueWindow) -> Reading:
    """Read a detrended pulse's rate; a window with a pause too long to be bridged is not read.

    It is accepted where the measure line would believe it: more of a tone than noise is (decision 0014).
    """
    rate, band_bpm = heart_rate(as_wave(banded(pulse)), Readout()), Readout().band_bpm
    sure = rate.bpm is not None and tonality(as_wave(pulse), band_bpm) > noise_tonality(len(pulse) / RATE_HZ, band_bpm)
    bpm = rate.bpm if window.whole else None
    return Reading(subject=window.subject, bpm=bpm, accepted=sure and window.whole, true_bpm=window.bpm)


def _constant(readings: Sequence[Reading]) -> list[Reading]:
    known = [r.true_bpm for r in readings if r.true_bpm is not None]
    mean = float(np.mean(known)) if known else 0.0
    return [dataclasses.replace(r, bpm=mean, accepted=True) for r in readings] if known else []


def _completed(row: Row, rows: Sequence[Row], wholes: Sequence[Reading] | None, one: Stratum) -> Row:
    errors = {other.method: other.mae_bpm for other in rows}
    whole = [(r.true_bpm, r.bpm) for r in wholes or () if r.true_bpm is not None and r.bpm is not None]
    return dataclasses.replace(
        row,
        score=score(errors.get("POS"), row.mae_bpm, errors.get(ORACLE)),
        whole_mae_bpm=mae(*zip(*whole, strict=True)) if whole else None,
        published_mae_bpm=one.published_mae_bpm.get(row.method),
    )
