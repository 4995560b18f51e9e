"""Skin under light: the dichromatic model, with blood in the diffuse part and pose in both.

Source: Wang, den Brinker, Stuijk and de Haan, "Algorithmic principles of remote PPG", IEEE Trans. Biomed. Eng. 64(7),
2017, equation 5: what the camera sees is the light's intensity times (specular + diffuse + pulse), each with its own
colour. All values here are linear in light; 1 is where the camera clips.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.learn.simulate.conditions import Conditions
from pulse8.learn.simulate.light import CELLS
from pulse8.learn.simulate.motion import AXES
from pulse8.learn.simulate.streams import stream
from pulse8.learn.simulate.wave import read_off
from pulse8.measure.signal.projections import PBV_RGB
from pulse8.values import CELLS_PER_ROI, ROI_NAMES

Cells = NDArray[np.float64]

LIGHT_SKIN: Final = (0.2, np.array([0.54, 0.30, 0.22]))
DARK_SKIN: Final = (0.7, np.array([0.17, 0.084, 0.058]))
"""Melanin and linear reflectance: patches 2 and 1 of the ColorChecker chart, sRGB (194,150,130) and (115,82,68)."""

MELANIN_LOSS: Final = 1.6
"""Exponent of the pulse's loss over melanin 0..1: a fifth is left at 1. Source: POS loses 6 dB from Fitzpatrick IV to V
and 12 to VI (figures of the VitalLens paper, reference/peers.md C5)."""

ADAPTATION: Final = 0.5
"""Share (of the logarithm) of a darker skin's loss of light that the camera's exposure does not make up; assumed."""

CELL_SPREAD: Final = 0.05
"""Standard deviation of a cell's brightness, logarithm; assumed."""

SHADING: Final = 0.8
"""Change of a cell's light for one face width of movement, logarithm, half common to the face. Assumed; on the real
UBFC trace and on the anchors it gives the published errors of GREEN (docs/simulator.md)."""

COLOURING: Final = 0.12
"""The same for its colour: another piece of skin comes under the ROI, browner or redder."""

GLINT: Final = 4.0
"""The same for its specular part: a highlight is an eighth of a face wide."""

WALL_RGB: Final = (0.08, 0.6)
"""Range of a wall's reflectance."""


@dataclass(frozen=True, eq=False)
class Surface:
    """One face's cells: what each reflects and how motion changes it.

    Attributes
    ----------
    colour
        Linear diffuse light, [12, 3].
    specular
        Linear specular light, [12].
    shading, browning, reddening, glinting
        Change of the logarithm for a face width along each axis of the pose, [3, 12].
    gain, delay_s
        The pulse's relative strength and arrival, [12].
    """

    colour: Cells
    specular: Cells
    shading: Cells
    browning: Cells
    reddening: Cells
    glinting: Cells
    gain: Cells
    delay_s: Cells


def surface(conditions: Conditions, seed: int, subject: int) -> Surface:
    """Draw a subject's skin."""
    skin = conditions.skin
    rng = stream(seed, subject, "skin.surface")
    roi_gain, roi_delay = stream(seed, subject, "skin.rois").standard_normal((2, len(ROI_NAMES)))
    spread = np.exp(CELL_SPREAD * rng.standard_normal((CELLS, 1)))
    colour = _colour(conditions, rng) * spread * np.exp(0.2 * CELL_SPREAD * rng.standard_normal((CELLS, 3)))
    common, own = rng.standard_normal((AXES, 1)), rng.standard_normal((AXES, CELLS))
    return Surface(
        colour=colour,
        specular=skin.specular_share * colour[:, 1] * np.exp(0.6 * rng.standard_normal(CELLS)),
        shading=SHADING * (common + own) / np.sqrt(2),
        browning=COLOURING * rng.standard_normal((AXES, CELLS)),
        reddening=COLOURING * rng.standard_normal((AXES, CELLS)),
        glinting=GLINT * rng.standard_normal((AXES, CELLS)),
        gain=np.exp(skin.roi_gain_spread * roi_gain).repeat(CELLS_PER_ROI),
        delay_s=(skin.roi_delay_ms / 1000 * roi_delay).repeat(CELLS_PER_ROI),
    )


def _colour(conditions: Conditions, rng: np.random.Generator) -> Cells:
    """Linear light of skin, or of a wall, at the camera's level."""
    wall = rng.uniform(*WALL_RGB) * (1 + 0.2 * rng.uniform(-1, 1, 3))
    medium = (conditions.camera.level / 255) ** conditions.camera.gamma
    if conditions.kind == "wall":
        return np.asarray(wall / wall.mean() * medium)
    reflected, usual = _reflectance(conditions.skin.melanin), _reflectance(LIGHT_SKIN[0])
    return np.asarray(reflected / reflected[1] * medium * (reflected[1] / usual[1]) ** ADAPTATION)


def _reflectance(melanin: float) -> Cells:
    """Between and beyond the two patches, along a straight line in the logarithm."""
    (lighter, light), (darker, dark) = LIGHT_SKIN, DARK_SKIN
    share = (melanin - lighter) / (darker - lighter)
    return np.asarray(np.exp((1 - share) * np.log(light) + share * np.log(dark)))


def reflected(
    conditions: Conditions, face: Surface, volume: Cells | None, t_s: Cells, pose: Cells, talk: Cells
) -> Cells:
    """Light reflected by each cell under unit light, float64 [T, 12, 3].

    Parameters
    ----------
    conditions, face
        The recording and its skin.
    volume
        Blood volume on the fine grid; ``None`` without a pulse.
    t_s
        float64 [T], seconds.
    pose, talk
        [T, 3] and [T, 12], face widths.
    """
    brown = np.log(DARK_SKIN[1] / LIGHT_SKIN[1])
    moved = pose @ face.shading + talk * face.shading[1]
    browned = pose @ face.browning + talk * face.browning[1]
    reddened = pose @ face.reddening + talk * face.reddening[1]
    change = moved[:, :, None] + browned[:, :, None] * brown - reddened[:, :, None] * PBV_RGB
    if volume is not None:
        change -= pulse(conditions, face, volume, t_s)[:, :, None] * PBV_RGB
    mirrored = face.specular * np.exp(np.clip(pose @ face.glinting + talk * face.glinting[1], -3, 3))
    return np.asarray(face.colour * np.exp(change) + mirrored[:, :, None])


def pulse(conditions: Conditions, face: Surface, volume: Cells, t_s: Cells) -> Cells:
    """Relative loss of green diffuse light to blood, [T, 12], with each ROI's own delay and strength."""
    share = conditions.skin.pulse_share * np.exp(-MELANIN_LOSS * conditions.skin.melanin)
    waves = [read_off(volume, t_s - delay) for delay in face.delay_s[::CELLS_PER_ROI]]
    return np.asarray(share * face.gain * np.repeat(waves, CELLS_PER_ROI, axis=0).T)
