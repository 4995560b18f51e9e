"""Methods over groups of recordings: the table in which every model is compared."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pulse8.learn.evaluate.baselines import BASELINES
from pulse8.learn.evaluate.by_condition import parts_by_condition
from pulse8.learn.evaluate.estimators import Estimator, classical, estimators
from pulse8.learn.evaluate.longer import Longer, evaluate_longer
from pulse8.learn.evaluate.options import EvaluateOptions
from pulse8.learn.evaluate.readings import ORACLE, Group, Readings, readings_of, whole_readings
from pulse8.learn.evaluate.scores import Reading, Row, row_of, score
from pulse8.learn.prepare.windows import WINDOW
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.mechanisms import MECHANISMS, only, without
from pulse8.learn.simulate.strata import FROZEN_SHA256, Stratum, strata, stratum
from pulse8.measure.clips.resample import RATE_HZ
from pulse8.measure.signal.metrics import mae
from pulse8.values import Watch, unwatched

POS: Final = "POS"
"""The method that every other one is paired with; always in the table."""

POOLED: Final = ("easy", "medium", "hard", "dark")
"""Strata that are also summarised together where all of them are in a table."""

WHOLE_METHODS: Final = ("GREEN", "CHROM", "POS")
"""Published errors for the data sets that the anchors resemble."""

DEFAULTS: Final = EvaluateOptions()

FEW_SUBJECTS: Final = 20
"""With fewer subjects than this every subject is listed: an interval over so few says little."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The result of an evaluation. Not a medical device.

    Attributes
    ----------
    source
        What the recordings are: simulated strata with their file's hash, or a data set.
    window_s
        Length of a window, seconds.
    rows
        By group, then by method.
    subjects
        A row for each subject and method of a group of under 20 subjects.
    conditions
        A row for each value of a condition and method, over all groups that have a pulse.
    longer
        Rows of spans longer than a window, where requested.
    networks
        Which of the methods are neither classical, nor the constant, nor the oracle.
    readings
        Of each group and method, for further analysis; :meth:`without_readings` leaves them out.
    """

    source: str
    window_s: float
    rows: tuple[Row, ...]
    subjects: tuple[Row, ...] = ()
    conditions: tuple[Row, ...] = ()
    networks: tuple[str, ...] = ()
    longer: tuple[Longer, ...] = ()
    readings: Mapping[str, Readings] = field(default_factory=dict, repr=False)

    def row(self, group: str, method: str) -> Row:
        """Look a row up.

        Raises
        ------
        KeyError
            There is none.
        """
        return {(row.stratum, row.method): row for row in self.rows}[group, method]

    def without_readings(self) -> "Table":
        """Return the rows alone, to be printed."""
        return dataclasses.replace(self, readings={})


def evaluate_strata(
    options: EvaluateOptions,
    watch: Watch[Recording] = unwatched,
    extra: Mapping[str, Estimator] | None = None,
) -> Table:
    """Read every window of the frozen strata by every method.

    Parameters
    ----------
    options
        Which strata and methods.
    watch
        Shows progress.
    extra
        Further methods by name, such as a network in training.

    Raises
    ------
    SpecError
        A stratum or method is unknown.
    InputError
        A model's file cannot be used.
    """
    methods = {**estimators(options.method, options.model), **(extra or {})}
    return evaluate(groups_of(options), methods, source_of_strata(), options, watch)


def groups_of(options: EvaluateOptions) -> list[Group]:
    """Return the chosen strata, or those of single mechanisms, as groups."""
    chosen = mechanism_strata() if options.mechanisms else [*map(stratum, options.strata)] or [*strata().values()]
    return [group_of(one, options.limit) for one in chosen]


def source_of_strata() -> str:
    """Describe the strata."""
    return f"Simulated strata {FROZEN_SHA256[:12]}"


def mechanism_strata() -> list[Stratum]:
    """Return the hard stratum, the same people without any of the mechanisms, and with each one alone."""
    hard = stratum("hard")
    alone = {f"only {name}": only(hard.preset, name) for name in MECHANISMS}
    presets = {"all": hard.preset, "none": without(hard.preset, *MECHANISMS), **alone}
    return [dataclasses.replace(hard, name=name, preset=preset) for name, preset in presets.items()]


def group_of(one: Stratum, limit: int = 0) -> Group:
    """Return a stratum as a group, or only its first ``limit`` subjects."""
    return Group(
        name=one.name,
        recordings=_Stratum(one, limit),
        count=min(limit or one.subjects, one.subjects),
        published_mae_bpm=one.published_mae_bpm,
    )


@dataclass(frozen=True)
class _Stratum:
    """A stratum's recordings, simulated again on each iteration."""

    one: Stratum
    limit: int

    def __iter__(self) -> Iterator[Recording]:
        return self.one.recordings(self.limit or None)


