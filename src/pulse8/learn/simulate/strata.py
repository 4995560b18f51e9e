"""The frozen test strata and the anchors, from one file whose hash is checked.

A stratum's subjects depend on its own seed, and those seeds are reserved: :class:`RecordingOptions` refuses them, so
that no other recording can be one of a stratum's. A trainer that reads recordings from files asks
:func:`assert_not_frozen`.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from pulse8.errors import InputError, SpecError
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.presets import Preset, draw_conditions, preset_of
from pulse8.learn.simulate.recording import FIRST_RESERVED_SEED, recorded
from pulse8.values import SIMULATED

FROZEN_SHA256: Final = "34b19ebfe5693484d9459d3ff111cb902b7d96b02f248ec184b1e0e3e1c4aaa4"
"""Of strata.json with LF line ends. A changed stratum gets a new name, so that old tables stay valid."""


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """A group of simulated subjects under conditions of one kind.

    Attributes
    ----------
    name, sentence
        Its name, and a sentence that describes it.
    subjects, seconds, seed
        Number of subjects, length of each one's recording, and their random seed.
    preset
        Distributions of their conditions.
    published_mae_bpm
        Of an anchor: published errors over whole recordings of the data set that it resembles, by method.
    source
        Where that was published.
    """

    name: str
    sentence: str
    subjects: int
    seconds: float
    seed: int
    preset: Preset
    published_mae_bpm: dict[str, float]
    source: str | None

    def recordings(self, limit: int | None = None) -> Iterator[Recording]:
        """Simulate its subjects one after the other, or only the first ``limit``."""
        for subject in range(min(self.subjects, limit or self.subjects)):
            yield recorded(subject, draw_conditions(subject, self.preset, self.seed), self.seconds, self.seed)


@cache
def strata() -> dict[str, Stratum]:
    """Read all strata and anchors by name.

    Raises
    ------
    InputError
        The file is not the frozen one.
    """
    text = files("pulse8.learn.simulate").joinpath("strata.json").read_bytes().replace(b"\r\n", b"\n")
    found = hashlib.sha256(text).hexdigest()
    if found != FROZEN_SHA256:
        raise InputError(
            f"the test strata are not the frozen ones (SHA-256 {found[:12]}, not {FROZEN_SHA256[:12]}); "
            "install pulse8 again"
        )
    return {name: _stratum(name, fields) for name, fields in json.loads(text)["strata"].items()}


def _stratum(name: str, fields: dict[str, Any]) -> Stratum:
    if fields["seed"] < FIRST_RESERVED_SEED:
        raise SpecError(f"stratum {name} depends on seed {fields['seed']}, which others may use too")
    return Stratum(
        name=name,
        sentence=fields["sentence"],
        subjects=fields["subjects"],
        seconds=fields["seconds"],
        seed=fields["seed"],
        preset=preset_of(fields["preset"]),
        published_mae_bpm=fields.get("published_mae_bpm", {}),
        source=fields.get("source"),
    )


def stratum(name: str) -> Stratum:
    """Look a stratum or an anchor up.

    Raises
    ------
    SpecError
        The name is unknown; the message lists the known ones.
    """
    if name not in strata():
        raise SpecError(f"unknown stratum {name!r}; choose from {', '.join(strata())}")
    return strata()[name]


def assert_not_frozen(subjects: Iterable[str]) -> None:
    """Check that no subject belongs to a test stratum.

    Raises
    ------
    InputError
        One does; the message names it.
    """
    for subject in subjects:
        seed = subject.removeprefix(SIMULATED).split("-")[0]
        if subject.startswith(SIMULATED) and seed.isdigit() and int(seed) >= FIRST_RESERVED_SEED:
            raise InputError(f"subject {subject} belongs to a frozen test stratum; train on other seeds")
