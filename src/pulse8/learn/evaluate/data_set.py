"""Methods over a data set: a prepared store, raw files that are prepared first, or the test sides of a protocol."""

import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pulse8.errors import InputError, SpecError
from pulse8.learn.evaluate.estimators import estimators
from pulse8.learn.evaluate.options import DataSetOptions, EvaluateOptions
from pulse8.learn.evaluate.readings import Group
from pulse8.learn.evaluate.table import Table, evaluate
from pulse8.learn.prepare.options import PrepareOptions
from pulse8.learn.prepare.prepare import prepare
from pulse8.learn.prepare.store import Entry, Failure, Store, open_store
from pulse8.learn.recording import Recording
from pulse8.learn.splits.protocols import Protocol, open_protocol
from pulse8.values import Watch, unwatched

ALWAYS: Final = ("green", "chrom", "pos")
"""Methods that are in every data set's table, as the constant is."""


def evaluate_data_set(
    data: DataSetOptions,
    options: EvaluateOptions,
    watch: Watch[Any] = unwatched,
    tell: Callable[[Failure], None] = lambda _failure: None,
) -> Table:
    """Read every window and every whole recording of a data set by every method.

    Parameters
    ----------
    data
        Which recordings.
    options
        Which methods; constant, GREEN, CHROM and POS always are.
    watch
        Shows progress.
    tell
        Called with each recording that could not be prepared.

    Raises
    ------
    InputError
        A store, protocol or raw data cannot be read, or no recording has a true rate.
    SpecError
        A method, data set or fold is unknown.
    """
    if options.strata or options.mechanisms:
        raise SpecError("--strata and --mechanisms are simulated; give a data set or one of them")
    methods = estimators(tuple(dict.fromkeys((*ALWAYS, *options.method))), options.model)
    with ExitStack() as kept:
        groups, source = _groups(data, options.limit, kept, watch, tell)
        table = evaluate(groups, methods, source, options, watch)
    if not table.rows:
        raise InputError(f"{source}: no window has a true rate; look at it with pulse8 check-data")
    return table


def _groups(
    data: DataSetOptions, limit: int, kept: ExitStack, watch: Watch[Any], tell: Callable[[Failure], None]
) -> tuple[list[Group], str]:
    if data.protocol is not None:
        protocol = open_protocol(data.protocol)
        return _test_sides(protocol, data.fold), _told_protocol(protocol)
    store = open_store(_prepared(data, kept, watch, tell))
    if data.dataset is not None and data.dataset != store.dataset:
        raise InputError(f"{store.path} is a store of {store.dataset}, not of {data.dataset}; name its own --dataset")
    subjects = store.subjects[: limit or None]
    stored = _Stored(store, subjects)
    entries = store.of(subjects)
    if not entries:
        raise InputError(f"{store.path} holds no recordings; see why with pulse8 check-data, and prepare it again")
    return [_group(store.dataset, stored, len(entries))], _told_store(store, subjects, entries)


def _prepared(data: DataSetOptions, kept: ExitStack, watch: Watch[Any], tell: Callable[[Failure], None]) -> Path:
    """Return the named store, prepared first where raw data are given; without a name, a temporary one."""
    if data.raw is None:
        if data.store is None:
            raise SpecError("name the data: --store DIR, or --dataset NAME --raw DIR, or --protocol FILE")
        return data.store
    if data.dataset is None:
        raise SpecError("raw data need their --dataset; pulse8 prepare --help lists them")
    store = data.store or Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="pulse8-")))
    prepare(data.dataset, data.raw, store, PrepareOptions(processes=data.processes), watch, tell)
    return store


def _test_sides(protocol: Protocol, name: str | None) -> list[Group]:
    folds = protocol.folds if name is None else (protocol.fold(name),)
    return [_group(fold.name, _Side(protocol, fold.sides.test), len(fold.sides.test)) for fold in folds]


def _group(name: str, recordings: "_Stored | _Side", count: int) -> Group:
    return Group(name=name, recordings=recordings, count=count, labelled=True, whole=True, every_subject=True)


@dataclass(frozen=True)
class _Stored:
    """Recordings of some of a store's subjects, read again on each iteration."""

    store: Store
    subjects: Collection[str]

    def __iter__(self) -> Iterator[Recording]:
        return self.store.recordings(self.subjects)


@dataclass(frozen=True)
class _Side:
    """Recordings of one side of a protocol, read again on each iteration."""

    protocol: Protocol
    subjects: Collection[str]

    def __iter__(self) -> Iterator[Recording]:
        return self.protocol.recordings(self.subjects)


def _told_store(store: Store, subjects: Collection[str], entries: Collection[Entry]) -> str:
    left_out = Counter[str]()
    for entry in entries:
        left_out.update(entry.left_out)
    counts = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items())) or "none"
    kind = "simulated " if store.simulated else ""
    return (
        f"{kind}{store.dataset} {store.sha256[:12]}, {len(entries)} recordings of {len(subjects)} subjects; "
        f"windows left out without a true rate: {counts}"
    )


def _told_protocol(protocol: Protocol) -> str:
    kind = "simulated " if protocol.simulated else ""
    return f"{kind}{' and '.join(protocol.stores)}, test sides of the {protocol.kind} protocol {protocol.sha256[:12]}"
