"""Head motion: its pose over time, and when the tracker loses it.

A pose is three numbers: to the side, up, and towards the camera, in face widths. How they change a cell's colour is
computed with the skin (:mod:`pulse8.learn.simulate.skin`).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from pulse8.learn.simulate.conditions import Motion
from pulse8.learn.simulate.streams import stream
from pulse8.values import CELLS_PER_ROI, ROI_NAMES

AXES: Final = 3
SLOWEST_HZ: Final = 0.05
"""Below this frequency a sway is a straight line over a window."""

HARMONICS: Final = (1.0, 0.5, 0.25)
"""Amplitudes of a nod's harmonics: a head reverses its direction faster than a sine."""

WANDER_HZ: Final = 0.25
"""How far a syllable rate strays, standard deviation; assumed. Mouths open at 2-7 Hz (Chandrasekaran et al., "The
natural statistics of audiovisual speech", PLoS Comput. Biol. 5(7), 2009), phrases follow each other more slowly."""

JERK_S: Final = 0.15
RETURN_S: Final = 1.0
"""A jerk takes so long, and the head comes back in so long."""

LOST_SHARE: Final = 0.06
"""A jerk beyond this share of the face's width blurs the frame: the tracker has no ROI then."""

TALKING_CELLS: Final = np.array([[0.05, 0.05, 0.05, 0.05], [0.5, 0.5, 1.0, 1.0], [0.5, 0.5, 1.0, 1.0]])
"""How much of the mouth's movement a cell shows: forehead hardly, the lower half of the cheeks most."""


def pose(motion: Motion, t_s: NDArray[np.float64], seed: int, subject: int) -> NDArray[np.float64]:
    """Rigid movement of the head, float64 [T, 3] in face widths."""
    total = np.zeros((len(t_s), AXES))
    if motion.sway:
        total += motion.sway * _sway(t_s, stream(seed, subject, "motion.sway"))
    if motion.nod:
        total += motion.nod * _nod(motion.nod_hz, t_s, stream(seed, subject, "motion.nod"))
    if motion.jerks_per_min and motion.jerk:
        total += _jerks(motion, t_s, seed, subject)
    return total


def lost(motion: Motion, t_s: NDArray[np.float64], seed: int, subject: int) -> NDArray[np.bool_]:
    """In which frames the head jerks too fast for the tracker, bool [T]."""
    if not (motion.jerks_per_min and motion.jerk):
        return np.zeros(len(t_s), np.bool_)
    moved = _jerks(motion, t_s, seed, subject)
    speed = np.abs(np.gradient(moved, t_s, axis=0)).max(axis=1)
    return np.asarray(speed * JERK_S > LOST_SHARE)


def talking(motion: Motion, t_s: NDArray[np.float64], seed: int, subject: int) -> NDArray[np.float64]:
    """Movement of lips and cheeks as each cell shows it, float64 [T, 12] in face widths."""
    cells = len(ROI_NAMES) * CELLS_PER_ROI
    if not motion.talk:
        return np.zeros((len(t_s), cells))
    rng = stream(seed, subject, "motion.talk")
    step_s = float(np.diff(t_s).mean())
    rate_hz = motion.talk_hz + WANDER_HZ * _unit(_brown(rng.standard_normal(len(t_s)), 2.0, step_s))
    angle = 2 * np.pi * np.cumsum(rate_hz) * step_s + rng.uniform(0, 2 * np.pi)
    speaking = 1 / (1 + np.exp(-4 * _unit(_brown(rng.standard_normal(len(t_s)), 2.0, step_s)) - 1))  # it also pauses
    mouth = speaking * (np.sin(angle) + 0.5 * np.sin(2 * angle + rng.uniform(0, 2 * np.pi)))
    return np.asarray(motion.talk * _unit(mouth)[:, None] * TALKING_CELLS.reshape(-1))


def _sway(t_s: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    step_s = float(np.diff(t_s).mean())
    white = rng.standard_normal((len(t_s), AXES))
    return _unit(_brown(white, 1 / (2 * np.pi * SLOWEST_HZ), step_s))


def _brown(white: NDArray[np.float64], time_s: float, step_s: float) -> NDArray[np.float64]:
    """White noise through a low pass of one pole: power falls as 1/f^2 above its corner."""
    keep = np.exp(-step_s / time_s)
    return np.asarray(lfilter([1 - keep], [1, -keep], white, axis=0))


def _unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = values - values.mean(axis=0)
    return np.asarray(centred / np.maximum(centred.std(axis=0), 1e-12))


def _nod(nod_hz: float, t_s: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    starts = rng.uniform(0, 2 * np.pi, len(HARMONICS))
    angle = 2 * np.pi * nod_hz * t_s + 0.3 * np.sin(2 * np.pi * 0.07 * t_s + rng.uniform(0, 2 * np.pi))
    wave = sum(
        height * np.sin(order * angle + start)
        for order, (height, start) in enumerate(zip(HARMONICS, starts, strict=True), start=1)
    )
    direction = rng.normal(size=AXES) * (0.3, 1.0, 0.3)
    return np.asarray(_unit(np.asarray(wave))[:, None] * direction / np.linalg.norm(direction))


def _jerks(motion: Motion, t_s: NDArray[np.float64], seed: int, subject: int) -> NDArray[np.float64]:
    rng = stream(seed, subject, "motion.jerk")
    count = rng.poisson(motion.jerks_per_min * t_s[-1] / 60)
    starts = rng.uniform(t_s[0], t_s[-1], count)
    sizes = motion.jerk * rng.normal(size=(count, AXES))
    since_s = t_s[:, None] - starts
    there = 1 / (1 + np.exp(-np.clip(since_s / (JERK_S / 5), -50, 50)))
    back = np.exp(-np.maximum(since_s, 0) / RETURN_S)
    return np.asarray((there * back) @ sizes)
