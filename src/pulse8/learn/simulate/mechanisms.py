"""Five mechanisms that disturb a pulse, and presets without one of them or with only one of them.

Every value of a preset has its own random stream, so switching one off leaves the others' draws unchanged: the same
people and the same light, without that mechanism.
"""

import dataclasses
from typing import Final

from pulse8.errors import SpecError
from pulse8.learn.simulate.presets import Draw, Preset

MECHANISMS: Final = {
    "motion": ("motion.sway", "motion.nod", "motion.talk", "motion.jerks_per_min"),
    "flicker": ("light.flicker_share",),
    "codec": ("codec.name",),
    "exposure": ("camera.exposure_steps_per_min", "camera.white_balance_steps_per_min"),
    "specular": ("skin.specular_share",),
}
"""The values that switch each of them off at 0, or at a codec of ``none``."""

OFF: Final = {"codec.name": Draw(among=("none",))}

FELT: Final = {"flicker": {"light.mains_hz": Draw(low=60.4, high=61.5)}}
"""What a mechanism needs to have an effect alone: lamps at exactly twice 50 or 60 Hz fall on 0, 4, 5 or 10 Hz at 24,
25 or 30 frames a second, outside the pulse's band. A driver at 120.8 to 123 Hz beats with 24 and 30 inside it."""


def without(preset: Preset, *mechanisms: str) -> Preset:
    """Switch mechanisms of a preset off.

    Raises
    ------
    SpecError
        The mechanism is unknown; the message lists the known ones.
    """
    if unknown := sorted(set(mechanisms) - set(MECHANISMS)):
        raise SpecError(f"unknown mechanism {', '.join(unknown)}; choose from {', '.join(MECHANISMS)}")
    names = {name for mechanism in mechanisms for name in MECHANISMS[mechanism]}
    return {name: OFF.get(name, Draw()) if name in names else draw for name, draw in preset.items()}


def only(preset: Preset, mechanism: str) -> Preset:
    """Switch all mechanisms but one off, and that one on in every recording.

    Raises
    ------
    SpecError
        The mechanism is unknown, or the preset never has it.
    """
    alone = {**without(preset, *(set(MECHANISMS) ^ {mechanism})), **FELT.get(mechanism, {})}
    for name in MECHANISMS[mechanism]:
        if name in alone:
            alone[name] = _always(alone[name])
    if all(alone.get(name, Draw()) in (Draw(), *OFF.values()) for name in MECHANISMS[mechanism]):
        raise SpecError(f"the preset has no {mechanism}; choose one that does")
    return alone


def _always(draw: Draw) -> Draw:
    some = tuple(choice for choice in draw.among if choice != "none")
    return dataclasses.replace(draw, chance=1.0, among=some or draw.among)
