"""Raw data to a store: each recording is a task of its own, and what was done before is not done again."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from pulse8.errors import InputError
from pulse8.learn.formats.recordings import SUFFIX, open_recording, recording_path
from pulse8.learn.prepare.adapters.adapter import Adapter, Found
from pulse8.learn.prepare.adapters.catalogue import adapter
from pulse8.learn.prepare.one_recording import Outcome, Task, is_prepared
from pulse8.learn.prepare.options import PrepareOptions
from pulse8.learn.prepare.store import Entry, Failure, Store, entry_of, write_index
from pulse8.learn.prepare.workers import prepare_here, prepare_on_cluster
from pulse8.lock import alone
from pulse8.manifest import record, sweep
from pulse8.values import SIMULATED, Watch, unwatched

DEFAULTS: Final = PrepareOptions()


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a data set.

    Attributes
    ----------
    store, dataset, simulated, sha256
        Where it is, what it was made from, whether its people are simulated, and the hash of its content.
    recordings, subjects
        How many recordings of how many people are in it.
    prepared, kept
        How many of them were prepared now, and how many were there already.
    windows, left_out
        Windows with a true rate, and how many have none, by reason.
    lags, lag_s
        In how many recordings the PPG's lag to the video could be estimated, and the smallest, median and largest.
    failed
        What could not be prepared.
    megabytes
        Size of the recordings' files.
    peak_mb
        Largest resident memory of a worker; 0 where the system does not tell.
    """

    store: str
    dataset: str
    simulated: bool
    sha256: str
    recordings: int
    subjects: int
    prepared: int
    kept: int
    windows: int
    left_out: dict[str, int]
    lags: int
    lag_s: tuple[float, float, float] | None
    failed: tuple[Failure, ...]
    megabytes: float
    peak_mb: float


def prepare(
    dataset: str,
    raw: Path,
    store: Path,
    options: PrepareOptions = DEFAULTS,
    watch: Watch[Any] = unwatched,
    tell: Callable[[Failure], None] = lambda _failure: None,
) -> Report:
    """Prepare a data set; may be killed at any moment and run again.

    Parameters
    ----------
    dataset
        Name of an adapter.
    raw
        Folder of the data set as its authors give it.
    store
        Folder for the recordings' files and the index; what is in it is kept where it was made from the same files.
    options
        How.
    watch
        Shows progress.
    tell
        Is given each failure as it comes.

    Raises
    ------
    InputError
        There are no recordings, the store was made from another data set or with other options, or another process
        fills it.
    SpecError
        There is no such data set.
    """
    chosen = adapter(dataset)
    if options.cluster:  # its workers run in other folders
        raw, store = raw.absolute(), store.absolute()
    found = chosen.find(raw)
    with alone(store, "pulse8 prepare"):
        refuse_another_store(store, chosen, options)
        sweep(store)
        failed = list(twice(found))
        refused = {failure.recording for failure in failed}
        tasks = [_task(chosen, one, raw, store, options) for one in found if one.recording not in refused]
        for failure in failed:
            tell(failure)
        outcomes = list(_run([task for task in tasks if not is_prepared(task)], options, watch, tell))
        sweep(store)  # what workers of a cluster that were killed on the way had begun
        failed += [Failure(recording=o.recording, reason=o.failed) for o in outcomes if o.failed is not None]
        made = _write_index(store, chosen, options, failed)
    return _report(made, outcomes)


def _write_index(store: Path, chosen: Adapter, options: PrepareOptions, failed: Sequence[Failure]) -> Store:
    """List what was prepared; an older file of a recording that failed now stays where it is, unlisted."""
    entries = entries_in(store, without=[failure.recording for failure in failed])
    simulated = chosen.simulated or any(entry.subject.startswith(SIMULATED) for entry in entries)
    by_id = sorted(failed, key=lambda failure: failure.recording)
    made = Store(store, chosen.name, simulated, entries, tuple(by_id))
    told = {"dataset": chosen.name, "simulated": simulated, **options.of_content()}
    record(write_index(made), "prepare", {}, told)
    return made


