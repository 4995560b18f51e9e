"""Presets: from which ranges a subject's conditions are drawn, as data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import numpy as np

from pulse8.errors import SpecError
from pulse8.learn.simulate.conditions import Conditions
from pulse8.learn.simulate.streams import stream

Scale = Literal["linear", "log"]


@dataclass(frozen=True, kw_only=True)
class Draw:
    """How one value is drawn.

    Attributes
    ----------
    low, high
        Its range.
    scale
        Evenly in the value or in its logarithm.
    chance
        Probability that it is drawn at all; otherwise it is 0.
    among
        Choices of equal weight, instead of a range.
    """

    low: float = 0.0
    high: float = 0.0
    scale: Scale = "linear"
    chance: float = 1.0
    among: tuple[float | str, ...] = ()

    def __post_init__(self) -> None:
        ordered = self.low <= self.high and (self.scale == "linear" or self.low > 0)
        if not ordered or self.scale not in ("linear", "log") or not 0 <= self.chance <= 1:
            raise SpecError(f"{self}: give low <= high, above 0 on a log scale, and a chance of 0 to 1")

    @classmethod
    def from_json(cls, value: Any) -> Self:  # noqa: ANN401 - a file decides
        """Read a number, a list of choices, or a range with its scale and chance.

        Raises
        ------
        SpecError
            It is none of these.
        """
        if isinstance(value, list) and value:
            return cls(among=tuple(value))
        if isinstance(value, int | float):
            return cls(low=value, high=value)
        try:
            return cls(**value)
        except TypeError as error:
            raise SpecError(f"{value!r} is no number, list of choices or range") from error

    def draw(self, rng: np.random.Generator) -> float | str:
        """Draw once; every draw takes the same random numbers from the stream."""
        place, luck = rng.uniform(size=2)
        if self.among:
            return self.among[int(place * len(self.among))]
        if luck >= self.chance:
            return 0.0
        if self.scale == "log":
            return math.exp(math.log(self.low) + place * math.log(self.high / self.low))
        return self.low + float(place) * (self.high - self.low)


Preset = Mapping[str, Draw]
"""A draw for each value that is not the default's, by its name, such as ``motion.nod``."""


def preset_of(fields: Mapping[str, Any]) -> Preset:
    """Read a preset from JSON values; an unknown name is refused.

    Raises
    ------
    SpecError
        A name is not one of the conditions', or a value cannot be read.
    """
    known: Final = Conditions().flat()
    if unknown := sorted(set(fields) - set(known)):
        raise SpecError(f"simulated conditions have no {', '.join(unknown)}; choose from {', '.join(known)}")
    return {name: Draw.from_json(value) for name, value in fields.items()}


def draw_conditions(subject: int, preset: Preset, seed: int) -> Conditions:
    """Draw a subject's conditions; each value has a stream of its own."""
    values = {name: draw.draw(stream(seed, subject, f"draw.{name}")) for name, draw in preset.items()}
    return Conditions().changed(**{name.replace(".", "__"): value for name, value in values.items()})
