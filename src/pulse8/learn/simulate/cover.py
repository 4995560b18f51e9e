"""What covers the skin: hair, glasses, a beard, and a hand that comes and goes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from pulse8.learn.simulate.conditions import Cover
from pulse8.learn.simulate.light import CELLS
from pulse8.learn.simulate.streams import stream

Cells = NDArray[np.float64]

WHERE: Final = {
    "hair": np.array([1.0, 1.0, 0.3, 0.3] + [0.0] * 8),
    "glasses": np.array([0.0] * 4 + [1.0, 1.0, 0.1, 0.1] * 2),
    "beard": np.array([0.0] * 4 + [0.0, 0.0, 1.0, 1.0] * 2),
}
"""The cells that each one covers: forehead, left and right cheek, each row-major."""

HAIR_RGB: Final = np.array([0.05, 0.04, 0.03])
GLASS_RGB: Final = np.array([0.30, 0.32, 0.34])
COLOURS: Final = {"hair": HAIR_RGB, "glasses": GLASS_RGB, "beard": 1.4 * HAIR_RGB}
"""Linear reflectance: dark hair, a lens that reflects the room, short hair with skin between. Assumed."""

SLIDES: Final = 2.0
"""Increase of the covered share for one face width of motion; assumed."""

HAND_S: Final = (1.5, 4.0)
HAND_FADE_S: Final = 0.12
HAND_RGB: Final = np.array([0.45, 0.25, 0.18])


def covered(light: Cells, cover: Cover, t_s: Cells, pose: Cells, place: tuple[int, int]) -> Cells:
    """Apply the covers to reflected light, float64 [T, 12, 3].

    Parameters
    ----------
    light
        float64 [T, 12, 3], linear.
    cover
        Covered shares.
    t_s, pose
        [T] seconds and [T, 3] face widths: covers slide as the head moves.
    place
        Seed and subject.
    """
    level = float(light[..., 1].mean())
    for name, cells in WHERE.items():
        share = getattr(cover, name)
        if share:
            slide = stream(*place, f"cover.{name}").standard_normal((3, CELLS))
            part = np.clip(share * cells * (1 + SLIDES * pose @ slide), 0, 1)[:, :, None]
            light = (1 - part) * light + part * COLOURS[name] * (level / 0.3)
    if cover.hand:
        part = cover.hand * _hand(t_s, stream(*place, "cover.hand"))[:, :, None]
        light = (1 - part) * light + part * HAND_RGB * (level / HAND_RGB[1])
    return light


def _hand(t_s: Cells, rng: np.random.Generator) -> Cells:
    """Cover one ROI with a hand for some seconds, [T, 12] in 0..1."""
    start_s, stays_s = rng.uniform(0, max(t_s[-1] - HAND_S[1], 0.1)), rng.uniform(*HAND_S)
    there = expit((t_s - start_s) / HAND_FADE_S) * expit((start_s + stays_s - t_s) / HAND_FADE_S)
    roi = rng.integers(0, 3)
    return np.asarray(there[:, None] * (np.arange(CELLS) // 4 == roi))