def _task(chosen: Adapter, found: Found, raw: Path, store: Path, options: PrepareOptions) -> Task:
    return Task(adapter=chosen, found=found, raw=raw, store=store, options=options)


def twice(found: Sequence[Found]) -> Iterator[Failure]:
    """Name each recording id that stands for two recordings, and each video that two subjects share."""
    by_id: dict[str, list[Found]] = defaultdict(list)
    by_video: dict[Path, list[Found]] = defaultdict(list)
    for one in found:
        by_id[one.recording].append(one)
        if one.video != one.truth:  # a file that is both may hold many
            by_video[one.video].append(one)
    for name, ones in by_id.items():
        if len(ones) > 1:
            places = ", ".join(str(one.video) for one in ones)
            yield Failure(recording=name, reason=f"two recordings have the id {name!r} ({places}); rename one")
    for video, ones in by_video.items():
        subjects = sorted({one.subject for one in ones})
        if len(subjects) > 1 and len({one.recording for one in ones}) > 1:
            for one in ones:
                said = f"{video} is said to show {' and '.join(subjects)}; a video has one subject"
                yield Failure(recording=one.recording, reason=said)


def refuse_another_store(store: Path, chosen: Adapter, options: PrepareOptions) -> None:
    """Hold that a folder is a store of this data set, made with these options, or none yet.

    Raises
    ------
    InputError
        It is another's: mixing would give figures of neither.
    """
    for path in sorted(store.glob(f"*{SUFFIX}")):
        try:
            made = open_recording(path).record["made"]
            same = (made["dataset"], made["options"]) == (chosen.name, options.of_content())
            what = f"{made['dataset']} with {made['options']}"
        except (InputError, KeyError, TypeError):
            continue  # it is damaged, and will be prepared again
        if not same:
            raise InputError(f"{store} was prepared from {what}; give another --store, or the same options")


def _run(
    tasks: Sequence[Task], options: PrepareOptions, watch: Watch[Any], tell: Callable[[Failure], None]
) -> Iterator[Outcome]:
    if not tasks:
        return
    run = prepare_on_cluster(tasks, options.cluster) if options.cluster else prepare_here(tasks, options.processes)
    outcomes: Iterable[Outcome] = watch(run, "preparing recordings", len(tasks))
    for outcome in outcomes:
        if outcome.failed is not None:
            tell(Failure(recording=outcome.recording, reason=outcome.failed))
        yield outcome


def entries_in(store: Path, without: Collection[str] = ()) -> tuple[Entry, ...]:
    """Read the index's entries off the recordings' own files, sorted by id, but for some recordings'."""
    paths = set(store.glob(f"*{SUFFIX}")) - {recording_path(store, name) for name in without}
    entries = [entry_of(path) for path in sorted(paths)]
    return tuple(sorted(entries, key=lambda entry: entry.recording))


def _report(made: Store, outcomes: Sequence[Outcome]) -> Report:
    done = sum(outcome.failed is None for outcome in outcomes)
    left_out: dict[str, int] = defaultdict(int)
    for entry in made.entries:
        for reason, count in entry.left_out.items():
            left_out[reason] += count
    lags_s = sorted(entry.lag_s for entry in made.entries if entry.lag_s is not None)
    return Report(
        store=str(made.path),
        dataset=made.dataset,
        simulated=made.simulated,
        sha256=made.sha256,
        recordings=len(made.entries),
        subjects=len(made.subjects),
        prepared=done,
        kept=len(made.entries) - done,
        windows=sum(entry.windows for entry in made.entries),
        left_out=dict(sorted(left_out.items())),
        lags=len(lags_s),
        lag_s=(lags_s[0], median(lags_s), lags_s[-1]) if lags_s else None,
        failed=made.failed,
        megabytes=sum(entry.bytes for entry in made.entries) / 1e6,
        peak_mb=max((outcome.peak_mb for outcome in outcomes), default=0.0),
    )
