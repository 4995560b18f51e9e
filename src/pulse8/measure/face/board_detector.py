"""Faces in one square of a picture, by the rules of the board's ``p8_detect.c``: float32, one order, the same bits."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse8.measure.face.detector import AROUND, SAME_FACE_IOU, anchors
from pulse8.measure.face.square import VIEW_SIDE, Square, codes_view
from pulse8.measure.face.stage import Float, Stage, logits, regressors
from pulse8.values import PIXEL_PARTS, Rgb

CODES_PER_LOGIT: Final = 16
MOST_CODE: Final = 127
SURE_CODE: Final = 18
"""A score of 0.75, in sixteenths of a logit."""

MOST_BOXES: Final = 64
"""Boxes that are merged, the best ones; one face gives up to about thirty."""

MOST_FACES: Final = 8
LARGEST_SIDE: Final = 16384 * PIXEL_PARTS

SCORES: Final = (1 / (1 + np.exp(-np.arange(MOST_CODE + 1) / CODES_PER_LOGIT))).astype(np.float32)
"""Score of each code; only those of 0.5 and more are looked at."""


@dataclass(frozen=True, eq=False)
class Found:
    """One face.

    Attributes
    ----------
    points
        float32 [6, 2], px: right eye, left eye, nose tip, mouth, right ear, left ear; right is the subject's.
    box
        float32 [4]: x0, y0, x1, y1 in px.
    code
        Its best logit in sixteenths, 0 to 127.
    """

    points: Float
    box: Float
    code: int

    @property
    def side(self) -> np.float32:
        """Longer side of the box, px."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])

    @property
    def centre(self) -> Float:
        """Middle of the box, px."""
        return (self.box[:2] + self.box[2:]) * np.float32(0.5)

    def around(self) -> Square:
        """Return the square in which it is looked at closely."""
        return square_about(self.centre, np.float32(AROUND) * self.side)


def square_about(centre: Float, side_px: np.float32) -> Square:
    """Return a square about a place in px; its side is even and holds a part for each place."""
    side = int(np.rint(min(side_px, np.float32(LARGEST_SIDE // PIXEL_PARTS)) * np.float32(PIXEL_PARTS)))
    side = min(max(side, VIEW_SIDE), LARGEST_SIDE) // 2 * 2
    x, y = (int(np.rint(value * np.float32(PIXEL_PARTS))) - side // 2 for value in centre)
    return Square(x, y, side)


class BoardDetector:
    """Finds faces in a square; holds the network and nothing else."""

    def __init__(self) -> None:
        self._stage = Stage()
        self._anchors = anchors().astype(np.float32)

    def look(self, rgb: Rgb, square: Square) -> list[Found]:
        """Return the faces in a square, the best first."""
        fine, coarse = self._stage.features(codes_view(rgb, square))
        codes = np.rint(logits(fine, coarse) * np.float32(CODES_PER_LOGIT)).clip(-MOST_CODE, MOST_CODE).astype(int)
        good = np.flatnonzero(codes >= 0)
        good = good[np.argsort(-codes[good], kind="stable")][:MOST_BOXES]
        boxes = [self._box(regressors(fine, coarse, int(anchor)), int(anchor)) for anchor in good]
        return [_placed(found, square) for found in _merged(boxes, [int(codes[anchor]) for anchor in good])]

    def _box(self, values: Float, anchor: int) -> Float:
        """Return corners and key points in px of the view, float32 [8, 2]."""
        pairs, place = values.reshape(8, 2), self._anchors[anchor]
        centre, half = pairs[0] + place, pairs[1] * np.float32(0.5)
        return np.concatenate([[centre - half, centre + half], pairs[2:] + place])


def _merged(boxes: list[Float], codes: list[int]) -> list[Found]:
    """Boxes of one face become their mean, weighted by score."""
    rest, merged = list(range(len(boxes))), []
    while rest and len(merged) < MOST_FACES:
        best = rest[0]
        same = [index for index in rest if index == best or overlap(boxes[index].ravel()[:4], boxes[best].ravel()[:4])]
        total, weight = np.zeros((8, 2), np.float32), np.float32(0)
        for index in same:
            total += boxes[index] * SCORES[codes[index]]
            weight += SCORES[codes[index]]
        mean = total / weight
        merged.append(Found(points=mean[2:], box=mean[:2].ravel(), code=codes[best]))
        rest = [index for index in rest if index not in same]
    return merged


def overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether two boxes share so much that they are of one face."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    across, down = np.maximum(high - low, np.float32(0))
    shared = across * down
    joint = _area(one) + _area(other) - shared
    return bool(shared > np.float32(SAME_FACE_IOU) * joint)


def _area(box: NDArray[np.float32]) -> np.float32:
    return np.float32((box[2] - box[0]) * (box[3] - box[1]))


def _placed(found: Found, square: Square) -> Found:
    """Turn px of the view into px of the picture."""
    scale = np.float32(square.side) * np.float32(1 / (PIXEL_PARTS * VIEW_SIDE))
    origin = np.array([square.x, square.y], np.float32) * np.float32(1 / PIXEL_PARTS)
    box = (found.box.reshape(2, 2) * scale + origin).ravel()
    return Found(points=found.points * scale + origin, box=box, code=found.code)