def evaluate(
    groups: Iterable[Group],
    methods: Mapping[str, Estimator],
    source: str,
    options: EvaluateOptions = DEFAULTS,
    watch: Watch[Recording] = unwatched,
) -> Table:
    """Read every window of some groups of recordings by every method, POS included.

    Parameters
    ----------
    groups
        Groups of recordings of any origin; they are iterated again for whole recordings and longer spans.
    methods
        By name.
    source
        What the recordings are, for the table's head.
    options
        Whether the oracle is included, which conditions results are grouped by, and whether longer spans are read.
    watch
        Shows progress.
    """
    methods = methods if POS in methods else {**methods, POS: classical(BASELINES[POS])}
    groups = list(groups)
    readings: dict[str, Readings] = {}
    rows: list[Row] = []
    subjects: list[Row] = []
    for group in groups:
        found = readings[group.name] = readings_of(group, methods, options.oracle, watch)
        wholes = _wholes_of(group, watch)
        rows += _with_wholes(rows_of(group.name, found), wholes, group.published_mae_bpm)
        subjects += subject_rows(group.name, found, wholes, every=group.every_subject)
    if set(POOLED) <= set(readings):
        rows += rows_of(" + ".join(POOLED), pooled([readings[name] for name in POOLED]))
    return Table(
        source=source,
        window_s=WINDOW / RATE_HZ,
        rows=tuple(rows),
        subjects=tuple(subjects),
        conditions=tuple(condition_rows(readings, options.by)),
        longer=evaluate_longer(groups, methods, watch) if options.longer else (),
        networks=tuple(name for name in methods if name not in BASELINES),
        readings=readings,
    )


def rows_of(name: str, readings: Readings) -> list[Row]:
    """One row per method, each paired with POS, and with a score where there is an oracle."""
    rows = [row_of(name, method, found, readings[POS] if method != POS else ()) for method, found in readings.items()]
    errors = {row.method: row.mae_bpm for row in rows}
    return [dataclasses.replace(row, score=score(errors[POS], row.mae_bpm, errors.get(ORACLE))) for row in rows]


def subject_rows(name: str, readings: Readings, wholes: Readings | None = None, *, every: bool = False) -> list[Row]:
    """One row per subject and method if there are under ``FEW_SUBJECTS`` subjects or all are wanted, else none."""
    people = sorted({reading.subject for reading in readings[POS]})
    if len(people) >= FEW_SUBJECTS and not every:
        return []
    return [
        row
        for person in people
        for row in _with_wholes(
            rows_of(f"{name}: {person}", parted(readings, "subject", person)),
            parted(wholes or {}, "subject", person),
            {},
        )
    ]


def condition_rows(readings: Mapping[str, Readings], names: Sequence[str] = ()) -> list[Row]:
    """One row per value of a condition and method, over all groups that have a pulse."""
    alive = [found for found in readings.values() if any(reading.alive for reading in found[POS])]
    parts = parts_by_condition(pooled(alive), names) if alive else {}
    return [row for label, part in parts.items() for row in rows_of(label, part)]


def parted(readings: Readings, field_name: str, value: str) -> Readings:
    """Select the readings in which a field has a given value: the same windows for every method."""
    return {
        method: [reading for reading in found if getattr(reading, field_name) == value]
        for method, found in readings.items()
    }


def pooled(parts: Sequence[Readings]) -> Readings:
    """Join the readings of several groups; methods that are not in each of them are left out."""
    methods = [method for method in parts[0] if all(method in part for part in parts)]
    return {method: [reading for part in parts for reading in part[method]] for method in methods}


def _wholes_of(group: Group, watch: Watch[Recording]) -> Readings:
    """Read whole recordings of an anchor with published errors or of a data set; otherwise none."""
    if not (group.published_mae_bpm or group.whole):
        return {}
    return whole_readings(group, {name: classical(BASELINES[name]) for name in WHOLE_METHODS}, watch)


def _with_wholes(rows: Sequence[Row], wholes: Readings, published_mae_bpm: Mapping[str, float]) -> list[Row]:
    """Add errors over whole recordings to rows, and the published ones."""
    errors = {name: _whole_mae(found) for name, found in wholes.items()}
    return [
        dataclasses.replace(
            row, whole_mae_bpm=errors.get(row.method), published_mae_bpm=published_mae_bpm.get(row.method)
        )
        for row in rows
    ]


def _whole_mae(readings: Sequence[Reading]) -> float | None:
    read = [(r.true_bpm, r.bpm) for r in readings if r.true_bpm is not None and r.bpm is not None]
    return mae(*zip(*read, strict=True)) if read else None
