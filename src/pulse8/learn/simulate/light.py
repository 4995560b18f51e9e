"""What lights the face: a factor for each frame, cell and channel."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from pulse8.learn.simulate.conditions import Light
from pulse8.learn.simulate.streams import stream

Factor = NDArray[np.float64]

CELLS: Final = 12
READOUT_S: Final = 0.010
"""Seconds in which a rolling shutter reads a face's height: lower cells see the lamp later."""

HEIGHTS: Final = np.array([0.0, 0.0, 0.15, 0.15, 0.5, 0.5, 0.8, 0.8, 0.5, 0.5, 0.8, 0.8])
"""Where the twelve cells lie in the face, from its top."""

COLOURING: Final = 0.05
"""Share of drifting light that is coloured: clouds and lamps change colour little."""

SCREEN_RGB: Final = np.array([0.7, 1.0, 1.5])
"""Light of a screen against room light: bluer (a white point of 6500 K beside lamps of 3000-4000 K)."""

SCREEN_S: Final = (0.4, 4.0)
"""How long a scene on a screen lasts: from cuts of fast videos to ordinary shots."""

SCREEN_SIDE: Final = np.array([1.0] * 4 + [1.2] * 4 + [0.8] * 4)
POLES_S: Final = (0.16, 1.0, 6.0, 36.0)
"""Four one-pole processes a factor of six apart add up to 1/f between their corners within 1 dB. Source: Keshner,
"1/f noise", Proc. IEEE 70(3), 1982 (one pole in a factor of ten or less)."""


def light_factor(light: Light, t_s: NDArray[np.float64], seed: int, subject: int) -> Factor:
    """Light on each cell, float64 [T, 12, 3], about 1."""
    total = np.ones((len(t_s), CELLS, 3))
    if light.drift_share:
        total *= np.exp(light.drift_share * _drift(t_s, stream(seed, subject, "light.drift")))[:, None, :]
    if light.flicker_share:
        total *= _flicker(light, t_s, stream(seed, subject, "light.flicker"))[:, :, None]
    if light.screen_share:
        total += light.screen_share * _screen(t_s, stream(seed, subject, "light.screen"))
    return total


def _drift(t_s: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """1/f noise [T, 3] of unit variance, nearly the same in all channels."""
    step_s = float(np.diff(t_s).mean())
    white = rng.standard_normal((len(POLES_S), len(t_s), 4))
    noise = np.zeros((len(t_s), 4))
    for time_s, drawn in zip(POLES_S, white, strict=True):
        keep = np.exp(-step_s / time_s)
        noise += lfilter([np.sqrt(1 - keep**2)], [1, -keep], drawn, axis=0) / np.sqrt(len(POLES_S))
    noise -= noise.mean(axis=0)
    return np.asarray(noise[:, :1] + COLOURING * noise[:, 1:])


def _flicker(light: Light, t_s: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Lamps at twice the mains frequency, which itself wanders by some hundredths of a hertz; [T, 12]."""
    mains_hz = light.mains_hz + rng.normal(0, 0.02)
    seen_s = t_s[:, None] + READOUT_S * HEIGHTS
    return np.asarray(1 + light.flicker_share * np.sin(2 * np.pi * 2 * mains_hz * seen_s + rng.uniform(0, 2 * np.pi)))


def _screen(t_s: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Scenes of a screen: steps in brightness and colour, [T, 12, 3], unit deviation in the middle of the face."""
    cuts_s = np.cumsum(rng.uniform(*SCREEN_S, int(t_s[-1] / SCREEN_S[0]) + 2))
    scenes = rng.normal(size=(len(cuts_s) + 1, 1)) * SCREEN_RGB + 0.3 * rng.normal(size=(len(cuts_s) + 1, 3))
    return np.asarray(scenes[np.searchsorted(cuts_s, t_s)][:, None, :] * SCREEN_SIDE[:, None])
