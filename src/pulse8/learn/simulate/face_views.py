"""Small square pictures of a face under pose, light and scale, and of things that are no face: for the face detector.

A photograph is turned, stretched, sheared and seen in perspective, which stands for turns of the head; lit unevenly, in
other colours and by other exposures; blurred and given sensor noise. All of it is simulated from the one photograph.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pulse8.values import Rgb

Matrix3 = NDArray[np.float64]

ROLL_DEG: Final = 12.0
STRETCH: Final = 0.15
SHEAR: Final = 0.1
PERSPECTIVE: Final = 0.15
EXPOSURE: Final = 0.35
TINT: Final = 0.08
SLOPE: Final = 0.25
MOST_BLUR_PX: Final = 1.2
MOST_NOISE: Final = 4.0
OVERSAMPLED: Final = 6


@dataclass(frozen=True, eq=False)
class Portrait:
    """A photograph with a face: its middle in px, and the longer side of the box about it."""

    rgb: Rgb
    centre: NDArray[np.float64]
    side_px: float


def face_view(portrait: Portrait, rng: np.random.Generator, side: int, shares: tuple[float, float]) -> Rgb:
    """Draw one view of a face.

    Parameters
    ----------
    portrait
        The photograph.
    rng
        Draws pose, place, light and noise.
    side
        Of the view, px.
    shares
        Smallest and largest share of the view's side that the face takes.

    Returns
    -------
    Rgb
        uint8 [side, side, 3].
    """
    share = math.exp(rng.uniform(*np.log(shares)))
    turn = _turn(rng, share * side / portrait.side_px)
    place = rng.uniform(share / 2 + 0.02, max(share / 2 + 0.03, 0.98 - share / 2), 2) * side
    matrix = _seen_from(rng, place, side) @ np.vstack(
        [np.column_stack([turn, place - turn @ portrait.centre]), [0, 0, 1]]
    )
    fine = min(OVERSAMPLED, max(1, math.ceil(1 / float(np.linalg.norm(turn[0])))))
    border = cv2.BORDER_REFLECT if rng.random() < 0.7 else cv2.BORDER_CONSTANT
    large = cv2.warpPerspective(
        portrait.rgb, np.diag([fine, fine, 1.0]) @ matrix, (side * fine, side * fine), borderMode=border
    )
    return lit(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), rng)


def part_view(rgb: Rgb, rng: np.random.Generator, side: int) -> Rgb:
    """Draw a square part of a picture, uint8 [side, side, 3], under other light."""
    height, width = rgb.shape[:2]
    size = int(rng.uniform(0.3, 1) * min(height, width))
    y, x = rng.integers(0, height - size + 1), rng.integers(0, width - size + 1)
    part = np.ascontiguousarray(rgb[y : y + size, x : x + size])
    return lit(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA), rng)


def lit(rgb: Rgb | cv2.typing.MatLike, rng: np.random.Generator) -> Rgb:
    """Change exposure, colour and evenness of the light, blur at times, and add sensor noise."""
    side = rgb.shape[0]
    y, x = np.mgrid[:side, :side] / side - 0.5
    slope = rng.normal(0, SLOPE, 2)
    light = np.exp(rng.normal(0, EXPOSURE)) * np.exp(rng.normal(0, TINT, 3))
    levels = rgb * light * (1 + slope[0] * x + slope[1] * y)[..., None].clip(0.2, 3)
    if rng.random() < 0.3:
        levels = 255 * (levels.clip(0, 255) / 255) ** np.exp(rng.normal(0, 0.3))
    if rng.random() < 0.3:
        levels = cv2.GaussianBlur(levels, (0, 0), rng.uniform(0.4, MOST_BLUR_PX))
    noisy = levels + rng.normal(0, rng.uniform(0, MOST_NOISE), levels.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)


def _turn(rng: np.random.Generator, scale: float) -> NDArray[np.float64]:
    roll = math.radians(rng.normal(0, ROLL_DEG))
    mirrored = -1.0 if rng.random() < 0.5 else 1.0
    stretch = 1 + rng.uniform(-STRETCH, STRETCH, 2)
    shear = rng.uniform(-SHEAR, SHEAR)
    rolled = scale * np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
    return np.asarray(rolled @ np.array([[stretch[0] * mirrored, shear], [0, stretch[1]]]))


def _seen_from(rng: np.random.Generator, place: NDArray[np.float64], side: int) -> Matrix3:
    tilt, there, back = np.eye(3), np.eye(3), np.eye(3)
    tilt[2, :2] = rng.uniform(-PERSPECTIVE, PERSPECTIVE, 2) / side
    there[:2, 2], back[:2, 2] = -place, place
    return np.asarray(back @ tilt @ there)
