"""Where pulse12's windows come from, and who belongs to which side: training, validation, calibration.

Each side's simulated people have their own seed; a store's people are assigned by the hash of their ids. Nobody may be
on two sides, and nobody of a frozen test stratum on any.
"""

import dataclasses
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pulse8.errors import InputError
from pulse8.learn.real.laid import LaidOptions, laid
from pulse8.learn.real.roles import roles_sha256
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.strata import assert_not_frozen
from pulse8.learn.splits.split import LEAKY
from pulse8.learn.train.options import Pulse12Options
from pulse8.learn.train.pool import TABLE, Pool, open_pool, write_pool
from pulse8.learn.train.stored import stored_pools
from pulse8.learn.train.world import WorldOptions, world
from pulse8.manifest import writing
from pulse8.values import Watch, unwatched

Side = Literal["training", "validation", "calibration"]

SEEDS: Final[Mapping[Side, int]] = {"training": 12, "validation": 13, "calibration": 14}
PLAIN_SUBJECTS: Final[Mapping[Side, int]] = {"validation": 800, "calibration": 8000}
"""People for model selection and for thresholds; their conditions are distributed as in the strata."""


@dataclass(frozen=True, eq=False)
class Sources:
    """Pools to train on with their weights, to validate on and to set thresholds on; ``leaky`` if they share people."""

    training: tuple[tuple[Pool, float], ...]
    validation: Pool
    calibration: Pool | None
    leaky: bool

    @property
    def sentence(self) -> str:
        """Say how they are separated."""
        return LEAKY if self.leaky else "split by subject: nobody is on two of training, validation and calibration"


def open_sources(options: Pulse12Options, cache: Path, watch: Watch[int] = unwatched) -> Sources:
    """Make or open all pools that a run reads.

    Raises
    ------
    InputError
        A subject is on two sides or belongs to a frozen test stratum.
    """
    # Before minutes of simulation: what lies on a disk may be unreadable.
    real = [] if options.real is None else [(real_pool(options.real, cache), options.real_weight)]
    stored, stored_validation = stored_pools(options, cache)
    simulated = [(simulated_pool("training", options, cache, watch), 1.0)] if options.subjects else []
    training = simulated + stored + real
    if options.split == "window":
        validation = training[0][0]
    elif stored_validation is not None and not options.subjects:
        validation = stored_validation
    else:
        validation = simulated_pool("validation", options, cache, watch)
    calibration = simulated_pool("calibration", options, cache, watch) if options.subjects else None
    sources = Sources(tuple(training), validation, calibration, options.split == "window")
    sides = sides_of(sources)
    assert_apart({side: sides[side] for side in sides if not (sources.leaky and side == "validation")})
    return sources


def simulated_pool(side: Side, options: Pulse12Options, cache: Path, watch: Watch[int] = unwatched) -> Pool:
    """Open the pool of a side's simulated people in the folder ``cache``, or make it."""
    wanted = world_of(side, options)
    name = hashlib.sha256(json.dumps(dataclasses.asdict(wanted), sort_keys=True).encode()).hexdigest()[:12]
    folder = cache / f"{side}-{name}"
    if (folder / TABLE).is_file():
        return open_pool(folder)
    return write_pool(folder, _watched(wanted, f"simulating people for {side}", watch))


def real_pool(data: Path, cache: Path) -> Pool:
    """Open the pool of known pulses on real traces in the folder ``cache``, or make it.

    Raises
    ------
    InputError
        A recording is missing, damaged or not the one of the table: none is left out silently, kept pool or not.
    """
    options = LaidOptions()
    recordings = laid(data, options)
    told = json.dumps({**dataclasses.asdict(options), "roles": roles_sha256()}, sort_keys=True)
    folder = cache / f"real-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
    return open_pool(folder) if (folder / TABLE).is_file() else write_pool(folder, recordings)


def world_of(side: Side, options: Pulse12Options) -> WorldOptions:
    """Return the options of a side's simulated people."""
    if side == "training":
        return WorldOptions(subjects=options.subjects, seed=SEEDS[side], without=options.without)
    share = min(1.0, options.subjects / Pulse12Options().subjects) if options.subjects else 1.0
    return WorldOptions(subjects=max(24, round(PLAIN_SUBJECTS[side] * share)), seed=SEEDS[side], plain=True)


def _watched(options: WorldOptions, what: str, watch: Watch[int]) -> Iterator[tuple[str, Recording]]:
    steps = iter(watch(range(options.subjects), what, options.subjects))
    for one in world(options):
        next(steps, None)
        yield one
    next(steps, None)


def sides_of(sources: Sources) -> Mapping[str, Collection[str]]:
    """Subjects of each side."""
    training = frozenset[str]().union(*(pool.subjects for pool, _ in sources.training))
    return {
        "training": training,
        "validation": sources.validation.subjects,
        "calibration": sources.calibration.subjects if sources.calibration else frozenset[str](),
    }


def assert_apart(sides: Mapping[str, Collection[str]]) -> None:
    """Check that nobody is on two sides or in a frozen test stratum.

    Raises
    ------
    InputError
        Somebody is; the message names one.
    """
    names = list(sides)
    for index, name in enumerate(names):
        assert_not_frozen(sides[name])
        for other in names[index + 1 :]:
            if shared := sorted(set(sides[name]) & set(sides[other])):
                raise InputError(f"subject {shared[0]} is in {name} and in {other}; every subject belongs to one side")


def write_sides(path: Path, sources: Sources) -> None:
    """Write who is on which side, with the hash of the ids and of the samples."""
    pools = {
        "training": [pool for pool, _ in sources.training],
        "validation": [sources.validation],
        "calibration": [sources.calibration] if sources.calibration else [],
    }
    found = {
        side: {
            "subjects": sorted(subjects),
            "subjects_sha256": hashlib.sha256("\n".join(sorted(subjects)).encode()).hexdigest(),
            "pools_sha256": [pool.sha256 for pool in pools[side]],
        }
        for side, subjects in sides_of(sources).items()
    }
    with writing(path) as temporary:
        temporary.write_text(json.dumps(found) + "\n", encoding="utf-8")
