"""Simulated people to train on: the conditions of the test strata and beyond them, with seeds of their own.

Each part starts from a stratum's ranges and widens them. Training and test share one simulator, so results say nothing
beyond what it models (docs/models.md).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pulse8.errors import SpecError
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.mechanisms import without
from pulse8.learn.simulate.presets import Preset, draw_conditions, preset_of
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import stratum

ANY_HEART: Final[Mapping[str, Any]] = {
    "body.bpm": {"low": 41, "high": 172, "scale": "log"},
    "body.ramp_bpm": {"low": -25, "high": 25, "chance": 0.15},
    "camera.rate_hz": [30.0, 30.0, 30.0, 25.0, 24.0, 20.0, 15.0, 60.0],
}
"""Rates over the whole band, half of them under 85 BPM, and cameras of all usual rates."""


@dataclass(frozen=True)
class Part:
    """One kind of people: the stratum whose ranges it starts from, its share of the world, and what is drawn wider.

    ``instead`` holds settings that replace the stratum's own, widened or not.
    """

    stratum: str
    share: float
    wider: Mapping[str, Any] = field(default_factory=dict)
    instead: Mapping[str, Any] = field(default_factory=dict)


PARTS: Final[Mapping[str, Part]] = {
    "calm": Part("easy", 0.08, {"skin.pulse_share": {"low": 0.003, "high": 0.02, "scale": "log"}}),
    "talking": Part("medium", 0.14, {"skin.pulse_share": {"low": 0.0035, "high": 0.02, "scale": "log"}}),
    "moving": Part("hard", 0.25, {"skin.melanin": {"low": 0, "high": 0.85}}),
    "dim": Part("dark", 0.18, {"skin.melanin": {"low": 0.4, "high": 1}, "camera.level": {"low": 40, "high": 110}}),
    "coded": Part("compressed", 0.08, {"codec.quality": {"low": 1, "high": 22}}),
    "webcam": Part("near-UBFC", 0.04),
    "phone": Part("near-MMPD", 0.08),
    "filmed": Part("near-COHFACE", 0.05, {"codec.quality": {"low": 1, "high": 12}}),
    "pulse-free": Part("negative", 0.05),
    "restless pulse-free": Part(
        "hard",
        0.05,
        instead={"kind": ["photograph", "mask", "wall", "moving picture", "face"], "skin.pulse_share": 0.0},
    ),
}


@dataclass(frozen=True, kw_only=True)
class WorldOptions:
    """How large the world is.

    Attributes
    ----------
    subjects, seconds
        Number of people, and the length of each one's recording.
    seed
        Random seed; below those that are reserved for the test strata.
    without
        Mechanisms to leave out (:data:`~pulse8.learn.simulate.mechanisms.MECHANISMS`).
    plain
        Use each stratum's own ranges, not widened: for calibration and validation.
    """

    subjects: int = 8_000
    seconds: float = 30.0
    seed: int = 12
    without: tuple[str, ...] = ()
    plain: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.subjects <= 1_000_000:
            raise SpecError(f"a world of {self.subjects} subjects; give 1 to 1,000,000")
        without({}, *self.without)
        RecordingOptions(seconds=self.seconds, seed=self.seed)


def world(options: WorldOptions, numbers: Iterable[int] | None = None) -> Iterator[tuple[str, Recording]]:
    """Simulate the world's people one after another, each with the name of its part; or only those of ``numbers``."""
    recording = RecordingOptions(seconds=options.seconds, seed=options.seed)
    presets = {name: _preset(part, options) for name, part in PARTS.items()}
    for subject in range(options.subjects) if numbers is None else numbers:
        name = part_of(subject)
        yield name, simulate_recording(subject, draw_conditions(subject, presets[name], options.seed), recording)


def part_of(subject: int) -> str:
    """Return a subject's part; any run of subjects holds the parts in their shares."""
    place = subject * 0.6180339887498949 % 1  # the golden ratio's multiples fill the unit interval evenly
    for name, part in PARTS.items():
        place -= part.share
        if place < 0:
            return name
    return name


def _preset(part: Part, options: WorldOptions) -> Preset:
    wider = {} if options.plain else {**ANY_HEART, **part.wider}
    preset = {**stratum(part.stratum).preset, **preset_of({**wider, **part.instead})}
    return without(preset, *options.without)
