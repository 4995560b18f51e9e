"""Where the ROIs lie in a face, and when an ROI counts as measured."""

from dataclasses import dataclass
from typing import Final

from pulse8.errors import SpecError

Box = tuple[float, float, float, float]
"""x0, x1, y0, y1 as fractions of a face box."""

GUIDE_ROIS: Final[dict[str, Box]] = {
    "forehead": (0.20, 0.80, 0.05, 0.25),
    "left cheek": (0.05, 0.30, 0.35, 0.65),
    "right cheek": (0.70, 0.95, 0.35, 0.65),
}
"""The guide's ROIs in a Haar face box."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where an ROI lies in a face of six key points: right eye, left eye, nose tip, mouth, right and left ear tragion.

    Attributes
    ----------
    weights
        The centre is this weighted mean of the points; the sum is 1, so that it moves, turns and grows with the face.
    width
        In eye distances.
    height
        In distances from between the eyes to the mouth.
    """

    weights: tuple[float, float, float, float, float, float]
    width: float
    height: float

    def __post_init__(self) -> None:
        weights = list(self.weights)
        right = len(weights) == 6 and abs(sum(weights) - 1) <= 1e-9 and max(map(abs, weights)) <= 16
        if not (right and 0 < self.width <= 4 and 0 < self.height <= 4):
            raise SpecError(f"ROI placement {self}: six weights of at most 16 sum to 1, width and height lie in 0-4")


FACE_ROIS: Final[dict[str, Placement]] = {
    "forehead": Placement(weights=(0.70, 0.70, 0.0, -0.40, 0.0, 0.0), width=0.7, height=0.18),
    "left cheek": Placement(weights=(0.0, 0.30, 0.0, 0.34, 0.0, 0.36), width=0.48, height=0.40),
    "right cheek": Placement(weights=(0.30, 0.0, 0.0, 0.34, 0.36, 0.0), width=0.48, height=0.40),
}
"""Our ROIs: on skin, away from eyes, eyebrows, fringe and lips (decision 0012)."""


@dataclass(frozen=True, kw_only=True)
class RoiLimits:
    """When an ROI counts as measured in a frame.

    Attributes
    ----------
    min_side_px
        Shortest side; below it a cell has so few pixels that sensor noise hides the pulse.
    max_clipped_share
        Largest share of pixels with a channel at 0 or 255: clipped pixels no longer follow the light. Red clips first,
        and a face whose red is all clipped still shows its pulse (decision 0012), so the limit is wide.
    max_roll_deg
        Largest in-plane rotation: the rectangles are upright and miss the skin of a head that lies on its side.
    """

    min_side_px: float = 6.0
    max_clipped_share: float = 0.5
    max_roll_deg: float = 35.0


def lies_inside(place: Box | Placement) -> bool:
    """Whether a box lies inside the face box; a placement checks itself when it is created."""
    if isinstance(place, Placement):
        return True
    x0, x1, y0, y1 = place
    return 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1
