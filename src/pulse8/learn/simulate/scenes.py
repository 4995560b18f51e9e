"""A suite of scenes without a pulse, each by its name: what a camera may look at when nobody sits before it.

All are simulated, as cell traces of a scene that holds no blood; none is a recording. On top of the negative stratum's
light, camera and codec, each scene has what makes it itself. A screen's film has no pulse here; a real film of a face
may carry the pulse of whoever was filmed.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pulse8.errors import SpecError
from pulse8.learn.recording import Recording
from pulse8.learn.simulate.presets import Preset, draw_conditions, preset_of
from pulse8.learn.simulate.recording import RecordingOptions, simulate_recording
from pulse8.learn.simulate.strata import stratum

SEED: Final = 21
"""Of no training, calibration or test."""

STILL: Final[Mapping[str, Any]] = {"motion.sway": 0.0, "motion.nod": 0.0, "motion.talk": 0.0}

SCENES: Final[Mapping[str, Mapping[str, Any]]] = {
    "empty chair": {
        "kind": ["wall"],
        "camera.texture": {"low": 4, "high": 12},
        "camera.level": {"low": 20, "high": 90},
    },
    "photograph": {"kind": ["photograph"], "motion.sway": {"low": 0.001, "high": 0.02}, "motion.talk": 0.0},
    "screen playing a face": {
        "kind": ["moving picture"],
        "motion.talk": {"low": 0.002, "high": 0.015},
        "light.flicker_share": {"low": 0.002, "high": 0.03, "scale": "log"},
        "codec.name": ["h264", "mpeg4"],
        "codec.quality": {"low": 4, "high": 16},
    },
    "wall": {"kind": ["wall"], "light.drift_share": {"low": 0.001, "high": 0.03, "scale": "log"}},
    "doll": {**STILL, "kind": ["mask"], "motion.sway": {"low": 0.0, "high": 0.01}, "skin.specular_share": 0.4},
}
"""Names in the order in which they are told, and what each draws instead of the negative stratum's."""


def scene(name: str, recordings: int, seconds: float = 43.0) -> Iterator[Recording]:
    """Simulate recordings of a scene, each under conditions of its own.

    Raises
    ------
    SpecError
        There is no scene of that name; the message lists those there are.
    """
    if name not in SCENES:
        raise SpecError(f"unknown scene {name!r}; choose from {', '.join(SCENES)}")
    preset: Preset = {**stratum("negative").preset, **preset_of(SCENES[name])}
    first = 1000 * list(SCENES).index(name)
    options = RecordingOptions(seconds=seconds, seed=SEED)
    for subject in range(first, first + recordings):
        yield simulate_recording(subject, draw_conditions(subject, preset, SEED), options)
