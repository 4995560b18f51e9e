"""One person before a camera with a contact sensor: what training and evaluation are made from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pulse8.errors import InputError
from pulse8.times import refuse_times
from pulse8.values import CellTraces


@dataclass(frozen=True, eq=False)
class Ppg:
    """A contact sensor's pulse: float32 [P] samples without unit, float64 [P] times in seconds, strictly increasing."""

    samples: NDArray[np.float32]
    t_s: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.samples.shape != self.t_s.shape or self.t_s.ndim != 1 or not np.isfinite(self.samples).all():
            raise InputError("a contact PPG is one finite sample for each time")
        refuse_times(self.t_s)


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates that came instead of a pulse: float32 [R] beats per minute, float64 [R] times in seconds, increasing."""

    bpm: NDArray[np.float32]
    t_s: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.bpm.shape != self.t_s.shape or self.t_s.ndim != 1 or not np.isfinite(self.bpm).all():
            raise InputError("heart rates are one finite number for each time")
        refuse_times(self.t_s)


@dataclass(frozen=True, eq=False)
class Recording:
    """One person before a camera, with a contact sensor.

    Attributes
    ----------
    traces
        What the camera saw.
    reference
        What the contact sensor saw, on the camera's clock; ``None`` where there is no pulse to see.
    subject, recording
        Ids; a simulated subject's begins with ``sim-``.
    conditions
        What is known of the circumstances, by name.
    rates
        Heart rates on the camera's clock, where there is no contact PPG to take them from.
    """

    traces: CellTraces
    reference: Ppg | None
    subject: str
    recording: str
    conditions: Mapping[str, float | str | bool]
    rates: Rates | None = None
