"""People of prepared stores as training pools: one side of a split by subject or of a protocol's fold.

Subjects are named SUBJECT@DATASET, as a protocol names them. A recording with rates but no contact pulse is left
out: it has no wave to learn from.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pulse8.errors import InputError
from pulse8.learn.recording import Recording
from pulse8.learn.splits.protocols import Protocol, open_protocol, whole_protocol
from pulse8.learn.splits.split import Sides
from pulse8.learn.train.options import Pulse12Options
from pulse8.learn.train.pool import TABLE, Pool, open_pool, write_pool

StoredSide = Literal["train", "validation"]


def stored_pools(options: Pulse12Options, cache: Path) -> tuple[list[tuple[Pool, float]], Pool | None]:
    """Return pools of people to train on, each with its weight, and one of those to validate on.

    Parameters
    ----------
    options
        ``stores`` with ``weights``, or ``protocol`` with ``fold``.
    cache
        Folder for the pools, which are made once.

    Raises
    ------
    InputError
        A store or protocol cannot be read, or nobody on a side has a contact pulse.
    """
    if options.protocol is not None:
        opened = open_protocol(options.protocol)
        parts = [(opened, opened.fold(options.fold or opened.folds[0].name).sides)]
    else:
        protocols = [whole_protocol(store) for store in options.stores]
        parts = [(one, one.folds[0].sides) for one in protocols]
    weights = options.weights or (1.0,) * len(parts)
    training = [_pool([part], "train", cache) for part in parts]
    return list(zip(training, weights, strict=True)), _pool(parts, "validation", cache) if parts else None


def _pool(parts: Sequence[tuple[Protocol, Sides]], side: StoredSide, cache: Path) -> Pool:
    told = [f"{protocol.content_sha256} {sorted(getattr(sides, side))}" for protocol, sides in parts]
    folder = cache / f"stored-{side}-{hashlib.sha256(str(told).encode()).hexdigest()[:12]}"
    if (folder / TABLE).is_file():
        return open_pool(folder)
    named = "+".join(dataset for protocol, _ in parts for dataset in protocol.stores)
    recordings = [recording for protocol, sides in parts for recording in _with_pulse(protocol, sides, side)]
    if not recordings:
        raise InputError(f"nobody of {named} on the side {side} has a contact pulse; give other stores")
    return write_pool(folder, recordings)


def _with_pulse(protocol: Protocol, sides: Sides, side: StoredSide) -> Iterator[tuple[str, Recording]]:
    for recording in protocol.recordings(getattr(sides, side)):
        if recording.reference is not None:
            yield recording.subject.rpartition("@")[2], recording
